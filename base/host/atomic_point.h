// base/host/atomic_point.h: on the host an atomic access may hand over to the simulation's
// scheduler.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Set by kernel/arch/sim for the life of a simulation; null otherwise. It may switch fibers and
// return later.
extern void (*atomic_point_hook)(void);

#ifdef __cplusplus
}
#endif

static inline void atomic_point(void) {
    if (atomic_point_hook) {
        atomic_point_hook();
    }
}
