// services/init/sync.h: before the power goes: who keeps something makes durable what it was told.
//
// First statefsd, which may have changes that nobody waited for, then virtioblkd, through which
// that went to the disk. This is the only time that init waits for somebody: nothing is started or
// watched any more.
// Units:     nanoseconds.
// Ownership: borrows everything during the call.
// Blocking:  until each has answered, at most SYNC_NS each. One that is not up is not asked.
// Errors:    none: a marker says who was not synced, a line why, and the system ends all the same.
#pragma once

#include "ipc/client.h"
#include "services/init/supervisor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SYNC_NS UINT64_C(5000000000)

void sync_all(struct ipc_client *client, const struct supervisor *supervisor);

#ifdef __cplusplus
}
#endif
