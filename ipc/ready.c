// ipc/ready.c: see ready.h.
#include "ipc/ready.h"

#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"

enum status ipc_ready(struct runtime *runtime) {
    struct message_area *out = &runtime->page->call_out;
    const struct message_area *in = &runtime->page->reply_in;
    struct wire_request_header request = {.op = INIT_OP_READY,
                                          .nonce = {.value = runtime->instance}};
    uint32_t bytes = init_wire_encode_request(request, out->payload, sizeof(out->payload));
    frame_finish(out, WIRE_PROTOCOL_INIT, bytes);
    struct call_result result =
        sys_ipc_call(slot_at(SLOT_INIT), sys_clock_get() + READY_DEADLINE_NS);
    if (result.status != STATUS_OK) {
        return result.status;
    }
    struct wire_reply_header reply;
    bool well_formed = init_wire_decode_reply(in->payload, in->header.len, &reply);
    bool matches = well_formed && reply.op == INIT_OP_READY && reply.status == WIRE_OK &&
                   reply.nonce.value == request.nonce.value;
    return matches ? STATUS_OK : STATUS_BAD_ARG;
}
