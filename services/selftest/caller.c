// services/selftest/caller.c: see caller.h.
#include "services/selftest/caller.h"

#include "services/selftest/slots.h"

bool caller_begin(struct selftest *selftest, struct caller *caller) {
    struct slot_result pause = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    caller->selftest = selftest;
    ipc_resolver_init(&caller->resolver, selftest->runtime, SLOT_SAMGRD);
    ipc_client_init(&caller->client, selftest->runtime, ipc_resolver_ask, &caller->resolver,
                    pause.slot);
    return selftest_expect_status(selftest, "an endpoint to pause at", pause.status, STATUS_OK);
}

struct ipc_outcome caller_ask(struct caller *caller, const char *name,
                              const struct wire_protocol_rows *protocol, void *message) {
    const struct ipc_question question = {.target = service_id_named(name),
                                          .protocol = protocol,
                                          .deadline = {.ns = selftest_patience()}};
    return ipc_ask(&caller->client, &question, message);
}

bool caller_end(struct caller *caller) {
    ipc_client_release(&caller->client);
    return selftest_expect_status(caller->selftest, "closing it",
                                  sys_cap_close(caller->client.pause), STATUS_OK);
}
