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
    CAP_IMAGE = 5,   // The boot image: readable by task_load, mapped read-only for its holder at
                     // USER_BOOT_IMAGE.
    CAP_REPLY = 6,   // Never in a slot: what cap_query says of a reply handle.
    CAP_GRANT = 7,   // A family of minted capabilities.
    CAP_DEVICE = 8,  // A device, or all of them: its badge is 1 + the index, or 0.
    CAP_VMO = 9,     // Memory that is mapped and shared.
    CAP_STATS = 10,  // What kernel_stats tells.
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
    RIGHTS_SENDER = RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY,  // What cap_mint gives.
    // Task.
    RIGHT_TASK_CONTROL = 1u << 0,  // grant, load, start, kill
    RIGHT_TASK_QUERY = 1u << 1,
    RIGHT_TASK_QOS = 1u << 2,  // set_qos, up to the task's ceiling
    RIGHTS_TASK = (1u << 3) - 1,
    // Factory. Never cloned, never moved; narrowed to one service_id by cap_mint.
    RIGHT_MAKE_ENDPOINT = 1u << 0,
    RIGHT_MAKE_TASK = 1u << 1,
    RIGHT_MAKE_GRANT = 1u << 2,
    RIGHT_MAKE_VMO = 1u << 3,
    RIGHTS_FACTORY = (1u << 4) - 1,
    // Console.
    RIGHT_WRITE = 1u << 0,
    RIGHT_MARKER = 1u << 1,      // Lines without it are prefixed by "| ".
    RIGHT_READ_INPUT = 1u << 2,  // console_read, and irq_bind for it.
    RIGHTS_CONSOLE = (1u << 3) - 1,
    // Boot image.
    RIGHT_READ = 1u << 0,
    RIGHT_SECRET = 1u << 1,  // Its last pages too, which the header calls secret.
    RIGHTS_IMAGE = (1u << 2) - 1,
    // Grant. REVOKE reaches another task only by task_grant.
    RIGHT_MINT_UNDER = 1u << 0,
    RIGHT_REVOKE = 1u << 1,
    RIGHTS_GRANT = (1u << 2) - 1,
    // Device. Never cloned, never moved; narrowed to one device by cap_mint, handed on by
    // task_grant.
    RIGHT_DEVICE_MAP = 1u << 0,
    RIGHT_DEVICE_IRQ = 1u << 1,
    RIGHT_DEVICE_DMA = 1u << 2,  // mmio_map maps the arena too, cap_query tells where it is.
    RIGHTS_DEVICE = (1u << 3) - 1,
    // VMO. The same bits say how it is mapped.
    RIGHT_VMO_READ = 1u << 0,
    RIGHT_VMO_WRITE = 1u << 1,  // vmo_seal as well.
    RIGHT_VMO_EXECUTE = 1u << 2,
    RIGHTS_VMO = (1u << 3) - 1,
    // Statistics.
    RIGHT_STATS_READ = 1u << 0,   // Counts of the machine, its harts and its tasks.
    RIGHT_STATS_TRACE = 1u << 1,  // Turns tracing on and off, and reads the events.
    RIGHT_STATS_AUDIT = 1u << 2,  // Stops all harts for an audit: for tests.
    RIGHTS_STATS = (1u << 3) - 1,
};

enum {
    CAP_SLOT_NONE = 0,    // Never holds a capability.
    CAP_SLOT_COUNT = 64,  // Slots of a task, slot 0 included.
    REPLY_SLOT_COUNT = 32,
    MAX_ASYNC = 8,  // Asynchronous requests of a task, from the send until the answer is received.
    SEND_STORAGE_COUNT = 7,  // Frames that an endpoint stores: of struct message_area in one page.
    SEND_QUOTA_DEFAULT = 2,  // Of them, of one task.
};

// cap_query's third result: for a capability with RECV how many others can send to its endpoint;
// for any other of these what stands against its use: its family was revoked, or its endpoint is
// closed.
#define CAP_QUERY_REVOKED UINT64_C(1)
#define CAP_QUERY_CLOSED UINT64_C(2)

// A reply handle names an entry of the receiver's reply table: bit 63, a 58-bit generation, a 5-bit
// entry. cap_close and cap_query take it where they take a slot.
#define REPLY_HANDLE_BIT (UINT64_C(1) << 63)
#define REPLY_HANDLE_INDEX_MASK UINT64_C(31)
#define REPLY_HANDLE_GENERATION_SHIFT 5

BASE_STATIC_ASSERT(REPLY_SLOT_COUNT == REPLY_HANDLE_INDEX_MASK + 1, "a handle names every entry");

// The sequence of an asynchronous request: bit 62, a 48-bit count of the sender's, a 3-bit place.
// cap_close takes it from its sender where it takes a slot: nobody wants the answer any more.
#define ASYNC_SEQUENCE_BIT (UINT64_C(1) << 62)
#define ASYNC_SEQUENCE_PLACE_MASK UINT64_C(7)
#define ASYNC_SEQUENCE_COUNT_SHIFT 3

BASE_STATIC_ASSERT(MAX_ASYNC == ASYNC_SEQUENCE_PLACE_MASK + 1, "a sequence names every place");

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
