// kernel/core/deadline.c: a binary heap by time; entry i's children are 2i+1 and 2i+2. Ties leave
// by task index, so that the order never depends on insertion.
#include "kernel/core/deadline.h"

#include "base/bits.h"
#include "kernel/core/panic.h"
#include "kernel/core/wake.h"

BASE_STATIC_ASSERT(MAX_TASKS <= 64, "deadline_waiting and kill_mask are one word");

void deadline_init(struct hart *hart) {
    hart->tick_ns = UINT64_MAX;
    hart->deadline_waiting = 0;
    hart->deadline_count = 0;
}

static bool entry_before(const struct deadline_entry *a, const struct deadline_entry *b) {
    return a->ns != b->ns ? a->ns < b->ns : a->task < b->task;
}

static void heap_store(struct kernel *kernel, struct hart *hart, uint32_t slot,
                       struct deadline_entry entry) {
    hart->deadlines[slot] = entry;
    kernel->tasks[entry.task].deadline_slot = slot;
}

// Puts the entry where it belongs, starting from the hole at `slot`. At most 2 * log2(MAX_TASKS)
// steps.
static void heap_settle(struct kernel *kernel, struct hart *hart, uint32_t slot,
                        struct deadline_entry entry) {
    while (slot > 0 && entry_before(&entry, &hart->deadlines[(slot - 1) / 2])) {
        heap_store(kernel, hart, slot, hart->deadlines[(slot - 1) / 2]);
        slot = (slot - 1) / 2;
    }
    for (uint32_t child = 2 * slot + 1; child < hart->deadline_count; child = 2 * slot + 1) {
        if (child + 1 < hart->deadline_count &&
            entry_before(&hart->deadlines[child + 1], &hart->deadlines[child])) {
            child++;
        }
        if (!entry_before(&hart->deadlines[child], &entry)) {
            break;
        }
        heap_store(kernel, hart, slot, hart->deadlines[child]);
        slot = child;
    }
    heap_store(kernel, hart, slot, entry);
}

static void heap_remove(struct kernel *kernel, struct hart *hart, uint32_t slot) {
    KASSERT(slot < hart->deadline_count);
    kernel->tasks[hart->deadlines[slot].task].deadline_slot = DEADLINE_SLOT_NONE;
    hart->deadline_count--;
    if (slot != hart->deadline_count) {
        heap_settle(kernel, hart, slot, hart->deadlines[hart->deadline_count]);
    }
}

static void heap_put(struct kernel *kernel, struct hart *hart, struct deadline_entry entry) {
    uint32_t slot = kernel->tasks[entry.task].deadline_slot;
    if (slot == DEADLINE_SLOT_NONE) {
        KASSERT(hart->deadline_count < MAX_TASKS);
        slot = hart->deadline_count++;
    }
    heap_settle(kernel, hart, slot, entry);
}

void deadline_sooner(struct hart *hart, struct task *task) {
    hart->tick_ns = task->deadline_ns;
    arch_timer_arm(hart->tick_ns);
}

// Noted tasks that still wait enter the heap; the others have been served in the meantime.
static void collect_noted(struct kernel *kernel, struct hart *hart) {
    while (hart->deadline_waiting != 0) {
        uint32_t index = bits_lowest_u64(hart->deadline_waiting);
        hart->deadline_waiting &= hart->deadline_waiting - 1;
        struct task *task = &kernel->tasks[index];
        task->deadline_noted_ns = UINT64_MAX;
        bool waits = wait_state_of(atomic_load_u64(&task->wait)) != WAIT_NONE;
        if (waits && task->deadline_ns != UINT64_MAX) {
            heap_put(kernel, hart, (struct deadline_entry){task->deadline_ns, index, 0});
        }
    }
}

void deadline_tick(struct kernel *kernel, struct hart *hart, uint64_t latest_ns) {
    collect_noted(kernel, hart);
    uint64_t now = arch_time_ns();
    while (hart->deadline_count > 0) {
        struct deadline_entry entry = hart->deadlines[0];
        struct task *task = &kernel->tasks[entry.task];
        // The wait that it was made for may have turned into another (queued, then handed over):
        // the deadline is of the system call. A later system call was noted, and has replaced the
        // entry just now if it ends at another time.
        bool stale = wait_state_of(atomic_load_u64(&task->wait)) == WAIT_NONE ||
                     task->deadline_ns != entry.ns;
        if (!stale && entry.ns > now) {
            break;
        }
        heap_remove(kernel, hart, 0);
        if (!stale && wake_early(kernel, hart, task, STATUS_TIMED_OUT)) {
            wake_push(kernel, hart, task);
        }
    }
    uint64_t next_ns = hart->deadline_count > 0 ? hart->deadlines[0].ns : UINT64_MAX;
    hart->tick_ns = next_ns < latest_ns ? next_ns : latest_ns;
    arch_timer_arm(hart->tick_ns);
}

void deadline_forget(struct kernel *kernel, struct hart *hart, struct task *task) {
    hart->deadline_waiting &= ~(UINT64_C(1) << task->index);
    task->deadline_noted_ns = UINT64_MAX;
    if (task->deadline_slot != DEADLINE_SLOT_NONE) {
        heap_remove(kernel, hart, task->deadline_slot);
    }
}
