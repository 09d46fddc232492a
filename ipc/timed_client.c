// ipc/timed_client.c: see timed_client.h.
#include "ipc/timed_client.h"

#include "ipc/frame.h"

enum status timed_call(struct runtime *runtime, struct slot route,
                       const struct timed_message *request, uint64_t call_deadline_ns,
                       struct timed_message *out) {
    struct message_area *call_out = &runtime->page->call_out;
    const struct message_area *reply_in = &runtime->page->reply_in;
    uint32_t bytes = timed_encode_area(WIRE_REQUEST, request, call_out);
    frame_finish(call_out, WIRE_TYPE(WIRE_PROTOCOL_TIMED, request->header.op, WIRE_VIA_NONE),
                 bytes);
    struct call_result result = sys_ipc_call(route, call_deadline_ns);
    if (result.status != STATUS_OK) {
        return result.status;
    }
    struct timed_message reply = {0};
    bool matches = timed_decode_area(WIRE_REPLY, reply_in, &reply) == WIRE_OK &&
                   reply.header.nonce.value == request->header.nonce.value;
    if (!matches) {
        return STATUS_BAD_ARG;
    }
    *out = reply;
    return STATUS_OK;
}
