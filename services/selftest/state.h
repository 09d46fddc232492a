// services/selftest/state.h: a client of statefsd, as cases use it. The cases of cases_state.c also
// serve testing/statefs, whose second boot looks for what they leave behind.
// Ownership: the case owns the struct; state_user_end gives back what it holds.
// Blocking:  as caller.h.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "ipc/wire/state_wire.h"
#include "services/selftest/caller.h"

struct state_user {
    struct caller caller;
    uint64_t transaction;  // What is changed goes into it; 0: is made at once.
};

WARN_UNUSED bool state_user_begin(struct selftest *selftest, struct state_user *user);
WARN_UNUSED bool state_user_end(struct state_user *user);

// One operation; its status must be `wanted`.
WARN_UNUSED bool state_asks(struct state_user *user, enum state_op op,
                            struct state_message *message, enum wire_status wanted);

struct wire_bytes state_text(const char *text);
WARN_UNUSED bool state_puts(struct state_user *user, const char *key, const char *value);
WARN_UNUSED bool state_puts_bytes(struct state_user *user, const char *key, struct wire_bytes value,
                                  enum wire_status wanted);
WARN_UNUSED bool state_deletes(struct state_user *user, const char *key, enum wire_status wanted);
WARN_UNUSED bool state_holds(struct state_user *user, const char *key, const char *value);
WARN_UNUSED bool state_is_absent(struct state_user *user, const char *key);
WARN_UNUSED bool state_begins(struct state_user *user);
// COMMIT or ABORT.
WARN_UNUSED bool state_finishes(struct state_user *user, enum state_op op, enum wire_status wanted);
WARN_UNUSED bool state_stats(struct state_user *user, struct state_message *message);
