// ipc/wrong/types.c: mistakes that the types of the client library turn into errors of the compiler.
// Each is compiled alone, by ipc:types_compile_fail_test.
#include "ipc/asks.h"
#include "ipc/boot_resolver.h"
#include "ipc/bulk_sealed.h"
#include "ipc/client.h"

uint8_t first_of(const struct bulk_sealed *sealed, const struct bulk_view *view);
uint8_t first_of(const struct bulk_sealed *sealed, const struct bulk_view *view) {
    const struct bulk_range range = {.offset = 0, .bytes = 1};
#ifdef VIEW_FOR_SEALED
    sealed = view;
#endif
#ifdef WRITE_TO_VIEW
    view->bytes[0] = 1;
#endif
    return *bulk_sealed_at(sealed, range) + *bulk_view_at(view, range);
}

struct ipc_outcome ask(struct ipc_client *client, const struct ipc_request *request);
struct ipc_outcome ask(struct ipc_client *client, const struct ipc_request *request) {
    struct nonce nonce = ipc_nonce(client);
    struct deadline deadline = {.ns = nonce.value};
    struct budget budget = budget_until(deadline);
#ifdef NONCE_FOR_SLOT
    client->pause = nonce;
#endif
#ifdef NUMBER_FOR_SLOT
    client->pause = 5;
#endif
#ifdef DEADLINE_FOR_ATTEMPTS
    budget.attempts = deadline;
#endif
#ifdef MISMATCHES_FOR_ATTEMPTS
    budget.attempts = budget.mismatches;
#endif
#ifdef NONCE_FOR_SERVICE
    (void)route_find(&client->routes, nonce, POLICY_CALL);
#endif
#ifdef NUMBER_FOR_SERVICE
    (void)route_find(&client->routes, 7, POLICY_CALL);
#endif
#ifdef SLOT_FOR_SERVICE
    (void)route_find(&client->routes, client->pause, POLICY_CALL);
#endif
#ifdef NUMBER_FOR_NONCE
    nonce = 7;
#endif
#ifdef NUMBER_FOR_ATTEMPTS
    budget.attempts = 3;
#endif
#ifdef NUMBER_FOR_MISMATCHES
    budget.mismatches = 3;
#endif
#ifdef ATTEMPTS_FOR_MISMATCHES
    budget.mismatches = budget.attempts;
#endif
#ifdef DEADLINE_FOR_MISMATCHES
    budget.mismatches = deadline;
#endif
#ifdef ATTEMPTS_FOR_DEADLINE
    budget = budget_until(budget.attempts);
#endif
#ifdef NONCE_FOR_EPOCH
    client->routes.routes[0].epoch = nonce;
#endif
#ifdef NUMBER_FOR_EPOCH
    client->routes.routes[0].epoch = 7;
#endif
#ifdef NUMBER_FOR_DEADLINE
    budget = budget_until(1000);
#endif
#ifdef EPOCH_FOR_NONCE
    nonce = client->routes.routes[0].epoch;
#endif
#ifdef OUTCOME_IGNORED
    ipc_call(client, request);
#endif
#ifdef STATUS_IGNORED
    sys_cap_close(client->pause);
#endif
    (void)budget;
    return ipc_call(client, request);
}

// The place of an asynchronous request: a ticket of the client's, a sequence of the kernel's.
void cancel(struct ipc_asks *asks, struct ipc_sent *sent);
void cancel(struct ipc_asks *asks, struct ipc_sent *sent) {
    const struct nonce ticket = asks->pending[0].nonce;
#ifdef SLOT_FOR_TICKET
    ipc_asks_cancel(asks, asks->own);
#endif
#ifdef SEQUENCE_FOR_TICKET
    ipc_asks_cancel(asks, sent->sequence);
#endif
#ifdef SLOT_FOR_SEQUENCE
    sent->sequence = sent->own;
#endif
#ifdef NONCE_FOR_SEQUENCE
    sent->sequence = ticket;
#endif
    asks->pending[0].sequence = sent->sequence;
    ipc_asks_cancel(asks, ticket);
}

// What a service keeps to answer later is the reply, not the nonce that the answer carries.
void keep(struct kept_call *kept, struct reply_handle reply);
void keep(struct kept_call *kept, struct reply_handle reply) {
#ifdef NONCE_FOR_REPLY
    reply = kept->nonce;
#endif
    kept->reply = reply;
}

struct ipc_boot_resolver boot_routes(struct runtime *runtime);
struct ipc_boot_resolver boot_routes(struct runtime *runtime) {
    static const struct ipc_boot_route_row few[IPC_BOOT_ROUTE_MAX];
    static const struct ipc_boot_route_row many[IPC_BOOT_ROUTE_MAX + 1];
    struct ipc_boot_resolver resolver = {.runtime = runtime, IPC_BOOT_ROWS(few)};
#ifdef TOO_MANY_BOOT_ROUTES
    resolver = (struct ipc_boot_resolver){.runtime = runtime, IPC_BOOT_ROWS(many)};
#endif
    resolver.begun = ARRAY_LEN(many) == 0;
    return resolver;
}
