// services/init/report.h: what init says to logd of a service that has ended: a send that waits for
// nobody.
// Ownership: nothing is kept.
// Blocking:  never. While logd is down or behind, it finds two reports at its endpoint.
// Errors:    one that cannot go is lost, and a line on the console says so: a journal that is full
//            or gone must not stop init. The client counts it.
#pragma once

#include "ipc/client.h"
#include "ipc/log_record.h"

#ifdef __cplusplus
extern "C" {
#endif

// `client` is init's own; the image has a logd.
void report_end(struct ipc_client *client, const struct log_crash *crash);

#ifdef __cplusplus
}
#endif
