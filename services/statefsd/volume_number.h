// services/statefsd/volume_number.h: the number of a volume that is made now, which no other has:
// from rngd; without one (there is no client, policy does not allow it, it does not answer) the
// time since boot, and a line says so: enough to tell apart what one machine made, not what two
// did.
//
// Units:     a number of 64 bits; nanoseconds.
// Ownership: nothing is kept.
// Blocking:  at most VOLUME_NUMBER_NS, for rngd.
// Errors:    none: there is always a number.
#pragma once

#include "ipc/client.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VOLUME_NUMBER_NS UINT64_C(2000000000)

WARN_UNUSED uint64_t volume_number(const struct runtime *runtime, struct ipc_client *client);

#ifdef __cplusplus
}
#endif
