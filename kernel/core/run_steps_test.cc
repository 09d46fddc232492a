// kernel/core/run_steps_test.cc: the steps of long system calls in a run queue: whose quantum they
// use, who else is served meanwhile, and who returns memory when its own task cannot. To the
// nanosecond, in a kernel that nobody runs.
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>

extern "C" {
#include "kernel/core/cpu_budget.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/vmo_ops.h"
}

namespace {

constexpr std::uint64_t LEFT_NS = 12345;
constexpr std::uint64_t A_STEP_NS = 200;  // More than a step takes; each look at the clock is some.
constexpr std::uint32_t SHARE = 100;
constexpr std::uint32_t FIRST_QUEUED = 10;
constexpr std::uint32_t TOLD_AT_ONCE = 8;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];
    hart *other = &state->harts[1];

    fixture() {
        state->hart_count = 2;
        state->harts_online.raw = 3;
        state->cpu_period_ns = CPU_PERIOD_NS;
        state->init_task = TASK_NONE;
        lock_init(&state->family_lock, LOCK_RANK_FAMILY);
        vmo_pool_init(state.get());
        for (std::uint32_t i = 0; i < state->hart_count; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
            state->harts[i].tick_ns = 0;  // No timer to arm.
        }
    }

    task *make(std::uint32_t index, qos own = QOS_NORMAL) {
        task &one = state->tasks[index];
        one.index = index;
        one.instance = index + 1;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.reply_free = one.serving = &one.replies[0];
        one.replies[0].task = &one;
        one.qos_ceiling = QOS_BURST;
        one.hart = home;
        one.pinned = true;
        qos_begin(state.get(), &one, own);
        return &one;
    }

    task *queue(task *one) {
        run_queue_push(state.get(), home, one);
        return one;
    }

    // It has given up memory and goes on when that is returned.
    task *returns(std::uint32_t index, std::uint32_t vmos) {
        task *one = make(index);
        one->again = true;
        one->work = WORK_RETURNS;
        home->returning++;
        owe(one, vmos);
        return one;
    }

    // Each is returned in one step.
    void owe(task *payer, std::uint32_t vmos) {
        for (std::uint32_t i = 0; i < vmos; i++) {
            std::uint32_t index = pool_take(&state->vmo_pool, &home->locks);
            state->vmos[index].payer = task_name(payer->index, payer->instance);
            payer->paid++;
            state->vmos[index].next_dying = home->vmo_dying;
            home->vmo_dying = index;
        }
    }

    // An endpoint has ended at which so many are queued, tasks from FIRST_QUEUED on.
    void close(std::uint32_t queued) {
        endpoint &ended = state->endpoints[0];
        lock_init(&ended.lock, LOCK_RANK_ENDPOINT);
        ended.queue_head = ended.queue_tail = TASK_NONE;
        ended.next_closing = ENDPOINT_NONE;
        for (std::uint32_t i = 0; i < queued; i++) {
            task *one = make(FIRST_QUEUED + i);
            one->wait.raw = wait_next(one->wait.raw, WAIT_QUEUED, 0);
            lock_acquire(&home->locks, &ended.lock);
            endpoint_link_locked(state.get(), &ended, one);
            lock_release(&home->locks, &ended.lock);
        }
        home->endpoint_closing = 0;
    }

    std::uint32_t told() {
        std::uint32_t count = 0;
        for (const task &one : state->tasks) {
            count += one.index >= FIRST_QUEUED && wait_state_of(one.wait.raw) == WAIT_NONE;
        }
        return count;
    }

    std::uint32_t owed() {
        return MAX_VMOS - state->vmo_pool.free_count;
    }

    task *next() {
        return run_queue_next(state.get(), home);
    }
};

// Who may be taken from behind them is not told to wait for the next tick.
TEST(RunSteps, what_waits_behind_them_is_offered_to_a_hart_that_sleeps) {
    const struct {
        bool sleeps, pinned, told;
    } rows[] = {{true, false, true}, {true, true, false}, {false, false, false}};
    for (const auto &row : rows) {
        fixture all;
        task *steps = all.queue(all.returns(0, 2));
        task *behind = all.make(1);
        behind->pinned = row.pinned;
        (void)all.queue(behind);
        all.other->idle.raw = row.sleeps;
        EXPECT_EQ(all.next(), nullptr);
        EXPECT_EQ(all.owed(), 1u);
        EXPECT_EQ(all.home->run[QOS_NORMAL].next, &steps->run_node);  // It is still the first.
        EXPECT_EQ(all.home->counts.ipis_sent.raw, row.told ? 1u : 0u);
    }
}

// Once its quantum is over it is the last of its class, and has a whole one when it comes again.
TEST(RunSteps, go_to_the_end_when_they_have_used_a_quantum) {
    fixture all;
    task *steps = all.returns(0, 2);
    steps->quantum_left_ns = 1;
    (void)all.queue(steps);
    task *behind = all.queue(all.make(1));
    EXPECT_EQ(all.next(), nullptr);
    EXPECT_EQ(steps->quantum_left_ns, 0u);
    EXPECT_EQ(all.next(), behind);
}

// One that is woken behind a task that computes in steps and then in user mode waits for one
// quantum of that, not for one of each.
TEST(RunSteps, leave_a_task_what_they_have_not_used_of_its_quantum) {
    for (std::uint32_t classes = 1; classes <= 2; classes++) {
        fixture all;
        if (classes == 2) {
            (void)all.make(2, QOS_IDLE);
        }
        task *steps = all.returns(0, 2);
        steps->quantum_left_ns = LEFT_NS;
        (void)all.queue(steps);
        (void)all.queue(all.make(1));  // Who was woken.
        const std::uint64_t begin_ns = arch_time_ns();
        EXPECT_EQ(all.next(), nullptr);
        EXPECT_LT(steps->quantum_left_ns, LEFT_NS);
        EXPECT_GT(steps->quantum_left_ns, LEFT_NS - A_STEP_NS);
        EXPECT_EQ(all.next(), steps);
        EXPECT_FALSE(steps->again);
        EXPECT_EQ(steps->quantum_left_ns, 0u);
        EXPECT_LE(all.home->quantum_end_ns, begin_ns + LEFT_NS + A_STEP_NS);
        EXPECT_GT(all.home->quantum_end_ns, begin_ns + LEFT_NS - A_STEP_NS);
    }
}

// The results are there, and the quantum is over: the other is next.
TEST(RunSteps, end_a_quantum_even_with_the_last_of_them) {
    fixture all;
    task *steps = all.returns(0, 1);
    steps->quantum_left_ns = 1;
    (void)all.queue(steps);
    task *behind = all.queue(all.make(1));
    EXPECT_EQ(all.next(), nullptr);
    EXPECT_FALSE(steps->again);
    EXPECT_EQ(all.next(), behind);
    EXPECT_EQ(all.next(), steps);
}

// An entry that has woken many does no step of anything: idle comes back for it, and who was the
// first still is.
TEST(RunSteps, wait_for_the_next_entry_when_many_were_woken) {
    for (bool killed : {false, true}) {
        for (std::uint16_t woken : std::initializer_list<std::uint16_t>{8, 9, 48}) {
            fixture all;
            task *steps = all.queue(all.returns(0, 2));
            steps->killed.raw = killed;
            (void)all.queue(all.make(1));
            const bool waits = woken > 8;
            all.home->woken = woken;
            all.home->doorbell.raw = 0;
            EXPECT_EQ(all.next(), nullptr);
            EXPECT_EQ(all.home->doorbell.raw, 1u);
            EXPECT_EQ(all.home->running_class, 0u);
            EXPECT_EQ(steps->reap_phase != 0, killed && !waits);
            EXPECT_EQ(all.owed(), killed || waits ? 2u : 1u);
            EXPECT_EQ(all.home->run[QOS_NORMAL].next, &steps->run_node);
            EXPECT_EQ(all.home->run_count, 2u);
        }
    }
}

// The same of what nobody returns in his own time.
TEST(RunSteps, memory_waits_for_the_next_entry_when_many_were_woken) {
    fixture all;
    all.owe(all.make(0), 1);
    all.home->woken = 9;
    EXPECT_EQ(all.next(), nullptr);
    EXPECT_EQ(all.owed(), 1u);
    EXPECT_EQ(all.home->doorbell.raw, 1u);  // It does not sleep over it.
    all.home->woken = 8;
    EXPECT_EQ(all.next(), nullptr);
    EXPECT_EQ(all.owed(), 0u);
}

// What runs meanwhile may compute for long: the hart interrupts itself for the rest, whether the
// entry had time for a step or not.
TEST(RunSteps, who_is_queued_at_an_endpoint_that_ended_waits_for_no_tick) {
    for (std::uint16_t woken : std::initializer_list<std::uint16_t>{0, 8, 9, 48}) {
        fixture all;
        all.close(20);
        task *behind = all.queue(all.make(1));
        all.home->woken = woken;
        EXPECT_EQ(all.next(), behind);
        EXPECT_EQ(all.told(), woken > 8 ? 0u : TOLD_AT_ONCE);
        EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u) << woken;
    }
}

// Memory that waits for a later entry needs none at once.
TEST(RunSteps, memory_interrupts_nobody) {
    fixture all;
    all.owe(all.make(0), 1);
    task *behind = all.queue(all.make(1));
    all.home->woken = 9;
    EXPECT_EQ(all.next(), behind);
    EXPECT_EQ(all.owed(), 1u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 0u);
}

// An interrupt tells some of them, and they count as woken: the look at the queue does no more if
// there were others. Here it looks because the current task was killed.
TEST(RunSteps, those_told_by_an_interrupt_count_as_woken) {
    const struct {
        std::uint16_t woken;
        std::uint32_t told;
    } rows[] = {{0, 2 * TOLD_AT_ONCE}, {1, TOLD_AT_ONCE}, {8, TOLD_AT_ONCE}, {9, 0}};
    for (const auto &row : rows) {
        fixture all;
        all.close(20);
        task *current = all.home->current = all.make(0);
        current->killed.raw = 1;
        all.home->woken = row.woken;
        const task *next = kernel_interrupt(all.state.get(), all.home, ARCH_EVENT_IPI);
        EXPECT_EQ(all.told(), row.told) << row.woken;
        EXPECT_EQ(next, row.told != 0 ? &all.state->tasks[FIRST_QUEUED] : nullptr);
        EXPECT_EQ(current->reap_phase, 0u);
        EXPECT_GE(all.home->counts.ipis_sent.raw, 1u);
        EXPECT_EQ(all.home->woken, 0u);  // The next entry begins anew.
    }
}

// The task that would return memory waits for its next period: then others do, a step in each look
// at the queue. Otherwise it does so itself, in its own time, unless there is nobody else to run.
TEST(RunSteps, memory_is_returned_beside_a_task_that_is_parked) {
    const struct {
        bool parked, behind;
        std::uint32_t left;
    } rows[] = {{true, true, 1}, {true, false, 1}, {false, true, 2}, {false, false, 1}};
    for (const auto &row : rows) {
        fixture all;
        task *owner = all.returns(0, 2);
        cpu_begin(all.state.get(), owner, SHARE);
        if (row.parked) {
            owner->cpu.spent.raw = 1;
            owner->cpu.parked = true;
            list_append(&all.home->cpu_spent, &owner->cpu.node);
        }
        task *behind = row.behind ? all.queue(all.make(1)) : nullptr;
        EXPECT_EQ(all.next(), behind);
        EXPECT_EQ(all.owed(), row.left) << row.parked << row.behind;
        EXPECT_EQ(all.home->doorbell.raw, 1u);  // Idle comes back for the rest.
        if (row.parked) {
            EXPECT_EQ(all.next(), nullptr);
            EXPECT_EQ(all.owed(), 0u);
            EXPECT_TRUE(owner->cpu.parked);
        }
    }
}

}  // namespace
