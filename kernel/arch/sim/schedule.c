// kernel/arch/sim/schedule.c: which virtual hart goes on, and when events arrive.
// A switch point costs a decrement; every until_switch-th one chooses anew among the harts that can
// run. Gaps have a mean that the seed chose, and now and then a long one, so that one hart stands
// still in the middle of something while the others go far.
#include "kernel/arch/sim/state.h"

enum { GAP_LONG = 2000, STILL_STEPS_MAX = 100 };

static uint32_t next_gap(void) {
    uint32_t draw = sim_random_below(&sim.random, 64);
    return draw == 0 ? sim_random_below(&sim.random, GAP_LONG)
                     : sim_random_below(&sim.random, 2 * sim.switch_gap + 1);
}

uint32_t sim_events_due(const struct sim_hart *hart) {
    uint32_t timer = hart->timer_at_ns <= sim.now_ns ? (uint32_t)ARCH_EVENT_TIMER : 0;
    uint32_t ipi = hart->ipi_at_ns <= sim.now_ns ? (uint32_t)ARCH_EVENT_IPI : 0;
    sim_devices_run();
    uint32_t lines = sim.lines_pending & sim.lines_enabled[hart - sim.harts];
    return timer | ipi | (lines != 0 ? (uint32_t)ARCH_EVENT_EXTERNAL : 0);
}

uint32_t sim_events_take(struct sim_hart *hart) {
    uint32_t events = sim_events_due(hart);
    hart->timer_at_ns = (events & ARCH_EVENT_TIMER) != 0 ? UINT64_MAX : hart->timer_at_ns;
    hart->ipi_at_ns = (events & ARCH_EVENT_IPI) != 0 ? UINT64_MAX : hart->ipi_at_ns;
    return events;
}

static bool can_run(const struct sim_hart *hart, bool kernel_only) {
    if (kernel_only && !hart->in_kernel) {
        return false;
    }
    return !hart->asleep || sim_events_due(hart) != 0;
}

// The harts that can run as a mask.
static uint32_t runnable(bool kernel_only) {
    uint32_t mask = 0;
    uint32_t count = sim.booted ? sim.options.hart_count : 1;
    for (uint32_t i = 0; i < count; i++) {
        mask |= can_run(&sim.harts[i], kernel_only) ? 1u << i : 0;
    }
    return mask;
}

// Of the harts of the mask those that do not stand still, or all if all do.
static uint32_t moving(uint32_t mask) {
    uint32_t still = 0;
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        still |= sim.harts[i].still_until > sim.steps ? 1u << i : 0;
    }
    return (mask & ~still) != 0 ? mask & ~still : mask;
}

static uint32_t choose(uint32_t mask) {
    uint32_t skip = sim_random_below(&sim.random, (uint32_t)__builtin_popcount(mask));
    for (; skip > 0; skip--) {
        mask &= mask - 1;
    }
    return (uint32_t)__builtin_ctz(mask);
}

static void switch_to(uint32_t index) {
    sim.until_switch = next_gap();
    if (index == sim.running) {
        return;
    }
    struct sim_hart *from = sim_this();
    sim_count_turn();
    sim.running = index;
    sim.result.switches++;
    trace_add(&sim.trace,
              (struct trace_record){sim.now_ns, index, sim.until_switch, 0, index, TRACE_SWITCH});
    fiber_switch(from->context, sim.harts[index].context);
}

void sim_point(void) {
    if (LIKELY(sim.until_switch > 0)) {
        sim.until_switch--;
        return;
    }
    switch_to(choose(moving(runnable(false))));
}

void sim_atomic_point(const void *at) {
    sums_touch(at);
    sim_point();
}

void sim_stand_still(void) {
    sim_this()->still_until = sim.steps + sim_random_below(&sim.random, STILL_STEPS_MAX);
    sim.until_switch = 0;
}

// Nothing can run: time goes on to the next event.
static void advance(void) {
    sim_check_asleep();
    uint64_t next_ns = sim.device_next_ns;
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        const struct sim_hart *hart = &sim.harts[i];
        next_ns = hart->ipi_at_ns < next_ns ? hart->ipi_at_ns : next_ns;
        next_ns = hart->timer_at_ns < next_ns ? hart->timer_at_ns : next_ns;
    }
    if (next_ns == UINT64_MAX) {
        sim_finish(SIM_STUCK, "every hart sleeps and no event is to come");
    }
    sim.now_ns = next_ns > sim.now_ns ? next_ns : sim.now_ns;
}

// This hart spins or sleeps. A spinner may be chosen again at once only if nobody else can run.
void sim_switch_away(void) {
    uint32_t self = 1u << sim.running;
    for (uint32_t others = runnable(false);; others = runnable(false)) {
        if ((others & ~self) != 0) {
            switch_to(choose(moving(others & ~self)));
            return;
        }
        if (others != 0) {
            sim.now_ns += 10;
            return;
        }
        advance();
    }
}

// The lock that it waits for may be held by a hart that stands still.
void sim_spin(void) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        sim.harts[i].still_until = 0;
    }
    sim.now_ns += 10;
    sim_switch_away();
}

static bool audit_is_due(void) {
    return sim.steps >= sim.audit_at_step;
}

static void audit_now(void) {
    sim.audit_at_step = sim.steps + SIM_AUDIT_STEPS;
    sim_check_all();
}

// Until the due audit has been done nobody enters, so that the harts inside come out and there is a
// moment at which the state is whole.
void sim_enter_kernel(struct sim_hart *hart) {
    while (audit_is_due() && sim.kernel_count > 0) {
        switch_to(choose(runnable(true)));
    }
    if (audit_is_due()) {
        audit_now();
    }
    if (hart->task) {
        sums_touch_task((uint32_t)(hart->task - sim.kernel.tasks));
    }
    hart->in_kernel = true;
    sim.kernel_count++;
}

// A bug that is never there when no hart is in the kernel. The first task is never given up.
static void leave_reference(void) {
    struct task *task = &sim.kernel.tasks[sim.kernel.init_task];
    bool late = sim.late;
    sim.late = !late && sim.kernel_count > 1 && fault_point_fires(FAULT_POINT_LATE_RELEASE);
    if (late != sim.late) {
        sums_touch_task(sim.kernel.init_task);
        task->references.raw += late ? UINT32_MAX : 1;
    }
}

void sim_leave_kernel(struct sim_hart *hart) {
    const struct task *task = sim_core_hart()->current;
    if (task) {
        sums_touch_task((uint32_t)(task - sim.kernel.tasks));
    }
    leave_reference();
    hart->in_kernel = false;
    sim.kernel_count--;
    sim.steps++;
    sim_check_leave();
    sim_check_sums();
    if (sim.kernel_count != 0) {
        return;
    }
    sim_check_quiet();
    if (audit_is_due()) {
        audit_now();
    }
}

void sim_wait_alone(void) {
    struct sim_hart *self = sim_this();
    self->in_kernel = false;
    sim.kernel_count--;
    sim.audit_at_step = sim.steps;
    while (sim.kernel_count > 0) {
        switch_to(choose(runnable(true)));
    }
}
