// services/init/report.c: see report.h.
#include "services/init/report.h"

#include "ipc/crash.h"
#include "ipc/frame.h"
#include "ipc/wire/log_wire.h"

void report_end(const struct runtime *runtime, struct slot logd, const struct log_crash *crash) {
    if (logd.value == CAP_SLOT_NONE) {
        return;
    }
    struct message_area *out = &runtime->page->call_out;
    const struct log_message message = crash_message(crash);
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_LOG, LOG_OP_CRASH, WIRE_VIA_NONE),
                 log_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload)));
    enum status status = sys_ipc_send(logd, 0).status;
    if (status != STATUS_OK) {
        log_line(runtime, "init: logd was not told of that: %s", status_name(status));
    }
}
