// services/init/report.h: what init says to logd of a service that has ended: a send that waits for
// nobody.
// Ownership: nothing is kept.
// Blocking:  never. While logd is down or behind, it finds two reports at its endpoint.
// Errors:    one that cannot go is lost, and a line on the console says so: a journal that is full
//            or gone must not stop init.
#pragma once

#include "ipc/log_record.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// `logd` is its endpoint, with the right to send; CAP_SLOT_NONE: the image has no logd.
void report_end(const struct runtime *runtime, struct slot logd, const struct log_crash *crash);

#ifdef __cplusplus
}
#endif
