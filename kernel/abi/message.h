// kernel/abi/message.h: the frame and the message page.
//
// The message page is one page a task, mapped at USER_MESSAGE_PAGE, never shared. The kernel
// touches it only while its task is inside a system call and reaches it through its own map, so no
// system call dereferences a user pointer.
// Ownership: the task writes call_out, reply_out and console; the kernel writes request_in
//            (ipc_recv, ipc_reply_recv), reply_in (the task's own ipc_call) and stats
//            (kernel_stats).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    FRAME_PAYLOAD_MAX = 512,
    CONSOLE_LINE_MAX = 200,
    STATS_AREA_BYTES = 1600,
    PAGE_BYTES = 4096,
};

// Little-endian. On delivery the kernel sets `src` to the sender's instance and `dst` to 0; what
// the sender put there is ignored.
struct frame_header {
    uint32_t src;
    uint32_t dst;
    uint16_t type;   // The protocol's.
    uint16_t flags;  // enum frame_flag; anything else is BAD_ARG.
    uint32_t len;    // Payload bytes, at most FRAME_PAYLOAD_MAX.
};
BASE_STATIC_ASSERT(sizeof(struct frame_header) == 16, "frozen");

enum frame_flag {
    // The capability in the out area's meta.slot rides on the frame. It leaves its slot when the
    // frame is handed over or, of an ipc_send, stored; the kernel then writes CAP_SLOT_NONE there.
    FRAME_CAP_MOVE = 1u << 0,
    // Of an ipc_call: the answer may carry a capability. A slot must be free.
    FRAME_TAKE_CAP = 1u << 1,
    // Of an ipc_send that does not wait: an asynchronous request. Its answer comes to an endpoint
    // of
    // the sender's own, named in the third argument. It carries no capability.
    FRAME_WANT_REPLY = 1u << 2,
};

// Written by the kernel in request_in and reply_in, ignored in the other areas. Identity comes from
// here and never from a payload.
struct message_meta {
    uint64_t service_id;
    uint64_t badge;
    uint32_t instance;
    uint32_t slot;  // Received: of the capability, or CAP_SLOT_NONE. Sent: of what is to move.
    uint64_t reserved;
};
BASE_STATIC_ASSERT(sizeof(struct message_meta) == 32, "frozen");

struct message_area {
    struct message_meta meta;
    struct frame_header header;
    uint8_t payload[FRAME_PAYLOAD_MAX];  // Copied as whole 8-byte words; the last is zeroed beyond
                                         // `len`.
} ALIGNED(16);
BASE_STATIC_ASSERT(sizeof(struct message_area) == 560, "frozen");

struct message_page {
    struct message_area request_in;
    struct message_area reply_out;
    struct message_area call_out;
    struct message_area reply_in;
    char console[CONSOLE_LINE_MAX + 56];   // The line console_write prints.
    uint64_t stats[STATS_AREA_BYTES / 8];  // Where kernel_stats writes (kernel/abi/stats.h).
} ALIGNED(4096);
BASE_STATIC_ASSERT(sizeof(struct message_page) == PAGE_BYTES, "one page");
BASE_STATIC_ASSERT(offsetof(struct message_page, reply_out) == 560, "frozen");
BASE_STATIC_ASSERT(offsetof(struct message_page, call_out) == 1120, "frozen");
BASE_STATIC_ASSERT(offsetof(struct message_page, reply_in) == 1680, "frozen");
BASE_STATIC_ASSERT(offsetof(struct message_page, console) == 2240, "frozen");
BASE_STATIC_ASSERT(offsetof(struct message_page, stats) == 2496, "frozen");
