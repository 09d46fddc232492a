// kernel/core/cap_test.cc: capabilities: minting, cloning, closing, asking, granting; each refusal.
// Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <string>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t ROUTE = RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY;

std::uint32_t rights_of(slot at) {
    query_result got = sys_cap_query(at);
    EXPECT_EQ(got.status, STATUS_OK);
    return cap_query_rights(got.kind_rights);
}

// Fills the table with clones until none fits; how many fitted.
std::uint64_t fill_table(slot from) {
    for (std::uint64_t count = 0; count <= CAP_SLOT_COUNT; count++) {
        slot_result got = sys_cap_clone(from, RIGHT_SEND);
        if (got.status != STATUS_OK) {
            EXPECT_EQ(got.status, STATUS_NO_SPACE);
            return count;
        }
    }
    return CAP_SLOT_COUNT + 1;
}

TEST(Cap, minting_gives_a_badge_and_fewer_rights) {
    sim_machine machine;
    machine.run(
        [](user &) {
            slot at = endpoint();
            EXPECT_EQ(rights_of(at), static_cast<std::uint32_t>(RIGHTS_ENDPOINT));
            slot minted = mint(at, 1234, RIGHT_CALL);
            query_result got = sys_cap_query(minted);
            EXPECT_EQ(cap_query_kind(got.kind_rights), CAP_ENDPOINT);
            EXPECT_EQ(cap_query_rights(got.kind_rights), static_cast<std::uint32_t>(RIGHT_CALL));
            EXPECT_EQ(got.value, 1234u);
            EXPECT_EQ(sys_cap_close(minted), STATUS_OK);
            EXPECT_EQ(sys_cap_query(minted).status, STATUS_BAD_CAP);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
        },
        true);
}

TEST(Cap, test_reject_rights_amplification) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot at = endpoint();
        slot small = mint(at, 1, RIGHT_SEND);
        EXPECT_EQ(sys_cap_clone(small, RIGHT_SEND | RIGHT_CALL).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(small, RIGHTS_ENDPOINT).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(small, UINT32_MAX).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_mint(small, 2, RIGHT_SEND).status, STATUS_DENIED);  // Without MINT.
        for (std::uint32_t right : {std::uint32_t{RIGHT_RECV}, std::uint32_t{RIGHT_MANAGE},
                                    std::uint32_t{RIGHT_MINT}, 1u << 16, 1u << 31}) {
            EXPECT_EQ(sys_cap_mint(at, 2, right).status, STATUS_DENIED) << right;
        }
        slot task = create("child");
        EXPECT_EQ(sys_task_grant(task, small, 5, RIGHT_SEND | RIGHT_CALL), STATUS_DENIED);
        EXPECT_EQ(rights_of(small), static_cast<std::uint32_t>(RIGHT_SEND));
    });
}

TEST(Cap, test_reject_cloning_recv_manage_and_factories) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = endpoint();
        EXPECT_EQ(sys_cap_clone(at, RIGHT_RECV).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(at, RIGHT_MANAGE).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(FACTORY, RIGHT_MAKE_TASK).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(at, ROUTE).status, STATUS_OK);
    });
}

TEST(Cap, test_reject_no_rights_at_all) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot at = endpoint();
        EXPECT_EQ(sys_cap_clone(at, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(at, 1, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_grant(create("child"), at, 5, 0), STATUS_BAD_ARG);
    });
}

TEST(Cap, test_reject_bad_cap) {
    sim_machine machine;
    machine.run([](user &) {
        for (std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{50},
                                  std::uint64_t{CAP_SLOT_COUNT}, UINT64_MAX >> 1}) {
            slot wrong = slot_at(bad & ~REPLY_HANDLE_BIT);
            EXPECT_EQ(sys_cap_mint(wrong, 1, RIGHT_SEND).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_cap_clone(wrong, RIGHT_SEND).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_cap_close(wrong), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_cap_query(wrong).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_endpoint_create(wrong).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_task_create(wrong, 1).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_console_write(wrong, 1), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_task_kill(wrong), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_task_start(wrong, 0, 0), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_task_grant(wrong, CONSOLE, 5, RIGHT_WRITE), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_task_load(wrong, IMAGE, 0, 4096).status, STATUS_BAD_CAP) << bad;
        }
        EXPECT_EQ(sys_cap_mint(CONSOLE, 1, RIGHT_WRITE).status, STATUS_BAD_CAP);  // A console has
                                                                                  // no badge.
        EXPECT_EQ(sys_endpoint_create(CONSOLE).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_reply_query(reply_handle{REPLY_HANDLE_BIT | 3}).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_reply_close(reply_handle{REPLY_HANDLE_BIT | 3}), STATUS_BAD_CAP);
    });
}

TEST(Cap, test_reject_granting_to_a_slot_that_is_not_there) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        child_limits.slots = 62;
        slot child = create("child");
        for (std::uint32_t to : {0, 63, 64, 65}) {
            EXPECT_EQ(sys_task_grant(child, CONSOLE, to, RIGHT_WRITE), STATUS_BAD_ARG) << to;
        }
        EXPECT_EQ(sys_task_grant(child, CONSOLE, 62, RIGHT_WRITE), STATUS_OK);
    });
}

// Families are of endpoints.
TEST(Cap, test_reject_factory_in_a_family) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot_result grant = sys_grant_create(FACTORY);
        ASSERT_EQ(grant.status, STATUS_OK);
        const std::uint64_t child_id = service_id_of("child", 5);
        EXPECT_EQ(sys_cap_mint_under(FACTORY, child_id, RIGHT_MAKE_TASK, grant.slot).status,
                  STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(FACTORY, child_id, RIGHT_MAKE_TASK).status, STATUS_OK);
    });
}

// init's own makes no programs of bundles, and what it gives for them makes nothing else.
TEST(Cap, test_reject_service_of_a_factory_of_programs) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        const std::uint64_t service = service_id_of("child", 5);
        const std::uint64_t program = program_id_of("child", 5);
        EXPECT_EQ(sys_task_create(FACTORY, SERVICE_ID_TOP_BIT).status, STATUS_BAD_IDENTITY);
        slot_result programs = sys_cap_mint(FACTORY, SERVICE_ID_TOP_BIT, RIGHT_MAKE_TASK);
        ASSERT_EQ(programs.status, STATUS_OK);
        for (const std::uint64_t id : {service, std::uint64_t{0}, SERVICE_ID_TOP_BIT}) {
            EXPECT_EQ(sys_task_create(programs.slot, id).status, STATUS_BAD_IDENTITY) << id;
        }
        for (const std::uint64_t id : {service, SERVICE_ID_TOP_BIT}) {
            EXPECT_EQ(sys_cap_mint(programs.slot, id, RIGHT_MAKE_TASK).status, STATUS_BAD_IDENTITY);
        }
        task_result made = sys_task_create(programs.slot, program);
        EXPECT_EQ(made.status, STATUS_OK);
        slot_result one = sys_cap_mint(programs.slot, program, RIGHT_MAKE_TASK);
        EXPECT_EQ(one.status, STATUS_OK);
        EXPECT_EQ(sys_task_create(one.slot, program_id_of("other", 5)).status, STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_cap_mint(one.slot, SERVICE_ID_TOP_BIT, RIGHT_MAKE_TASK).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
    });
}

TEST(Cap, test_reject_identity_outside_the_factorys) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        std::uint64_t child_id = service_id_of("child", 5);
        EXPECT_EQ(sys_task_create(FACTORY, service_id_of("stranger", 8)).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_task_create(FACTORY, 0).status, STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_task_create(FACTORY, child_id | SERVICE_ID_TOP_BIT).status,
                  STATUS_BAD_IDENTITY);
        slot_result narrow = sys_cap_mint(FACTORY, child_id, RIGHT_MAKE_TASK);
        ASSERT_EQ(narrow.status, STATUS_OK);
        EXPECT_EQ(sys_task_create(narrow.slot, service_id_of("init", 4)).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_cap_mint(narrow.slot, service_id_of("init", 4), RIGHT_MAKE_TASK).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_cap_mint(FACTORY, 0, RIGHT_MAKE_TASK).status, STATUS_BAD_IDENTITY);
        // Nor by a detour: what is not in the manifest cannot be minted either.
        EXPECT_EQ(sys_cap_mint(FACTORY, service_id_of("stranger", 8), RIGHT_MAKE_TASK).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_cap_mint(FACTORY, child_id | SERVICE_ID_TOP_BIT, RIGHT_MAKE_TASK).status,
                  STATUS_BAD_IDENTITY);
        EXPECT_EQ(sys_endpoint_create(narrow.slot).status, STATUS_DENIED);  // A right that was not
                                                                            // minted.
        EXPECT_EQ(sys_cap_mint(narrow.slot, child_id, RIGHTS_FACTORY).status, STATUS_DENIED);
        EXPECT_EQ(sys_task_create(narrow.slot, child_id).status, STATUS_OK);
    });
}

TEST(Cap, test_reject_full_cap_table) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            slot at = endpoint();
            slot task = create("child");
            // Slot 0, those of init, endpoint and task are not free.
            const std::uint64_t first = INIT_SLOT_FIRST_FREE + 2;
            EXPECT_EQ(fill_table(at), CAP_SLOT_COUNT - first);
            EXPECT_EQ(sys_endpoint_create(FACTORY).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_task_create(FACTORY, service_id_of("child", 5)).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_cap_mint(at, 1, RIGHT_SEND).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_cap_clone(task, RIGHT_TASK_QUERY).status, STATUS_NO_SPACE);
            for (std::uint64_t i = first; i < CAP_SLOT_COUNT; i++) {
                EXPECT_EQ(sys_cap_close(slot_at(i)), STATUS_OK);
            }
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
            slot next = endpoint();
            recv_result got = sys_ipc_recv(next, in_us(50));  // Meanwhile the task is reclaimed,
            if (got.status == STATUS_OK) {                    // perhaps before there was a home.
                EXPECT_EQ(got.kernel_bits, static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
                got = sys_ipc_recv(next, in_us(50));
            }
            EXPECT_EQ(got.status, STATUS_TIMED_OUT);
            EXPECT_EQ(sys_cap_close(next), STATUS_OK);
        },
        true);
}

TEST(Cap, test_reject_empty_pools) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_ENDPOINT, 65536);
    machine.fault(FAULT_POINT_TAKE_TASK, 65536);
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            EXPECT_EQ(sys_endpoint_create(FACTORY).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_task_create(FACTORY, service_id_of("child", 5)).status, STATUS_NO_SPACE);
        },
        true);
}

TEST(Cap, test_reject_no_pages) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_PAGE, 65536);
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            EXPECT_EQ(sys_endpoint_create(FACTORY).status, STATUS_NO_SPACE);
            EXPECT_EQ(sys_task_create(FACTORY, service_id_of("child", 5)).status, STATUS_NO_SPACE);
        },
        true);
}

TEST(Cap, every_page_shortage_leaves_nothing_behind) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_PAGE, 65536 / 6);
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            for (int i = 0; i < 60; i++) {
                slot_result made = sys_endpoint_create(FACTORY);
                if (made.status == STATUS_OK) {
                    EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
                }
                task_result task = sys_task_create(FACTORY, service_id_of("child", 5));
                if (task.status != STATUS_OK) {
                    EXPECT_EQ(task.status, STATUS_NO_SPACE);
                    continue;
                }
                load_result loaded = load(task.slot, "child");
                EXPECT_TRUE(loaded.status == STATUS_OK || loaded.status == STATUS_NO_SPACE);
                EXPECT_EQ(sys_cap_close(task.slot), STATUS_OK);
                sim_user_work(20000);
                sys_yield();
            }
            for (int i = 0; i < 100; i++) {
                sys_yield();
            }
        },
        true);
}

TEST(Cap, granting_moves_recv_and_copies_the_rest) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(rights_of(slot_at(5)), static_cast<std::uint32_t>(RIGHT_RECV | RIGHT_MANAGE));
        EXPECT_EQ(sys_ipc_recv(slot_at(5), 0).received, RECEIVED_SEND);
        EXPECT_EQ(sys_cap_query(slot_at(4)).status, STATUS_BAD_CAP);  // Nothing but what was
                                                                      // granted.
    });
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        slot task = start("child", {{at, 5, RIGHT_RECV | RIGHT_MANAGE}});
        EXPECT_EQ(rights_of(at) & RIGHT_RECV, 0u);
        EXPECT_EQ(rights_of(at) & ROUTE, ROUTE);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_DENIED);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        EXPECT_EQ(sys_ipc_notify(at), STATUS_PEER_CLOSED);
    });
}

TEST(Cap, test_reject_granting_wrongly) {
    sim_machine machine;
    machine.program("child", [](user &) { sim_user_work(1000000000); });
    machine.run([](user &) {
        slot at = endpoint();
        slot task = create("child");
        EXPECT_EQ(sys_task_grant(task, slot_at(40), 5, RIGHT_SEND), STATUS_BAD_CAP);
        EXPECT_EQ(sys_task_grant(task, slot_at(CAP_SLOT_COUNT), 5, RIGHT_SEND), STATUS_BAD_CAP);
        EXPECT_EQ(sys_task_grant(task, at, CAP_SLOT_NONE, RIGHT_SEND), STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_grant(task, at, CAP_SLOT_COUNT, RIGHT_SEND), STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_grant(task, at, 5, RIGHT_SEND), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, at, 5, RIGHT_SEND), STATUS_BUSY);  // Filled.
        slot weak = sys_cap_clone(task, RIGHT_TASK_QUERY).slot;
        EXPECT_EQ(sys_task_grant(weak, at, 6, RIGHT_SEND), STATUS_DENIED);
        EXPECT_EQ(load(task, "child").status, STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, at, 7, RIGHT_SEND), STATUS_BUSY);  // Started.
        slot dead = endpoint();
        EXPECT_EQ(sys_endpoint_close(dead), STATUS_OK);
        slot other = create("child");
        EXPECT_EQ(sys_task_grant(other, dead, 5, RIGHT_RECV), STATUS_PEER_CLOSED);
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
        EXPECT_EQ(sys_task_kill(other), STATUS_OK);
    });
}

TEST(Cap, test_reject_granting_to_anothers_child) {
    sim_machine machine;
    machine.program("child", [](user &) {
        slot task = slot_at(5);  // init's child, not ours.
        EXPECT_EQ(sys_task_grant(task, slot_at(6), 7, RIGHT_SEND), STATUS_DENIED);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_DENIED);
    });
    machine.run([](user &) {
        slot at = endpoint();
        slot task = create("child");
        slot child = start("child", {{task, 5, RIGHTS_TASK}, {at, 6, RIGHT_SEND}});
        EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
    });
}

TEST(Cap, closing_one_of_two_leaves_an_unstarted_task) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            slot home = endpoint();
            slot task = create("child");
            slot weak = sys_cap_clone(task, RIGHT_TASK_QUERY).slot;
            slot second = sys_cap_clone(task, RIGHT_TASK_CONTROL).slot;
            EXPECT_EQ(sys_cap_close(second), STATUS_OK);
            EXPECT_EQ(task_query_state(sys_cap_query(task).value), TASK_NEW);
            EXPECT_EQ(load(task, "child").status, STATUS_OK);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);  // The last that could start it.
            EXPECT_EQ(wait_dead(weak).reason, EXIT_KILLED);
            EXPECT_EQ(sys_cap_close(weak), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

TEST(Cap, a_closed_home_is_followed_by_the_next_endpoint) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.program("parent", [](user &) {
        slot own = slot_at(5);  // Its first home was closed before this one was granted.
        slot task = sys_task_create(slot_at(6), service_id_of("child", 5)).slot;
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(own, in_us(1000)).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
    });
    machine.run([](user &) {
        slot first = endpoint();
        EXPECT_EQ(sys_cap_close(first), STATUS_OK);
        slot second = endpoint();
        slot managed = endpoint();
        slot granted = endpoint();
        slot narrow = sys_cap_mint(FACTORY, service_id_of("child", 5), RIGHT_MAKE_TASK).slot;
        slot task = create("parent");
        EXPECT_EQ(load(task, "parent").status, STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, managed, 4, RIGHT_RECV), STATUS_OK);
        EXPECT_EQ(sys_endpoint_close(managed), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, granted, 5, RIGHT_RECV), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, narrow, 6, RIGHT_MAKE_TASK), STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        recv_result got = sys_ipc_recv(second, in_us(100000));
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.kernel_bits, static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Cap, test_reject_unknown_system_call) {
    sim_machine machine;
    machine.run([](user &) {
        for (std::uint64_t number :
             {std::uint64_t{SYSCALL_COUNT}, std::uint64_t{1000}, UINT64_MAX}) {
            EXPECT_EQ(ecall_0(number).a0, static_cast<std::uint64_t>(STATUS_BAD_SYSCALL));
        }
    });
}

std::uint64_t senders_of(slot at) {
    return sys_cap_query(at).detail;
}

TEST(Cap, the_receiver_is_told_when_no_sender_is_left) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            slot at = endpoint();
            EXPECT_EQ(senders_of(at), 0u);  // Its own does not count.
            slot minted = mint(at, 1, RIGHT_CALL);
            slot copy = sys_cap_clone(minted, RIGHT_CALL).slot;
            slot bare = sys_cap_clone(at, RIGHT_MINT).slot;
            EXPECT_EQ(senders_of(at), 2u);
            EXPECT_EQ(sys_cap_close(minted), STATUS_OK);
            EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sys_cap_close(copy), STATUS_OK);
            recv_result got = sys_ipc_recv(at, 0);
            EXPECT_EQ(got.kernel_bits, static_cast<std::uint64_t>(NOTIFY_NO_SENDERS));
            EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sys_cap_close(bare), STATUS_OK);
            EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
        },
        true);
}

TEST(Cap, the_end_of_the_last_sender_wakes_the_receiver) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.program("server", [](user &) {
        std::uint64_t heard = 0;
        while ((heard & NOTIFY_NO_SENDERS) == 0) {
            recv_result got = sys_ipc_recv(slot_at(5), in_us(1000000));
            EXPECT_EQ(got.status, STATUS_OK);
            heard |= got.kernel_bits;
        }
        EXPECT_EQ(senders_of(slot_at(5)), 0u);
    });
    machine.run(
        [](user &) {
            slot at = endpoint();
            slot server = start("server", {{at, 5, RIGHT_RECV}});
            slot child = start("child", {{at, 5, RIGHT_SEND}});
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);  // Without RECV it counted, too.
            EXPECT_EQ(wait_dead(server).reason, EXIT_CODE);
            EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
            EXPECT_EQ(sys_cap_close(server), STATUS_OK);
            EXPECT_EQ(sys_cap_close(child), STATUS_OK);
        },
        true);
}

TEST(Cap, capabilities_of_an_earlier_life_are_no_senders) {
    sim_machine machine;
    machine.run([](user &) {
        slot first = endpoint();
        slot old = mint(first, 1, RIGHT_SEND);
        EXPECT_EQ(sys_cap_close(first), STATUS_OK);
        slot second = endpoint();  // The same object.
        slot copy = sys_cap_clone(old, RIGHT_SEND).slot;
        EXPECT_EQ(senders_of(second), 0u);
        EXPECT_EQ(sys_cap_close(old), STATUS_OK);
        EXPECT_EQ(sys_cap_close(copy), STATUS_OK);
        EXPECT_EQ(senders_of(second), 0u);
        EXPECT_EQ(sys_ipc_recv(second, 0).status, STATUS_WOULD_BLOCK);
    });
}

// A task that gives its first endpoint away, or closes it, hears of its children at the other one.
TEST(Cap, the_home_is_another_endpoint_when_the_first_is_given_away) {
    for (bool gives : {true, false}) {
        sim_machine machine;
        machine.program("child", [](user &) {});
        machine.program("holder", [](user &) { sim_user_work(1000); });
        machine.run([gives](user &) {
            slot first = endpoint();
            slot second = endpoint();
            slot holder{0};
            if (gives) {
                holder = create("holder");
                EXPECT_EQ(sys_task_grant(holder, first, 5, RIGHT_RECV), STATUS_OK);
            } else {
                EXPECT_EQ(sys_cap_close(first), STATUS_OK);
            }
            slot child = create("child");
            EXPECT_EQ(sys_task_kill(child), STATUS_OK);
            EXPECT_EQ(sys_ipc_recv(second, in_us(1000)).kernel_bits,
                      static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
        });
    }
}

// The object is the same, the life another: what comes for the new one does not reach who asks with
// the old capability, which would wait in its place.
TEST(Cap, test_reject_receiving_with_a_capability_of_an_earlier_life) {
    sim_machine machine;
    machine.harts({2, 4});
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "x");
        for (int i = 0; i < 400; i++) {
            EXPECT_EQ(sys_ipc_notify(slot_at(4)), STATUS_OK);
        }
    });
    machine.run([](user &) {
        slot first = endpoint();
        slot manage = first;
        EXPECT_EQ(sys_endpoint_close(manage), STATUS_OK);
        slot second = endpoint();
        slot task = start("sender", {{second, 4, RIGHT_NOTIFY}}, 0, 1);  // Another hart.
        while (task_query_state(sys_cap_query(task).value) != TASK_DEAD) {
            EXPECT_EQ(sys_ipc_recv(first, UINT64_MAX).status, STATUS_PEER_CLOSED);
        }
        (void)wait_dead(task);
        EXPECT_EQ(sys_ipc_recv(second, 0).received, RECEIVED_NOTIFICATION);
    });
}

}  // namespace
