// services/selftest/cases_state.c: keys and values of statefsd: changes alone and together, what is
// refused, whose they are, and what is there after the disk's driver and the service itself ended.
#include <string.h>

#include "ipc/state_item.h"
#include "services/execd/greet/protocol.h"
#include "services/selftest/cases.h"
#include "services/selftest/programs.h"
#include "services/selftest/slots.h"
#include "services/selftest/state.h"

enum {
    LETTERS = 26,
    // images/smoke.manifest: keep.
    OWN_ENTRIES = 24,
    OWN_BYTES = 8192,
};

bool case_state_put_get(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_is_absent(&user, "name") &&
           state_puts(&user, "name", "first") && state_holds(&user, "name", "first") &&
           state_puts(&user, "name", "tessera") && state_holds(&user, "name", "tessera") &&
           state_puts(&user, "empty", "") && state_holds(&user, "empty", "") &&
           state_user_end(&user);
}

// These keys in this order, and no more.
static bool lists(struct state_user *user, const char *const *keys, const uint32_t *sizes,
                  uint32_t count) {
    const struct selftest *selftest = user->caller.selftest;
    struct state_message message = {.transaction = 0};
    if (!state_asks(user, STATE_OP_LIST, &message, WIRE_OK)) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(message.items.data, message.items.count);
    for (uint32_t i = 0; i < count; i++) {
        struct state_item item;
        if (!state_item_get(&reader, &item) || item.key.count != strlen(keys[i]) ||
            memcmp(item.key.data, keys[i], item.key.count) != 0 || item.value_count != sizes[i]) {
            return selftest_expect(selftest, "a key of the list", i, UINT64_MAX);
        }
    }
    return selftest_expect(selftest, "what is left", reader.left, 0) &&
           selftest_expect(selftest, "more", message.more, 0);
}

bool case_state_list(struct selftest *selftest) {
    static const char *const keys[] = {"empty", "name"};
    static const uint32_t sizes[] = {0, 7};
    struct state_user user;
    return state_user_begin(selftest, &user) && lists(&user, keys, sizes, ARRAY_LEN(keys)) &&
           state_user_end(&user);
}

bool case_state_delete(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "gone", "soon") &&
           state_deletes(&user, "gone", WIRE_OK) && state_is_absent(&user, "gone") &&
           state_deletes(&user, "gone", WIRE_ABSENT) && state_user_end(&user);
}

// Nobody sees anything of it before COMMIT, and nothing at all after ABORT.
bool case_state_transaction(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_begins(&user) &&
           state_puts(&user, "slot", "b") && state_puts(&user, "floor", "7") &&
           state_deletes(&user, "empty", WIRE_OK) && state_is_absent(&user, "slot") &&
           state_holds(&user, "empty", "") && state_finishes(&user, STATE_OP_COMMIT, WIRE_OK) &&
           state_holds(&user, "slot", "b") && state_holds(&user, "floor", "7") &&
           state_is_absent(&user, "empty") && state_begins(&user) &&
           state_puts(&user, "slot", "x") && state_finishes(&user, STATE_OP_ABORT, WIRE_OK) &&
           state_holds(&user, "slot", "b") && state_user_end(&user);
}

// One change too many, a transaction that nobody began, and one that deletes what is not there:
// that one is dropped whole.
bool case_state_reject_transaction(struct selftest *selftest) {
    char key[] = "change 0";
    struct state_user user;
    bool good = state_user_begin(selftest, &user) && state_begins(&user);
    for (uint32_t i = 0; i < STATE_CHANGES_MAX && good; i++) {
        key[sizeof(key) - 2] = (char)('0' + i);
        good = state_puts(&user, key, "x");
    }
    good = good && state_puts_bytes(&user, "one more", state_text("x"), WIRE_OVERLOAD) &&
           state_finishes(&user, STATE_OP_ABORT, WIRE_OK) && state_is_absent(&user, key);
    user.transaction = 12345;
    good = good && state_puts_bytes(&user, "key", state_text("x"), WIRE_ABSENT) &&
           state_finishes(&user, STATE_OP_COMMIT, WIRE_ABSENT);
    return good && state_begins(&user) && state_puts(&user, "slot", "x") &&
           state_deletes(&user, "gone", WIRE_OK) &&
           state_finishes(&user, STATE_OP_COMMIT, WIRE_ABSENT) && state_holds(&user, "slot", "b") &&
           state_user_end(&user);
}

bool case_state_reject_too_large(struct selftest *selftest) {
    static const uint8_t filler[STATE_VALUE_BYTES_MAX + 1] = {0};
    const struct wire_bytes most = {.data = filler, .count = STATE_VALUE_BYTES_MAX};
    const struct wire_bytes over = {.data = filler, .count = STATE_VALUE_BYTES_MAX + 1};
    struct state_user user;
    return state_user_begin(selftest, &user) &&
           state_puts_bytes(&user, "large", over, WIRE_TOO_LARGE) &&
           state_is_absent(&user, "large") && state_puts_bytes(&user, "large", most, WIRE_OK) &&
           state_deletes(&user, "large", WIRE_OK) &&
           state_puts_bytes(&user, "", most, WIRE_MALFORMED) && state_user_end(&user);
}

// Changes of entries that do not matter, as many together as a transaction takes.
static bool changes_many(struct state_user *user, uint32_t count, bool erase) {
    char key[] = "quota a";
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        const bool first = i % STATE_CHANGES_MAX == 0;
        const bool last = i + 1 == count || (i + 1) % STATE_CHANGES_MAX == 0;
        key[sizeof(key) - 2] = (char)('a' + i);
        good = (!first || state_begins(user)) &&
               (erase ? state_deletes(user, key, WIRE_OK) : state_puts(user, key, "x")) &&
               (!last || state_finishes(user, STATE_OP_COMMIT, WIRE_OK));
    }
    return good;
}

// Another than who has no line in the manifest.
bool case_state_quota(struct selftest *selftest) {
    struct state_message stats;
    struct state_user user;
    return state_user_begin(selftest, &user) && state_stats(&user, &stats) &&
           selftest_expect(selftest, "entries it may have", stats.entries_max, OWN_ENTRIES) &&
           selftest_expect(selftest, "bytes it may have", stats.bytes_max, OWN_BYTES) &&
           state_user_end(&user);
}

// Up to its quota, and then one more: what there is may still be changed.
bool case_state_reject_over_quota(struct selftest *selftest) {
    struct state_message before;
    struct state_message after;
    struct state_user user;
    if (!state_user_begin(selftest, &user) || !state_stats(&user, &before)) {
        return false;
    }
    const uint32_t free = before.entries_max - before.entries;
    return selftest_expect(selftest, "that letters are enough", free <= LETTERS, true) &&
           changes_many(&user, free, false) &&
           state_puts_bytes(&user, "over", state_text("x"), WIRE_OVERLOAD) &&
           state_is_absent(&user, "over") && state_puts(&user, "quota a", "y") &&
           changes_many(&user, free, true) && state_stats(&user, &after) &&
           selftest_expect(selftest, "entries", after.entries, before.entries) &&
           selftest_expect(selftest, "bytes", after.bytes, before.bytes) && state_user_end(&user);
}

// What nobody waited for is durable with the next SYNC.
bool case_state_sync(struct selftest *selftest) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = {.ns = selftest_patience()},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = state_text("sent"), .value = state_text("away")};
    struct state_user user;
    return state_user_begin(selftest, &user) &&
           selftest_expect(selftest, "the send",
                           ipc_tell(&user.caller.client, &question, &message).error, IPC_OK) &&
           state_asks(&user, STATE_OP_SYNC, &message, WIRE_OK) &&
           state_holds(&user, "sent", "away") && state_user_end(&user);
}

// Another program with a key of the same name: neither sees, changes nor deletes what the other
// has. There is no way to name another's: whose a key is, the kernel says.
bool case_state_reject_foreign(struct selftest *selftest) {
    struct state_message before;
    struct state_message after;
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, GREET_STATE_KEY, "own") &&
           state_stats(&user, &before) &&
           programs_run_to(&user.caller, "greet", GREET_STORES, GREET_STORED) &&
           state_holds(&user, GREET_STATE_KEY, "own") && state_stats(&user, &after) &&
           selftest_expect(selftest, "entries", after.entries, before.entries) &&
           selftest_expect(selftest, "bytes", after.bytes, before.bytes) &&
           programs_run_to(&user.caller, "greet", GREET_LOSES, GREET_STORED) &&
           state_holds(&user, GREET_STATE_KEY, "own") &&
           state_deletes(&user, GREET_STATE_KEY, WIRE_OK) && state_user_end(&user);
}

bool case_state_reject_denied(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && caller_sees_denial(&user.caller, "statefsd") &&
           programs_run_to(&user.caller, "silent", GREET_STORES, IPC_DENIED) &&
           state_user_end(&user);
}

static bool ends(struct state_user *user, const char *service) {
    return caller_end_service(user->caller.selftest, slot_at(SELFTEST_SLOT_OPERATOR), service,
                              WIRE_OK);
}

// The driver ends: statefsd finds the next one, and its clients notice nothing.
bool case_state_disk_rebound(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && ends(&user, "virtioblkd") &&
           state_puts(&user, "driver", "ended") && state_holds(&user, "driver", "ended") &&
           state_holds(&user, "name", "tessera") && state_user_end(&user);
}

// Then the service itself: what was acknowledged is there, read from the disk again.
bool case_state_rebound(struct selftest *selftest) {
    struct state_message message;
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "last", "acknowledged") &&
           caller_sees_restart(&user.caller, "statefsd") &&
           state_holds(&user, "last", "acknowledged") && state_holds(&user, "driver", "ended") &&
           state_holds(&user, "slot", "b") && state_holds(&user, "name", "tessera") &&
           state_is_absent(&user, "gone") && state_stats(&user, &message) &&
           selftest_expect(selftest, "how the journal ended", message.end, 0) &&
           selftest_expect(selftest, "batches replayed", message.replayed > 0, true) &&
           state_puts(&user, "service", "ended") && state_user_end(&user);
}
