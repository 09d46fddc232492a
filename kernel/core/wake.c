// kernel/core/wake.c: see wake.h.
#include "kernel/core/wake.h"

#include "kernel/core/cap_move.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/transfer.h"

// UNCHECKED_LOCKS: the planted bug takes a lock where none may be taken, or not, as the fault point
// says.
static void disorder_begin(struct hart *hart, bool disorder) UNCHECKED_LOCKS {
    if (disorder) {
        lock_acquire(&hart->locks, &hart->run_lock);
    }
}

// UNCHECKED_LOCKS: as above.
static void disorder_end(struct hart *hart, bool disorder) UNCHECKED_LOCKS {
    if (disorder) {
        lock_release(&hart->locks, &hart->run_lock);
    }
}

// A wait at an endpoint is left under its lock.
static bool wake_at_endpoint(struct kernel *kernel, struct hart *hart, struct task *task,
                             uint64_t word) {
    struct endpoint *endpoint = &kernel->endpoints[wait_object_of(word)];
    bool disorder = fault_point_fires(FAULT_POINT_WRONG_LOCK_ORDER);
    disorder_begin(hart, disorder);
    lock_acquire(&hart->locks, &endpoint->lock);
    bool won = task_claim(task, word);
    if (won && wait_state_of(word) == WAIT_QUEUED) {
        endpoint_unlink_locked(kernel, endpoint, task);
        if (frame_moves_cap(task->wait_frame) && fault_point_fires(FAULT_POINT_LOSE_MOVED)) {
            struct capability lost = cap_move_out(task, task->wait_slot, &task->page->call_out);
            (void)lost;
        }
    }
    lock_release(&hart->locks, &endpoint->lock);
    disorder_end(hart, disorder);
    return won;
}

// Claims the task out of the wait `word`.
static bool wake_claim(struct kernel *kernel, struct hart *hart, struct task *task, uint64_t word) {
    switch (wait_state_of(word)) {
        case WAIT_QUEUED:
        case WAIT_RECV:
        case WAIT_RECV_NOCALL:
            return wake_at_endpoint(kernel, hart, task, word);
        case WAIT_QUIESCE:
            return quiesce_cancel(kernel, hart, task, word);
        case WAIT_REPLY:
        case WAIT_REPLY_CAP:
            return task_claim(task, word);
        case WAIT_NONE:
        case WAIT_ASYNC:
            break;
    }
    return false;
}

bool wake_early(struct kernel *kernel, struct hart *hart, struct task *task, enum status status,
                uint64_t due_ns) {
    uint64_t word = atomic_load_acquire_u64(&task->wait);
    // Ends: a wait goes from queued to handed over to none, and only its home lets it begin
    // another.
    for (;;) {
        // A task moves only between two waits: if the claim succeeds, this was its home since it
        // published the word.
        if (wait_state_of(word) == WAIT_NONE || atomic_load_shared(&task->hart) != hart) {
            return false;
        }
        // The deadline is written before the wait is published: if the claim succeeds, it was that
        // wait's.
        if (atomic_raw_load_shared(&task->deadline_ns) > due_ns) {
            return false;
        }
        if (wake_claim(kernel, hart, task, word)) {
            break;
        }
        word = atomic_load_acquire_u64(&task->wait);
    }
    bool handed_over = wait_state_of(word) == WAIT_REPLY || wait_state_of(word) == WAIT_REPLY_CAP;
    if (handed_over) {
        notify_task(kernel, hart, atomic_load_u64(&kernel->tasks[wait_object_of(word)].home),
                    NOTIFY_REPLY_GONE);
    }
    task_results(task, status, handed_over ? DELIVERY_HANDED_OVER : DELIVERY_NONE, 0, 0);
    event_note_type(hart, EVENT_LEAVE, task, status, word >> 16);
    return true;
}
