// kernel/abi/cap.h: capability kinds, rights, slots and reply handles as user code sees them.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

enum cap_kind {
    CAP_NONE = 0,
    CAP_ENDPOINT = 1,
    CAP_TASK = 2,
    CAP_FACTORY = 3,
    CAP_CONSOLE = 4,
    CAP_IMAGE = 5,  // The boot image: readable by task_load, mapped read-only for its holder at
                    // USER_BOOT_IMAGE.
    CAP_REPLY = 6,  // Never in a slot: what cap_query says of a reply handle.
    CAP_KIND_COUNT
};

// Rights are 16 bits; each kind uses its own.
enum cap_right {
    // Endpoint. RECV and MANAGE reach another task only by task_grant.
    RIGHT_SEND = 1u << 0,
    RIGHT_CALL = 1u << 1,
    RIGHT_NOTIFY = 1u << 2,
    RIGHT_RECV = 1u << 3,
    RIGHT_MINT = 1u << 4,
    RIGHT_MANAGE = 1u << 5,
    RIGHTS_ENDPOINT = (1u << 6) - 1,
    // Task.
    RIGHT_TASK_CONTROL = 1u << 0,  // grant, load, start, kill
    RIGHT_TASK_QUERY = 1u << 1,
    RIGHT_TASK_QOS = 1u << 2,  // set_qos, up to the task's ceiling
    RIGHTS_TASK = (1u << 3) - 1,
    // Factory. Never cloned, never moved; narrowed to one service_id by cap_mint.
    RIGHT_MAKE_ENDPOINT = 1u << 0,
    RIGHT_MAKE_TASK = 1u << 1,
    RIGHTS_FACTORY = (1u << 2) - 1,
    // Console.
    RIGHT_WRITE = 1u << 0,
    RIGHT_MARKER = 1u << 1,  // Lines without it are prefixed by "| ".
    RIGHTS_CONSOLE = (1u << 2) - 1,
    // Boot image.
    RIGHT_READ = 1u << 0,
    RIGHTS_IMAGE = (1u << 1) - 1,
};

enum {
    CAP_SLOT_NONE = 0,    // Never holds a capability.
    CAP_SLOT_COUNT = 64,  // Slots of a task, slot 0 included.
    REPLY_SLOT_COUNT = 32,
};

// A reply handle names an entry of the receiver's reply table: bit 31, a 26-bit generation, a 5-bit
// entry. cap_close and cap_query take it where they take a slot.
#define REPLY_HANDLE_BIT (UINT64_C(1) << 31)
#define REPLY_HANDLE_INDEX_MASK UINT64_C(31)
#define REPLY_HANDLE_GENERATION_SHIFT 5
#define REPLY_HANDLE_GENERATION_MASK UINT64_C(0x3ffffff)

BASE_STATIC_ASSERT(REPLY_SLOT_COUNT == REPLY_HANDLE_INDEX_MASK + 1, "a handle names every entry");

// cap_query's first result: kind in bits 0..7, rights in bits 16..31.
static inline uint64_t cap_query_pack(enum cap_kind kind, uint32_t rights) {
    return (uint64_t)kind | ((uint64_t)rights << 16);
}

static inline enum cap_kind cap_query_kind(uint64_t packed) {
    return (enum cap_kind)(packed & 0xff);
}

static inline uint32_t cap_query_rights(uint64_t packed) {
    return (uint32_t)(packed >> 16) & 0xffff;
}
