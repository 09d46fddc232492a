// kernel/abi/syscall.h: system call numbers and the register convention.
//
// Convention (RISC-V calling convention names): the number in a7, arguments in a0..a5, `ecall`. On
// return the status is in a0 and values in a1..a3; sp, gp and tp are kept; every other integer
// register is zero, or (s0..s11) what the caller itself had there. A caller therefore declares all
// of them as clobbered.
// Units: a deadline is absolute nanoseconds since boot; 0 means do not block.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/status.h"

enum syscall_number {
#define SYSCALL(NAME, name, arguments, results, purpose) SYSCALL_##NAME,
#include "kernel/abi/syscall.def"
#undef SYSCALL
    SYSCALL_COUNT
};

enum {
    SYSCALL_ARG_COUNT = 6,
    SYSCALL_RESULT_COUNT = 4,  // a0 is the status.
};

// `delivery`, the first result of ipc_call and ipc_send, on every status.
enum delivery {
    DELIVERY_NONE = 0,
    DELIVERY_HANDED_OVER = 1,  // The receiver has the frame: sending it again may do the work
                               // twice.
};

// A frame's capability has moved exactly if the frame was handed over.

// endpoint_create's flags.
enum endpoint_flag {
    ENDPOINT_ACCEPT_CAPS = 1u << 0,  // Takes frames with FRAME_CAP_MOVE.
};

// console_write's flags, in the upper bits of its second argument. Each needs the rights MARKER and
// READ_INPUT beside WRITE: they are for who edits a line.
#define CONSOLE_OPEN (UINT64_C(1) << 63)  // No line feed follows: the line stays open.
#define CONSOLE_CONTINUE \
    (UINT64_C(1) << 62)  // Goes on with the caller's open line; may hold backspaces.
                         // BUSY: another line has ended it, or it is another task's.

// ipc_recv's flags.
enum recv_flag {
    RECV_DROP_CAP = 1u << 0,  // If the next frame carries a capability, take it with that closed.
};

// `received`, the first result of ipc_recv and ipc_reply_recv: what arrived.
enum received {
    RECEIVED_NOTHING = 0,
    RECEIVED_CALL = 1,          // request_in holds a frame; the second result is the reply handle.
    RECEIVED_SEND = 2,          // request_in holds a frame; there is nobody to answer.
    RECEIVED_NOTIFICATION = 3,  // The second result: the kernel's bits; the third: the badges'
                                // bits.
    RECEIVED_REPLY = 4,         // An asynchronous request is over. The second result: its sequence;
                                // the third: async_outcome. With STATUS_OK request_in holds the
                                // answer.
};

// RECEIVED_REPLY's third result: STATUS_OK or STATUS_PEER_CLOSED in bits 0..7, enum delivery of the
// request in bits 8..15.
static inline uint64_t async_outcome_pack(enum status status, enum delivery delivery) {
    return (uint64_t)status | ((uint64_t)delivery << 8);
}

static inline enum status async_outcome_status(uint64_t packed) {
    return (enum status)(packed & 0xff);
}

static inline enum delivery async_outcome_delivery(uint64_t packed) {
    return (enum delivery)((packed >> 8) & 0xff);
}

// Kernel notification bits: sticky, each says look.
enum notify_bit {
    NOTIFY_CHILD_EXIT = 1u << 0,  // A task that this one supervises has ended: cap_query it.
    NOTIFY_REPLY_GONE = 1u << 1,  // A caller whose reply is held has left, or no longer wants the
                                  // answer: cap_query the replies.
    NOTIFY_NO_SENDERS = 1u << 2,  // The last capability that could send here is gone: cap_query.
    NOTIFY_TIMER = 1u << 3,       // The endpoint's timer has expired.
};

// task_start's hart argument.
#define TASK_HART_ANY UINT64_MAX

static inline const char *syscall_name(uint64_t number) {
    static const char *const names[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) #name,
#include "kernel/abi/syscall.def"
#undef SYSCALL
    };
    return number < SYSCALL_COUNT ? names[number] : "?";
}
