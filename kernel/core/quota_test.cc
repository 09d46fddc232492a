// kernel/core/quota_test.cc: what a task may hold comes out of its creator's share, bounds it, and
// goes back. Looks into the kernel between system calls, so it does not import simtest's names.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

using simtest::FACTORY;
using simtest::sim_machine;
using simtest::user;

constexpr std::uint32_t MAKES = RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT | RIGHT_MAKE_VMO;
constexpr std::uint64_t CHILD_ID_BYTES = 5;

std::uint64_t child_id() {
    return service_id_of("child", CHILD_ID_BYTES);
}

// What init has left of everything.
std::vector<std::uint32_t> left() {
    const kernel *state = sim_kernel();
    std::vector<std::uint32_t> all;
    for (const atomic_u32 &one : state->tasks[state->init_task].quota.left) {
        all.push_back(one.raw);
    }
    return all;
}

// Runs `run` as a task with those limits and a factory in slot 5, until it exits with 0; init has
// everything back afterwards.
void expect_within(task_limits limits, const simtest::body &run) {
    sim_machine machine;
    machine.program("child", run);
    machine.limits(limits);
    machine.run(
        [](user &) {
            slot factory = sys_cap_mint(FACTORY, child_id(), MAKES).slot;
            std::vector<std::uint32_t> before = left();
            for (int round = 0; round < 2; round++) {
                slot task = simtest::create("child");
                EXPECT_LT(left()[QUOTA_PAGES], before[QUOTA_PAGES]);
                EXPECT_EQ(left()[QUOTA_TASKS],
                          before[QUOTA_TASKS] - 1 - simtest::child_limits.tasks);
                EXPECT_EQ(simtest::load(task, "child").status, STATUS_OK);
                EXPECT_EQ(sys_task_grant(task, factory, 5, MAKES), STATUS_OK);
                EXPECT_EQ(sys_task_grant(task, simtest::IMAGE, 6, RIGHT_READ), STATUS_OK);
                EXPECT_EQ(sys_task_start(task, 0, TASK_HART_ANY), STATUS_OK);
                simtest::ending end = simtest::wait_dead(task);
                EXPECT_EQ(end.reason, EXIT_CODE) << exit_reason_name(end.reason);
                EXPECT_EQ(end.detail, 0u);
                EXPECT_EQ(sys_cap_close(task), STATUS_OK);
                simtest::wait_until([&] { return left() == before; }, "what it had");
            }
            EXPECT_EQ(sys_cap_close(factory), STATUS_OK);
        },
        true);
}

TEST(Quota, test_reject_memory_beyond_it) {
    expect_within({60, 0, 0, 8, 63}, [](user &) {
        slot factory = slot_at(5);
        EXPECT_EQ(sys_vmo_create(factory, 60).status, STATUS_NO_SPACE);
        for (int round = 0; round < 3; round++) {
            slot_result some = sys_vmo_create(factory, 30);
            EXPECT_EQ(some.status, STATUS_OK);
            EXPECT_EQ(sys_vmo_create(factory, 30).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_cap_close(some.slot), STATUS_OK);  // All of it is back at once.
        }
    });
}

// Mapping takes tables, which it pays for as well.
TEST(Quota, test_reject_mapping_when_no_page_is_left_for_tables) {
    expect_within({60, 0, 0, 8, 63}, [](user &) {
        slot all{};
        std::uint64_t pages = 60;
        for (; pages > 0 && all.value == 0; pages--) {  // As much as there is.
            slot_result got = sys_vmo_create(slot_at(5), pages);
            all = got.status == STATUS_OK ? got.slot : all;
        }
        EXPECT_GT(pages, 20u);
        EXPECT_EQ(sys_vmo_map(all, 0, 1, RIGHT_VMO_READ).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_vmo_seal(all), STATUS_OK);
    });
}

TEST(Quota, test_reject_vmos_and_endpoints_beyond_it) {
    expect_within({60, 0, 2, 3, 63}, [](user &) {
        slot factory = slot_at(5);
        slot last{};
        for (int i = 0; i < 3; i++) {
            EXPECT_EQ(sys_vmo_create(factory, 1).status, STATUS_OK);
        }
        EXPECT_EQ(sys_vmo_create(factory, 1).status, STATUS_NO_SPACE);
        for (int i = 0; i < 2; i++) {
            last = sys_endpoint_create(factory).slot;
        }
        EXPECT_EQ(sys_endpoint_create(factory).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        EXPECT_EQ(sys_endpoint_create(factory).status, STATUS_OK);
    });
}

task_result create_with_grants(slot factory, std::uint32_t grants) {
    return sys_task_create_as(factory, child_id(), {{20, 0, 0, 0, 63}, QOS_DEFAULT, {0, grants}});
}

// Of its own and of its children together. What carries a family keeps it.
TEST(Quota, test_reject_grants_beyond_it) {
    sim_machine machine;
    machine.program("child", [](user &) {
        slot factory = slot_at(5);
        EXPECT_EQ(create_with_grants(factory, 4).status, STATUS_NO_SPACE);
        task_result made = create_with_grants(factory, 1);
        EXPECT_EQ(made.status, STATUS_OK);
        slot grants[] = {sys_grant_create(factory).slot, sys_grant_create(factory).slot};
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_NO_SPACE);
        slot at = sys_endpoint_create(factory).slot;
        slot under = sys_cap_mint_under(at, 1, RIGHT_SEND, grants[0]).slot;
        EXPECT_EQ(sys_cap_close(grants[0]), STATUS_OK);
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_ipc_send(under, 0).status, STATUS_OK);
        EXPECT_EQ(sys_cap_close(under), STATUS_OK);
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_NO_SPACE);  // A stored frame has it.
        recv_result got{};
        do {
            got = sys_ipc_recv(at, 0);
        } while (got.status == STATUS_OK && got.received != RECEIVED_SEND);
        EXPECT_EQ(got.received, static_cast<std::uint64_t>(RECEIVED_SEND));
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_OK);
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_task_kill(made.slot), STATUS_OK);
        EXPECT_EQ(simtest::wait_dead(made.slot).reason, EXIT_KILLED);
        EXPECT_EQ(sys_grant_create(factory).status, STATUS_OK);
    });
    machine.run(
        [](user &) {
            constexpr std::uint32_t rights = MAKES | RIGHT_MAKE_GRANT;
            slot factory = sys_cap_mint(FACTORY, child_id(), rights).slot;
            std::vector<std::uint32_t> before = left();
            task_result made =
                sys_task_create_as(FACTORY, child_id(), {{200, 2, 2, 0, 63}, QOS_DEFAULT, {0, 3}});
            EXPECT_EQ(left()[QUOTA_GRANTS], before[QUOTA_GRANTS] - 3);
            EXPECT_EQ(sys_task_grant(made.slot, factory, 5, rights), STATUS_OK);
            EXPECT_EQ(simtest::load(made.slot, "child").status, STATUS_OK);
            EXPECT_EQ(sys_task_start(made.slot, 0, TASK_HART_ANY), STATUS_OK);
            EXPECT_EQ(simtest::wait_dead(made.slot).reason, EXIT_CODE);
            EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
            simtest::wait_until([&] { return left() == before; }, "what it had");
            EXPECT_EQ(sys_cap_close(factory), STATUS_OK);
        },
        true);
}

// A family of frames that are stored where the endpoint ends.
TEST(Quota, a_grant_ends_with_the_endpoint_that_stores_its_last_frame) {
    sim_machine machine;
    machine.run([](user &) {
        std::vector<std::uint32_t> before = left();
        slot at = simtest::endpoint();
        slot grant = sys_grant_create(FACTORY).slot;
        slot under = sys_cap_mint_under(at, 1, RIGHT_SEND, grant).slot;
        EXPECT_EQ(sys_ipc_send(under, 0).status, STATUS_OK);
        EXPECT_EQ(sys_cap_close(under), STATUS_OK);
        EXPECT_EQ(sys_cap_close(grant), STATUS_OK);
        EXPECT_EQ(left()[QUOTA_GRANTS], before[QUOTA_GRANTS] - 1);
        EXPECT_EQ(sys_cap_close(at), STATUS_OK);
        EXPECT_EQ(left(), before);
    });
}

TEST(Quota, test_reject_children_beyond_it) {
    expect_within({200, 2, 0, 2, 63}, [](user &) {
        slot factory = slot_at(5);
        const task_limits small{20, 0, 0, 0, 63};
        for (const task_limits &more :
             {task_limits{201, 0, 0, 0, 63}, task_limits{20, 2, 0, 0, 63},
              task_limits{20, 0, 1, 0, 63}, task_limits{20, 0, 0, 3, 63}}) {
            EXPECT_EQ(sys_task_create_limited(factory, child_id(), more).status, STATUS_NO_SPACE);
        }
        task_result first = sys_task_create_limited(factory, child_id(), small);
        EXPECT_EQ(first.status, STATUS_OK);
        EXPECT_EQ(sys_task_create_limited(factory, child_id(), {20, 1, 0, 0, 63}).status,
                  STATUS_NO_SPACE);
        EXPECT_EQ(sys_task_create_limited(factory, child_id(), small).status, STATUS_OK);
        EXPECT_EQ(sys_task_create_limited(factory, child_id(), small).status, STATUS_NO_SPACE);
        // Too small for an address space: nothing is lost.
        EXPECT_EQ(sys_task_kill(first.slot), STATUS_OK);
        EXPECT_EQ(simtest::wait_dead(first.slot).reason, EXIT_KILLED);
        EXPECT_EQ(sys_cap_close(first.slot), STATUS_OK);
        EXPECT_EQ(sys_task_create_limited(factory, child_id(), {2, 0, 0, 0, 63}).status,
                  STATUS_NO_SPACE);
        // And what the first had can be given again.
        EXPECT_EQ(sys_task_create_limited(factory, child_id(), {20, 0, 0, 2, 63}).status,
                  STATUS_OK);
    });
}

// What a task made and its child holds outlives it: its supervisor pays then, until it is gone.
TEST(Quota, what_outlives_its_maker_is_paid_by_the_supervisor) {
    expect_within({200, 1, 1, 1, 63}, [](user &) {
        slot factory = slot_at(5);
        task_result made = sys_task_create_limited(factory, child_id(), {20, 0, 0, 0, 63});
        slot_result memory = sys_vmo_create(factory, 40);
        slot_result place = sys_endpoint_create(factory);
        EXPECT_EQ(sys_task_grant(made.slot, memory.slot, 7, RIGHTS_VMO), STATUS_OK);
        EXPECT_EQ(sys_task_grant(made.slot, place.slot, 8, RIGHT_RECV), STATUS_OK);
    });
}

// Memory that was sent away before its maker ended; its supervisor gets the price back with it.
TEST(Quota, memory_that_was_sent_away_is_paid_until_it_is_closed) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        slot_result memory = sys_vmo_create(slot_at(5), 30);
        EXPECT_EQ(memory.status, STATUS_OK);
        simtest::fill(self.page->call_out, 1, "vmo");
        self.page->call_out.header.flags = FRAME_CAP_MOVE;
        self.page->call_out.meta.slot = static_cast<std::uint32_t>(memory.slot.value);
        EXPECT_EQ(sys_ipc_send(slot_at(6), 0).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot factory = sys_cap_mint(FACTORY, child_id(), MAKES).slot;
        slot at = sys_endpoint_create_accepting(FACTORY).slot;
        slot to_it = simtest::mint(at, 1, RIGHT_SEND);
        std::vector<std::uint32_t> before = left();
        slot task = simtest::start("child", {{factory, 5, MAKES}, {to_it, 6, RIGHT_SEND}});
        EXPECT_EQ(simtest::wait_dead(task).reason, EXIT_CODE);
        EXPECT_EQ(sys_cap_close(task), STATUS_OK);
        simtest::wait_until([&] { return left()[QUOTA_TASKS] == before[QUOTA_TASKS]; }, "its end");
        EXPECT_EQ(left()[QUOTA_PAGES], before[QUOTA_PAGES] - 31);  // With a page for its list.
        EXPECT_EQ(left()[QUOTA_VMOS], before[QUOTA_VMOS] - 1);
        recv_result got{};
        do {
            got = sys_ipc_recv(at, 0);
        } while (got.status == STATUS_OK && got.received != RECEIVED_SEND);
        EXPECT_EQ(got.status, STATUS_OK);
        slot memory = slot_at(init.page->request_in.meta.slot);
        EXPECT_EQ(sys_cap_query(memory).value, 30u);
        EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
        EXPECT_EQ(left(), before);
    });
}

TEST(Quota, test_reject_slots_beyond_it) {
    sim_machine machine;
    machine.limits({56, 0, 0, 0, 8});
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_cap_clone(slot_at(8), RIGHT_WRITE).slot.value, 1u);
        for (std::uint64_t i = 2; i < 8; i++) {
            EXPECT_EQ(sys_cap_clone(slot_at(8), RIGHT_WRITE).status, STATUS_OK);
        }
        EXPECT_EQ(sys_cap_clone(slot_at(8), RIGHT_WRITE).status, STATUS_NO_SPACE);
    });
    machine.run([](user &) {
        slot task = simtest::create("child");
        EXPECT_EQ(sys_task_grant(task, simtest::CONSOLE, 9, RIGHT_WRITE), STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_close(task), STATUS_OK);
        task = simtest::start("child", {{simtest::CONSOLE, 8, RIGHT_WRITE}});
        EXPECT_EQ(simtest::wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Quota, test_reject_limits_that_mean_nothing) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        std::vector<std::uint32_t> before = left();
        for (std::uint64_t bits : {UINT64_C(1) << TASK_LIMIT_BITS, UINT64_C(1) << 63}) {
            EXPECT_EQ(ecall_4(SYSCALL_TASK_CREATE, FACTORY.value, child_id(), bits, 0).a0,
                      static_cast<std::uint64_t>(STATUS_BAD_ARG));
        }
        EXPECT_EQ(left(), before);
    });
}

// init is noted as the payer of what another has paid for. All sums add up; the audit tells, of
// whatever kind it is.
void expect_wrong_payer_found(void (*make)()) {
    static void (*makes)();
    static bool made;
    makes = make;
    made = false;
    sim_machine machine;
    machine.fault(FAULT_POINT_WRONG_PAYER, 65536);
    machine.program("child", [](user &) {
        makes();
        made = true;
        EXPECT_EQ(sys_ipc_recv(slot_at(4), UINT64_MAX).status, STATUS_OK);  // It goes on living.
    });
    const sim_result got = machine.run_once(
        [](user &) {
            const std::uint32_t all = MAKES | RIGHT_MAKE_GRANT;
            slot at = simtest::endpoint();
            slot factory = sys_cap_mint(FACTORY, child_id(), all).slot;
            task_result child =
                sys_task_create_as(FACTORY, child_id(), {{40, 0, 1, 1, 16}, QOS_DEFAULT, {0, 1}});
            EXPECT_EQ(child.status, STATUS_OK);
            EXPECT_EQ(simtest::load(child.slot, "child").status, STATUS_OK);
            EXPECT_EQ(sys_task_grant(child.slot, at, 4, RIGHT_RECV), STATUS_OK);
            EXPECT_EQ(sys_task_grant(child.slot, factory, 5, all), STATUS_OK);
            EXPECT_EQ(sys_task_start(child.slot, 0, 0), STATUS_OK);
            simtest::wait_until([] { return made; }, "what it makes");
        },
        1, 1);
    EXPECT_EQ(got.end, SIM_CHECK_FAILED);
    EXPECT_NE(std::string(got.message).find("who paid: of what task 0"), std::string::npos)
        << got.message;
}

TEST(Quota, the_audit_finds_a_wrong_payer) {
    expect_wrong_payer_found([] { EXPECT_EQ(sys_vmo_create(slot_at(5), 3).status, STATUS_OK); });
    expect_wrong_payer_found([] { EXPECT_EQ(sys_endpoint_create(slot_at(5)).status, STATUS_OK); });
    expect_wrong_payer_found([] { EXPECT_EQ(sys_grant_create(slot_at(5)).status, STATUS_OK); });
}

}  // namespace
