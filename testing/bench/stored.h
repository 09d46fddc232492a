// testing/bench/stored.h: what the parts of stored share: who asks, and how a figure of a service
// behind a device is taken.
#pragma once

#include "ipc/ask.h"
#include "ipc/keys_item.h"
#include "ipc/resolver.h"
#include "runtime/runtime.h"
#include "testing/bench/measure.h"

enum { VALUE_BYTES = 64 };

struct stored {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct deadline deadline;
    uint32_t failures;
    uint32_t instance;  // Of the program that was started last.
    uint32_t sealed_bytes;
    uint8_t value[VALUE_BYTES];
    uint8_t public_key[KEYS_PUBLIC_BYTES];
    uint8_t signature[KEYS_SIGNATURE_BYTES];
    uint8_t sealed[VALUE_BYTES + KEYS_SEAL_BYTES];
};

// Every message begins with the header, which names the operation. What is not done counts as a
// failure; the answer is in the message.
void stored_asks(struct stored *stored, const char *service,
                 const struct wire_protocol_rows *protocol, struct wire_header *message);

// Measures rounds of it, each after `prepare`, which is not counted, and prints the figure.
void stored_figure(struct stored *stored, const char *what, bench_round *prepare,
                   bench_round *round);

void stored_keys(struct stored *stored);
void stored_exec(struct stored *stored);

static inline struct wire_bytes stored_value(const struct stored *stored) {
    return (struct wire_bytes){.data = stored->value, .count = sizeof(stored->value)};
}
