// services/execd/state.h: execd's one state, and what its files do for each other.
// Ownership: one struct, on the stack of execd_main.
// Blocking:  as service.h: a question to policyd, and a route to samgrd or logd, at most
//            ASK_DEADLINE_NS each.
#pragma once

#include "ipc/ask.h"
#include "ipc/boot_resolver.h"
#include "ipc/crash.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "services/execd/execd.h"
#include "services/execd/service.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASK_DEADLINE_NS UINT64_C(1000000000)

struct execd_service {
    struct ipc_server server;
    struct ipc_resolver resolver;
    struct ipc_boot_resolver boot;
    struct ipc_client client;  // To policyd and logd; the route to samgrd is given to programs.
    struct execd execd;
};

// What policy says of it now. WIRE_UNAVAILABLE: policyd does not answer, and nothing is done.
WARN_UNUSED enum wire_status ask_may(struct execd_service *service, uint64_t subject,
                                     enum policy_action action, uint64_t object);
WARN_UNUSED enum wire_status ask_may_manage(struct execd_service *service, uint64_t subject);

// The task, which has not started, gets the route to the samgrd of now. STATUS_PEER_CLOSED: there
// is no way to one. STATUS_DENIED: the manifest gives none. STATUS_BAD_ARG: the task takes none.
WARN_UNUSED enum status ask_give_samgrd(struct execd_service *service, struct slot task);

// A send, and a line if it cannot go.
void ask_tell_logd(struct execd_service *service, const struct log_crash *crash);

// EXEC_OP_LOAD.
WARN_UNUSED enum wire_status bundles_on_load(void *state, struct ipc_exchange *exchange);

// What execd begins with. False: it is flawed, and a line says how.
WARN_UNUSED bool bundles_take_boot(struct execd_service *service, const struct runtime *runtime,
                                   struct execd_boot boot);

// How a program ended, into an answer; zeros while it runs.
struct exec_message;
void endings_put(struct exec_message *message, const struct execd_record *record);

// Some program may have ended: every one that runs is looked at.
void endings_look(struct execd_service *service);

#ifdef __cplusplus
}
#endif
