// ipc/wire/codec.h: encoder and decoder of every protocol, driven by that protocol's rows.
//
// A protocol is one .def file: its fields and, for each operation, which of them a request and a
// reply carry, in the order of the fields. The message is one C struct for all operations; a
// message fills only what its operation carries. docs/wire.md and the printer come from the same
// rows.
// Units:     bytes.
// Ownership: a decoded WIRE_BYTES field points into the caller's bytes; encoders copy.
// Errors:    encoders return 0 if the buffer is too small or the operation unknown (a reply that
//            refuses may name any). Decoders accept
//            exactly one well-formed message; otherwise its fields are untouched. Of a refused
//            request that is as long as a header, operation and nonce are left in the message's
//            header, for an answer that its sender knows as one.
#pragma once

#include "ipc/wire/wire.h"
#include "kernel/abi/message.h"

#ifdef __cplusplus
extern "C" {
#endif

enum wire_type {
    WIRE_U8,
    WIRE_U16,
    WIRE_U32,
    WIRE_U64,
    WIRE_BYTES,  // u16 count, then so many bytes.
};

struct wire_bytes {
    const uint8_t *data;
    uint32_t count;
};

// Begins each protocol's message struct.
struct wire_header {
    uint8_t op;
    uint8_t status;  // enum wire_status; of replies.
    struct nonce nonce;
};

enum wire_direction {
    WIRE_REQUEST,
    WIRE_REPLY,
};

struct wire_field {
    const char *name;
    const char *meaning;
    uint16_t offset;  // In the message struct.
    uint8_t type;     // enum wire_type
};

struct wire_op {
    const char *name;
    const char *meaning;
    uint64_t fields[2];  // By direction: bit i, field i. Of a reply with WIRE_OK; others have none.
    uint8_t number;
    bool repeatable;      // Doing it twice does no harm: the client library may send it again.
    uint16_t frame_type;  // Of a request's frame, served by a bound route.
    uint16_t bytes[2];    // All its fields are so long; 0: none, or one says itself how long it is.
};

struct wire_protocol_rows {
    const char *name;
    const struct wire_op *ops;
    const struct wire_field *fields;
    uint16_t op_count;
    uint16_t field_count;
    uint16_t type;           // enum wire_protocol: an answer's frame type.
    uint16_t message_bytes;  // Of the message struct.
    struct wire_magic magic;
};

enum {
    WIRE_FIELD_MAX = 64,
    WIRE_MESSAGE_BYTES_MAX = 256,  // Of a message struct, a multiple of 8.
};

// The row of an operation, or null.
const struct wire_op *wire_op_find(const struct wire_protocol_rows *rows, uint8_t number);

// Into and out of a message area of the kernel's (kernel/abi/message.h): what programs do with each
// message. Encoding leaves the frame's header alone; decoding goes by its length.
WARN_UNUSED uint32_t wire_encode_area(const struct wire_protocol_rows *rows,
                                      enum wire_direction direction, const void *message,
                                      struct message_area *out);
WARN_UNUSED enum wire_status wire_decode_area(const struct wire_protocol_rows *rows,
                                              enum wire_direction direction,
                                              const struct message_area *in, void *message);

// For who has found the row of the message's operation.
WARN_UNUSED uint32_t wire_encode_op(const struct wire_protocol_rows *rows, const struct wire_op *op,
                                    enum wire_direction direction, const void *message,
                                    struct message_area *out);

// The same for bytes anywhere, which need not be aligned: at most FRAME_PAYLOAD_MAX of them.
WARN_UNUSED uint32_t wire_encode(const struct wire_protocol_rows *rows,
                                 enum wire_direction direction, const void *message, uint8_t *bytes,
                                 uint32_t capacity);

// WIRE_OK, WIRE_MALFORMED or WIRE_UNKNOWN_OP.
WARN_UNUSED enum wire_status wire_decode(const struct wire_protocol_rows *rows,
                                         enum wire_direction direction, const uint8_t *bytes,
                                         uint32_t count, void *message);

#ifdef __cplusplus
}
#endif
