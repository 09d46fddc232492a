// testing/keys/client.h: what the programs of the images keys_* ask others, and what they expect.
// Ownership: the caller owns the struct; views of an answer are good until the next question.
// Blocking:  each question at most KEYS_TEST_PATIENCE_NS.
// Errors:    false, and a line says what was not as expected.
#pragma once

#include "ipc/ask.h"
#include "ipc/keys_item.h"
#include "ipc/resolver.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/state_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KEYS_TEST_PATIENCE_NS UINT64_C(60000000000)

enum {
    KEYS_TEST_SLOT_FACTORY = 4,   // Endpoints.
    KEYS_TEST_SLOT_OPERATOR = 9,  // To init, with the badge of who ends services.
};

struct keys_test {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    uint8_t filler[KEYS_MESSAGE_BYTES_MAX + 1];
};

WARN_UNUSED bool keys_test_begin(struct keys_test *test, struct runtime *runtime);

bool keys_expect(const struct keys_test *test, const char *what, uint64_t got, uint64_t wanted);
bool keys_expect_same(const struct keys_test *test, const char *what, struct wire_bytes got,
                      struct wire_bytes wanted);
struct wire_bytes keys_text(const char *text);

// Of keystored, statefsd, logd.
WARN_UNUSED bool keys_asks(struct keys_test *test, enum keys_op op, struct keys_message *message,
                           enum wire_status wanted);
WARN_UNUSED bool keys_asks_state(struct keys_test *test, enum state_op op,
                                 struct state_message *message, enum wire_status wanted);
WARN_UNUSED bool keys_asks_log(struct keys_test *test, enum log_op op, struct log_message *message);

// Whether rngd is there.
WARN_UNUSED bool keys_asks_rngd(struct keys_test *test);

// Has init end a service.
WARN_UNUSED bool keys_ends(struct keys_test *test, const char *service);

#ifdef __cplusplus
}
#endif
