// ipc/wire/init_wire.h: what a service says to init, its supervisor. Magic "IN".
//
//   READY (1)  request: no fields; reply: no fields.
//              The service can serve; init's answer lets it go on. Who it is, init knows from the
//              kernel.
//
// Errors:    encoders return 0 if the buffer is too small; decoders return false for anything but
//            exactly one well-formed message.
#pragma once

#include "ipc/wire/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

enum init_op {
    INIT_OP_READY = 1,
};

WARN_UNUSED uint32_t init_wire_encode_request(struct wire_request_header request, uint8_t *bytes,
                                              uint32_t capacity);
WARN_UNUSED bool init_wire_decode_request(const uint8_t *bytes, uint32_t count,
                                          struct wire_request_header *out);
WARN_UNUSED uint32_t init_wire_encode_reply(struct wire_reply_header reply, uint8_t *bytes,
                                            uint32_t capacity);
WARN_UNUSED bool init_wire_decode_reply(const uint8_t *bytes, uint32_t count,
                                        struct wire_reply_header *out);

#ifdef __cplusplus
}
#endif
