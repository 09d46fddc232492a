// kernel/core/task_test.cc: life of a task, what its memory allows, how it ends and who hears of
// it. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/elf_reject.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

// A made program: one page of text, then two of data (kernel/arch/sim/image.c).
constexpr std::uint64_t TEXT = USER_IMAGE_MIN;
constexpr std::uint64_t DATA = USER_IMAGE_MIN + 0x1000;
constexpr std::uint64_t DATA_FILE_BYTES = 16;
constexpr std::uint64_t DATA_BYTES = 0x2000;
constexpr std::uint64_t STACK_BYTES = 0x2000;

// How a program that touches memory so ends.
void expect_end(void (*touch)(), exit_reason reason, std::uint64_t detail) {
    sim_machine machine;
    machine.program("child", [touch](user &) {
        touch();
        ADD_FAILURE() << "went on";
    });
    machine.run(
        [=](user &) {
            slot home = endpoint();
            slot task = start("child");
            ending end = wait_dead(task);
            EXPECT_EQ(end.reason, reason) << exit_reason_name(end.reason);
            EXPECT_EQ(end.detail, detail);
            EXPECT_EQ(sys_ipc_recv(home, 0).kernel_bits,
                      static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

TEST(Task, starts_with_its_arguments_and_zeroed_memory) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        EXPECT_EQ(self.argument, 0x123456789abcdef0u);
        EXPECT_EQ(sim_user_load(DATA), 0x5a5a5a5a5a5a5a5au);   // From the file,
        EXPECT_EQ(sim_user_load(DATA + DATA_FILE_BYTES), 0u);  // and beyond it.
        EXPECT_EQ(sim_user_load(DATA + DATA_BYTES - 8), 0u);
        EXPECT_EQ(sim_user_load(USER_STACK_TOP - 8), 0u);
        EXPECT_EQ(sim_user_load(USER_STACK_TOP - STACK_BYTES), 0u);
        EXPECT_EQ(self.page->request_in.meta.service_id, 0u);
        sim_user_store(DATA + 64, 7);
        EXPECT_EQ(sim_user_load(DATA + 64), 7u);
        sim_user_fetch(TEXT);
        sys_task_exit(99);
    });
    machine.run(
        [](user &) {
            for (int life = 0; life < 3; life++) {  // What one leaves, the next does not see.
                slot task = start("child", {}, 0x123456789abcdef0u);
                ending end = wait_dead(task);
                EXPECT_EQ(end.reason, EXIT_CODE);
                EXPECT_EQ(end.detail, 99u);
                EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            }
        },
        true);
}

TEST(Task, memory_of_one_is_not_memory_of_another) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        for (std::uint64_t i = 0; i < 50; i++) {
            sim_user_store(DATA + 8 * i, self.instance);
            sys_yield();
            EXPECT_EQ(sim_user_load(DATA + 8 * i), self.instance);
        }
    });
    machine.run([](user &) {
        slot tasks[4];
        for (slot &task : tasks) {
            task = start("child");
        }
        for (slot task : tasks) {
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        }
    });
}

TEST(Task, test_reject_touching_kernel_memory) {
    expect_end([] { (void)sim_user_load(0xffffffc080200000u); }, EXIT_FAULT_READ,
               0xffffffc080200000u);
    expect_end([] { sim_user_store(USER_MAX, 1); }, EXIT_FAULT_WRITE, USER_MAX);
}

TEST(Task, test_reject_touching_what_is_not_mapped) {
    expect_end([] { (void)sim_user_load(0); }, EXIT_FAULT_READ, 0);
    expect_end([] { sim_user_store(USER_STACK_TOP - STACK_BYTES - 8, 1); }, EXIT_FAULT_WRITE,
               USER_STACK_TOP - STACK_BYTES - 8);
    expect_end([] { (void)sim_user_load(USER_BOOT_IMAGE); }, EXIT_FAULT_READ, USER_BOOT_IMAGE);
}

TEST(Task, test_reject_writing_text) {
    expect_end([] { sim_user_store(TEXT, 1); }, EXIT_FAULT_WRITE, TEXT);
}

TEST(Task, test_reject_executing_data) {
    expect_end([] { sim_user_fetch(DATA); }, EXIT_FAULT_EXEC, DATA);
    expect_end([] { sim_user_fetch(USER_STACK_TOP - 8); }, EXIT_FAULT_EXEC, USER_STACK_TOP - 8);
    expect_end([] { sim_user_fetch(USER_MESSAGE_PAGE); }, EXIT_FAULT_EXEC, USER_MESSAGE_PAGE);
}

TEST(Task, other_faults_end_it_with_their_reason) {
    expect_end([] { (void)sim_user_load(DATA + 1); }, EXIT_FAULT_ALIGN, DATA + 1);
    expect_end([] { sim_user_illegal_instruction(); }, EXIT_FAULT_INSTRUCTION, 0);
    expect_end([] { sim_user_break(); }, EXIT_FAULT_BREAK, 0);
    expect_end([] { sys_task_exit(5); }, EXIT_CODE, 5);
}

TEST(Task, the_image_is_mapped_for_its_holder) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE), BOOT_IMAGE_MAGIC);
        sim_user_store(USER_BOOT_IMAGE, 0);
    });
    machine.run([](user &) {
        EXPECT_EQ(sim_user_load(USER_BOOT_IMAGE), BOOT_IMAGE_MAGIC);
        slot task = start("child", {{IMAGE, 5, RIGHT_READ}});
        EXPECT_EQ(wait_dead(task).reason, EXIT_FAULT_WRITE);
    });
}

TEST(Task, state_and_reason_can_be_asked) {
    sim_machine machine;
    machine.program("child", [](user &) { sim_user_work(1000000000); });
    machine.run(
        [](user &) {
            slot task = create("child");
            EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_NEW);
            EXPECT_EQ(load(task, "child").status, STATUS_OK);
            EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_LOADED);
            EXPECT_EQ(sys_task_start(task, 0, TASK_HART_ANY), STATUS_OK);
            EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_LIVE);
            EXPECT_EQ(task_query_reason(sys_cap_query(task).value), EXIT_NONE);
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);  // Again changes nothing.
            EXPECT_EQ(wait_dead(task).reason, EXIT_KILLED);
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            slot weak = sys_cap_clone(task, RIGHT_TASK_CONTROL).slot;
            EXPECT_EQ(sys_cap_query(weak).status, STATUS_DENIED);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            EXPECT_EQ(sys_cap_close(weak), STATUS_OK);
        },
        true);
}

TEST(Task, test_reject_control_without_the_right) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot task = create("child");
        slot weak = sys_cap_clone(task, RIGHT_TASK_QUERY).slot;
        EXPECT_EQ(sys_task_kill(weak), STATUS_DENIED);
        EXPECT_EQ(sys_task_start(weak, 0, 0), STATUS_DENIED);
        EXPECT_EQ(load(weak, "child").status, STATUS_DENIED);
        EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_NEW);
    });
}

TEST(Task, test_reject_loading_wrongly) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot task = create("child");
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_BUSY);  // Nothing loaded.
        EXPECT_EQ(sys_task_load(task, IMAGE, 1, 4096).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_load(task, IMAGE, UINT64_MAX - 4095, 4096).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_load(task, IMAGE, 0, UINT64_MAX).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_load(task, CONSOLE, 0, 4096).status, STATUS_BAD_CAP);
        EXPECT_EQ(load(task, "child").status, STATUS_OK);
        EXPECT_EQ(load(task, "child").status, STATUS_BUSY);
        EXPECT_EQ(sys_task_start(task, 0, sim_hart_count()), STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_start(task, 0, UINT64_MAX - 1), STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_BUSY);
        (void)wait_dead(task);
    });
}

// elf_test.cc has every reason; here each way that a reason takes to the caller, and that a task
// survives a refusal.
TEST(Task, test_reject_bad_image) {
    sim_machine machine;
    const std::vector<std::uint8_t> garbage(100, 0x41);
    const std::vector<std::uint8_t> tiny = {0x7f, 'E', 'L', 'F'};
    machine.file("garbage", garbage);
    machine.file("tiny", tiny);
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot task = create("child");
        load_result got = load(task, "garbage");
        EXPECT_EQ(got.status, STATUS_BAD_IMAGE);
        EXPECT_EQ(got.reason, static_cast<std::uint64_t>(ELF_REJECT_MAGIC));
        got = load(task, "tiny");
        EXPECT_EQ(got.status, STATUS_BAD_IMAGE);
        EXPECT_EQ(got.reason, static_cast<std::uint64_t>(ELF_REJECT_SHORT));
        EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_NEW);
        EXPECT_EQ(load(task, "child").status, STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Task, children_end_with_their_supervisor_and_its_supervisor_hears) {
    sim_machine machine;
    machine.limits({200, 3, 0, 0, 63});
    machine.program("grandchild", [](user &) { sim_user_work(10000000000); });
    machine.program("child", [](user &self) {
        slot factory = slot_at(5);
        for (int i = 0; i < 2; i++) {
            task_result made = sys_task_create(factory, service_id_of("grandchild", 10));
            EXPECT_EQ(made.status, STATUS_OK);
            std::uint64_t offset = 0;
            std::uint64_t bytes = 0;
            EXPECT_TRUE(sim_program_find("grandchild", &offset, &bytes));
            EXPECT_EQ(sys_task_load(made.slot, slot_at(6), offset, bytes).status, STATUS_OK);
            EXPECT_EQ(sys_task_start(made.slot, 0, TASK_HART_ANY), STATUS_OK);
        }
        EXPECT_EQ(sys_task_create(factory, service_id_of("grandchild", 10)).status,
                  STATUS_OK);  // And one that never starts.
        if (self.argument == 1) {
            sim_user_work(1000000000);
        }
    });
    machine.run(
        [](user &init) {
            slot home = endpoint();
            slot narrow =
                sys_cap_mint(FACTORY, service_id_of("grandchild", 10), RIGHT_MAKE_TASK).slot;
            for (std::uint64_t killed = 0; killed < 2; killed++) {
                slot task =
                    start("child", {{narrow, 5, RIGHT_MAKE_TASK}, {IMAGE, 6, RIGHT_READ}}, killed);
                sim_user_work(30000);
                if (killed == 1) {
                    EXPECT_EQ(sys_task_kill(task), STATUS_OK);
                }
                EXPECT_EQ(wait_dead(task).reason, killed == 1 ? EXIT_KILLED : EXIT_CODE);
                EXPECT_EQ(sys_ipc_recv(home, 0).kernel_bits,
                          static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
                EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            }
            (void)init;
            EXPECT_EQ(sys_cap_close(narrow), STATUS_OK);
            for (int i = 0; i < 20; i++) {
                recv_result got = sys_ipc_recv(home, in_us(100));
                EXPECT_TRUE(got.status == STATUS_OK || got.status == STATUS_TIMED_OUT);
            }
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

TEST(Task, the_timer_takes_the_hart_from_who_does_not_yield) {
    sim_machine machine;
    machine.harts({1});
    machine.program("hog", [](user &) { sim_user_work(UINT64_C(100000000)); });
    machine.run([](user &) {
        slot first = start("hog");
        slot second = start("hog");
        std::uint64_t begin = sys_clock_get();
        sys_yield();  // Back after a quantum of each.
        EXPECT_LT(sys_clock_get() - begin, UINT64_C(30000000));
        EXPECT_EQ(task_query_state(sys_cap_query(first).value), TASK_LIVE);
        EXPECT_EQ(sys_task_kill(first), STATUS_OK);
        EXPECT_EQ(sys_task_kill(second), STATUS_OK);
        EXPECT_EQ(wait_dead(first).reason, EXIT_KILLED);
    });
}

// Its hart never sleeps: interrupts alone must bring the kill to it. What it held is taken back in
// one quantum of its hart, and not a step in each.
TEST(Task, a_waiting_task_is_killed_though_its_hart_is_busy) {
    sim_machine machine;
    machine.harts({2});
    machine.program("hog", [](user &) { sim_user_work(UINT64_C(400000000)); });
    machine.program("waiter", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(5), UINT64_MAX).status, STATUS_PEER_CLOSED);
    });
    machine.run([](user &) {
        slot home = endpoint();
        slot at = endpoint();
        slot waiter = start("waiter", {{at, 5, RIGHT_RECV}}, 0, 1);
        sim_user_work(50000);
        slot hog = start("hog", {}, 0, 1);
        sim_user_work(50000);
        EXPECT_EQ(sys_task_kill(waiter), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(home, in_us(21000)).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
        EXPECT_EQ(task_query_state(sys_cap_query(waiter).value), TASK_DEAD);
        EXPECT_EQ(task_query_state(sys_cap_query(hog).value), TASK_LIVE);
    });
}

TEST(Task, an_instance_is_never_used_again) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        std::uint32_t last = 0;
        for (int i = 0; i < 200; i++) {
            task_result made = sys_task_create(FACTORY, service_id_of("child", 5));
            EXPECT_EQ(made.status, STATUS_OK);
            EXPECT_GT(made.instance, last);
            last = made.instance;
            EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
            sys_yield();
        }
    });
}

TEST(Task, init_must_not_fail) {
    sim_machine machine;
    sim_result result = machine.run_once([](user &) { sys_task_exit(3); }, 2, 1);
    EXPECT_EQ(result.end, SIM_PANIC);
    EXPECT_STREQ(result.message, "kernel: PANIC init ended: exit 0x3");
    result = machine.run_once([](user &) { sim_user_break(); }, 2, 1);
    EXPECT_EQ(result.end, SIM_PANIC);
    EXPECT_STREQ(result.message, "kernel: PANIC init ended: break 0x0");
}

TEST(Task, waiting_for_nobody_is_reported) {
    sim_machine machine;
    sim_result result = machine.run_once(
        [](user &) { EXPECT_EQ(sys_ipc_recv(endpoint(), UINT64_MAX).status, STATUS_OK); }, 2, 1);
    EXPECT_EQ(result.end, SIM_STUCK) << result.message;
}

}  // namespace
