// kernel/core/run_queue.c: see run_queue.h.
#include "kernel/core/run_queue.h"

#include "kernel/core/cpu_budget.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/fault_point.h"
#include "kernel/core/panic.h"
#include "kernel/core/reap.h"
#include "kernel/core/run_list.h"
#include "kernel/core/syscall.h"
#include "kernel/core/vmo_ops.h"

enum { FALLS_A_LOOK = 8 };

void run_queue_init(struct hart *hart) {
    lock_init(&hart->run_lock, LOCK_RANK_RUN_QUEUE);
    for (uint32_t qos = 0; qos < QOS_COUNT; qos++) {
        list_init(&hart->run[qos]);
        hart->passed_ns[qos] = 0;
    }
    hart->boost_class = 0;
    atomic_store_u32(&hart->run_classes, 0);
    hart->run_count = 0;
    hart->running_class = 0;
    hart->steal_ceiling = QOS_BURST;
    atomic_store_u64(&hart->counts.use, HART_IDLES);
    hart->vmo_dying = VMO_NONE;
    hart->endpoint_closing = ENDPOINT_NONE;
    hart->returning = 0;
    list_init(&hart->killed);
    list_init(&hart->cpu_spent);
}
BASE_STATIC_ASSERT((uint32_t)VMO_NONE == UINT32_MAX && (uint32_t)ENDPOINT_NONE == UINT32_MAX,
                   "hart_owes");

enum status run_queue_ipi(struct kernel *kernel, struct hart *hart, uint64_t target) {
    if (target >= kernel->hart_count) {
        hart_count_up(&hart->sched.ipis_invalid, 1);
        return STATUS_BAD_ARG;
    }
    if (((atomic_load_acquire_u64(&kernel->harts_online) >> target) & 1) == 0) {
        hart_count_up(&hart->sched.ipis_offline, 1);
        return STATUS_BUSY;
    }
    hart_ipi_send(hart, UINT64_C(1) << target);
    return STATUS_OK;
}

static void send(struct kernel *kernel, struct hart *hart, struct hart *target) {
    status_ignore(run_queue_ipi(kernel, hart, target->index),
                  "a hart that comes online looks at its queue");
}

// A sleeper publishes `idle`, fences, and looks at the queue and the doorbell; here work and
// doorbell are published before the fence, then `idle` is read: one of the two sees the other. A
// hart that is not idle and runs nothing lower looks at its queue when its task blocks, or at its
// next tick.
static void tell(struct kernel *kernel, struct hart *hart, struct hart *home, bool outranks) {
    if (home == hart) {
        if (outranks && !hart->looks) {
            send(kernel, hart, hart);
        }
        return;
    }
    atomic_store_u32(&home->doorbell, 1);
    atomic_fence();
    bool idle = atomic_load_u32(&home->idle) != 0;
    if (!idle && !outranks) {
        hart_count_up(&hart->sched.ipis_spared, 1);
    } else if (!fault_point_fires(idle ? FAULT_POINT_LOSE_IPI : FAULT_POINT_LOSE_PREEMPTION)) {
        send(kernel, hart, home);
    }
}

// The class is computed under the lock: a donation that comes later finds the task in its list.
static ALWAYS_INLINE void push(struct kernel *kernel, struct hart *hart, struct task *task,
                               bool first) {
    struct hart *home = task->hart;
    lock_acquire(&hart->locks, &home->run_lock);
    uint32_t qos = run_list_class_of(kernel, task).qos;
    run_list_insert(home, task, qos, first);
    uint32_t running = home->running_class;
    lock_release(&hart->locks, &home->run_lock);
    bool outranks = running != 0 && qos > running;
    if (home != hart || UNLIKELY(outranks)) {
        // The task that runs here makes way: this hart looks at once.
        tell(kernel, hart, home, outranks && task != hart->current);
    }
}

void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task) {
    push(kernel, hart, task, false);
}

void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target) {
    atomic_store_u32(&target->doorbell, 1);
    atomic_fence();
    if (target != hart) {
        send(kernel, hart, target);
    }
}

struct hart *run_queue_lock_home(struct hart *hart, struct task *task) UNCHECKED_LOCKS {
    // Ends: in each further round the task was stolen in between, for which it has to wait in the
    //       queue of its new home until another hart looks for work.
    for (struct hart *home = atomic_load_acquire_shared(&task->hart); home;) {
        lock_acquire(&hart->locks, &home->run_lock);
        struct hart *now = atomic_load_acquire_shared(&task->hart);
        if (LIKELY(now == home)) {
            return home;
        }
        lock_release(&hart->locks, &home->run_lock);
        home = now;
    }
    return 0;
}

bool run_queue_holds(struct hart *hart, struct task *task) UNCHECKED_LOCKS {
    struct hart *home = run_queue_lock_home(hart, task);
    bool holds = false;
    if (home) {
        holds = task->run_class != 0;
        lock_release(&hart->locks, &home->run_lock);
    }
    return holds;
}

void run_queue_reclass(struct kernel *kernel, struct hart *hart,
                       struct task *task) UNCHECKED_LOCKS {
    struct hart *home = run_queue_lock_home(hart, task);
    if (!home) {
        return;  // It has not started.
    }
    uint32_t before = task->run_class;
    bool outranks = false;
    if (before != 0) {
        uint32_t qos = run_list_class_of(kernel, task).qos;
        if (qos != before) {
            run_list_remove(home, task);
            run_list_insert(home, task, qos, false);
            hart_count_up(&hart->sched.raises, qos > before);
            outranks = home->running_class != 0 && qos > home->running_class;
        }
    }
    lock_release(&hart->locks, &home->run_lock);
    if (outranks) {
        tell(kernel, hart, home, true);
    }
}

// Between the highest class and lower ones that wait: those are passed over until they starve.
static uint32_t choose_among_locked(struct hart *hart, uint32_t top, uint64_t now_ns)
    REQUIRES(hart->run_lock) {
    uint32_t classes = run_list_classes(hart);
    if (hart->boost_class != 0 && now_ns < hart->boost_end_ns &&
        ((classes >> hart->boost_class) & 1) != 0) {
        return hart->boost_class;
    }
    hart->boost_class = 0;
    uint32_t chosen = top;
    for (uint32_t qos = QOS_IDLE; qos < top; qos++) {
        if (((classes >> qos) & 1) == 0) {
            continue;
        }
        if (hart->passed_ns[qos] == 0) {
            hart->passed_ns[qos] = now_ns;
        } else if (now_ns - hart->passed_ns[qos] >= STARVATION_NS &&
                   (chosen == top || hart->passed_ns[qos] < hart->passed_ns[chosen])) {
            chosen = qos;
        }
    }
    if (chosen != top) {
        hart->boost_class = chosen;
        hart->boost_end_ns = now_ns + QUANTUM_NS;
    }
    hart->passed_ns[chosen] = 0;
    return chosen;
}

static uint32_t choose_locked(struct hart *hart, uint64_t now_ns) REQUIRES(hart->run_lock) {
    uint32_t top = run_list_top(run_list_classes(hart));
    if (run_list_classes(hart) != UINT32_C(1) << top) {
        return choose_among_locked(hart, top, now_ns);
    }
    hart->boost_class = 0;     // Nobody to be served before,
    hart->passed_ns[top] = 0;  // and this class is served.
    return top;
}

// What the task that now runs counts as.
static void running_locked(struct hart *hart, struct donation donation) REQUIRES(hart->run_lock) {
    bool boosted = hart->boost_class != 0;
    hart->running_class = boosted ? (uint32_t)QOS_BURST : donation.qos;
    bool uneven = !boosted && !donation.even;
    if (uneven != hart->uneven) {
        hart->uneven = uneven;
        if (uneven) {
            atomic_or_u32(&hart->slow, SLOW_CLASS);
        } else {
            atomic_and_u32(&hart->slow, ~SLOW_CLASS);
        }
    }
}

// The next task where there are several classes or CPU budgets. What it was lent may be over: then
// it waits its turn; or its budget is spent. Null: there is none, or this entry has looked long
// enough.
static COLD struct task *pop_ranked_locked(struct kernel *kernel, struct hart *hart,
                                           uint64_t now_ns) REQUIRES(hart->run_lock) {
    hart->running_class = 0;
    if (cpu_budgets_exist(kernel)) {
        cpu_charge_locked(kernel, hart, now_ns);
    }
    for (uint32_t looks = 0; looks < FALLS_A_LOOK; looks++) {
        if (run_list_classes(hart) == 0) {
            return 0;
        }
        struct task *task = run_list_first(hart, choose_locked(hart, now_ns));
        run_list_remove(hart, task);
        if (cpu_park(task)) {
            continue;
        }
        struct donation donation = run_list_class_of(kernel, task);
        if (donation.qos >= run_list_top(run_list_classes(hart)) || hart->boost_class != 0) {
            running_locked(hart, donation);
            return task;
        }
        run_list_insert(hart, task, donation.qos, false);
    }
    atomic_store_u32(&hart->doorbell, 1);  // Idle comes back.
    return 0;
}

static ALWAYS_INLINE struct task *pop(struct kernel *kernel, struct hart *hart, uint64_t now_ns) {
    struct task *task = 0;
    lock_acquire(&hart->locks, &hart->run_lock);
    uint32_t classes = run_list_classes(hart);
    uint32_t qos = run_list_top(classes);
    if (UNLIKELY(classes_differ(kernel))) {
        task = pop_ranked_locked(kernel, hart, now_ns);
    } else {
        hart->running_class = qos;
        if (LIKELY(classes != 0)) {
            task = run_list_first(hart, qos);
            run_list_remove(hart, task);
        }
    }
    lock_release(&hart->locks, &hart->run_lock);
    return task;
}

// No task runs here, whatever was taken out of the queue.
static void nothing_runs(struct hart *hart) {
    lock_acquire(&hart->locks, &hart->run_lock);
    hart->running_class = 0;
    lock_release(&hart->locks, &hart->run_lock);
}

// Who was preempted has what was left; a class that starved has the hart for a quantum as a whole;
// who has a CPU budget has no more than that.
static COLD uint64_t quantum_end_ranked(struct kernel *kernel, struct hart *hart, struct task *task,
                                        uint64_t now_ns, uint64_t quantum_ns) {
    uint64_t end_ns = now_ns + (task->quantum_left_ns != 0 ? task->quantum_left_ns : quantum_ns);
    task->quantum_left_ns = 0;
    if (hart->boost_class != 0 && hart->boost_end_ns < end_ns) {
        end_ns = hart->boost_end_ns;
    }
    return cpu_end(kernel, hart, task, now_ns, end_ns);
}

static ALWAYS_INLINE void begin_quantum(struct kernel *kernel, struct hart *hart, struct task *task,
                                        uint64_t now_ns, uint64_t quantum_ns) {
    uint64_t end_ns = now_ns + quantum_ns;
    if (classes_differ(kernel)) {
        end_ns = quantum_end_ranked(kernel, hart, task, now_ns, quantum_ns);
    }
    if (fault_point_fires(FAULT_POINT_SHORT_QUANTUM)) {
        end_ns = now_ns + QUANTUM_NS / 2048;
    }
    hart->quantum_end_ns = end_ns;
    if (UNLIKELY(end_ns < hart->tick_ns)) {
        hart->tick_ns = end_ns;
        arch_timer_arm(end_ns);
    }
}

static COLD void nobody_runs_charged(struct kernel *kernel, struct hart *hart) {
    uint64_t now_ns = hart_turn(hart);
    lock_acquire(&hart->locks, &hart->run_lock);
    cpu_charge_locked(kernel, hart, now_ns);
    lock_release(&hart->locks, &hart->run_lock);
}

// Without a current task it was so before.
static ALWAYS_INLINE void nobody_runs(struct kernel *kernel, struct hart *hart) {
    if (!hart->current) {
        return;
    }
    if (cpu_budgets_exist(kernel)) {
        nobody_runs_charged(kernel, hart);
    } else {
        hart_charge(hart, hart_turn(hart));
    }
}

// Whether no task of this hart is at it, or none can go on with it soon.
static bool nobody_returns(struct hart *hart) {
    lock_acquire(&hart->locks, &hart->run_lock);
    bool waits = run_list_classes(hart) == 0 || !list_is_empty(&hart->cpu_spent);
    lock_release(&hart->locks, &hart->run_lock);
    return waits || hart->returning == 0;
}

// What this hart owes and nobody returns in his own time: it is done in nobody's.
static COLD void give_back_step(struct kernel *kernel, struct hart *hart) {
    uint64_t begun_ns = arch_time_ns();
    atomic_store_u32(&hart->doorbell, 1);  // Idle comes back for the rest.
    bool closes = hart->endpoint_closing != ENDPOINT_NONE;
    if (hart_has_done_enough(hart)) {
        if (closes) {  // What runs now may compute.
            endpoint_close_later(hart);
        }
        return;
    }
    if (closes) {
        endpoint_close_step(kernel, hart);
    } else if (nobody_returns(hart)) {
        vmo_return_step(kernel, hart);
    }
    hart_charge_nobody(hart, begun_ns);
}

static ALWAYS_INLINE void charge_current(struct hart *hart, uint64_t now_ns) {
    if (hart->current) {
        hart_charge(hart, now_ns);
    } else {
        hart_works(hart);
    }
}

// From here on nobody is current, or `task` is, and time is its. No hart has the space of a task
// that is not current.
static COLD void leave_for(struct hart *hart, struct task *task) {
    event_note(hart, EVENT_SWITCH, task, hart->current, 0);
    arch_space_leave();
    atomic_store_release_shared(&hart->current, task);
}

static void leave_to_nobody(struct hart *hart) {
    if (hart->current) {
        leave_for(hart, 0);
    }
}

// Whether `task` gives way: something of a higher class is queued than what it counts as if it
// runs, or its CPU budget is spent.
static bool gives_way(struct kernel *kernel, struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    running_locked(hart, run_list_class_of(kernel, task));
    bool higher = run_list_top(run_list_classes(hart)) > hart->running_class;
    lock_release(&hart->locks, &hart->run_lock);
    return higher || cpu_is_spent(task);
}

// The steps of one task follow each other, as what it does in user mode would, until they have used
// a quantum: what it ends is not late because another computes beside it.
struct turn {
    uint64_t begin_ns;
    uint64_t left_ns;  // Of the quantum, then.
};

static struct turn turn_take(struct task *task, uint64_t now_ns) {
    uint64_t left_ns = task->quantum_left_ns;
    task->quantum_left_ns = 0;
    return (struct turn){.begin_ns = now_ns, .left_ns = left_ns != 0 ? left_ns : QUANTUM_NS};
}

// 0: the quantum is over.
static uint64_t turn_rest(const struct turn *turn) {
    uint64_t used_ns = arch_time_ns() - turn->begin_ns;
    bool over = used_ns >= turn->left_ns || fault_point_fires(FAULT_POINT_SHORT_STEP);
    return over ? 0 : turn->left_ns - used_ns;
}

// Others may be taken from behind it meanwhile.
static void push_rest(struct kernel *kernel, struct hart *hart, struct task *task,
                      uint64_t rest_ns) {
    task->quantum_left_ns = rest_ns;
    push(kernel, hart, task, rest_ns != 0);
    run_queue_offer(kernel, hart);
}

// After a step nobody runs: idle looks at interrupts and comes back for the next.
static struct task *end_of_steps(struct kernel *kernel, struct hart *hart) {
    nothing_runs(hart);
    nobody_runs(kernel, hart);
    leave_to_nobody(hart);  // What the hart sleeps is nobody's.
    atomic_store_u32(&hart->doorbell, 1);
    return 0;
}

// A task from the run queue does not return to user mode: it is reclaimed, in nobody's time, or its
// system call goes on, in its own. Returns it if it runs now, for quantum_left_ns.
static COLD struct task *work_for(struct kernel *kernel, struct hart *hart, struct task *task,
                                  uint64_t now_ns) {
    struct turn turn = turn_take(task, now_ns);
    enum step step = STEP_GONE;
    atomic_store_u32(&hart->idle, 0);
    if (atomic_load_u32(&task->killed) != 0) {
        nobody_runs(kernel, hart);
        leave_to_nobody(hart);
        step = reap_step(kernel, hart, task);
    } else {
        if (task != hart->current) {
            charge_current(hart, now_ns);
            leave_for(hart, task);
        }
        step = syscall_resume(kernel, hart, task);
    }
    if (step != STEP_GONE) {
        uint64_t rest_ns = turn_rest(&turn);
        // A receive that took something counts as somebody else from there on.
        bool stays = step == STEP_DONE && rest_ns != 0;
        if (stays && !(classes_differ(kernel) && gives_way(kernel, hart, task))) {
            task->quantum_left_ns = rest_ns;
            return task;
        }
        push_rest(kernel, hart, task, rest_ns);
    }
    return end_of_steps(kernel, hart);
}

// It stays the first of its class.
static COLD struct task *put_off(struct kernel *kernel, struct hart *hart, struct task *task) {
    push(kernel, hart, task, true);
    return end_of_steps(kernel, hart);
}

struct task *run_queue_next(struct kernel *kernel, struct hart *hart) {
    if (UNLIKELY(hart_owes(hart))) {
        give_back_step(kernel, hart);
    }
    uint64_t now_ns = arch_time_ns();
    struct task *task = pop(kernel, hart, now_ns);
    if (!task) {
        nobody_runs(kernel, hart);
        return 0;
    }
    KASSERT(task->hart == hart);
    uint64_t quantum_ns = QUANTUM_NS;
    if (UNLIKELY(atomic_load_u32(&task->killed) != 0 || task->again)) {
        task = hart_has_done_enough(hart) ? put_off(kernel, hart, task)
                                          : work_for(kernel, hart, task, now_ns);
        if (!task) {
            return 0;
        }
        now_ns = arch_time_ns();
        quantum_ns = turn_take(task, now_ns).left_ns;
    }
    begin_quantum(kernel, hart, task, now_ns, quantum_ns);
    if (task != hart->current) {
        charge_current(hart, now_ns);
        hart_count_up(&hart->counts.switches, 1);
        event_note(hart, EVENT_SWITCH, task, hart->current, 0);
    }
    return task;
}

// One that goes on at once, or has ended, was not preempted. Null: a step of the kernel's own work
// came between.
static struct task *count_preemption(struct hart *hart, const struct task *task,
                                     struct task *next) {
    if (next && next != task && atomic_load_u32(&task->killed) == 0) {
        hart_count_up(&hart->counts.preemptions, 1);
    }
    return next;
}

struct task *run_queue_make_way(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (!gives_way(kernel, hart, task)) {
        return task;
    }
    uint64_t now_ns = arch_time_ns();
    bool left = now_ns < hart->quantum_end_ns;
    task->quantum_left_ns = left ? hart->quantum_end_ns - now_ns : 0;
    push(kernel, hart, task, left);
    return count_preemption(hart, task, run_queue_next(kernel, hart));
}

struct task *run_queue_preempt(struct kernel *kernel, struct hart *hart, struct task *task) {
    run_queue_push(kernel, hart, task);
    return count_preemption(hart, task, run_queue_next(kernel, hart));
}

struct task *run_queue_yield(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (LIKELY(run_list_classes(hart) == 0 && !hart_owes(hart))) {
        begin_quantum(kernel, hart, task, arch_time_ns(), QUANTUM_NS);
        return task;
    }
    run_queue_push(kernel, hart, task);
    return run_queue_next(kernel, hart);
}

void run_queue_offer(struct kernel *kernel, struct hart *hart) {
    if (atomic_load_u32(&hart->run_movable) == 0) {
        return;
    }
    for (uint32_t i = 1; i < kernel->hart_count; i++) {
        struct hart *other = &kernel->harts[(hart->index + i) % kernel->hart_count];
        if (atomic_load_u32(&other->idle) != 0) {
            send(kernel, hart, other);
            return;
        }
    }
}
