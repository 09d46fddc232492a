// ipc/resolver.c: see resolver.h.
#include "ipc/resolver.h"

#include "ipc/boot_route.h"
#include "ipc/frame.h"
#include "ipc/wire/routing_wire.h"

#define NS_PER_MS UINT64_C(1000000)

static const struct resolved failed = {.answer = RESOLVE_FAILED, .slot = {.value = CAP_SLOT_NONE}};

void ipc_resolver_init(struct ipc_resolver *resolver, struct runtime *runtime, uint32_t slot) {
    *resolver =
        (struct ipc_resolver){.runtime = runtime, .manifest_slot = slot, .samgrd = slot_at(slot)};
}

// samgrd is gone: the next attempt goes to its next instance.
bool ipc_resolver_reroute(struct ipc_resolver *resolver, struct deadline deadline) {
    struct slot_result again =
        ipc_boot_route_for(resolver->runtime, resolver->manifest_slot, POLICY_CALL, deadline);
    if (again.status != STATUS_OK) {
        return false;
    }
    slot_release(resolver->samgrd);
    resolver->samgrd = again.slot;
    resolver->rerouted++;
    return true;
}

static struct resolved understand(const struct ipc_resolver *resolver,
                                  const struct message_area *in) {
    struct slot given = slot_at(in->meta.slot);
    struct routing_message reply = {0};
    enum wire_status decoded = routing_decode_area(WIRE_REPLY, in, &reply);
    if (decoded != WIRE_OK || reply.header.op != ROUTING_OP_RESOLVE ||
        reply.header.status != WIRE_OK || reply.header.nonce.value != resolver->last.value) {
        slot_release(given);
        return failed;
    }
    if (given.value != CAP_SLOT_NONE) {
        return (struct resolved){.answer = RESOLVE_GIVEN, .slot = given};
    }
    return (struct resolved){
        .answer = RESOLVE_REFUSED, .slot = given, .deny_for_ns = reply.deny_for_ms * NS_PER_MS};
}

struct resolved ipc_resolver_ask(void *context, struct service_id target, enum policy_action action,
                                 struct deadline deadline) {
    struct ipc_resolver *resolver = context;
    struct message_area *out = &resolver->runtime->page->call_out;
    resolver->last.value++;
    resolver->asked++;
    const struct routing_message request = {
        .header = {.op = ROUTING_OP_RESOLVE, .nonce = resolver->last},
        .target = target.value,
        .action = (uint8_t)action};
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_ROUTING, ROUTING_OP_RESOLVE, WIRE_VIA_NONE),
                 routing_encode_area(WIRE_REQUEST, &request, out));
    out->header.flags = FRAME_TAKE_CAP;
    struct call_result result = sys_ipc_call(resolver->samgrd, deadline.ns);
    if (result.status == STATUS_OK) {
        return understand(resolver, &resolver->runtime->page->reply_in);
    }
    if (result.status == STATUS_PEER_CLOSED || result.status == STATUS_BAD_CAP) {
        (void)ipc_resolver_reroute(resolver, deadline);  // The next attempt finds out.
    }
    return failed;
}
