// services/console/shell.h: the state of the shell, and what its commands share.
// Units:     nanoseconds since boot.
// Ownership: one struct, on the stack of console_main.
// Blocking:  a command waits for whom it calls, at most SHELL_PATIENCE_NS a call.
// Errors:    are lines for who typed.
#pragma once

#include "ipc/ask.h"
#include "ipc/boot_resolver.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "services/console/figures.h"
#include "services/console/line.h"
#include "services/console/words.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SHELL_PATIENCE_NS UINT64_C(2000000000)

// What the boot manifest gives it, besides runtime/slots.h.
enum shell_slot {
    SHELL_SLOT_IMAGE = SLOT_FIRST_OWN,  // RIGHT_READ
    SHELL_SLOT_STATS,                   // READ and TRACE.
    SHELL_SLOT_FACTORY,                 // MAKE_ENDPOINT: one to pause at.
    SHELL_SLOT_OPERATOR,                // CALL to init with the badge INIT_BADGE_OPERATOR, if it
                                        // may end services.
};

enum {
    SHELL_EVENT_MAX = 64,   // Of the trace, in one answer.
    SHELL_CHOICE_MAX = 48,  // Ways to go on with a word.
    SHELL_FIELD_BYTES = 32,
};

struct shell {
    struct ipc_server server;
    struct ipc_resolver resolver;
    struct ipc_boot_resolver boot;
    struct ipc_client client;
    struct runtime *runtime;
    struct names names;
    struct line line;
    struct print print;
    struct words words;
    struct instances instances;
    bool begun;  // The first prompt stands.
    bool ended;  // `exit` was typed.
    uint32_t choice_count;
    const char *choices[SHELL_CHOICE_MAX];
    char fields[SHELL_CHOICE_MAX][SHELL_FIELD_BYTES];
    uint32_t event_count;
    struct trace_event events[SHELL_EVENT_MAX];
};

// Runs a typed line; it is cut up.
void shell_run(struct shell *shell, char *text);

// Fills `choices` with what the word that begins at `start` of that text may be.
void shell_choose(struct shell *shell, const char *text, uint32_t start);

// An operation of a service, by name, under policy. False: it was not answered with WIRE_OK, and
// why is printed. `outcome` may be null.
WARN_UNUSED bool shell_ask(struct shell *shell, const char *name,
                           const struct wire_protocol_rows *protocol, void *message,
                           struct ipc_outcome *outcome);

// The same as one who manages the service.
WARN_UNUSED bool shell_manage(struct shell *shell, const char *name,
                              const struct wire_protocol_rows *protocol, void *message);

// As shell_ask, without a word about it.
WARN_UNUSED enum ipc_error shell_try(struct shell *shell, const char *name,
                                     const struct wire_protocol_rows *protocol, void *message,
                                     struct ipc_outcome *outcome);

// Which instance is whose now. False: it cannot be told, and why is printed.
WARN_UNUSED bool shell_instances(struct shell *shell);

// Asks execd, if the image has one and policy lets this shell, which programs there are by name.
void shell_learn_programs(struct shell *shell);

// How init's services do: starts, restarts left, why each ended last. Part of `stats init`.
void shell_states(struct shell *shell);

// The machine and its harts.
void shell_machine(struct shell *shell);

// The commands; their words are in shell->words, the first is their own name.
void shell_ps(struct shell *shell);
void shell_caps(struct shell *shell);
void shell_routes(struct shell *shell);
void shell_stats(struct shell *shell);
void shell_log(struct shell *shell);
void shell_kill(struct shell *shell);
void shell_kill_program(struct shell *shell);
void shell_run_program(struct shell *shell);
void shell_call(struct shell *shell);
void shell_trace(struct shell *shell);
void shell_policy(struct shell *shell);
void shell_steps(struct shell *shell);

#ifdef __cplusplus
}
#endif
