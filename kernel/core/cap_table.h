// kernel/core/cap_table.h: a task's capabilities, and the one place where a slot becomes a checked
// capability.
//
// Locking:    a table is changed only by its task, or while that task is NEW by its creator, or
//             while it is blocked by the waker that claimed it. So no lock.
// Ownership:  a slot owns one reference to its object when the object counts them (tasks, VMOs).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/status.h"

struct kernel;
struct hart;
struct endpoint;
struct task;

struct capability {
    uint32_t head;  // Kind in bits 0..7, rights in bits 16..30: compared once. 0 is an empty slot.
                    // Bits 14, 15 and 31 follow from these (cap_head): CAP_STAYS, CAP_FAST_*.
    uint16_t object;
    uint16_t grant;  // The family it was minted in, or 0: none. It holds a reference to it.
    uint32_t generation;
    uint32_t epoch;  // Of the grant when it was minted; 0 without one. Another one now: revoked.
    uint64_t badge;
    struct endpoint *endpoint;  // Of an endpoint capability: object's address, so that a call
                                // computes none.
};
BASE_STATIC_ASSERT(sizeof(struct capability) == 32, "a shift finds a slot");

#define CAP_STAYS (UINT32_C(1) << 14)      // Rides on no frame, or only after another look.
#define CAP_FAST_RECV (UINT32_C(1) << 15)  // An endpoint with RIGHT_RECV: the sign of the low half,
#define CAP_FAST_CALL (UINT32_C(1) << 31)  // with RIGHT_CALL: the sign of the word.

// Rights that keep a capability where it is. A task's may move, but only once it was started: for
// that another look is needed (cap_move_check).
static ALWAYS_INLINE uint32_t cap_rights_that_stay(enum cap_kind kind) {
    switch (kind) {
        case CAP_ENDPOINT:
            return RIGHT_RECV | RIGHT_MANAGE;
        case CAP_GRANT:
            return RIGHT_REVOKE;
        case CAP_CONSOLE:
        case CAP_IMAGE:
        case CAP_VMO:
        case CAP_STATS:
            return 0;
        case CAP_TASK:
        case CAP_FACTORY:
        case CAP_DEVICE:
        case CAP_NONE:
        case CAP_REPLY:
        case CAP_KIND_COUNT:
            break;
    }
    return UINT32_MAX;
}

// What follows from the rights is there if any of those rights is: so a head can be asked for.
static ALWAYS_INLINE uint32_t cap_head(enum cap_kind kind, uint32_t rights) {
    uint32_t head = (uint32_t)kind | (rights << 16);
    head |= (rights & cap_rights_that_stay(kind)) != 0 ? CAP_STAYS : 0;
    if (kind == CAP_ENDPOINT) {
        head |= (rights & RIGHT_CALL) != 0 ? CAP_FAST_CALL : 0;
        head |= (rights & RIGHT_RECV) != 0 ? CAP_FAST_RECV : 0;
    }
    return head;
}

// The same as the rights say, in one branch each.
static ALWAYS_INLINE bool cap_can_call(const struct capability *cap) {
    return (int32_t)cap->head < 0;
}

static ALWAYS_INLINE bool cap_can_receive(const struct capability *cap) {
    return (int16_t)cap->head < 0;
}

static ALWAYS_INLINE enum cap_kind cap_kind_of(const struct capability *cap) {
    return (enum cap_kind)(cap->head & 0xff);
}

static ALWAYS_INLINE uint32_t cap_rights_of(const struct capability *cap) {
    return (cap->head & ~CAP_FAST_CALL) >> 16;
}

// Whether an endpoint counts the capability as a sender. The receiver's own does not count,
// whatever else it may do: it would otherwise never be told that the others are gone.
static inline bool cap_sends(const struct capability *cap) {
    return cap_kind_of(cap) == CAP_ENDPOINT && (cap_rights_of(cap) & RIGHTS_SENDER) != 0 &&
           (cap_rights_of(cap) & RIGHT_RECV) == 0;
}
