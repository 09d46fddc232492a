// kernel/abi/stats.h: what kernel_stats tells of the machine, and the events of the trace.
//
// kernel_stats writes records into the message page's `stats`, as many as it has and fit, and
// returns their count and where to go on; 0 of `next` says that nothing is left. Each figure is
// what it was at a moment of the call, not all at the same. Counts of a hart begin at 0 with the
// machine, those of a task with the task.
// Units:     nanoseconds, pages of PAGE_BYTES.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/message.h"

// Second argument. Each needs the right that stands beside it.
enum stats_what {
    STATS_SYSTEM = 0,      // READ: struct stats_system.
    STATS_HARTS = 1,       // READ: struct stats_hart, from hart `index` on.
    STATS_TASKS = 2,       // READ: struct stats_task, from task object `index` on; free ones are
                           // left out.
    STATS_TRACE_SET = 3,   // TRACE: `index` 1 turns tracing on, 0 off. `count`: what it was.
    STATS_TRACE_READ = 4,  // TRACE: struct trace_event of hart `index`, from its event number
                           // `from` on; `next` is the number to go on with, `lost` how many from
                           // `from` on were overwritten.
    STATS_AUDIT = 5,       // AUDIT: stops every hart and follows every reference; `count`: 0 if all
                           // adds up, 1 if not, and then the console says what. STATUS_BUSY, and
                           // nothing is done, while another task asks for one.
    STATS_WHAT_COUNT
};

// What there is of something, and how much of it is not taken.
struct stats_pool {
    uint32_t total;
    uint32_t free;
};
BASE_STATIC_ASSERT(sizeof(struct stats_pool) == 8, "frozen");

struct stats_system {
    uint64_t now_ns;
    uint32_t hart_count;
    uint32_t tracing;             // 1: on.
    uint32_t trace_events;        // Kept for each hart.
    uint32_t instances;           // Tasks made since boot.
    struct stats_pool pages;      // What the kernel took for itself is not in it.
    struct stats_pool tasks;      // Task objects,
    struct stats_pool endpoints;  // endpoints,
    struct stats_pool vmos;       // VMOs
    struct stats_pool grants;     // and grants.
    uint64_t reserved[7];
};
BASE_STATIC_ASSERT(sizeof(struct stats_system) == 120, "frozen");

// A hart is busy while it runs a task or does what a task asked for; taking back what has ended,
// and memory that nobody waits to have returned, is idle time, in which it would do other work
// first. Neither time ever goes back.
struct stats_hart {
    uint64_t busy_ns;  // With idle_ns the time since boot, at a moment of the call.
    uint64_t idle_ns;
    uint64_t switches;       // Tasks taken from the run queue. Direct switches are not counted.
    uint64_t preemptions;    // Of them, while the last one could have gone on.
    uint64_t idles;          // Times that it had nothing to run.
    uint64_t ticks;          // Timer interrupts of user mode.
    uint64_t ipis_sent;      // To whole masks of harts, by this one.
    uint64_t ipis_taken;     // From user mode.
    uint64_t interrupts;     // Of devices, from user mode.
    uint64_t faults;         // Tasks that ended by an exception.
    uint64_t lock_spins;     // Looks at a lock that another hart held.
    uint64_t slow_calls;     // Calls and replies that left the fast path.
    uint64_t late_replies;   // Answers to callers that had left.
    uint64_t gone_requests;  // Stored asynchronous requests whose answer nobody wanted any more.
    uint64_t stale_sends;    // Stored sends dropped because their family had been revoked.
    uint64_t events;         // Of the trace: the number that the next one gets.
    uint32_t index;          // Of the hart.
    uint32_t online;         // 1: it is.
    uint32_t instance;       // Of the task that runs there, or 0.
    uint32_t runnable;       // Tasks in its run queue,
    uint32_t runnable_most;  // and the most that a tick found there.
    uint32_t refused_sends;  // WOULD_BLOCK at an endpoint: the quota or the room there was used up.
    uint64_t ipis_spared;    // Wake-ups of a task on another hart that needed none.
    uint64_t raises;         // Tasks in a run queue that were lent a higher class.
    uint64_t steals;         // Tasks that it took from another hart.
    uint64_t steals_pinned;  // Tasks passed over then, because they stay where they are.
    uint32_t steals_bound;   // Refused: to take more at once than may be,
    uint32_t steals_higher;  // or of a higher class than this hart may run;
    uint32_t ipis_invalid;   // an IPI to a hart that there is not,
    uint32_t ipis_offline;   // or that is not online.
};
BASE_STATIC_ASSERT(sizeof(struct stats_hart) == 200, "frozen");

enum stats_wait {
    STATS_WAIT_NONE = 0,     // Runs, may run, or has not started.
    STATS_WAIT_RECEIVE = 1,  // Receives; the peer is 0.
    STATS_WAIT_QUEUE = 2,    // In the queue of an endpoint; the peer is who receives there.
    STATS_WAIT_REPLY = 3,    // For the answer of the peer.
    STATS_WAIT_HARTS = 4,    // For the other harts, in grant_revoke.
    STATS_WAIT_COUNT
};

// Figures of what a task holds count its children's too: their shares come out of its own.
struct stats_task {
    uint64_t service_id;
    uint64_t run_ns;       // Up to when its hart last took a task from its run queue, took a timer
                           // tick, or had nothing to run. What is between two such moments belongs
                           // to who runs at the second: exact but for direct switches in between.
    uint64_t waits;        // Times it waited for an answer, in a queue, or for the other harts. A
                           // call that was queued first counts twice.
    uint64_t answers;      // Calls to it that it answered or dropped.
    uint64_t deadline_ns;  // When its wait ends, if it waits. UINT64_MAX: never.
    uint32_t instance;
    uint32_t index;       // Of the task object.
    uint32_t supervisor;  // Instance, or 0.
    uint32_t peer;        // Instance of the task that it waits for, or 0.
    uint32_t pages_given;
    uint32_t pages_left;
    uint32_t tasks_left;
    uint32_t endpoints_left;
    uint32_t vmos_left;
    uint16_t slots;       // Capabilities that it may hold,
    uint16_t slots_used;  // and holds.
    uint16_t replies;     // Callers that it owes an answer.
    uint16_t mappings;    // Of VMOs.
    uint8_t state;        // enum task_state
    uint8_t wait;         // enum stats_wait
    uint8_t hart;         // Its home, or 255: not started.
    uint8_t exit_reason;  // enum exit_reason, of one that is dead.
    uint32_t cpu;         // Its CPU budget now, milliseconds a second; 0: not bounded.
    uint32_t cpu_spent;   // How often it had used that up, and had to wait for the next period.
    uint64_t fault_pc;    // Of one that a fault ended: where it was, and
    uint64_t fault_ra;    // what the register of return addresses held; else both are 0.
    uint32_t grants_left;
    uint32_t reserved_word;
};
BASE_STATIC_ASSERT(sizeof(struct stats_task) == 120, "frozen");

enum event_kind {
    EVENT_NONE = 0,
    EVENT_SWITCH = 1,  // `task`, taken from the run queue, runs on this hart; `peer` did. 0: none.
    EVENT_CALL = 2,    // The frame of `task`, which waits for the answer, was given to `peer`.
    EVENT_REPLY = 3,   // `task` answered the call of `peer`: `sequence` is that of EVENT_CALL.
    EVENT_DROP = 4,    // `task` dropped that call; or a request, whose end `peer` will be told. 0:
                       // nobody ever had that request.
    EVENT_LEAVE = 5,   // `task` left its wait before its end, or a queue that ended or in which its
                       // family was revoked; `type` is its status.
    EVENT_QUEUE = 6,   // `task` waits in the queue of an endpoint at which `peer` receives.
    EVENT_SEND = 7,  // A frame of `task` without a reply was given to `peer` (`sequence` is 0), or
                     // stored for it.
    EVENT_NOTIFY = 8,   // `task` notified an endpoint at which `peer` waited. 0: nobody.
    EVENT_WAKE = 9,     // `task` may run; `peer` ran on this hart. 0: nobody.
    EVENT_START = 10,   // `peer` started `task`, whose service_id is `sequence`.
    EVENT_KILL = 11,    // `task` ended `peer`.
    EVENT_FAULT = 12,   // `task` did what ends it; `type` is enum exit_reason.
    EVENT_EXIT = 13,    // `task` has ended, for the reason `type`; of EXIT_CODE `sequence` is it.
    EVENT_GRANT = 14,   // `task` made a grant; `sequence` is its index.
    EVENT_REVOKE = 15,  // `task` revoked that grant.
    // Messages that nobody waits on. `sequence` is that of EVENT_SEND, of EVENT_QUEUE, or of
    // EVENT_REQUEST.
    EVENT_REQUEST = 16,   // An asynchronous request of `task` was stored for `peer`.
    EVENT_TAKE = 17,      // `task` took the stored or queued frame of `peer`.
    EVENT_ANSWER = 18,    // `task` answered the request of `peer`.
    EVENT_ANSWERED = 19,  // `task` received the answer of `peer`. 0: that there is none.
    EVENT_CANCEL = 20,    // `task` wants that answer no longer, or cannot get it.
    EVENT_LOSE = 21,  // The stored frame of `task` goes to nobody: the endpoint has ended, or its
                      // family was revoked.
    EVENT_SYSCALL = 22,  // `task` made the system call `type` (SYSCALL_COUNT: one that there is
                         // not) `sequence` times, with nothing else between on this hart. Only
                         // a kernel that is built to tell of each (//kernel:kernel_syscalls).
    EVENT_KIND_COUNT
};

// Tasks are named by their instances. No event holds an address of the kernel.
struct trace_event {
    uint64_t time_ns;
    uint8_t kind;   // enum event_kind
    uint8_t hart;   // On which it happened.
    uint16_t type;  // Of the frame, of one that has a frame; of EVENT_SWITCH and EVENT_START the
                    // own class of `task`, enum qos, 0: nobody runs.
    uint32_t task;
    uint32_t peer;
    uint32_t bytes;     // Of the frame's payload.
    uint64_t sequence;  // EVENT_CALL, EVENT_REPLY, EVENT_DROP, EVENT_QUEUE, EVENT_LEAVE: of the
                        // caller's wait; grows with each. Of a request what ipc_send gave back (bit
                        // 62). Of a stored frame a number that no other of its hart's last 2^29
                        // has; 0: it was stored while tracing was off.
};
BASE_STATIC_ASSERT(sizeof(struct trace_event) == 32, "frozen");

// Records that one call returns at most.
enum {
    STATS_TASK_MAX = STATS_AREA_BYTES / sizeof(struct stats_task),
    STATS_HART_MAX = STATS_AREA_BYTES / sizeof(struct stats_hart),
    STATS_EVENT_MAX = STATS_AREA_BYTES / sizeof(struct trace_event),
};

static inline const char *event_kind_name(uint32_t kind) {
    static const char *const names[] = {
        "none",    "switch", "call",   "reply",    "drop",   "leave", "queue",  "send",
        "notify",  "wake",   "start",  "kill",     "fault",  "exit",  "grant",  "revoke",
        "request", "take",   "answer", "answered", "cancel", "lose",  "syscall"};
    BASE_STATIC_ASSERT(sizeof(names) / sizeof(names[0]) == EVENT_KIND_COUNT, "one name a kind");
    return kind < EVENT_KIND_COUNT ? names[kind] : "?";
}
