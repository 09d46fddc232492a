// kernel/core/due_test.cc: what falls due at once, of every kind and in one entry: how much of it
// the entry sees to, that no kind is starved, and that the rest comes at once. In a kernel that
// nobody runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>

extern "C" {
#include "kernel/abi/syscall.h"
#include "kernel/arch/sim/state.h"
#include "kernel/core/cpu_budget.h"
#include "kernel/core/deadline.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/qos.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/wake.h"
}

namespace {

constexpr std::uint32_t AN_ENTRY = 16;
constexpr std::uint32_t OF_A_KIND = DEVICE_COUNT;
static_assert(OF_A_KIND > AN_ENTRY);
constexpr std::uint32_t SHARE = 100;
constexpr std::uint32_t NOBODYS = 0;  // The endpoint where those wait who are killed or late.
constexpr std::uint32_t EVERYTHING = ARCH_EVENT_IPI | ARCH_EVENT_EXTERNAL | ARCH_EVENT_TIMER;

enum kind { REVOCATIONS, DEVICES, KILLS, BUDGETS, DEADLINES, KINDS };

using counts = std::array<std::uint32_t, KINDS>;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];
    hart *other = &state->harts[1];
    task *current = nullptr;
    std::uint32_t next = 0;

    fixture() {
        state->hart_count = 2;
        state->harts_online.raw = 3;
        state->cpu_period_ns = CPU_PERIOD_NS;
        quiesce_init(state.get());
        lock_init(&state->device_lock, LOCK_RANK_DEVICE);
        for (std::uint32_t i = 0; i < state->hart_count; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
            deadline_init(state.get(), &state->harts[i]);
            state->harts[i].quantum_end_ns = UINT64_MAX;
        }
        for (std::uint32_t i = 0; i <= DEVICE_COUNT; i++) {
            lock_init(&state->endpoints[i].lock, LOCK_RANK_ENDPOINT);
            state->endpoints[i].generation.raw = 1;
        }
        current = home->current = make(home);
        sim.lines_pending = sim.lines_claimed = sim.lines_enabled[0] = 0;
    }

    task *make(hart *at) {
        task &one = state->tasks[next];
        one.index = next++;
        one.state.raw = TASK_LIVE;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.reply_free = one.serving = &one.replies[0];
        one.replies[0].task = &one;
        one.deadline_ns = one.deadline_noted_ns = UINT64_MAX;
        one.qos_ceiling = QOS_BURST;
        one.hart = at;
        one.pinned = true;
        qos_begin(state.get(), &one, QOS_NORMAL);
        return &one;
    }

    // Waits at that endpoint for a message.
    task *receives(hart *at, std::uint32_t where) {
        task *one = make(at);
        const std::uint64_t word = task_wait(one, WAIT_RECV, where);
        state->endpoints[where].receiver = one;
        state->endpoints[where].receive_word = static_cast<std::uint32_t>(word);
        return one;
    }

    void revoke() {
        task *one = make(other);
        EXPECT_TRUE(quiesce_wait(state.get(), other, one));
    }

    void raise(std::uint32_t index) {
        (void)receives(other, 1 + index);
        device &one = state->devices[index];
        one.line = SIM_LINE_FIRST + index;
        one.home = home_pack(1 + index, 1);
        sim.lines_enabled[0] |= 1u << index;
        sim.lines_pending |= 1u << index;
    }

    void kill() {
        task *one = receives(home, NOBODYS);
        one->killed.raw = 1;
        list_append(&home->killed, &one->kill_node);
        home->kill_count.raw++;
    }

    void spend() {
        task *one = make(home);
        cpu_begin(state.get(), one, SHARE);
        one->cpu.spent.raw = 1;
        one->cpu.parked = true;
        list_append(&home->cpu_spent, &one->cpu.node);
    }

    void time_out() {
        task *one = receives(home, NOBODYS);
        one->deadline_ns = one->end.ns = 1;
        wheel_insert(home->wheel, &one->end);
    }

    void fall_due(std::uint32_t kind) {
        for (std::uint32_t i = 0; i < OF_A_KIND; i++) {
            switch (kind) {
                case REVOCATIONS:
                    revoke();
                    break;
                case DEVICES:
                    raise(i);
                    break;
                case KILLS:
                    kill();
                    break;
                case BUDGETS:
                    spend();
                    break;
                default:
                    time_out();
            }
        }
    }

    // Counted where it can be seen, and not by what the entry counts itself.
    counts left() const {
        counts all{};
        for (std::uint32_t i = 0; i < next; i++) {
            const task &one = state->tasks[i];
            all[REVOCATIONS] += wait_state_of(one.wait.raw) == WAIT_QUIESCE;
            all[KILLS] += list_is_linked(&one.kill_node);
            all[BUDGETS] += one.cpu.spent.raw;
            all[DEADLINES] += one.end.place == WHEEL_INSIDE;
        }
        for (const device &one : state->devices) {
            all[DEVICES] += one.home != 0 && !one.claimed;
        }
        return all;
    }

    // What one entry sees to.
    counts interrupt() {
        const counts before = left();
        home->doorbell.raw = 0;
        EXPECT_EQ(kernel_interrupt(state.get(), home, EVERYTHING), current);
        const counts after = left();
        counts seen{};
        for (std::uint32_t kind = 0; kind < KINDS; kind++) {
            seen[kind] = before[kind] - after[kind];
            EXPECT_TRUE(seen[kind] > 0 || before[kind] == 0) << "starved: " << kind;
        }
        return seen;
    }

    // The hart looks again at once if there is more.
    void expect_rest_comes(std::uint64_t ipis_before) const {
        const counts rest = left();
        const bool rings = rest[REVOCATIONS] + rest[KILLS] != 0;
        EXPECT_EQ(home->doorbell.raw, rings ? 1u : 0u);
        EXPECT_TRUE(!rings || home->counts.ipis_sent.raw > ipis_before);
        EXPECT_EQ(home->tick_ns <= arch_time_ns(), rest[BUDGETS] + rest[DEADLINES] != 0);
        EXPECT_EQ(sim.lines_pending != 0, rest[DEVICES] != 0);
    }
};

std::uint32_t sum_of(const counts &all) {
    std::uint32_t sum = 0;
    for (const std::uint32_t one : all) {
        sum += one;
    }
    return sum;
}

TEST(Due, an_entry_sees_to_so_much_whatever_is_due_and_starves_no_kind) {
    fixture all;
    for (std::uint32_t kind = 0; kind < KINDS; kind++) {
        all.fall_due(kind);
        EXPECT_EQ(all.left()[kind], OF_A_KIND) << kind;
    }
    const std::uint32_t at_first = sum_of(all.left());
    std::uint32_t entries = 0;
    for (; sum_of(all.left()) != 0 && entries < 100; entries++) {
        const std::uint64_t ipis = all.home->counts.ipis_sent.raw;
        const counts seen = all.interrupt();
        EXPECT_LE(sum_of(seen), AN_ENTRY + KINDS - 1);
        EXPECT_GE(sum_of(seen), std::min(AN_ENTRY, sum_of(seen) + sum_of(all.left())));
        if (entries == 0) {
            EXPECT_EQ(seen, (counts{AN_ENTRY, 1, 1, 1, 1}));
        }
        EXPECT_EQ(all.home->woken, 0u);
        all.expect_rest_comes(ipis);
    }
    EXPECT_EQ(sum_of(all.left()), 0u);
    EXPECT_LE(entries, at_first / AN_ENTRY + 1);
}

// Alone, each kind has all of the entry.
TEST(Due, what_others_leave_of_an_entry_is_used) {
    for (std::uint32_t kind = 0; kind < KINDS; kind++) {
        fixture all;
        all.fall_due(kind);
        EXPECT_EQ(all.interrupt()[kind], AN_ENTRY) << kind;
    }
}

// A system call begins anew, whatever those before it have seen to since the last interrupt.
TEST(Due, a_system_call_is_an_entry_of_its_own) {
    fixture all;
    all.kill();
    all.kill();
    all.home->woken = AN_ENTRY;
    all.current->regs.x[REG_A0] = CAP_SLOT_NONE;
    EXPECT_EQ(kernel_syscall(all.state.get(), all.home, all.current, SYSCALL_TASK_KILL),
              all.current);
    EXPECT_EQ(all.current->regs.x[REG_A0], static_cast<std::uint64_t>(STATUS_BAD_CAP));
    EXPECT_EQ(all.left()[KILLS], 0u);

    all.revoke();
    all.revoke();
    all.home->woken = AN_ENTRY;
    EXPECT_TRUE(quiesce_wait(all.state.get(), all.home, all.make(all.home)));
    EXPECT_EQ(all.left()[REVOCATIONS], 1u);  // Its own.
}

// The entry goes on into idle, which would see to as much again before it looks at interrupts.
TEST(Due, idle_begins_with_a_look_at_interrupts_if_nobody_is_left_to_run) {
    fixture all;
    cpu_begin(all.state.get(), all.current, SHARE);
    all.home->quantum_end_ns = 0;
    all.state->cpu_period_ns = UINT64_MAX;
    all.current->cpu.period = 1;  // This one, so that no new budget comes.
    all.current->cpu.spent.raw = 1;
    list_append(&all.home->cpu_spent, &all.current->cpu.node);
    EXPECT_EQ(kernel_interrupt(all.state.get(), all.home, ARCH_EVENT_TIMER), nullptr);
    EXPECT_TRUE(all.current->cpu.parked);
    EXPECT_EQ(all.home->doorbell.raw, 1u);
}

}  // namespace
