// ipc/wrong/types.c: mistakes that the types of the client library turn into errors of the compiler.
// Each is compiled alone, by ipc:types_compile_fail_test.
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
