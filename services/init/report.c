// services/init/report.c: see report.h.
#include "services/init/report.h"

#include "ipc/ask.h"
#include "ipc/crash.h"
#include "ipc/wire/log_wire.h"

// Sending and finding the route wait for nobody: what is left of it, init does not notice.
#define REPORT_NS UINT64_C(1000000000)

void report_end(struct ipc_client *client, const struct log_crash *crash) {
    struct log_message message = crash_message(crash);
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = {.ns = sys_clock_get() + REPORT_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (ipc_tell(client, &question, &message).error != IPC_OK) {
        log_line(client->runtime, "init: logd was not told of that");
    }
}
