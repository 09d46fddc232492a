// kernel/core/result_test.cc: what a call returns, to the last register, and what refusals that
// need two tasks or a second life leave as it was. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

#include "runtime/syscall.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using namespace simtest;

void expect_words(ecall_result got, std::initializer_list<std::uint64_t> wanted) {
    const std::uint64_t *word = wanted.begin();
    EXPECT_EQ(got.a0, word[0]);
    EXPECT_EQ(got.a1, word[1]);
    EXPECT_EQ(got.a2, word[2]);
    EXPECT_EQ(got.a3, word[3]);
}

ecall_result receive(slot at, std::uint64_t deadline_ns) {
    return ecall_3(SYSCALL_IPC_RECV, at.value, deadline_ns, 0);
}

void expect_send(ecall_result got) {
    expect_words(got, {STATUS_OK, RECEIVED_SEND, 0, 0});
}

slot own_endpoint() {
    return simtest::endpoint();
}

void close(slot at) {
    EXPECT_EQ(sys_cap_close(at), STATUS_OK);
}

// Of what init has in a slot.
const struct endpoint &endpoint_at(slot at) {
    return *sim_kernel()->tasks[sim_kernel()->init_task].caps[at.value].endpoint;
}

TEST(Result, a_send_that_a_receiver_waits_for) {
    sim_machine machine;
    machine.program("receiver", [](user &self) {
        expect_send(receive(slot_at(5), in_us(100000)));
        EXPECT_EQ(payload_of(self.page->request_in), "direct");
    });
    machine.run([](user &self) {
        slot at = own_endpoint();
        slot route = mint(at, 1);
        slot receiver = start("receiver", {{at, 5, RIGHT_RECV}});
        const task *waits = endpoint_at(at).receiver;
        wait_until([&] { return wait_state_of(atomic_load_u64(&waits->wait)) == WAIT_RECV; },
                   "the receiver's wait");
        fill(self.page->call_out, 1, "direct");
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(wait_dead(receiver).reason, EXIT_CODE);
    });
}

TEST(Result, a_send_that_was_stored_and_one_that_waited) {
    sim_machine machine;
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "send");
        for (int i = 0; i < 2; i++) {  // As many as are stored of one sender.
            EXPECT_EQ(sys_ipc_send(slot_at(5), 0).status, STATUS_OK);
        }
        EXPECT_EQ(sys_ipc_send(slot_at(5), 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(sys_ipc_notify(slot_at(6)), STATUS_OK);
        expect_words(ecall_2(SYSCALL_IPC_SEND, 5, in_us(100000)),
                     {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0});
    });
    machine.run([](user &) {
        slot at = own_endpoint();
        slot bell = own_endpoint();
        slot task = start("sender", {{mint(at, 1), 5, RIGHT_SEND | RIGHT_CALL},
                                     {mint(bell, 2, RIGHT_NOTIFY), 6, RIGHT_NOTIFY}});
        EXPECT_EQ(sys_ipc_recv(bell, in_us(100000)).badge_bits, UINT64_C(1) << 2);
        wait_until([&] { return endpoint_at(at).queue_head != TASK_NONE; }, "the sender's wait");
        for (int i = 0; i < 3; i++) {
            expect_send(receive(at, 0));
        }
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Result, what_queries_say) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "call");
        EXPECT_EQ(sys_ipc_call(slot_at(5), in_us(100000)).status, STATUS_PEER_CLOSED);
    });
    machine.run([](user &) {
        slot at = own_endpoint();
        slot route = mint(at, 1);
        slot caller = start("caller", {{route, 5, RIGHT_CALL}});
        close(route);
        expect_words(
            ecall_1(SYSCALL_CAP_QUERY, caller.value),
            {STATUS_OK, cap_query_pack(CAP_TASK, RIGHTS_TASK), sys_cap_query(caller).value, 0});
        recv_result call = sys_ipc_recv(at, in_us(100000));
        EXPECT_EQ(call.received, RECEIVED_CALL);
        expect_words(ecall_1(SYSCALL_CAP_QUERY, call.reply.value),
                     {STATUS_OK, cap_query_pack(CAP_REPLY, 0), 1, 0});
        EXPECT_EQ(sys_reply_close(call.reply), STATUS_OK);
        EXPECT_EQ(wait_dead(caller).reason, EXIT_CODE);
        expect_words(
            ecall_1(SYSCALL_CAP_QUERY, DEVICES.value),
            {STATUS_OK, cap_query_pack(CAP_DEVICE, RIGHTS_DEVICE), sim_kernel()->device_count, 0});
        slot memory = sys_vmo_create(FACTORY, 3).slot;
        expect_words(ecall_1(SYSCALL_CAP_QUERY, memory.value),
                     {STATUS_OK, cap_query_pack(CAP_VMO, RIGHTS_VMO), 3, 0});
        EXPECT_EQ(sys_cap_query(at).detail, 0u) << "nobody sends any more";
        slot sender = mint(at, 1);
        EXPECT_EQ(sys_cap_query(at).detail, 1u);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(sys_cap_query(at).detail, 0u) << "nobody can";
        close(sender);
    });
}

TEST(Result, yielding_succeeds) {
    sim_machine machine;
    machine.run([](user &) { EXPECT_EQ(sim_ecall(SYSCALL_YIELD, 9, 9, 9, 9).a0, 0u); });
}

// An object's next life knows nothing of the one before.
TEST(Result, a_second_life_has_no_first) {
    sim_machine machine;
    machine.harts({1});
    machine.program("child", [](user &self) {
        sim_user_work(self.argument);
        sys_task_exit(99);
    });
    machine.run([](user &) {
        slot task = start("child");
        EXPECT_EQ(wait_dead(task).detail, 99u);
        close(task);
        task = start("child", {}, 1000000000);
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
        ending end = wait_dead(task);
        EXPECT_EQ(end.reason, EXIT_KILLED);
        EXPECT_EQ(end.detail, 0u);
        close(task);
        slot at = own_endpoint();
        EXPECT_EQ(sys_timer_set(at, in_us(1)).count, 0u);
        EXPECT_EQ(sys_ipc_recv(at, in_us(1000)).kernel_bits, 0u + NOTIFY_TIMER);
        EXPECT_EQ(sys_timer_set(at, 0).count, 1u);
        close(at);
        at = own_endpoint();
        EXPECT_EQ(sys_timer_set(at, 0).count, 0u);
        close(at);
    });
}

TEST(Result, instances_are_numbered_one_by_one_and_harts_take_turns) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        std::uint32_t last = 0;
        for (int i = 0; i < 4; i++) {
            task_result made = sys_task_create(FACTORY, service_id_of("child", 5));
            EXPECT_TRUE(i == 0 || made.instance == last + 1);
            last = made.instance;
            EXPECT_EQ(load(made.slot, "child").status, STATUS_OK);
            const std::uint32_t turn = atomic_load_u32(&sim_kernel()->next_hart);
            EXPECT_EQ(sys_task_start(made.slot, 0, TASK_HART_ANY), STATUS_OK);
            EXPECT_EQ(atomic_load_u32(&sim_kernel()->next_hart), turn + 1);
            (void)wait_dead(made.slot);
            close(made.slot);
        }
    });
}

// Notices go to another endpoint of the task when the one they went to has closed.
TEST(Result, a_home_that_closes_is_followed_by_another) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot first = own_endpoint();
        slot second = own_endpoint();
        EXPECT_EQ(sys_endpoint_close(first), STATUS_OK);
        (void)start("child");
        EXPECT_EQ(sys_ipc_recv(second, in_us(100000)).kernel_bits, 0u + NOTIFY_CHILD_EXIT);
    });
}

TEST(Result, test_reject_ending_what_another_has_not_started) {
    sim_machine machine;
    machine.program("other", [](user &) {
        EXPECT_EQ(sys_task_kill(slot_at(5)), STATUS_BUSY);
        EXPECT_EQ(sys_task_kill(slot_at(6)), STATUS_BUSY);
        EXPECT_EQ(sys_task_kill(slot_at(7)), STATUS_OK);
    });
    machine.program("child", [](user &) { sim_user_work(1000000000); });
    machine.run([](user &) {
        slot made = create("child");
        slot loaded = create("child");
        EXPECT_EQ(load(loaded, "child").status, STATUS_OK);
        slot live = start("child");
        slot other = start("other", {{made, 5, RIGHT_TASK_CONTROL},
                                     {loaded, 6, RIGHT_TASK_CONTROL},
                                     {live, 7, RIGHT_TASK_CONTROL}});
        EXPECT_EQ(wait_dead(other).reason, EXIT_CODE);
        EXPECT_EQ(wait_dead(live).reason, EXIT_KILLED);
        EXPECT_EQ(task_query_state(sys_cap_query(made).value), TASK_NEW);
        EXPECT_EQ(task_query_state(sys_cap_query(loaded).value), TASK_LOADED);
        EXPECT_EQ(sys_task_kill(made), STATUS_OK);
        EXPECT_EQ(sys_task_kill(loaded), STATUS_OK);
        EXPECT_EQ(wait_dead(made).reason, EXIT_KILLED);
        EXPECT_EQ(wait_dead(loaded).reason, EXIT_KILLED);
    });
}

TEST(Result, test_reject_slot_that_is_one_too_far) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot task = create("child");
        EXPECT_EQ(sys_task_grant(task, CONSOLE, CAP_SLOT_COUNT, RIGHT_WRITE), STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_grant(task, CONSOLE, CAP_SLOT_COUNT - 1, RIGHT_WRITE), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, slot_at(CAP_SLOT_COUNT), 5, RIGHT_WRITE), STATUS_BAD_CAP);
        EXPECT_EQ(sys_cap_close(slot_at(CAP_SLOT_COUNT)), STATUS_BAD_CAP);
    });
}

TEST(Result, test_reject_minting_wrongly) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot family = sys_grant_create(FACTORY).slot;
        EXPECT_EQ(sys_cap_mint_under(DEVICES, 1, RIGHT_DEVICE_MAP, family).status, STATUS_BAD_ARG)
            << "a device is in no family";
        const std::uint64_t id = service_id_of("child", 5);
        EXPECT_EQ(sys_cap_mint_under(FACTORY, id, RIGHT_MAKE_TASK, family).status, STATUS_BAD_ARG);
        slot narrow = sys_cap_mint(FACTORY, id, RIGHT_MAKE_ENDPOINT | RIGHT_MAKE_VMO).slot;
        EXPECT_EQ(sys_cap_mint(narrow, id, RIGHT_MAKE_ENDPOINT).status, STATUS_DENIED)
            << "who makes no task makes no factory";
        close(narrow);
        close(family);
    });
}

}  // namespace
