// kernel/core/limit_test.cc: names that are used up, and calls that stop half-way. Looks into the
// kernel between system calls, so it does not import simtest's names: some are the kernel's too.
#include <gtest/gtest.h>

#include "kernel/core/audit.h"
#include "testing/sim/machine.h"

namespace {

using simtest::FACTORY;
using simtest::sim_machine;
using simtest::user;

task_result make_child() {
    return sys_task_create(FACTORY, service_id_of("child", 5));
}

// 2^32 closings make an old capability name the endpoint again, if its place were used on.
TEST(Limit, an_endpoint_whose_generations_are_used_up_is_not_made_again) {
    sim_machine machine;
    machine.run([](user &) {
        EXPECT_EQ(sys_cap_close(simtest::endpoint()), STATUS_OK);
        kernel *state = sim_kernel();
        std::uint32_t index = state->endpoint_pool.free_head;  // The next to be made.
        state->endpoints[index].generation.raw = UINT32_MAX - 1;
        slot last = simtest::endpoint();
        EXPECT_EQ(sys_ipc_notify(last), STATUS_OK);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        EXPECT_EQ(state->endpoints[index].generation.raw, UINT32_MAX);
        slot_result made = sys_endpoint_create(FACTORY);
        for (; made.status == STATUS_OK; made = sys_endpoint_create(FACTORY)) {
            EXPECT_FALSE(audit_endpoint_is_open(&state->endpoints[index]));
        }
        EXPECT_EQ(made.status, STATUS_NO_SPACE);
    });
}

TEST(Limit, test_reject_creating_when_instances_are_used_up) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        constexpr std::uint32_t last_instance = UINT32_MAX - MAX_HARTS;
        sim_kernel()->next_instance.raw = last_instance - 1;
        task_result last = make_child();
        EXPECT_EQ(last.status, STATUS_OK);
        EXPECT_EQ(last.instance, last_instance);
        for (std::uint32_t i = 0; i < 2 * MAX_HARTS; i++) {
            EXPECT_EQ(make_child().status, STATUS_NO_SPACE);
        }
    });
}

// Pages of two programs never meet in one task.
TEST(Limit, test_reject_going_on_after_a_load_that_failed_half_way) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_PAGE, 65536 / 4);
    machine.program("child", [](user &) {});
    machine.program("other", [](user &) {});
    machine.run([](user &) {
        int seen = 0;
        for (int i = 0; i < 400 && seen < 3; i++) {
            task_result made = make_child();
            if (made.status != STATUS_OK) {
                continue;
            }
            std::uint32_t index = 0;
            while (sim_kernel()->tasks[index].instance != made.instance) {
                index++;
            }
            (void)simtest::load(made.slot, "child");
            if (sim_kernel()->tasks[index].work_index != 0) {
                seen++;
                EXPECT_EQ(simtest::load(made.slot, "other").status, STATUS_BUSY);
                EXPECT_EQ(sys_task_grant(made.slot, simtest::IMAGE, 5, RIGHT_READ), STATUS_BUSY);
                EXPECT_EQ(sys_task_start(made.slot, 0, 0), STATUS_BUSY);
            }
            EXPECT_EQ(sys_task_kill(made.slot), STATUS_OK);
            EXPECT_EQ(simtest::wait_dead(made.slot).reason, EXIT_KILLED);
            EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
        }
        EXPECT_EQ(seen, 3);
    });
}

// More children than one step kills, all waiting on one hart.
TEST(Limit, many_waiting_children_end_with_their_supervisor) {
    constexpr std::uint64_t MANY = 50;
    sim_machine machine;
    machine.limits({1900, MANY, MANY, 0, 63});
    machine.program("grandchild", [](user &) {
        // Nobody can send to it; then it waits for ever.
        EXPECT_EQ(sys_ipc_recv(slot_at(4), UINT64_MAX).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_NO_SENDERS));
        EXPECT_EQ(sys_ipc_recv(slot_at(4), UINT64_MAX).status, STATUS_OK);
        ADD_FAILURE() << "went on";
    });
    machine.program("child", [](user &) {
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("grandchild", &offset, &bytes));
        for (std::uint64_t i = 0; i < MANY; i++) {
            task_result made = sys_task_create(slot_at(5), service_id_of("grandchild", 10));
            EXPECT_EQ(made.status, STATUS_OK);
            EXPECT_EQ(sys_task_load(made.slot, slot_at(6), offset, bytes).status, STATUS_OK);
            slot_result place = sys_endpoint_create(slot_at(5));
            EXPECT_EQ(place.status, STATUS_OK);
            EXPECT_EQ(sys_task_grant(made.slot, place.slot, 4, RIGHT_RECV), STATUS_OK);
            EXPECT_EQ(sys_cap_close(place.slot), STATUS_OK);
            EXPECT_EQ(sys_task_start(made.slot, 0, 0), STATUS_OK);
        }
        sim_user_work(2000000);  // They wait by now.
    });
    machine.run(
        [](user &) {
            slot narrow = sys_cap_mint(FACTORY, service_id_of("grandchild", 10),
                                       RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT)
                              .slot;
            slot task = simtest::start("child", {{narrow, 5, RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT},
                                                 {simtest::IMAGE, 6, RIGHT_READ}});
            EXPECT_EQ(simtest::wait_dead(task).reason, EXIT_CODE);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            EXPECT_EQ(sys_cap_close(narrow), STATUS_OK);
            const pool &tasks = sim_kernel()->task_pool;
            simtest::wait_until([&] { return tasks.total_count - tasks.free_count == 1; },
                                "children are left");
        },
        true);
}

std::uint64_t late_replies() {
    std::uint64_t count = 0;
    for (const hart &one : sim_kernel()->harts) {
        count += one.counts.late_replies.raw;
    }
    return count;
}

// An answer to a caller that has left changes nothing, and is counted: by either call that gives
// it.
TEST(Limit, late_answers_are_counted) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        simtest::fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(4), UINT64_MAX).status, STATUS_OK);  // Killed in it.
    });
    machine.run([](user &init) {
        slot at = simtest::endpoint();
        simtest::fill(init.page->reply_out, 1, "late");
        for (bool receives : {false, true}) {
            slot task = simtest::start("caller", {{at, 4, RIGHT_CALL}});
            recv_result got{};
            while (got.received != RECEIVED_CALL) {
                got = sys_ipc_recv(at, UINT64_MAX);
            }
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            EXPECT_EQ(simtest::wait_dead(task).reason, EXIT_KILLED);
            std::uint64_t before = late_replies();
            if (receives) {
                EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, simtest::in_us(100)).status, STATUS_OK);
            } else {
                EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_PEER_CLOSED);
            }
            EXPECT_EQ(late_replies(), before + 1);
        }
    });
}

}  // namespace
