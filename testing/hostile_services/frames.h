// testing/hostile_services/frames.h: requests as a hostile client makes them, from the rows of
// every protocol: each operation, each length, random fields, wrong letters, versions, operations,
// types. Pure, and the same on the machine and in simulation: a seed is a sequence of frames.
// Ownership: the caller owns all.
#pragma once

#include "ipc/wire/codec.h"
#include "kernel/abi/message.h"

#ifdef __cplusplus
extern "C" {
#endif

struct frames {
    uint64_t random;  // State of the generator, not 0.
};

// What is wrong with a frame; with all but the first and the last the decoder must refuse it.
enum frame_kind {
    FRAME_RIGHT,  // A request of an operation, its fields random.
    FRAME_SHORT,
    FRAME_LONG,
    FRAME_LETTERS,
    FRAME_VERSION,
    FRAME_OPERATION,  // A number that no operation has.
    FRAME_REPLY,      // A reply instead of a request.
    FRAME_TYPE,       // In the header of the frame: another protocol's.
    FRAME_NOISE,      // Random bytes; or a right request with one bit changed.
    FRAME_KIND_COUNT
};

uint64_t frames_random(struct frames *frames);

// Writes header and payload. `op`: number of a row of the protocol.
void frames_put(struct frames *frames, const struct wire_protocol_rows *rows, uint32_t op,
                enum frame_kind kind, struct message_area *out);

// The `index`-th of all short forms of the protocol's requests: each operation cut to each length.
// False: there are not so many.
WARN_UNUSED bool frames_cut(struct frames *frames, const struct wire_protocol_rows *rows,
                            uint32_t index, struct message_area *out);

// Whether it is a request that a service of that protocol may carry out.
WARN_UNUSED bool frames_is_request(const struct wire_protocol_rows *rows,
                                   const struct message_area *area);

#ifdef __cplusplus
}
#endif
