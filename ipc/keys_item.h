// ipc/keys_item.h: what the protocol "keys" carries: bounds, kinds, and what the device's identity
// really signs.
//
// With the identity keystored signs a statement: a head that names this system and who asked, then
// the message. So no service can have anything signed that looks as if another had asked, and
// nothing that is not a statement. Whoever checks one puts it together with keys_statement_put.
// Units:     bytes.
// Ownership: the caller's bytes.
// Errors:    none: the caller keeps to the bounds.
#pragma once

#include "ipc/state_item.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KEYS_NAME_BYTES_MAX = 24,  // And 1 at least, of a-z 0-9 . _ -
    KEYS_SECRET_BYTES_MAX = 128,
    KEYS_MESSAGE_BYTES_MAX = 320,
    KEYS_PUBLIC_BYTES = 32,
    KEYS_SIGNATURE_BYTES = 64,
    KEYS_STATEMENT_HEAD_BYTES = 24,
    KEYS_SIGNED_BYTES_MAX = KEYS_STATEMENT_HEAD_BYTES + KEYS_MESSAGE_BYTES_MAX,
    KEYS_CONTEXT_BYTES_MAX = STATE_KEY_BYTES_MAX,
    KEYS_SEAL_BYTES = 33,  // What sealing adds.
    KEYS_PLAIN_BYTES_MAX = STATE_VALUE_BYTES_MAX - KEYS_SEAL_BYTES,
};

enum keys_kind {
    KEYS_PAIR = 1,    // A key pair made by keystored: signs, is never given away.
    KEYS_SECRET = 2,  // Bytes that their owner gave, and gets back.
};

enum keys_state {
    KEYS_READY = 1,
    KEYS_LOCKED = 2,  // The identity that is kept does not open: another device secret, or changed.
};

// `out` has room for KEYS_SIGNED_BYTES_MAX. Returns how many of it are the statement.
static inline uint32_t keys_statement_put(uint64_t service, struct wire_bytes message,
                                          uint8_t *out) {
    static const char head[KEYS_STATEMENT_HEAD_BYTES - 8 + 1] = "tessera device 1";
    struct wire_writer writer = wire_writer_of(out, KEYS_SIGNED_BYTES_MAX);
    for (uint32_t i = 0; i + 1 < sizeof(head); i++) {
        wire_put_u8(&writer, (uint8_t)head[i]);
    }
    wire_put_u64(&writer, service);
    for (uint32_t i = 0; i < message.count; i++) {
        wire_put_u8(&writer, message.data[i]);
    }
    return writer.count;
}

#ifdef __cplusplus
}
#endif
