// kernel/core/ipc_queue.h: what waits at an endpoint, and how a receiver takes it.
//
// Order: notifications first, then the queue, the stored sends and the answers to asynchronous
// requests, each by arrival, one of each in turn when several wait. A frame that was queued or
// stored carries the family of the capability it was sent through, which is looked at again when it
// is handed over: a stale call or waiting send ends with REVOKED, a stale stored send is dropped
// and counted. A stored asynchronous request needs a reply entry as a call does, and is dropped and
// counted if its sender has left.
// Locking:    functions ending in _locked need the endpoint's lock. After its release
//             cap_release_deferred must follow: a dropped frame may have carried a capability, or
//             somebody waits for its answer.
#pragma once

#include "kernel/core/deadline.h"
#include "kernel/core/kernel.h"

// endpoint.turn of a new endpoint: the queue is next.
enum { TURN_FIRST = 2 };

enum ipc_taken {
    IPC_TAKEN,
    IPC_NOTHING,       // Nothing can be taken.
    IPC_REFUSES_MORE,  // Nothing yet: as many were refused as a step does, and more were revoked.
};

// Takes the first thing that waits, or tells a receiver that has no slot for its capability so. The
// receiver is current or claimed.
WARN_UNUSED enum ipc_taken ipc_take_locked(struct kernel *kernel, struct hart *hart,
                                           struct endpoint *endpoint, struct task *receiver)
    REQUIRES(endpoint->lock);

// Work was published and a fence followed: if the receiver waits after all, it gets the first of
// it. Returns it claimed, to be made runnable.
WARN_UNUSED struct task *ipc_serve_waiting_locked(struct kernel *kernel, struct hart *hart,
                                                  struct endpoint *endpoint)
    REQUIRES(endpoint->lock);

// Queues the current task at the endpoint, which is that of `cap`, its frame (wait_frame, in_call)
// in its own page. Returns a receiver that turned up in between, claimed.
WARN_UNUSED struct task *ipc_queue_self_locked(struct kernel *kernel, struct hart *hart,
                                               struct endpoint *endpoint, struct task *task,
                                               const struct capability *cap)
    REQUIRES(endpoint->lock);

// The frame in the current task's call_out was loaded into wait_frame: if a capability rides on it,
// may it leave? Its slot is loaded once, into wait_slot. Errors: as cap_move_check.
WARN_UNUSED enum status ipc_check_move(const struct kernel *kernel, struct task *task);

// The task's wait, which ends with its deadline, is published: its home hart's tick is to know.
static ALWAYS_INLINE void ipc_wait_note(struct hart *hart, struct task *task) {
    deadline_note(hart, task);
    if (task->deadline_ns < hart->tick_ns) {
        deadline_sooner(hart, task);
    }
}

// The current task's wait is published and no lock is held. Runs `next` (claimed) if it lives here,
// otherwise wakes its hart; null means nobody.
WARN_UNUSED COLD struct task *ipc_leave(struct kernel *kernel, struct hart *hart, struct task *task,
                                        struct task *next);
