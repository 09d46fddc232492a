// testing/bench/bench.h: what the programs of the benchmark agree on.
#pragma once

#include <stdint.h>

#include "ipc/bulk_window.h"
#include "runtime/types.h"

// 100 s: longer than any run may take.
#define BENCH_PATIENCE_NS UINT64_C(100000000000)

enum bench_slot {
    SLOT_ECHO = 4,      // Of bench, route to echo, of client, to sink: RIGHT_CALL,
    SLOT_PEER = 5,      // and to peer,
    SLOT_STATS = 6,     // and statistics: RIGHT_STATS_TRACE.
    SLOT_PAIRS = 5,     // Of pair, route to pairs: RIGHT_CALL.
    SLOT_FAMILIES = 6,  // Of pairs, factory: RIGHT_MAKE_GRANT.
    SLOT_DEVICE = 7,    // Of bench, a device with the largest arena: RIGHT_DEVICE_MAP and _DMA.
    SLOT_MAKER = 4,     // Of peer, factory: RIGHT_MAKE_ENDPOINT.
    SLOT_MEMORY = 5,    // Of client, factory: RIGHT_MAKE_ENDPOINT, RIGHT_MAKE_VMO.
    SLOT_OPERATOR = 6,  // Of client, route to init with the badge to end services: RIGHT_CALL.

    SLOT_GUESTS = 4,  // Of services, routes to the guests: RIGHT_CALL.

    SLOT_CROWD_FACTORY = 5,  // Of crowd: RIGHT_MAKE_ENDPOINT, tasks of member;
    SLOT_CROWD_IMAGE = 6,    // RIGHT_READ.
    SLOT_HOLE = 4,           // Of member, an endpoint of crowd: RIGHT_CALL.
};

// Argument of member: it ends at once. Otherwise until when it calls and sleeps.
#define MEMBER_ENDS UINT64_C(0)

// Types of frames to peer. The first that it gets is PEER_DOOR, the others come through that.
enum peer_type {
    PEER_DOOR,  // Answered with a capability, CALL and NOTIFY, to an endpoint that takes them.
    PEER_KEEP,  // The capability on the frame is kept until PEER_FREE closes it.
    PEER_FREE,
    PEER_TAKE,  // The capability on the frame is closed, then the call answered.
    PEER_DROP,  // Not answered: the reply is closed.
};

// Types of frames to sink. The answer is a word that is not 0.
enum sink_type {
    SINK_OPEN,   // With a window. Answers its channel.
    SINK_USE,    // In: struct sink_use. Looks at its first byte.
    SINK_CLOSE,  // Lets all windows go.
};

// Types of frames to guest. The answer is a byte: 1, it is done.
enum guest_type {
    GUEST_SLEEPS,  // In timed, in one request more.
    GUEST_LOGS,    // One record more.
};

enum { GUEST_COUNT = 4 };

struct sink_use {
    uint32_t channel;
    uint32_t reserved;
    struct bulk_range range;
};

#define SINK_BYTES_MAX (UINT64_C(16) << 20)
