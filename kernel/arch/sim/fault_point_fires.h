// kernel/arch/sim/fault_point_fires.h: the simulation decides by its seed. Presented as
// kernel/core/fault_point_fires.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

bool fault_point_fires(enum fault_point point);

#ifdef __cplusplus
}
#endif
