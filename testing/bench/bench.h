// testing/bench/bench.h: what the programs of the benchmark agree on.
#pragma once

#include <stdint.h>

#include "runtime/types.h"

// 100 s: longer than any run may take.
#define BENCH_PATIENCE_NS UINT64_C(100000000000)

enum bench_slot {
    SLOT_ECHO = 4,   // Of bench, route to echo: RIGHT_CALL,
    SLOT_PEER = 5,   // and to peer.
    SLOT_MAKER = 4,  // Of peer, factory: RIGHT_MAKE_ENDPOINT.
};

// Types of frames to peer. The first that it gets is PEER_DOOR, the others come through that.
enum peer_type {
    PEER_DOOR,  // Answered with a capability, CALL and NOTIFY, to an endpoint that takes them.
    PEER_TAKE,  // The capability on the frame is closed, then the call answered.
    PEER_DROP,  // Not answered: the reply is closed.
};
