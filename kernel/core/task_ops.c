// kernel/core/task_ops.c: see task_ops.h.
#include "kernel/core/task_ops.h"

#include "base/bits.h"
#include "base/checked.h"
#include "base/words.h"
#include "images/markers.h"
#include "kernel/abi/layout.h"
#include "kernel/core/cpu_budget.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/image.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/vmo_ops.h"
#include "kernel/core/wake.h"

void task_pool_init(struct kernel *kernel) {
    pool_init(&kernel->task_pool, FAULT_POINT_TAKE_TASK, kernel->task_next, 0);
    pool_add_range(&kernel->task_pool, 0, MAX_TASKS);
    lock_init(&kernel->family_lock, LOCK_RANK_FAMILY);
}

// An object from the pool, without registers and capabilities; one that was never taken before
// holds anything and is cleared as a whole.
static struct task *take_object(struct kernel *kernel, struct hart *hart) {
    bool fresh = false;
    uint32_t index = pool_take_either(&kernel->task_pool, &hart->locks, &fresh);
    if (index == POOL_NONE) {
        return 0;
    }
    struct task *task = &kernel->tasks[index];
    if (fresh) {
        // Who passes on what it paid for looks at every payer.
        lock_acquire(&hart->locks, &kernel->family_lock);
        words_zero(task, sizeof(*task) / 8);
        lock_release(&hart->locks, &kernel->family_lock);
        task->index = index;
        task->wait.raw = wait_next(0, WAIT_NONE, 0);  // No wait word is 0.
        // Release: whoever sees the bit sees an object, which is free until it is made.
        uint64_t others =
            atomic_or_release_u64(&kernel->tasks_begun[index / 64], UINT64_C(1) << index % 64);
        (void)others;
    } else {
        // Of one that died of a fault statistics tell these two.
        atomic_raw_store_shared(&task->regs.pc, 0);
        atomic_raw_store_shared(&task->regs.x[REG_RA], 0);
        words_zero(&task->regs.x[REG_SP], sizeof(task->regs) / 8 - 2);
        words_zero(task->caps, sizeof(task->caps) / 8);
    }
    return task;
}

// What take_object has not cleared and this life would find, but for the wait word's sequence,
// which goes on. It stands in no list and has mapped nothing: nor did it when its life before was
// over. Handles of replies may come again: nobody has kept one of another life.
static void task_clear(struct task *task) {
    atomic_store_shared(&task->hart, 0);
    task->again = false;
    task->reap_phase = 0;
    task->reply_free = 0;
    for (uint32_t i = REPLY_SLOT_COUNT; i-- > 0;) {
        struct reply_entry *entry = &task->replies[i];
        atomic_raw_store_shared(&entry->caller_wait, 0);
        atomic_raw_store_shared(&entry->handle, REPLY_HANDLE_BIT | i);
        atomic_raw_store_shared(&entry->task, task);
        entry->next = task->reply_free;
        task->reply_free = entry;
    }
    atomic_store_shared(&task->serving, task->reply_free);
    task->quantum_left_ns = 0;
    task->pinned = true;
    task->reply_step = wait_next(0, WAIT_REPLY, task->index);
    atomic_raw_store_shared(&task->deadline_ns, UINT64_MAX);  // wake_early may look at an old one.
    task->deadline_noted_ns = UINT64_MAX;
    task->work_index = 0;
    task->program_vmo = VMO_NONE;
    atomic_raw_store_shared(&task->exit_reason, EXIT_NONE);
    task->exit_detail = 0;
    atomic_store_u32(&task->killed, 0);
    atomic_store_u64(&task->home, 0);
    atomic_store_u64(&task->run_ns, 0);
    atomic_raw_store_shared(&task->wait_first, atomic_load_u64(&task->wait) >> 16);
    atomic_store_u64(&task->calls_waiting, 0);
}

// A space with the message page mapped. On failure nothing is held.
static enum status make_space(struct kernel *kernel, struct hart *hart, struct task *task) {
    enum status status = arch_space_create(kernel, task->index + 1, &task->space);
    if (status != STATUS_OK) {
        return status;
    }
    struct page_number page = page_take_paid(kernel, hart, &task->quota);
    status = page.value == 0 ? STATUS_NO_SPACE
                             : arch_map(kernel, &task->space, USER_MESSAGE_PAGE, page,
                                        ARCH_READ | ARCH_WRITE, true);
    if (status == STATUS_OK) {
        task->page = (struct message_page *)arch_page(page);
        return STATUS_OK;
    }
    if (page.value != 0 && !fault_point_fires(FAULT_POINT_LOSE_PAGE)) {
        page_put_paid(kernel, hart, &task->quota, page);
    }
    while (!arch_space_reclaim(kernel, &task->space, 4)) {  // At most the few tables of one
                                                            // mapping.
    }
    return status;
}

// A new instance among the children of `supervisor`, which is 0 or the current task.
static void join_family(struct kernel *kernel, struct hart *hart, struct task *task,
                        uint64_t supervisor) {
    lock_acquire(&hart->locks, &kernel->family_lock);
    atomic_raw_store_shared(&task->instance, atomic_add_u32(&kernel->next_instance, 1) + 1);
    list_init(&task->children);
    task->children_settled = false;
    atomic_store_u64(&task->supervisor, supervisor);
    task->payer = supervisor;
    task->paid = 0;
    if (supervisor != 0) {
        kernel->tasks[(uint32_t)supervisor].paid++;
        list_append(&kernel->tasks[(uint32_t)supervisor].children, &task->sibling);
    }
    lock_release(&hart->locks, &kernel->family_lock);
}

static uint64_t name_of(const struct task *task) {
    return task ? task_name(task->index, task->instance) : 0;
}

// What a child takes out of its supervisor's quota: its own, and itself.
static struct quota_amounts price_of(const struct task_order *order) {
    struct quota_amounts price = order->limits;
    price.of[QUOTA_TASKS]++;
    return price;
}

static void set_limits(struct task *task, const struct task_order *order) {
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        atomic_store_u32(&task->quota.left[kind], order->limits.of[kind]);
    }
    uint64_t slots = ((UINT64_C(2) << order->slots) - 1) & ~UINT64_C(1);
    atomic_raw_store_shared(&task->caps_all, slots);
    atomic_raw_store_shared(&task->caps_free, slots);
    atomic_raw_store_shared(&task->pages_given, order->limits.of[QUOTA_PAGES]);
    task->space.quota = &task->quota;
}

// The object and its space; on failure nothing is held.
static enum status make_paid(struct kernel *kernel, struct hart *hart,
                             const struct task_order *order, struct task **out) {
    struct task *task = take_object(kernel, hart);
    if (!task) {
        return STATUS_NO_SPACE;
    }
    task_clear(task);
    set_limits(task, order);
    task->qos_ceiling = order->qos_ceiling;
    qos_begin(kernel, task, order->qos_ceiling);
    cpu_begin(kernel, task, order->cpu);
    enum status status = make_space(kernel, hart, task);
    if (status != STATUS_OK) {
        pool_put(&kernel->task_pool, &hart->locks, task->index);
        return status;
    }
    *out = task;
    return STATUS_OK;
}

// The same, with its price taken already: on failure that is given back.
static enum status make_taken(struct kernel *kernel, struct hart *hart,
                              const struct task_order *order, struct task **out) {
    enum status status = make_paid(kernel, hart, order, out);
    if (status != STATUS_OK && order->supervisor) {
        quota_give(&order->supervisor->quota, price_of(order));
    }
    return status;
}

enum status task_make(struct kernel *kernel, struct hart *hart, const struct task_order *order,
                      struct task **out) {
    // Instances are never reused, so they can run out. Each hart may be past this look once.
    if (UNLIKELY(atomic_load_u32(&kernel->next_instance) >= UINT32_MAX - MAX_HARTS)) {
        return STATUS_NO_SPACE;
    }
    struct task *payer = order->supervisor;
    enum status status = cpu_share_take(kernel, hart, payer, order->cpu);
    if (status != STATUS_OK) {
        return status;
    }
    struct task *task = 0;
    status = payer && !quota_take(&payer->quota, price_of(order))
                 ? STATUS_NO_SPACE
                 : make_taken(kernel, hart, order, &task);
    if (status != STATUS_OK) {
        cpu_share_give(kernel, hart, payer, order->cpu);
        return status;
    }
    if (task->instance == 0 || !fault_point_fires(FAULT_POINT_STALE_IDENTITY)) {
        atomic_raw_store_shared(&task->service_id, order->service_id);
    }
    join_family(kernel, hart, task, name_of(payer));
    cpu_pay_first(kernel, hart, payer, order->cpu);
    atomic_store_u32(&task->references, 2);
    atomic_store_release_u32(&task->state, TASK_NEW);
    *out = task;
    return STATUS_OK;
}

void task_reference(struct task *task) {
    uint32_t before = atomic_add_ordered_u32(&task->references, 1);
    KASSERT(before > 0);
}

void task_release(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint32_t before = atomic_add_ordered_u32(&task->references, UINT32_MAX);
    KASSERT(before > 0);
    if (before == 1) {
        atomic_store_u32(&task->state, TASK_FREE);
        quota_return(kernel, hart, &task->payer, (struct quota_amounts){.of = {[QUOTA_TASKS] = 1}});
        pool_put(&kernel->task_pool, &hart->locks, task->index);
    }
}

enum status task_map_image_step(struct kernel *kernel, struct task *task, uint32_t rights) {
    enum { PAGES_A_STEP = 256 };
    uint32_t page_count = (uint32_t)(image_bytes_seen(kernel, rights) / PAGE_BYTES);
    uint32_t left = page_count - task->work_index;
    struct arch_run run = {{kernel->image_first.value + task->work_index},
                           left < PAGES_A_STEP ? left : PAGES_A_STEP,
                           ARCH_READ,
                           0};
    uint64_t address = USER_BOOT_IMAGE + (uint64_t)task->work_index * PAGE_BYTES;
    enum status status = arch_map_run(kernel, &task->space, address, &run);
    task->work_index += run.mapped;
    if (status != STATUS_OK) {
        return status == STATUS_BUSY ? STATUS_BAD_ARG : status;
    }
    if (task->work_index < page_count) {
        return STATUS_BUSY;
    }
    task->work_index = 0;
    return STATUS_OK;
}

void task_run(struct kernel *kernel, struct hart *hart, struct task *task, struct hart *home,
              uint64_t argument) {
    atomic_raw_store_shared(&task->regs.pc, task->entry_pc);
    task->regs.x[REG_SP] = USER_STACK_TOP;
    task->regs.x[REG_A0] = USER_MESSAGE_PAGE;
    task->regs.x[REG_A0 + 1] = argument;
    task->regs.x[REG_A0 + 2] = task->instance;
    task->regs_all = true;
    atomic_store_shared(&task->hart, home);
    task->space.harts = UINT64_C(1) << home->index;
    // Release: whoever sees LIVE sees the home hart too (task_kill).
    atomic_store_release_u32(&task->state, TASK_LIVE);
    run_queue_push(kernel, hart, task);
}

void task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                      enum exit_reason reason, uint64_t detail) {
    if (task->index == kernel->init_task) {
        if (reason == EXIT_CODE && detail == INIT_EXIT_REBOOT) {
            kernel_print(kernel, hart, "%s", MARKER_KERNEL_REBOOT);
            kernel_print(kernel, hart, "%s", MARKER_KERNEL_POWER_OFF);
            arch_reboot();
        }
        if (reason == EXIT_CODE && detail == 0) {
            kernel_print(kernel, hart, "%s", MARKER_KERNEL_POWER_OFF);
            arch_power_off(false);
        }
        kernel_panic("init ended: %s %#lx", exit_reason_name(reason), (unsigned long)detail);
    }
    if (task->exit_reason == EXIT_NONE) {
        atomic_raw_store_shared(&task->exit_reason, reason);
        task->exit_detail = detail;
    }
    lock_acquire(&hart->locks, &hart->run_lock);
    atomic_store_u32(&task->killed, 1);
    lock_release(&hart->locks, &hart->run_lock);
    run_queue_push(kernel, hart, task);
}

// Marks the task killed and hands it to its home hart; false if it was marked before.
static bool mark_killed(struct hart *hart, struct task *task) UNCHECKED_LOCKS {
    struct hart *home = run_queue_lock_home(hart, task);
    bool first = atomic_load_u32(&task->killed) == 0;
    if (first) {
        atomic_store_u32(&task->killed, 1);
        if (!fault_point_fires(FAULT_POINT_LOSE_KILL)) {
            list_append(&home->killed, &task->kill_node);
            atomic_store_u32(&home->kill_count, atomic_load_u32(&home->kill_count) + 1);
        }
    }
    lock_release(&hart->locks, &home->run_lock);
    return first;
}

void task_kill(struct kernel *kernel, struct hart *hart, struct task *task) {
    enum task_state state = (enum task_state)atomic_load_acquire_u32(&task->state);
    if (state == TASK_NEW || state == TASK_LOADED) {
        atomic_store_shared(&task->hart, hart);
        atomic_store_u32(&task->killed, 1);
        atomic_store_release_u32(&task->state, TASK_LIVE);
        run_queue_push(kernel, hart, task);
        return;
    }
    if (state != TASK_LIVE) {
        return;
    }
    if (mark_killed(hart, task)) {
        run_queue_reclass(kernel, hart, task);     // It is reclaimed sooner than it would have run.
        run_queue_kick(kernel, hart, task->hart);  // One that was killed is not stolen.
    }
}

static void kill_unlink_locked(struct hart *home, struct task *task) REQUIRES(home->run_lock) {
    list_remove(&task->kill_node);
    atomic_store_u32(&home->kill_count, atomic_load_u32(&home->kill_count) - 1);
}

static struct task *take_killed(struct hart *hart) {
    struct task *task = 0;
    lock_acquire(&hart->locks, &hart->run_lock);
    if (!list_is_empty(&hart->killed)) {
        task = LIST_OBJECT(hart->killed.next, struct task, kill_node);
        kill_unlink_locked(hart, task);
    }
    lock_release(&hart->locks, &hart->run_lock);
    return task;
}

void task_kills_take(struct kernel *kernel, struct hart *hart) {
    if (LIKELY(atomic_load_u32(&hart->kill_count) == 0)) {
        return;
    }
    for (uint32_t most = hart_wakes_left(hart); most > 0; most--) {
        struct task *task = take_killed(hart);
        if (!task) {
            return;
        }
        hart->woken++;
        if (wake_early(kernel, hart, task, STATUS_PEER_CLOSED, UINT64_MAX)) {
            wake_push(kernel, hart, task);
        } else if (cpu_is_spent(task)) {
            cpu_unpark(kernel, hart, task);
        }
    }
    if (atomic_load_u32(&hart->kill_count) != 0) {
        atomic_store_u32(&hart->doorbell, 1);
        hart_ipi_send(hart, UINT64_C(1) << hart->index);  // The rest at the next entry, which is at
                                                          // once.
    }
}

void task_kill_forget(struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    if (list_is_linked(&task->kill_node)) {
        kill_unlink_locked(hart, task);
    }
    lock_release(&hart->locks, &hart->run_lock);
}
