// kernel/core/audit_cpu.c: CPU budgets. See audit.h.
#include "kernel/core/audit.h"

#include "kernel/core/cpu_budget.h"

// What was charged is what all periods gave, less what is left. A task's run time is charged to it
// at the same moments, and more may be: what its callees did.
static bool account_is_whole(const struct task *task, struct audit_tally *tally) {
    const struct cpu_account *cpu = &task->cpu;
    if (!audit_says(tally, !cpu->parked || cpu->spent.raw != 0 || task->state.raw != TASK_LIVE,
                    "task %lu is parked and has CPU time left", task->index, 0)) {
        return false;
    }
    if (cpu->share.raw == 0) {
        return audit_says(tally, cpu->spent.raw == 0, "task %lu has spent what is not bounded",
                          task->index, 0);
    }
    uint64_t charged_ns = cpu->given_ns - (uint64_t)cpu->left_ns;
    bool counts = cpu->left_ns > 0 || cpu->spent.raw != 0 || cpu->period == 0;
    return audit_says(tally, task->run_ns.raw <= charged_ns,
                      "task %lu has run, and only %lu ns of it were charged", task->index,
                      charged_ns) &&
           audit_says(tally, counts || task->killed.raw != 0,
                      "task %lu has no CPU time left and may run", task->index, 0);
}

static bool spent_is_whole(const struct hart *hart, const struct task *task,
                           struct audit_tally *tally) {
    return audit_says(tally, task->hart == hart && task->cpu.spent.raw != 0,
                      "task %lu stands among those of hart %lu that have spent their CPU time",
                      task->index, hart->index) &&
           (!task->cpu.parked || audit_take_place(tally, task->index, AUDIT_PARKED));
}

// The hart that runs something looks when the period ends, as one that sleeps does.
static bool hart_is_whole(const struct kernel *kernel, const struct hart *hart, uint32_t *count,
                          struct audit_tally *tally) {
    uint64_t end_ns = (arch_time_ns() / kernel->cpu_period_ns + 1) * kernel->cpu_period_ns;
    uint32_t here = 0;
    if (!audit_list_is_whole(&hart->cpu_spent, &here, tally) ||
        !audit_says(tally, here == 0 || hart->tick_ns <= end_ns,
                    "hart %lu's next tick is at %lu, after the end of a period", hart->index,
                    hart->tick_ns)) {
        return false;
    }
    *count += here;
    const struct list *head = &hart->cpu_spent;
    for (const struct list *node = head->next; node != head; node = node->next) {
        if (!spent_is_whole(hart, LIST_OBJECT(node, const struct task, cpu.node), tally)) {
            return false;
        }
    }
    return true;
}

bool audit_cpu(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t spent = 0;
    uint64_t shares = 0;
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        if (!hart_is_whole(kernel, &kernel->harts[i], &spent, tally)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        if (task->state.raw == TASK_FREE) {
            continue;
        }
        if (!account_is_whole(task, tally)) {
            return false;
        }
        spent -= task->cpu.spent.raw;
        shares += task->cpu.share.raw;
    }
    return audit_says(tally, spent == 0, "%lu tasks stand among the spent ones and are not", spent,
                      0) &&
           audit_says(tally, shares == kernel->cpu_shares.raw,
                      "tasks have %lu of CPU time, %lu was given", shares, kernel->cpu_shares.raw);
}
