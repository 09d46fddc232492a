// ipc/boot_route.c: see boot_route.h.
#include "ipc/boot_route.h"

#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"

struct slot_result ipc_boot_route(struct runtime *runtime, uint32_t slot,
                                  struct deadline deadline) {
    struct message_area *out = &runtime->page->call_out;
    const struct message_area *in = &runtime->page->reply_in;
    const struct init_message request = {
        .header = {.op = INIT_OP_ROUTE, .nonce = {.value = runtime->instance}}, .slot = slot};
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_INIT, INIT_OP_ROUTE, WIRE_VIA_NONE),
                 init_encode(WIRE_REQUEST, &request, out->payload, sizeof(out->payload)));
    out->header.flags = FRAME_TAKE_CAP;
    struct call_result result = sys_ipc_call(slot_at(SLOT_INIT), deadline.ns);
    struct slot_result given = {.status = result.status, .slot = slot_at(CAP_SLOT_NONE)};
    if (result.status != STATUS_OK) {
        return given;
    }
    struct init_message reply = {0};
    const bool decoded = init_decode(WIRE_REPLY, in->payload, in->header.len, &reply) == WIRE_OK;
    given.slot = slot_at(in->meta.slot);
    if (given.slot.value == CAP_SLOT_NONE) {
        given.status =
            decoded && reply.header.status == WIRE_DENIED ? STATUS_DENIED : STATUS_PEER_CLOSED;
    }
    return given;
}

struct slot_result ipc_boot_route_for(struct runtime *runtime, uint32_t slot,
                                      enum policy_action action, struct deadline deadline) {
    const struct slot_result got = ipc_boot_route(runtime, slot, deadline);
    if (got.status != STATUS_OK) {
        return got;
    }
    const struct slot_result made = sys_cap_clone(got.slot, policy_action_right(action));
    slot_release(got.slot);
    return made;
}
