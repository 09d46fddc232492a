// kernel/core/cpu_budget.c: see cpu_budget.h.
#include "kernel/core/cpu_budget.h"

#include "kernel/core/fault_point.h"
#include "kernel/core/run_list.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/transfer.h"

static uint64_t period_of(const struct kernel *kernel, uint64_t now_ns) {
    return now_ns / kernel->cpu_period_ns + 1;  // 0 is before all.
}

static uint64_t period_end_ns(const struct kernel *kernel, uint64_t now_ns) {
    return period_of(kernel, now_ns) * kernel->cpu_period_ns;
}

static int64_t budget_of_share(const struct kernel *kernel, uint32_t share) {
    return (int64_t)(kernel->cpu_period_ns * share / TASK_SHARE_CPU_MAX);
}

static int64_t budget_of(const struct kernel *kernel, const struct task *task) {
    return budget_of_share(kernel, atomic_load_u32(&task->cpu.share));
}

// What the periods that have begun since it was last looked at give it.
static void refill(const struct kernel *kernel, struct task *task, uint64_t now_ns) {
    struct cpu_account *cpu = &task->cpu;
    uint64_t period = period_of(kernel, now_ns);
    uint64_t begun = period - cpu->period;
    if (begun == 0) {
        return;
    }
    int64_t budget = budget_of(kernel, task);
    cpu->period = period;
    // So many fill it up, whatever it owes.
    bool full = budget == 0 || begun > (uint64_t)((budget - cpu->left_ns) / budget);
    int64_t left_ns = full ? budget : cpu->left_ns + (int64_t)begun * budget;
    left_ns = left_ns < budget ? left_ns : budget;
    cpu->given_ns += (uint64_t)(left_ns - cpu->left_ns);
    cpu->left_ns = left_ns;
}

// Its account up to now, before its share changes: a larger one counts from the next period on.
static void settle(const struct kernel *kernel, struct hart *hart,
                   struct task *task) UNCHECKED_LOCKS {
    struct hart *home = run_queue_lock_home(hart, task);
    if (home) {  // Else it has not started.
        if (!cpu_is_spent(task)) {
            refill(kernel, task, arch_time_ns());
        }
        lock_release(&hart->locks, &home->run_lock);
    }
}

enum status cpu_share_take(struct kernel *kernel, struct hart *hart, struct task *creator,
                           uint32_t share) {
    uint32_t own = creator ? atomic_load_u32(&creator->cpu.share) : 0;
    if (own == 0) {
        uint32_t before = atomic_add_u32(&kernel->cpu_shares, share);
        (void)before;
        return STATUS_OK;
    }
    if (share == 0) {
        return STATUS_DENIED;
    }
    settle(kernel, hart, creator);
    // Ends: each further round means that a child's share has come back.
    while (own > share && !atomic_claim_u32(&creator->cpu.share, own, own - share)) {
        own = atomic_load_u32(&creator->cpu.share);
    }
    return own > share ? STATUS_OK : STATUS_NO_SPACE;
}

void cpu_share_give(struct kernel *kernel, struct hart *hart, struct task *to, uint32_t share) {
    bool bounded = to && atomic_load_u32(&to->cpu.share) != 0;
    if (bounded) {
        settle(kernel, hart, to);
    }
    uint32_t before = bounded ? atomic_add_u32(&to->cpu.share, share)
                              : atomic_add_u32(&kernel->cpu_shares, 0 - share);
    (void)before;
}

void cpu_begin(struct kernel *kernel, struct task *task, uint32_t share) {
    struct cpu_account *cpu = &task->cpu;
    atomic_store_u32(&cpu->share, share);
    atomic_store_u32(&cpu->spent, 0);
    atomic_store_u32(&cpu->spent_count, 0);
    cpu->parked = false;
    cpu->left_ns = 0;
    cpu->period = 0;
    cpu->given_ns = 0;
    if (share != 0 && !cpu_budgets_exist(kernel)) {
        atomic_or_u32(&kernel->qos_seen, QOS_SEEN_BUDGETS);
    }
}

static void spend_locked(const struct kernel *kernel, struct hart *hart, struct task *task,
                         uint64_t now_ns) REQUIRES(hart->run_lock) {
    struct cpu_account *cpu = &task->cpu;
    atomic_store_u32(&cpu->spent, 1);
    atomic_store_u32(&cpu->spent_count, atomic_load_u32(&cpu->spent_count) + 1);
    list_append(&hart->cpu_spent, &cpu->node);
    uint64_t end_ns = period_end_ns(kernel, now_ns);
    if (end_ns < hart->tick_ns) {
        hart->tick_ns = end_ns;
        arch_timer_arm(end_ns);
    }
}

static void charge_one_locked(const struct kernel *kernel, struct hart *hart, struct task *task,
                              uint64_t spent_ns, uint64_t now_ns) REQUIRES(hart->run_lock) {
    if (atomic_load_u32(&task->cpu.share) == 0) {
        return;
    }
    if (!cpu_is_spent(task)) {  // Who is spent gets its next budget when it is given back.
        refill(kernel, task, now_ns);
    }
    task->cpu.left_ns -= (int64_t)spent_ns;
    if (task->cpu.left_ns <= 0 && !cpu_is_spent(task) && atomic_load_u32(&task->killed) == 0) {
        spend_locked(kernel, hart, task, now_ns);
    }
}

void cpu_pay_first(struct kernel *kernel, struct hart *hart, struct task *creator, uint32_t share) {
    if (!creator || atomic_load_u32(&creator->cpu.share) == 0) {
        return;
    }
    lock_acquire(&hart->locks, &hart->run_lock);
    charge_one_locked(kernel, hart, creator, (uint64_t)budget_of_share(kernel, share),
                      arch_time_ns());
    lock_release(&hart->locks, &hart->run_lock);
}

void cpu_charge_locked(struct kernel *kernel, struct hart *hart, uint64_t now_ns) {
    struct task *task = hart->current;
    if (!task) {
        return;
    }
    uint64_t spent_ns = now_ns - atomic_load_u64(&hart->counts.charged_ns);
    hart_charge(hart, now_ns);
    if (fault_point_fires(FAULT_POINT_LOSE_CHARGE)) {
        return;
    }
    charge_one_locked(kernel, hart, task, spent_ns, now_ns);
    // Who waits here for the answer of a task that runs or waits here goes on waiting.
    for (uint32_t links = 0; links < DONATION_DEPTH; links++) {
        struct reply_entry *entry = donation_serves(task);
        // Looked at once: its fields are another call's when that one was answered meanwhile.
        struct task *caller = entry ? atomic_load_shared(&entry->task) : 0;
        if (!caller || atomic_load_shared(&caller->hart) != hart) {
            return;
        }
        task = caller;
        charge_one_locked(kernel, hart, task, spent_ns, now_ns);
        if (cpu_is_spent(task)) {
            reply_defer(entry);
        }
    }
}

uint64_t cpu_end(struct kernel *kernel, struct hart *hart, struct task *task, uint64_t now_ns,
                 uint64_t end_ns) {
    if (atomic_load_u32(&task->cpu.share) == 0) {
        return end_ns;
    }
    lock_acquire(&hart->locks, &hart->run_lock);
    cpu_charge_locked(kernel, hart, now_ns);
    if (!cpu_is_spent(task)) {
        refill(kernel, task, now_ns);
    }
    uint64_t own_ns = now_ns + (uint64_t)(task->cpu.left_ns > 0 ? task->cpu.left_ns : 0);
    lock_release(&hart->locks, &hart->run_lock);
    return own_ns < end_ns ? own_ns : end_ns;
}

bool cpu_park(struct task *task) {
    if (!cpu_is_spent(task) || atomic_load_u32(&task->killed) != 0) {
        return false;
    }
    task->cpu.parked = true;
    return true;
}

static void unpark_locked(struct kernel *kernel, struct hart *hart, struct task *task)
    REQUIRES(hart->run_lock) {
    if (task->cpu.parked) {
        task->cpu.parked = false;
        run_list_insert(hart, task, run_list_class_of(kernel, task).qos, false);
    }
}

// A new period begins for it. One that owes more than that gives waits on, as the last.
static void return_locked(struct kernel *kernel, struct hart *hart, struct task *task,
                          uint64_t now_ns) REQUIRES(hart->run_lock) {
    refill(kernel, task, now_ns);
    list_remove(&task->cpu.node);
    hart->woken++;
    if (task->cpu.left_ns <= 0) {
        list_append(&hart->cpu_spent, &task->cpu.node);
        return;
    }
    atomic_store_u32(&task->cpu.spent, 0);
    if (!fault_point_fires(FAULT_POINT_LOSE_PARKED)) {
        unpark_locked(kernel, hart, task);
    }
}

uint64_t cpu_return(struct kernel *kernel, struct hart *hart) {
    uint64_t next_ns = UINT64_MAX;
    uint64_t now_ns = arch_time_ns();
    uint32_t most = hart_wakes_left(hart);
    lock_acquire(&hart->locks, &hart->run_lock);
    for (uint32_t i = 0; i <= most && !list_is_empty(&hart->cpu_spent); i++) {
        struct task *task = LIST_OBJECT(hart->cpu_spent.next, struct task, cpu.node);
        if (task->cpu.period == period_of(kernel, now_ns)) {
            next_ns = period_end_ns(kernel, now_ns);
            break;
        }
        if (i == most) {
            next_ns = 0;  // The rest at the next tick, which comes at once.
            break;
        }
        return_locked(kernel, hart, task, now_ns);
    }
    lock_release(&hart->locks, &hart->run_lock);
    return next_ns;
}

void cpu_unpark(struct kernel *kernel, struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    unpark_locked(kernel, hart, task);
    bool outranks = hart->running_class != 0 && task->run_class > hart->running_class;
    lock_release(&hart->locks, &hart->run_lock);
    if (outranks && !hart->looks) {
        hart_ipi_send(hart, UINT64_C(1) << hart->index);
    }
}

void cpu_forget(struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    if (cpu_is_spent(task)) {
        atomic_store_u32(&task->cpu.spent, 0);
        list_remove(&task->cpu.node);
    }
    lock_release(&hart->locks, &hart->run_lock);
}
