// services/selftest/state.c: see state.h.
#include "services/selftest/state.h"

#include <string.h>

bool state_user_begin(struct selftest *selftest, struct state_user *user) {
    user->transaction = 0;
    return caller_begin(selftest, &user->caller);
}

bool state_user_end(struct state_user *user) {
    return caller_end(&user->caller);
}

struct wire_bytes state_text(const char *text) {
    return (struct wire_bytes){.data = (const uint8_t *)text, .count = (uint32_t)strlen(text)};
}

bool state_asks(struct state_user *user, enum state_op op, struct state_message *message,
                enum wire_status wanted) {
    const struct selftest *selftest = user->caller.selftest;
    message->header.op = (uint8_t)op;
    struct ipc_outcome outcome = caller_ask(&user->caller, "statefsd", &state_rows, message);
    return selftest_expect(selftest, "asking statefsd", outcome.error, IPC_OK) &&
           selftest_expect(selftest, wire_op_find(&state_rows, (uint8_t)op)->name,
                           message->header.status, wanted);
}

bool state_puts_bytes(struct state_user *user, const char *key, struct wire_bytes value,
                      enum wire_status wanted) {
    struct state_message message = {
        .transaction = user->transaction, .key = state_text(key), .value = value};
    return state_asks(user, STATE_OP_PUT, &message, wanted);
}

bool state_puts(struct state_user *user, const char *key, const char *value) {
    return state_puts_bytes(user, key, state_text(value), WIRE_OK);
}

bool state_deletes(struct state_user *user, const char *key, enum wire_status wanted) {
    struct state_message message = {.transaction = user->transaction, .key = state_text(key)};
    return state_asks(user, STATE_OP_DELETE, &message, wanted);
}

bool state_is_absent(struct state_user *user, const char *key) {
    struct state_message message = {.key = state_text(key)};
    return state_asks(user, STATE_OP_GET, &message, WIRE_ABSENT);
}

bool state_holds(struct state_user *user, const char *key, const char *value) {
    const struct selftest *selftest = user->caller.selftest;
    struct state_message message = {.key = state_text(key)};
    return state_asks(user, STATE_OP_GET, &message, WIRE_OK) &&
           selftest_expect(selftest, "bytes of the value", message.value.count, strlen(value)) &&
           selftest_expect(selftest, "the value",
                           memcmp(message.value.data, value, message.value.count) == 0, true);
}

bool state_begins(struct state_user *user) {
    struct state_message message = {.transaction = 0};
    bool good = state_asks(user, STATE_OP_BEGIN, &message, WIRE_OK);
    user->transaction = message.transaction;
    return good;
}

bool state_finishes(struct state_user *user, enum state_op op, enum wire_status wanted) {
    struct state_message message = {.transaction = user->transaction};
    user->transaction = 0;
    return state_asks(user, op, &message, wanted);
}

bool state_stats(struct state_user *user, struct state_message *message) {
    *message = (struct state_message){.transaction = 0};
    return state_asks(user, STATE_OP_STATS, message, WIRE_OK);
}
