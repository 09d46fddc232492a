// testing/statefs/state.c: a client of statefsd, in two boots on one disk. The first finds nothing
// and climbs the first ladder; the second finds what the first was told is durable, and nothing
// else. Which boot it is, the disk says.
#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/state_item.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"

enum {
    SLOT_FACTORY = 4,   // Endpoints.
    SLOT_OPERATOR = 9,  // To init, with the badge of who ends services.
    ROUNDS_MAX = 3000,  // Of what must end sooner.
};

#define PATIENCE_NS UINT64_C(60000000000)

struct state_test {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    uint64_t transaction;
    uint8_t filler[STATE_VALUE_BYTES_MAX + 1];
};

static struct deadline patience(void) {
    return (struct deadline){.ns = sys_clock_get() + PATIENCE_NS};
}

static bool expect(const struct state_test *test, const char *what, uint64_t got, uint64_t wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(test->runtime, "state: %s: got %lu, expected %lu", what, got, wanted);
    return false;
}

static struct wire_bytes bytes_of(const char *text) {
    return (struct wire_bytes){.data = (const uint8_t *)text, .count = (uint32_t)strlen(text)};
}

static bool asks(struct state_test *test, enum state_op op, struct state_message *message,
                 enum wire_status wanted) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = patience(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    message->header.op = (uint8_t)op;
    return expect(test, "the call", ipc_ask(&test->ipc, &question, message).error, IPC_OK) &&
           expect(test, "the status", message->header.status, wanted);
}

static bool puts_bytes(struct state_test *test, const char *key, struct wire_bytes value,
                       enum wire_status wanted) {
    struct state_message message = {
        .transaction = test->transaction, .key = bytes_of(key), .value = value};
    return asks(test, STATE_OP_PUT, &message, wanted);
}

static bool puts(struct state_test *test, const char *key, const char *value) {
    return puts_bytes(test, key, bytes_of(value), WIRE_OK);
}

static bool deletes(struct state_test *test, const char *key, enum wire_status wanted) {
    struct state_message message = {.transaction = test->transaction, .key = bytes_of(key)};
    return asks(test, STATE_OP_DELETE, &message, wanted);
}

static bool is_absent(struct state_test *test, const char *key) {
    struct state_message message = {.key = bytes_of(key)};
    return asks(test, STATE_OP_GET, &message, WIRE_ABSENT);
}

static bool holds(struct state_test *test, const char *key, const char *value) {
    struct state_message message = {.key = bytes_of(key)};
    return asks(test, STATE_OP_GET, &message, WIRE_OK) &&
           expect(test, "bytes of the value", message.value.count, strlen(value)) &&
           expect(test, "the value", memcmp(message.value.data, value, message.value.count) == 0,
                  true);
}

static bool stats(struct state_test *test, struct state_message *message) {
    *message = (struct state_message){.transaction = 0};
    return asks(test, STATE_OP_STATS, message, WIRE_OK);
}

static bool ends(struct state_test *test, const char *service) {
    struct message_page *page = test->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named(service).value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    return expect(test, "asking init to end it",
                  sys_ipc_call(slot_at(SLOT_OPERATOR), patience().ns).status, STATUS_OK) &&
           expect(
               test, "the answer",
               init_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, &message),
               WIRE_OK) &&
           expect(test, "its status", message.header.status, WIRE_OK);
}

// The first boot.

static bool case_put_get(struct state_test *test) {
    return is_absent(test, "name") && puts(test, "name", "first") && holds(test, "name", "first") &&
           puts(test, "name", "tessera") && holds(test, "name", "tessera") &&
           puts(test, "empty", "") && holds(test, "empty", "");
}

static bool case_list(struct state_test *test) {
    static const char *const keys[] = {"empty", "name"};
    static const uint32_t sizes[] = {0, 7};
    struct state_message message = {.transaction = 0};
    if (!asks(test, STATE_OP_LIST, &message, WIRE_OK)) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(message.items.data, message.items.count);
    for (uint32_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct state_item item;
        if (!state_item_get(&reader, &item) || item.key.count != strlen(keys[i]) ||
            memcmp(item.key.data, keys[i], item.key.count) != 0 || item.value_count != sizes[i]) {
            return expect(test, "a key of the list", i, UINT64_MAX);
        }
    }
    return expect(test, "what is left", reader.left, 0) && expect(test, "more", message.more, 0);
}

static bool case_delete(struct state_test *test) {
    return puts(test, "gone", "soon") && deletes(test, "gone", WIRE_OK) &&
           is_absent(test, "gone") && deletes(test, "gone", WIRE_ABSENT);
}

static bool begins(struct state_test *test) {
    struct state_message message = {.transaction = 0};
    bool good = asks(test, STATE_OP_BEGIN, &message, WIRE_OK);
    test->transaction = message.transaction;
    return good;
}

static bool finishes(struct state_test *test, enum state_op op, enum wire_status wanted) {
    struct state_message message = {.transaction = test->transaction};
    test->transaction = 0;
    return asks(test, op, &message, wanted);
}

static bool case_transaction(struct state_test *test) {
    return begins(test) && puts(test, "slot", "b") && puts(test, "floor", "7") &&
           deletes(test, "empty", WIRE_OK) && is_absent(test, "slot") && holds(test, "empty", "") &&
           finishes(test, STATE_OP_COMMIT, WIRE_OK) && holds(test, "slot", "b") &&
           holds(test, "floor", "7") && is_absent(test, "empty") && begins(test) &&
           puts(test, "slot", "x") && finishes(test, STATE_OP_ABORT, WIRE_OK) &&
           holds(test, "slot", "b");
}

static bool case_reject_transaction(struct state_test *test) {
    char key[] = "change 0";
    bool good = begins(test);
    for (uint32_t i = 0; i < STATE_CHANGES_MAX && good; i++) {
        key[sizeof(key) - 2] = (char)('0' + i);
        good = puts(test, key, "x");
    }
    good = good && puts_bytes(test, "one more", bytes_of("x"), WIRE_OVERLOAD) &&
           finishes(test, STATE_OP_ABORT, WIRE_OK) && is_absent(test, key);
    test->transaction = 12345;
    good = good && puts_bytes(test, "key", bytes_of("x"), WIRE_ABSENT) &&
           finishes(test, STATE_OP_COMMIT, WIRE_ABSENT);
    // One that deletes what is not there is dropped whole.
    return good && begins(test) && puts(test, "slot", "x") && deletes(test, "gone", WIRE_OK) &&
           finishes(test, STATE_OP_COMMIT, WIRE_ABSENT) && holds(test, "slot", "b");
}

static bool case_reject_too_large(struct state_test *test) {
    const struct wire_bytes most = {.data = test->filler, .count = STATE_VALUE_BYTES_MAX};
    const struct wire_bytes over = {.data = test->filler, .count = STATE_VALUE_BYTES_MAX + 1};
    return puts_bytes(test, "large", over, WIRE_TOO_LARGE) && is_absent(test, "large") &&
           puts_bytes(test, "large", most, WIRE_OK) && deletes(test, "large", WIRE_OK) &&
           puts_bytes(test, "", most, WIRE_MALFORMED);
}

static bool case_reject_quota(struct state_test *test) {
    struct state_message before;
    struct state_message after;
    char key[] = "quota a";
    bool good = stats(test, &before);
    uint32_t made = 0;
    for (; made < before.entries_max - before.entries && good; made++) {
        key[sizeof(key) - 2] = (char)('a' + made);
        good = puts(test, key, "x");
    }
    good = good && puts_bytes(test, "over", bytes_of("x"), WIRE_OVERLOAD) &&
           is_absent(test, "over") && puts(test, "quota a", "y");
    for (uint32_t i = 0; i < made && good; i++) {
        key[sizeof(key) - 2] = (char)('a' + i);
        good = deletes(test, key, WIRE_OK);
    }
    return good && stats(test, &after) && expect(test, "entries", after.entries, before.entries) &&
           expect(test, "bytes", after.bytes, before.bytes);
}

// What nobody waited for is durable with the next SYNC.
static bool case_sync(struct state_test *test) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = patience(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = bytes_of("sent"), .value = bytes_of("away")};
    return expect(test, "the send", ipc_tell(&test->ipc, &question, &message).error, IPC_OK) &&
           asks(test, STATE_OP_SYNC, &message, WIRE_OK) && holds(test, "sent", "away");
}

// The driver ends, then the service itself: both are found again, with everything.
static bool case_rebound(struct state_test *test) {
    struct state_message message;
    return ends(test, "virtioblkd") && puts(test, "driver", "ended") && ends(test, "statefsd") &&
           holds(test, "driver", "ended") && holds(test, "slot", "b") &&
           holds(test, "name", "tessera") && stats(test, &message) &&
           expect(test, "how the journal ended", message.end, 0) &&
           expect(test, "batches replayed", message.replayed > 0, true) &&
           puts(test, "service", "ended");
}

// Until the other region is the journal, after the first time: that was the service's start.
static bool case_compacted(struct state_test *test) {
    struct state_message message;
    bool good = stats(test, &message) && expect(test, "compactions", message.compactions, 1);
    const uint32_t generation = message.generation;
    for (uint32_t i = 0; i < ROUNDS_MAX && good && message.compactions == 1; i++) {
        test->filler[0] = (uint8_t)i;
        const struct wire_bytes value = {.data = test->filler, .count = STATE_VALUE_BYTES_MAX};
        good = begins(test) && puts_bytes(test, "round 1", value, WIRE_OK) &&
               puts_bytes(test, "round 2", value, WIRE_OK) &&
               puts_bytes(test, "round 3", value, WIRE_OK) &&
               puts_bytes(test, "round 4", value, WIRE_OK) &&
               finishes(test, STATE_OP_COMMIT, WIRE_OK) && stats(test, &message);
    }
    return good && expect(test, "generation", message.generation, generation + 1) &&
           deletes(test, "round 1", WIRE_OK) && deletes(test, "round 2", WIRE_OK) &&
           deletes(test, "round 3", WIRE_OK) && deletes(test, "round 4", WIRE_OK) &&
           holds(test, "slot", "b");
}

static bool case_acknowledged(struct state_test *test) {
    return puts(test, "boot", "1") && puts(test, "last", "word");
}

// The second boot.

static bool case_found(struct state_test *test) {
    return holds(test, "boot", "1") && holds(test, "last", "word") &&
           holds(test, "name", "tessera") && holds(test, "slot", "b") &&
           holds(test, "floor", "7") && holds(test, "sent", "away") &&
           holds(test, "driver", "ended") && holds(test, "service", "ended");
}

static bool case_nothing_else(struct state_test *test) {
    struct state_message message;
    return is_absent(test, "gone") && is_absent(test, "empty") && is_absent(test, "over") &&
           is_absent(test, "round 1") && stats(test, &message) &&
           expect(test, "entries", message.entries, 8);
}

static bool case_again(struct state_test *test) {
    return puts(test, "boot", "2") && holds(test, "boot", "2") && deletes(test, "last", WIRE_OK);
}

struct rung {
    uint32_t boot;
    const char *marker;
    bool (*run)(struct state_test *test);
};

static const struct rung rungs[] = {
    {1, MARKER_STATE_PUT_GET, case_put_get},
    {1, MARKER_STATE_LIST, case_list},
    {1, MARKER_STATE_DELETE, case_delete},
    {1, MARKER_STATE_TRANSACTION, case_transaction},
    {1, MARKER_STATE_REJECT_TRANSACTION, case_reject_transaction},
    {1, MARKER_STATE_REJECT_TOO_LARGE, case_reject_too_large},
    {1, MARKER_STATE_REJECT_QUOTA, case_reject_quota},
    {1, MARKER_STATE_SYNC, case_sync},
    {1, MARKER_STATE_REBOUND, case_rebound},
    {1, MARKER_STATE_COMPACTED, case_compacted},
    {1, MARKER_STATE_ACKNOWLEDGED, case_acknowledged},
    {2, MARKER_STATE_FOUND, case_found},
    {2, MARKER_STATE_NOTHING_ELSE, case_nothing_else},
    {2, MARKER_STATE_AGAIN, case_again},
};

// 0: neither; said.
static uint32_t boot_of(struct state_test *test) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = patience(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message message = {.header = {.op = STATE_OP_GET}, .key = bytes_of("boot")};
    if (!expect(test, "the first call", ipc_ask(&test->ipc, &question, &message).error, IPC_OK)) {
        return 0;
    }
    return message.header.status == WIRE_OK ? 2 : 1;
}

int service_main(struct runtime *runtime) {
    struct state_test test = {.runtime = runtime};
    struct slot_result pause = sys_endpoint_create(slot_at(SLOT_FACTORY));
    ipc_resolver_init(&test.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&test.ipc, runtime, ipc_resolver_ask, &test.resolver, pause.slot);
    if (pause.status != STATUS_OK || ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    const uint32_t boot = boot_of(&test);
    for (uint32_t i = 0; i < ARRAY_LEN(rungs); i++) {
        if (rungs[i].boot != boot) {
            continue;
        }
        if (!rungs[i].run(&test)) {
            log_line(runtime, "state: no '%s'", rungs[i].marker);
            return 1;
        }
        marker_text(runtime, rungs[i].marker);
    }
    marker_text(runtime, MARKER_STATE_END);
    return boot == 0 ? 1 : 0;
}
