// services/statefsd/service.h: statefsd as a program.
#pragma once

#include "ipc/client.h"
#include "runtime/runtime.h"
#include "services/statefsd/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

// Runs until its endpoint closes, the journal cannot be mounted, or the disk fails. Returns the
// exit code, never 0.
int statefsd_main(struct runtime *runtime);

// The same on another disk than that of virtioblkd. `client` is what that and rngd are called with,
// or null: then there is no rngd.
int statefsd_serve(struct runtime *runtime, const struct disk *disk, struct ipc_client *client);

#ifdef __cplusplus
}
#endif
