// ipc/wire/timed_wire.h: the protocol of timed. Magic "TM".
//
//   CLOCK (1)  request: no fields.
//              reply: now_ns u64.
//   SLEEP (2)  request: deadline_ns u64.
//              reply, once the deadline has passed: now_ns u64, wake_order u64.
//              OVERLOAD: too many sleepers.
//   STATS (3)  request: no fields.
//              reply: sleepers u32, then u64 each: woken, cancelled, overloaded, malformed.
//
// A reply whose status is not WIRE_OK ends behind its header. CLOCK, SLEEP and STATS may be
// repeated without harm.
// Units:     nanoseconds since boot. wake_order rises by one for each sleeper that timed wakes.
// Errors:    encoders return 0 if the buffer is too small; decoders say what is wrong, and `out` is
//            untouched but for the header's op and nonce.
#pragma once

#include "ipc/wire/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

enum timed_op {
    TIMED_OP_CLOCK = 1,
    TIMED_OP_SLEEP = 2,
    TIMED_OP_STATS = 3,
};

enum {
    TIMED_REPLY_BYTES_MAX = WIRE_REPLY_HEADER_BYTES + 4 + 4 * 8,
};

struct timed_request {
    struct wire_request_header header;
    uint64_t deadline_ns;  // SLEEP
};

struct timed_stats {
    uint32_t sleepers;
    uint64_t woken;
    uint64_t cancelled;  // Sleepers whose caller left: it gave up, or died.
    uint64_t overloaded;
    uint64_t malformed;  // Unknown operations too.
};

struct timed_reply {
    struct wire_reply_header header;
    uint64_t now_ns;           // CLOCK, SLEEP
    uint64_t wake_order;       // SLEEP
    struct timed_stats stats;  // STATS
};

WARN_UNUSED uint32_t timed_wire_encode_request(const struct timed_request *request, uint8_t *bytes,
                                               uint32_t capacity);

// WIRE_OK, WIRE_MALFORMED or WIRE_UNKNOWN_OP. For the last the header is in `out`, so that an
// answer can carry op and nonce.
WARN_UNUSED enum wire_status timed_wire_decode_request(const uint8_t *bytes, uint32_t count,
                                                       struct timed_request *out);

WARN_UNUSED uint32_t timed_wire_encode_reply(const struct timed_reply *reply, uint8_t *bytes,
                                             uint32_t capacity);
WARN_UNUSED bool timed_wire_decode_reply(const uint8_t *bytes, uint32_t count,
                                         struct timed_reply *out);

#ifdef __cplusplus
}
#endif
