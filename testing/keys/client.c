// testing/keys/client.c: see client.h.
#include "testing/keys/client.h"

#include <string.h>

#include "ipc/frame.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/init_wire.h"

bool keys_test_begin(struct keys_test *test, struct runtime *runtime) {
    *test = (struct keys_test){.runtime = runtime};
    struct slot_result pause = sys_endpoint_create(slot_at(KEYS_TEST_SLOT_FACTORY));
    ipc_resolver_init(&test->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&test->ipc, runtime, ipc_resolver_ask, &test->resolver, pause.slot);
    return pause.status == STATUS_OK;
}

bool keys_expect(const struct keys_test *test, const char *what, uint64_t got, uint64_t wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(test->runtime, "keys: %s: got %lu, expected %lu", what, got, wanted);
    return false;
}

bool keys_expect_same(const struct keys_test *test, const char *what, struct wire_bytes got,
                      struct wire_bytes wanted) {
    return keys_expect(test, what, got.count, wanted.count) &&
           keys_expect(test, what, memcmp(got.data, wanted.data, got.count) == 0, true);
}

struct wire_bytes keys_text(const char *text) {
    return (struct wire_bytes){.data = (const uint8_t *)text, .count = (uint32_t)strlen(text)};
}

static bool asks(struct keys_test *test, const char *service,
                 const struct wire_protocol_rows *protocol, void *message) {
    const struct ipc_question question = {
        .target = service_id_named(service),
        .protocol = protocol,
        .deadline = {.ns = sys_clock_get() + KEYS_TEST_PATIENCE_NS},
        .carried = slot_at(CAP_SLOT_NONE)};
    return keys_expect(test, service, ipc_ask(&test->ipc, &question, message).error, IPC_OK);
}

bool keys_asks(struct keys_test *test, enum keys_op op, struct keys_message *message,
               enum wire_status wanted) {
    message->header.op = (uint8_t)op;
    return asks(test, "keystored", &keys_rows, message) &&
           keys_expect(test, wire_op_find(&keys_rows, (uint8_t)op)->name, message->header.status,
                       wanted);
}

bool keys_asks_state(struct keys_test *test, enum state_op op, struct state_message *message,
                     enum wire_status wanted) {
    message->header.op = (uint8_t)op;
    return asks(test, "statefsd", &state_rows, message) &&
           keys_expect(test, wire_op_find(&state_rows, (uint8_t)op)->name, message->header.status,
                       wanted);
}

bool keys_asks_log(struct keys_test *test, enum log_op op, struct log_message *message) {
    message->header.op = (uint8_t)op;
    return asks(test, "logd", &log_rows, message) &&
           keys_expect(test, "the journal", message->header.status, WIRE_OK);
}

bool keys_asks_rngd(struct keys_test *test) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_STATE}};
    return asks(test, "rngd", &entropy_rows, &message) &&
           keys_expect(test, "the state of rngd", message.header.status, WIRE_OK);
}

bool keys_ends(struct keys_test *test, const char *service) {
    struct message_page *page = test->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named(service).value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    return keys_expect(test, "asking init to end it",
                       sys_ipc_call(slot_at(KEYS_TEST_SLOT_OPERATOR),
                                    sys_clock_get() + KEYS_TEST_PATIENCE_NS)
                           .status,
                       STATUS_OK) &&
           keys_expect(
               test, "the answer",
               init_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, &message),
               WIRE_OK) &&
           keys_expect(test, "its status", message.header.status, WIRE_OK);
}
