// kernel/arch/sim/check.c: invariants between kernel entries, and the report of a run that failed.
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/sim/space.h"
#include "kernel/arch/sim/state.h"
#include "kernel/core/audit.h"
#include "kernel/core/run_list.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/stop.h"

// `who` has counted: the audit, or the running sums.
NORETURN static void fail(const char *who, const struct audit_tally *tally) {
    char format[200];
    // The texts name the kernel's formats (%lu, %#lx), which printf knows too.
    snprintf(format, sizeof(format), "%s: %s", who, tally->failure);
    char text[256];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), format, tally->a, tally->b);
#pragma GCC diagnostic pop
    sim_finish(SIM_CHECK_FAILED, "%s", text);
}

// Looks at the kernel must not hand over to another hart.
static uint32_t hold_switches(void) {
    uint32_t left = sim.until_switch;
    sim.until_switch = UINT32_MAX;
    return left;
}

// Between the steps of vmo_unmap the tables are ahead of the translations.
static bool is_being_unmapped(const struct task *task, uint64_t address) {
    for (uint32_t i = 0; i < task->mappings.count; i++) {
        const struct mapping *row = &task->mappings.rows[i];
        uint64_t bytes = (uint64_t)row->page_count * PAGE_BYTES;
        if (row->state == MAPPING_SHRINKS && address - row->address < bytes) {
            return true;
        }
    }
    return false;
}

// What a hart's TLB holds of a live task is what its tables say.
static void check_tlb(const struct sim_hart *hart) {
    for (uint32_t i = 0; i < SIM_TLB_COUNT; i++) {
        const struct sim_tlb_entry *entry = &hart->tlb[i];
        const struct task *task = &sim.kernel.tasks[(entry->asid - 1) % MAX_TASKS];
        if (entry->address == 0 || task->state.raw != TASK_LIVE || !space_exists(task) ||
            is_being_unmapped(task, entry->address)) {
            continue;
        }
        uint64_t leaf = sv39_walk(task->space.root, entry->address);
        if (sv39_page(leaf).value != entry->page || !sv39_allows(leaf, entry->access)) {
            sim_finish(SIM_CHECK_FAILED, "stale translation: hart %u, task %u, address %#llx",
                       (unsigned)(hart - sim.harts), task->index,
                       (unsigned long long)entry->address);
        }
    }
}

// A hart that sleeps has nothing to do, or will be woken.
static void check_sleeper(uint32_t index) {
    const struct sim_hart *hart = &sim.harts[index];
    if (stop_is_asked(sim.kernel.stop_request.raw)) {
        return;  // It may have been stopped; it looks for work afterwards.
    }
    const struct hart *core = &sim.kernel.harts[index];
    bool has_work = core->run_count != 0 || core->kill_count.raw != 0 || hart_owes(core) ||
                    core->quiesced != sim.kernel.quiesce.requested.raw;
    if (hart->asleep && has_work && hart->ipi_at_ns == UINT64_MAX && sim_events_due(hart) == 0) {
        sim_finish(SIM_CHECK_FAILED,
                   "lost wake-up: hart %u sleeps with %u runnable and %u killed tasks and %llu "
                   "requests to leave the kernel, and no IPI is to come",
                   index, core->run_count, core->kill_count.raw,
                   (unsigned long long)(sim.kernel.quiesce.requested.raw - core->quiesced));
    }
    // One that was stopped (kernel/core/stop.h) may have taken its timer: it arms it again when it
    // hears that it goes on.
    bool armed = hart->timer_at_ns == core->tick_ns || sim_events_due(hart) != 0 ||
                 hart->ipi_at_ns != UINT64_MAX;
    if (hart->asleep && !armed) {
        sim_finish(SIM_CHECK_FAILED, "hart %u sleeps until %llu, its timer is armed for %llu",
                   index, (unsigned long long)core->tick_ns, (unsigned long long)hart->timer_at_ns);
    }
}

// What concerns this hart alone: the others may be anywhere.
void sim_check_leave(void) {
    const struct hart *hart = sim_core_hart();
    if (hart->locks.held_ranks != 0) {
        sim_finish(SIM_CHECK_FAILED, "hart %u leaves the kernel holding lock ranks %#x",
                   hart->index, hart->locks.held_ranks);
    }
    if (sim.steps >= sim.options.step_max) {
        sim_finish(SIM_ENDLESS, "no end after %llu kernel entries", (unsigned long long)sim.steps);
    }
    const struct task *task = hart->current;
    if (sim_this()->asleep || !task) {
        return;
    }
    bool fit = task->hart == hart && task->state.raw == TASK_LIVE &&
               wait_state_of(task->wait.raw) == WAIT_NONE && !task->again;
    if (!fit) {
        sim_finish(SIM_CHECK_FAILED, "hart %u goes on with task %u in state %u, wait word %#llx",
                   hart->index, task->index, task->state.raw, (unsigned long long)task->wait.raw);
    }
}

// A hart that runs something of a lower class than what waits there will be interrupted, and no
// class waits longer than the scheduler says. No hart is in the kernel.
static void check_runner(uint32_t index) {
    const struct sim_hart *hart = &sim.harts[index];
    const struct hart *core = &sim.kernel.harts[index];
    uint32_t top = run_list_top(core->run_classes.raw);
    // A hart that has taken an interrupt, and is held at the door of the kernel, will look too.
    bool told = hart->ipi_at_ns != UINT64_MAX || sim_events_due(hart) != 0 ||
                hart->context == &hart->kernel_fiber;
    if (!hart->asleep && core->current && top > core->running_class && !told) {
        sim_finish(SIM_CHECK_FAILED,
                   "lost preemption: hart %u runs class %u, class %u waits, and no IPI is to come",
                   index, core->running_class, top);
    }
    if (!hart->asleep && core->current && core->tick_ns > core->quantum_end_ns && !told) {
        sim_finish(SIM_CHECK_FAILED, "hart %u's timer comes at %llu, its quantum ends at %llu",
                   index, (unsigned long long)core->tick_ns,
                   (unsigned long long)core->quantum_end_ns);
    }
    if (!hart->asleep && core->current && core->endpoint_closing != ENDPOINT_NONE && !told) {
        sim_finish(SIM_CHECK_FAILED,
                   "hart %u runs a task, tasks wait at an endpoint that has ended, and no IPI is "
                   "to come",
                   index);
    }
    for (uint32_t qos = QOS_IDLE; qos < QOS_COUNT && core->current; qos++) {
        uint64_t since_ns = core->passed_ns[qos];
        if (since_ns != 0 && since_ns + STARVATION_NS + QOS_COUNT * QUANTUM_NS < sim.now_ns) {
            sim_finish(SIM_CHECK_FAILED, "class %u of hart %u starves since %llu", qos, index,
                       (unsigned long long)since_ns);
        }
    }
}

static void check_waits(void) {
    struct audit_tally tally;
    uint32_t left = hold_switches();
    if (!audit_wakeups(&sim.kernel, &tally) || !audit_ends(&sim.kernel, &tally) ||
        !audit_classes(&sim.kernel, &tally)) {
        fail("audit", &tally);
    }
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        check_runner(i);
    }
    sim.until_switch = left;
}

void sim_check_sums(void) {
    if (!sim.options.sums_off && sim.booted) {
        sim.result.sums++;
        if (!sums_check(sim.running)) {
            fail("sums", &sim.sums.tally);
        }
    }
}

void sim_check_boot(void) {
    sums_start();
    if (!sums_check(0)) {
        fail("sums", &sim.sums.tally);
    }
}

void sim_count_turn(void) {
    bool counts = !sim.options.sums_off && sim.booted && sim_this()->in_kernel;
    if (counts && !sums_turn(sim.running)) {
        fail("sums", &sim.sums.tally);
    }
}

void sim_check_quiet(void) {
    const struct kernel *kernel = &sim.kernel;
    const struct pool *pages = &kernel->page_pool;
    if (pages->free_count > pages->total_count || kernel->task_pool.free_count > MAX_TASKS ||
        kernel->endpoint_pool.free_count > MAX_ENDPOINTS) {
        sim_finish(SIM_CHECK_FAILED, "a pool has more free than it has");
    }
    if (pages->total_count - pages->free_count + sim.pages_reserved != sim.pages_out) {
        sim_finish(SIM_CHECK_FAILED, "the pool says that %u of %u pages are free, %u are out",
                   pages->free_count, pages->total_count, sim.pages_out);
    }
    if (sim.steps % SIM_WAITS_STEPS == 0) {
        check_waits();
    }
}

void sim_check_asleep(void) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        check_sleeper(i);
    }
    check_waits();
}

void sim_check_all(void) {
    struct audit_tally tally;
    uint32_t left = hold_switches();
    sim_check_sums();
    sim.result.audits++;
    if (!audit_kernel(&sim.kernel, &tally)) {
        fail("audit", &tally);
    }
    if (!sim.options.sums_off && !sums_agree(&tally)) {
        fail("sums", &sim.sums.tally);
    }
    if (!sim.options.sums_off && !sums_balance(&tally)) {
        fail("audit", &tally);
    }
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        check_tlb(&sim.harts[i]);
        check_sleeper(i);
    }
    sim_check_devices();
    sim.until_switch = left;
}

static const char *wait_name(enum wait_state state) {
    static const char *const names[] = {"runs or may run",
                                        "receives",
                                        "receives, no calls",
                                        "queued at endpoint",
                                        "waits for reply of task",
                                        "waits for the other harts",
                                        "waits for reply and capability of task"};
    return (unsigned)state < ARRAY_LEN(names) ? names[state] : "?";
}

void sim_report(FILE *to) {
    const struct kernel *kernel = &sim.kernel;
    fprintf(to, "%s: %s (seed %llu, %u harts, %llu ns, %llu kernel entries)\n",
            sim_end_name(sim.result.end), sim.result.message, (unsigned long long)sim.options.seed,
            sim.options.hart_count, (unsigned long long)sim.now_ns, (unsigned long long)sim.steps);
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        const struct hart *hart = &kernel->harts[i];
        fprintf(to,
                "hart %u: %s, current task %d, %u runnable, ipi at %lld, timer at %lld, doorbell "
                "%u, %u killed\n",
                i,
                sim.harts[i].asleep      ? "asleep"
                : sim.harts[i].in_kernel ? "in the kernel"
                                         : "in user mode",
                hart->current ? (int)hart->current->index : -1, hart->run_count,
                (long long)sim.harts[i].ipi_at_ns, (long long)sim.harts[i].timer_at_ns,
                hart->doorbell.raw, hart->kill_count.raw);
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        if (task->state.raw == TASK_FREE) {
            continue;
        }
        fprintf(
            to,
            "task %u: instance %u, state %u, hart %d, %s %u, deadline %lld, killed %u, exit %s\n",
            i, task->instance, task->state.raw, task->hart ? (int)task->hart->index : -1,
            wait_name(wait_state_of(task->wait.raw)), wait_object_of(task->wait.raw),
            (long long)task->deadline_ns, task->killed.raw, exit_reason_name(task->exit_reason));
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        const struct endpoint *endpoint = &kernel->endpoints[i];
        if (audit_endpoint_is_open(endpoint)) {
            fprintf(to, "endpoint %u: owner %d, work %#llx\n", i, (int)endpoint->owner,
                    (unsigned long long)endpoint->work.raw);
        }
    }
    fprintf(to, "last records:\n");
    trace_print_kept(&sim.trace, to);
}
