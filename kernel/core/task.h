// kernel/core/task.h: the task object, and the word on which everyone who could wake it competes.
//
// The wait word is {sequence : 48, object : 8, state : 8}. A task that blocks stores a new sequence
// with what it waits for; whoever wants to wake it (reply, time-out, kill, close, hand-over)
// replaces exactly that word by the same sequence with WAIT_NONE. One compare-and-swap wins; the
// winner alone may write the task's results and must make it runnable. The loser does nothing.
// Leaving WAIT_QUEUED also needs the endpoint's lock, and leaving WAIT_QUIESCE the quiesce lock, so
// that nobody claims a task that is still linked; leaving WAIT_RECV needs the endpoint's lock too,
// and then a compare and a store are the claim. Only the home hart ends a wait early (time-out,
// kill). So on its home hart nobody else can end WAIT_REPLY but who holds the reply: when that task
// runs there, a compare and a store are enough again. The sequence goes on when a task object is
// used again, so an old word never matches; it starts at 1, so no wait word is 0.
// Locking:   fields stand under what guards them. "The task": only its home hart while the task is
//            current there, or the winner of its wait word.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "kernel/abi/message.h"
#include "kernel/abi/task.h"
#include "kernel/core/arch.h"
#include "kernel/core/cap_table.h"
#include "kernel/core/list.h"
#include "kernel/core/mapping.h"
#include "kernel/core/quota.h"
#include "kernel/core/regs.h"
#include "kernel/core/wheel.h"

enum {
    MAX_TASKS = 256,
    TASK_NONE = 0xffffffff,
};
BASE_STATIC_ASSERT(MAX_TASKS <= 256, "a task's index fits the wait word");

enum wait_state {
    WAIT_NONE = 0,         // Running, runnable, or not started.
    WAIT_RECV = 1,         // In ipc_recv; the object is the endpoint.
    WAIT_RECV_NOCALL = 2,  // The same with a full reply table: takes sends and notifications only.
    WAIT_QUEUED = 3,       // In an endpoint's queue, its frame in its own page; the object is the
                           // endpoint.
    WAIT_REPLY = 4,        // Its frame was handed over; the object is the receiving task.
    WAIT_QUIESCE = 5,      // Until every other hart has left the kernel once.
    WAIT_REPLY_CAP = 6,    // Like WAIT_REPLY; the answer may carry a capability.
    WAIT_ASYNC = 7,        // In no wait word: what a reply entry says of an asynchronous request.
};

BASE_STATIC_ASSERT((int)WAIT_RECV_NOCALL == (int)WAIT_RECV + 1, "both in one compare");

static ALWAYS_INLINE enum wait_state wait_state_of(uint64_t word) {
    return (enum wait_state)(word & 0xff);
}

static ALWAYS_INLINE uint32_t wait_object_of(uint64_t word) {
    return (uint32_t)(word >> 8) & 0xff;
}

// The part of a wait word that is not the sequence.
static ALWAYS_INLINE uint64_t wait_low(enum wait_state state, uint32_t object) {
    return ((uint64_t)object << 8) | (uint64_t)state;
}

// The word of the next wait after `old_word`.
static ALWAYS_INLINE uint64_t wait_next(uint64_t old_word, enum wait_state state, uint32_t object) {
    return (((old_word >> 16) + 1) << 16) | wait_low(state, object);
}

// The word that says that the wait of `word` is over.
static ALWAYS_INLINE uint64_t wait_over(uint64_t word) {
    return word & ~UINT64_C(0xffff);
}

// A caller that waits for this task's answer, or an asynchronous request (kernel/core/async.h).
struct reply_entry {
    uint64_t caller_wait;  // The caller's wait word at hand-over: claims it, or shows that it has
                           // left. 0, which no wait word is: the entry is free. Of an asynchronous
                           // request its word: no wait word either. With WAIT_DEFERRED
                           // (reply_word): the task has begun to receive since.
    uint64_t handle;       // Its name now; the generation in it goes on when the entry is freed.
    struct task *task;     // The caller or sender; of a free entry any task.
    union {
        struct reply_entry *next;  // Of a free entry: the next free one, or null.
        struct endpoint *home;     // Of an asynchronous request: where the answer goes.
    };
};
BASE_STATIC_ASSERT(sizeof(struct reply_entry) == 32, "a shift finds an entry");

// In no wait word: the task holds this call and no longer serves it, so that its caller lends it no
// class, and its answer leaves the fast path.
#define WAIT_DEFERRED UINT64_C(0x80)

static ALWAYS_INLINE uint64_t reply_word(const struct reply_entry *entry) {
    return entry->caller_wait & ~WAIT_DEFERRED;
}

// What a task may still use of its hart (kernel/core/cpu_budget.h). Guarded by its home hart's
// run-queue lock, but for the share.
struct cpu_account {
    struct atomic_u32 share;  // Milliseconds a second; 0: as much as there is. Shared with what it
                              // makes.
    struct atomic_u32 spent;  // Not zero: it is in its hart's `cpu_spent`. Looked at without lock.
    bool parked;              // Spent, taken from the run queue, and not back yet.
    struct atomic_u32 spent_count;  // How often it was. Looked at without.
    int64_t left_ns;                // In this period; below 0: it overran.
    uint64_t period;                // Which: 0 is before the first.
    uint64_t given_ns;              // By all periods. Less what is left it is what was charged.
    struct list node;               // In `cpu_spent`.
};

// Where the answer to an asynchronous request is kept for its sender (kernel/core/async.h). Guarded
// by the lock of `home`, but for the two words.
struct async_place {
    struct atomic_u64 word;  // {count : 48, holder : 8, state : 8}
    struct atomic_u32 home;  // The endpoint that the answer goes to. Written before the word.
    uint32_t instance;       // Who answered,
    uint64_t service_id;
    uint64_t frame;  // and the frame's second word.
};
BASE_STATIC_ASSERT(sizeof(struct async_place) == 32, "no padding");

// Names an asynchronous request for whoever holds it: a stored frame, or a reply entry.
struct async_ref {
    uint64_t word;  // {count : 48, place : 8, WAIT_ASYNC : 8}; 0: none.
    struct task *sender;
    struct endpoint *home;
};

// An instance names one life of a task object; an index alone may be used again.
static ALWAYS_INLINE uint64_t task_name(uint32_t index, uint32_t instance) {
    return ((uint64_t)instance << 32) | index;
}

enum {
    WORK_SPOILED = 0xffffffff,
};

// Its long system call has its results and waits until this hart has returned what it gave up.
#define WORK_RETURNS UINT64_MAX

struct ALIGNED(64) task {
    struct regs regs;  // First: the trap code relies on it. Complete before the wait word says that
                       // the task waits.

    // What the fast path uses.
    struct atomic_u64 wait;
    struct message_page *page;
    struct hart *hart;  // Home: the only hart that runs it. Changed under that one's run-queue lock
                        // while it stands there (kernel/core/steal.h).
    struct arch_space space;
    uint64_t service_id;
    uint32_t instance;
    uint32_t index;
    struct reply_entry *reply_free;  // First free entry of replies, or null. Changed by the task,
                                     // or by a caller that has claimed it from WAIT_RECV.
    uint64_t deadline_ns;            // UINT64_MAX: none.
    uint64_t deadline_noted_ns;      // A deadline from here on needs no note (deadline_note).
    uint64_t reply_step;  // Added to a caller's wait word: the wait for this task's answer.

    bool regs_all;  // Every register was saved and is restored (interrupt, fault, start); otherwise
                    // a system call: pc sp gp tp a0..a3, the rest zero.
    bool in_call;   // Queued by ipc_call (needs a reply), not by ipc_send.
    bool again;  // In the run queue to go on with a long system call, not to return to user mode.
    uint8_t reap_phase;   // enum reap_phase, while TASK_DYING.
    uint64_t wait_badge;  // While queued: the badge its frame carries,
    uint64_t wait_frame;  // type, flags and length as checked,
    uint32_t wait_epoch;  // and the family of the capability it was sent through.
    uint16_t wait_grant;
    uint8_t wait_slot;         // While queued with FRAME_CAP_MOVE: what rides on it.
    bool drops_cap;            // Current, in a receive that takes a frame without its capability.
    uint64_t caps_free;        // Bit i: slot i is free. Slot 0 never is.
    uint64_t caps_all;         // Bit i: there is a slot i.
    struct quota quota;        // What it may still take.
    uint32_t pages_given;      // What quota began with of them.
    struct atomic_u64 run_ns;  // Changed by its home hart.
    uint64_t wait_first;       // The sequence of its wait word when this life began.
    uint64_t work;  // How far its own long system call has come: 0 at first, WORK_RETURNS.

    // Guarded by the endpoint's lock while queued, by the quiesce lock in WAIT_QUIESCE. TASK_NONE
    // ends a list.
    uint32_t queue_next;
    uint32_t queue_prev;
    uint32_t call_class;  // As what its queued call counts, if it is one (donation.h); 0: not yet.

    // Guarded by the home hart's run-queue lock.
    uint32_t run_class;  // In whose list of the run queue it stands; 0: in none.
    struct list run_node;
    uint64_t quantum_left_ns;  // Of one that was preempted, what is left of its quantum. The task.

    struct atomic_u32 qos;  // Its own class: enum qos, at most the ceiling.
    uint32_t qos_ceiling;   // Constant.
    bool pinned;  // Never stolen: it was started on a certain hart. Constant from then on.
    // The reply entry of the call that it serves, if that still says so (donation.h). While it
    // waits in WAIT_RECV: the one that the next call takes. Changed by the task.
    struct reply_entry *serving;
    struct atomic_u64 calls_waiting;  // Calls queued where it receives: 16 bits a class.

    struct atomic_u32 state;       // enum task_state
    struct atomic_u32 killed;      // Not zero: its home hart reclaims it instead of running it. Set
                                   // under that hart's run-queue lock.
    struct atomic_u32 references;  // Capabilities that name it, and one until it is dead; 0 returns
                                   // it to the pool.
    struct atomic_u64 home;        // home_pack: where the kernel's notifications for it go.
    struct atomic_u64 supervisor;  // task_name: whose notice its end is.

    // Guarded by the home hart's run-queue lock; `place` may be read by the home hart.
    struct wheel_entry end;  // When its wait ends, if the home hart's tick has to know.
    struct list kill_node;   // In the home hart's `killed`.

    // Within reach of a load's offset from `task + slot * 32`.
    struct reply_entry replies[REPLY_SLOT_COUNT];
    struct capability caps[CAP_SLOT_COUNT];

    // Guarded by the family lock.
    struct list children;   // Tasks that it supervises,
    struct list sibling;    // and its place among its supervisor's.
    uint64_t payer;         // task_name: whose quota this object counts in. 0: init.
    uint32_t paid;          // Objects of which it is the payer.
    bool children_settled;  // It is dying, and new children would find nobody.

    uint64_t quiesce_number;  // In WAIT_QUIESCE: which request it waits for. Guarded by the
                              // quiesce lock.

    // Guarded by the supervisor until start, then constant.
    uint32_t work_index;  // How far a long system call on this task (load, grant of the image) has
                          // come, in pages; WORK_SPOILED: one failed half-way.
    uint64_t entry_pc;
    uint32_t program_vmo;  // What its program was loaded from and is kept for it, or VMO_NONE.

    // Written by its home hart when it dies, read once state is TASK_DEAD.
    enum exit_reason exit_reason;
    uint64_t exit_detail;

    // Its asynchronous requests.
    uint64_t async_count;           // How many this object has made; goes on when it is used again.
    struct page_number async_page;  // The payloads of answers, or PAGE_NUMBER_NONE: it made none.
    struct async_place asyncs[MAX_ASYNC];

    struct cpu_account cpu;

    struct mapping_table mappings;  // Changed by the task, and when it has ended by its home hart.
};
BASE_STATIC_ASSERT(offsetof(struct task, caps) + sizeof(struct capability) <= 2048,
                   "RISC-V: 12 bits, signed");
