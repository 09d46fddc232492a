// services/console/message.h: any protocol's messages as words and lines, by the protocol's rows.
//
// A request is `field=value` words: a number, decimal or behind 0x; the name of a service or of a
// program where the field is of 64 bits; text for bytes. A field that is not given is 0 or empty.
// Ownership: bytes fields of what message_read fills point into the words.
// Blocking:  never.
// Errors:    false, and what is wrong is printed; the message is then of no use.
#pragma once

#include "ipc/wire/codec.h"
#include "services/console/names.h"
#include "services/console/print.h"

#ifdef __cplusplus
extern "C" {
#endif

// The protocol that a service of that name speaks: its own name, or that without a final d; null if
// there is none.
const struct wire_protocol_rows *message_protocol_of(const char *service);

// By the protocol's name; null if there is none.
const struct wire_protocol_rows *message_protocol_named(const char *name);

// By name in any case, or by number; null if there is none.
const struct wire_op *message_op_named(const struct wire_protocol_rows *rows, const char *word);

// Which message, and where what is said of it goes.
struct message_form {
    const struct wire_protocol_rows *rows;
    const struct wire_op *op;
    const struct names *names;
    struct print *print;
};

// Fills `message`, the protocol's struct with all zeros, for a request.
WARN_UNUSED bool message_read(const struct message_form *form, char *const *words, uint32_t count,
                              void *message);

// A line for each field of a decoded message.
void message_show(const struct message_form *form, enum wire_direction direction,
                  const void *message);

// Text of somebody else; a service_id in hexadecimal in it becomes the service's name.
void message_show_text(const struct names *names, const struct wire_bytes *text,
                       struct print *print);

// The protocol and the operation that a frame's type names, or its number.
void message_show_type(uint16_t type, struct print *print);

// What a service answered about the request itself.
const char *message_status_text(uint8_t status);

#ifdef __cplusplus
}
#endif
