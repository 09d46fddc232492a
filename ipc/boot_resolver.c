// ipc/boot_resolver.c: see boot_resolver.h.
#include "ipc/boot_resolver.h"

#include "ipc/boot_route.h"

static const struct resolved refused = {
    .answer = RESOLVE_REFUSED, .slot = {.value = CAP_SLOT_NONE}, .deny_for_ns = IPC_BOOT_DENY_NS};

// Of the route in row `i`.
static struct slot_result capability(struct ipc_boot_resolver *resolver, uint32_t i,
                                     struct deadline deadline) {
    const struct ipc_boot_route_row *row = &resolver->rows[i];
    const uint32_t bit = UINT32_C(1) << i;
    if ((resolver->begun & bit) != 0) {
        return ipc_boot_route_for(resolver->runtime, row->slot, row->action, deadline);
    }
    resolver->begun |= bit;
    return sys_cap_clone(slot_at(row->slot), policy_action_right(row->action));
}

struct resolved ipc_boot_resolve(void *context, struct service_id target, enum policy_action action,
                                 struct deadline deadline) {
    struct ipc_boot_resolver *resolver = context;
    if (resolver->count > IPC_BOOT_ROUTE_MAX) {
        log_line(resolver->runtime, "%u routes of the manifest, at most %u are kept",
                 resolver->count, (uint32_t)IPC_BOOT_ROUTE_MAX);
        return refused;
    }
    for (uint32_t i = 0; i < resolver->count; i++) {
        const struct ipc_boot_route_row *row = &resolver->rows[i];
        if (row->action != action || service_id_named(row->target).value != target.value) {
            continue;
        }
        const struct slot_result got = capability(resolver, i, deadline);
        if (got.status == STATUS_DENIED) {
            return refused;
        }
        return got.status == STATUS_OK
                   ? (struct resolved){.answer = RESOLVE_GIVEN, .slot = got.slot}
                   : (struct resolved){.answer = RESOLVE_FAILED, .slot = slot_at(CAP_SLOT_NONE)};
    }
    return resolver->others ? resolver->others(resolver->context, target, action, deadline)
                            : refused;
}

void ipc_boot_client_init(struct ipc_client *client, struct ipc_boot_resolver *resolver) {
    ipc_client_init(client, resolver->runtime, ipc_boot_resolve, resolver, slot_at(CAP_SLOT_NONE));
    client->reuse = true;
}
