// services/echo/service.c: the smallest service: one handler and the loop.
#include "services/echo/service.h"

#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/echo_wire.h"
#include "runtime/service.h"

static enum service_outcome on_call(void *state, const struct message_area *request,
                                    struct reply_handle reply, struct message_area *answer) {
    (void)state;
    (void)reply;
    struct echo_message message = {0};
    message.header.status =
        (uint8_t)echo_decode(WIRE_REQUEST, request->payload, request->header.len, &message);
    if (message.header.status == WIRE_OK && message.header.op == ECHO_OP_END) {
        sys_task_exit(0);
    }
    frame_finish(answer, WIRE_PROTOCOL_ECHO,
                 echo_encode(WIRE_REPLY, &message, answer->payload, sizeof(answer->payload)));
    return SERVICE_ANSWER;
}

int echo_main(struct runtime *runtime) {
    const struct service_handlers handlers = {.call = on_call};
    if (runtime_start_number(runtime) > 1) {
        marker(runtime, MARKER_ECHO_READY_AGAIN, runtime_start_number(runtime));
    } else {
        marker_text(runtime, MARKER_ECHO_READY);
    }
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = service_run(runtime, slot_at(SLOT_ENDPOINT), &handlers, 0);
    }
    log_line(runtime, "echo: ends: %s", status_name(status));
    return 1;
}
