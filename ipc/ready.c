// ipc/ready.c: see ready.h.
#include "ipc/ready.h"

#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"

enum status ipc_ready(struct runtime *runtime) {
    struct message_area *out = &runtime->page->call_out;
    const struct message_area *in = &runtime->page->reply_in;
    struct init_message request = {
        .header = {.op = INIT_OP_READY, .nonce = {.value = runtime->instance}}};
    uint32_t bytes = init_encode(WIRE_REQUEST, &request, out->payload, sizeof(out->payload));
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_INIT, INIT_OP_READY, WIRE_VIA_NONE), bytes);
    struct call_result result =
        sys_ipc_call(slot_at(SLOT_INIT), sys_clock_get() + READY_DEADLINE_NS);
    if (result.status != STATUS_OK) {
        return result.status;
    }
    struct init_message reply = {0};
    enum wire_status decoded = init_decode(WIRE_REPLY, in->payload, in->header.len, &reply);
    bool matches = decoded == WIRE_OK && reply.header.op == INIT_OP_READY &&
                   reply.header.status == WIRE_OK &&
                   reply.header.nonce.value == request.header.nonce.value;
    return matches ? STATUS_OK : STATUS_BAD_ARG;
}
