// kernel/core/vmo_test.cc: memory that is made, mapped, shared, sealed and given back; each
// refusal. Programs run in simulation on 1, 2 and 4 harts. Where init itself maps something, its
// tables stay with it, so such a run is not `clean`; the audit counts the pages all the same.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint64_t READ = RIGHT_VMO_READ;
constexpr std::uint64_t READ_WRITE = RIGHT_VMO_READ | RIGHT_VMO_WRITE;
constexpr std::uint64_t READ_EXECUTE = RIGHT_VMO_READ | RIGHT_VMO_EXECUTE;
constexpr std::uint64_t LARGE_PAGES = 512;
constexpr std::uint64_t LARGE_BYTES = LARGE_PAGES * PAGE_BYTES;

slot vmo(std::uint64_t pages) {
    slot_result made = sys_vmo_create(FACTORY, pages);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

std::uint64_t map(slot from, std::uint64_t first, std::uint64_t count, std::uint64_t access,
                  std::uint64_t address = 0) {
    vmo_map_result got = sys_vmo_map(from, first, count, address | access);
    EXPECT_EQ(got.status, STATUS_OK);
    if (address != 0) {
        EXPECT_EQ(got.address, address);
    }
    return got.address;
}

status map_status(slot from, std::uint64_t first, std::uint64_t count,
                  std::uint64_t address_access) {
    vmo_map_result got = sys_vmo_map(from, first, count, address_access);
    EXPECT_TRUE(got.status == STATUS_OK || got.address == 0);
    return got.status;
}

void unmap(slot from, std::uint64_t address) {
    EXPECT_EQ(sys_vmo_unmap(from, address), STATUS_OK);
}

void close(slot at) {
    EXPECT_EQ(sys_cap_close(at), STATUS_OK);
}

bool sealed(slot at) {
    return (sys_cap_query(at).detail & VMO_QUERY_SEALED) != 0;
}

// Runs `touch` as a task that has the VMO in slot 5 and must end so.
void expect_child(slot memory, std::uint32_t rights, ending wanted, std::uint64_t argument = 0) {
    slot task = start("child", {{memory, 5, rights}}, argument);
    ending end = wait_dead(task);
    EXPECT_EQ(end.reason, wanted.reason) << exit_reason_name(end.reason);
    EXPECT_EQ(end.detail, wanted.detail);
    close(task);
}

TEST(Vmo, is_zeroed_and_keeps_what_is_written) {
    sim_machine machine;
    machine.run(
        [](user &) {
            for (int round = 0; round < 2; round++) {  // The second from used pages.
                slot memory = vmo(30);
                query_result got = sys_cap_query(memory);
                EXPECT_EQ(cap_query_kind(got.kind_rights), CAP_VMO);
                EXPECT_EQ(cap_query_rights(got.kind_rights),
                          static_cast<std::uint32_t>(RIGHTS_VMO));
                EXPECT_EQ(got.value, 30u);
                EXPECT_EQ(got.detail, 0u);
                std::uint64_t at = map(memory, 0, 30, READ_WRITE);
                for (std::uint64_t i = 0; i < 30; i++) {
                    EXPECT_EQ(sim_user_load(at + i * PAGE_BYTES), 0u);
                    EXPECT_EQ(sim_user_load(at + i * PAGE_BYTES + PAGE_BYTES - 8), 0u);
                    sim_user_store(at + i * PAGE_BYTES, i + 1);
                }
                unmap(memory, at);
                std::uint64_t again = map(memory, 10, 5, READ);
                for (std::uint64_t i = 0; i < 5; i++) {
                    EXPECT_EQ(sim_user_load(again + i * PAGE_BYTES), 11 + i);
                }
                unmap(memory, again);
                close(memory);
            }
        },
        false);
}

TEST(Vmo, one_memory_in_two_tasks) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        std::uint64_t at = map(slot_at(5), 0, 3, READ_WRITE);
        for (std::uint64_t i = 0; i < 3; i++) {
            EXPECT_EQ(sim_user_load(at + i * PAGE_BYTES + 64), self.argument + i);
            sim_user_store(at + i * PAGE_BYTES + 64, self.argument * 2 + i);
        }
        sys_task_exit(7);  // With the mapping in place.
    });
    machine.run(
        [](user &) {
            slot memory = vmo(3);
            std::uint64_t at = map(memory, 0, 3, READ_WRITE);
            for (std::uint64_t i = 0; i < 3; i++) {
                sim_user_store(at + i * PAGE_BYTES + 64, 1000 + i);
            }
            expect_child(memory, READ_WRITE, {EXIT_CODE, 7}, 1000);
            for (std::uint64_t i = 0; i < 3; i++) {
                EXPECT_EQ(sim_user_load(at + i * PAGE_BYTES + 64), 2000 + i);
            }
            unmap(memory, at);
            close(memory);
        },
        false);
}

// Neither the maker's end nor its closing takes memory from others who hold it.
TEST(Vmo, lives_as_long_as_its_last_capability_or_mapping) {
    sim_machine machine;
    machine.run(
        [](user &) {
            slot memory = vmo(4);
            slot_result copy = sys_cap_clone(memory, READ);
            EXPECT_EQ(copy.status, STATUS_OK);
            std::uint64_t at = map(memory, 0, 4, READ_WRITE);
            sim_user_store(at, 42);
            close(memory);
            EXPECT_EQ(sim_user_load(at), 42u);
            std::uint64_t second = map(copy.slot, 0, 1, READ);
            EXPECT_EQ(sim_user_load(second), 42u);
            unmap(copy.slot, at);
            unmap(copy.slot, second);
            second = map(copy.slot, 0, 1, READ);
            close(copy.slot);
            EXPECT_EQ(sim_user_load(second), 42u);
        },
        false);
}

TEST(Vmo, clones_and_grants_have_fewer_rights) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(map_status(slot_at(5), 0, 1, READ_WRITE), STATUS_DENIED);
        EXPECT_EQ(map_status(slot_at(5), 0, 1, READ_EXECUTE), STATUS_DENIED);
        EXPECT_EQ(sys_vmo_seal(slot_at(5)), STATUS_DENIED);
        std::uint64_t at = map(slot_at(5), 0, 1, READ);
        EXPECT_EQ(sim_user_load(at), 0u);
        sim_user_store(at, 1);
        ADD_FAILURE() << "went on";
    });
    machine.run(
        [](user &) {
            slot memory = vmo(1);
            slot_result copy = sys_cap_clone(memory, READ);
            EXPECT_EQ(map_status(copy.slot, 0, 1, READ_WRITE), STATUS_DENIED);
            EXPECT_EQ(sys_cap_clone(copy.slot, READ_WRITE).status, STATUS_DENIED);
            expect_child(copy.slot, READ, {EXIT_FAULT_WRITE, USER_MAP_MIN + PAGE_BYTES});
            close(copy.slot);
            close(memory);
        },
        true);
}

TEST(Vmo, the_kernel_leaves_gaps_and_uses_room_again) {
    sim_machine machine;
    machine.run(
        [](user &) {
            slot memory = vmo(8);
            std::uint64_t first = map(memory, 0, 8, READ);
            std::uint64_t second = map(memory, 0, 2, READ);
            std::uint64_t third = map(memory, 0, 8, READ);
            EXPECT_GT(first, USER_MAP_MIN);
            EXPECT_GT(second, first + 8 * PAGE_BYTES);
            EXPECT_GT(third, second + 2 * PAGE_BYTES);
            unmap(memory, second);
            EXPECT_EQ(map(memory, 4, 2, READ), second);
            unmap(memory, first);
            EXPECT_EQ(map(memory, 0, 1, READ), first);
            EXPECT_EQ(map(memory, 0, 1, READ, USER_MAP_MAX - PAGE_BYTES),
                      USER_MAP_MAX - PAGE_BYTES);
            unmap(memory, USER_MAP_MAX - PAGE_BYTES);
            unmap(memory, third);
            unmap(memory, second);
            unmap(memory, first);
            close(memory);
        },
        false);
}

// 2 MiB blocks where they are aligned, smaller pages beside them: the contents do not tell.
TEST(Vmo, large_pages) {
    sim_machine machine;
    machine.harts({2});
    machine.run(
        [](user &) {
            constexpr std::uint64_t PAGES = LARGE_PAGES + 5;
            slot memory = vmo(PAGES);
            std::uint64_t at = map(memory, 0, PAGES, READ_WRITE);
            EXPECT_EQ(at % LARGE_BYTES, 0u);
            const std::vector<std::uint64_t> places = {0, 1, 511, 512, 516};
            for (std::uint64_t i : places) {
                EXPECT_EQ(sim_user_load(at + i * PAGE_BYTES), 0u);
                sim_user_store(at + i * PAGE_BYTES, 77 + i);
            }
            // Shifted by a page, no large one fits.
            std::uint64_t shifted = USER_MAP_MIN + 64 * LARGE_BYTES + PAGE_BYTES;
            map(memory, 0, PAGES, READ, shifted);
            for (std::uint64_t i : places) {
                EXPECT_EQ(sim_user_load(shifted + i * PAGE_BYTES), 77 + i);
            }
            unmap(memory, shifted);
            unmap(memory, at);
            // Small pages were here, then a large one wants to be.
            map(memory, 3, 1, READ, at + PAGE_BYTES);
            unmap(memory, at + PAGE_BYTES);
            map(memory, 0, LARGE_PAGES, READ, at);
            EXPECT_EQ(sim_user_load(at + PAGE_BYTES), 78u);
            unmap(memory, at);
            close(memory);
        },
        false);
}

TEST(Vmo, sealed_contents_can_be_executed_and_not_changed) {
    sim_machine machine;
    machine.program("child", [](user &) {
        std::uint64_t at = map(slot_at(5), 0, 1, READ_EXECUTE);
        sim_user_fetch(at);
        EXPECT_EQ(sim_user_load(at), 9u);
        sim_user_store(at, 1);
        ADD_FAILURE() << "went on";
    });
    machine.run(
        [](user &) {
            slot memory = vmo(1);
            std::uint64_t at = map(memory, 0, 1, READ_WRITE);
            sim_user_store(at, 9);
            unmap(memory, at);
            EXPECT_FALSE(sealed(memory));
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
            EXPECT_TRUE(sealed(memory));
            expect_child(memory, RIGHTS_VMO, {EXIT_FAULT_WRITE, USER_MAP_MIN + PAGE_BYTES});
            close(memory);
        },
        false);
}

TEST(Vmo, test_reject_seal_while_mapped_writable) {
    sim_machine machine;
    machine.program("child", [](user &) {
        sim_user_store(map(slot_at(5), 0, 1, READ_WRITE), 1);
        for (;;) {  // Until it is killed.
            sys_yield();
        }
    });
    machine.run(
        [](user &) {
            slot memory = vmo(2);
            std::uint64_t first = map(memory, 0, 1, READ_WRITE);
            std::uint64_t second = map(memory, 1, 1, READ_WRITE);
            std::uint64_t reader = map(memory, 0, 2, READ);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_BUSY);
            unmap(memory, first);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_BUSY);
            EXPECT_FALSE(sealed(memory));
            unmap(memory, second);
            slot task = start("child", {{memory, 5, RIGHTS_VMO}});
            wait_until([&] { return sim_user_load(reader) == 1; }, "the child's mapping");
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_BUSY);
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            (void)wait_dead(task);
            close(task);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
            unmap(memory, reader);
            close(memory);
        },
        false);
}

TEST(Vmo, test_reject_write_to_a_sealed_vmo) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(1);
        EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
        EXPECT_EQ(map_status(memory, 0, 1, READ_WRITE), STATUS_DENIED);
        std::uint64_t at = map(memory, 0, 1, READ);
        EXPECT_EQ(sim_user_load(at), 0u);
    });
}

TEST(Vmo, test_reject_executing_what_is_not_sealed) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(1);
        EXPECT_EQ(map_status(memory, 0, 1, READ_EXECUTE), STATUS_BUSY);
        std::uint64_t at = map(memory, 0, 1, READ_WRITE);
        EXPECT_EQ(map_status(memory, 0, 1, READ_EXECUTE), STATUS_BUSY);
        unmap(memory, at);
        EXPECT_EQ(map_status(memory, 0, 1, READ_EXECUTE), STATUS_BUSY);
    });
}

TEST(Vmo, test_reject_write_and_execute_map) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(1);
        for (std::uint64_t access :
             {std::uint64_t{0}, std::uint64_t{RIGHT_VMO_WRITE}, std::uint64_t{RIGHT_VMO_EXECUTE},
              std::uint64_t{RIGHT_VMO_WRITE | RIGHT_VMO_EXECUTE}, std::uint64_t{RIGHTS_VMO},
              std::uint64_t{8 | RIGHT_VMO_READ}, VMO_MAP_ACCESS_MASK}) {
            EXPECT_EQ(map_status(memory, 0, 1, access), STATUS_BAD_ARG) << access;
        }
        EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
        EXPECT_EQ(map_status(memory, 0, 1, RIGHTS_VMO), STATUS_BAD_ARG);
    });
}

TEST(Vmo, test_reject_map_out_of_range) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(4);
        EXPECT_EQ(map_status(memory, 0, 0, READ), STATUS_BAD_ARG);
        EXPECT_EQ(map_status(memory, 0, 5, READ), STATUS_BAD_ARG);
        EXPECT_EQ(map_status(memory, 4, 1, READ), STATUS_BAD_ARG);
        EXPECT_EQ(map_status(memory, UINT64_MAX, 2, READ), STATUS_BAD_ARG);
        EXPECT_EQ(map_status(memory, 1, UINT64_MAX, READ), STATUS_BAD_ARG);
        for (std::uint64_t address : {USER_IMAGE_MIN, USER_MESSAGE_PAGE, USER_MAP_MIN - PAGE_BYTES,
                                      USER_MAP_MAX, USER_MAP_MAX - 3 * PAGE_BYTES,
                                      UINT64_C(0xffffffc080200000), UINT64_MAX - PAGE_BYTES + 1}) {
            EXPECT_EQ(map_status(memory, 0, 4, address | READ), STATUS_BAD_ARG) << address;
        }
        // What was refused left nothing: sealing sees no writer.
        EXPECT_EQ(map_status(memory, 0, 4, USER_IMAGE_MIN | READ_WRITE), STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
    });
}

TEST(Vmo, test_reject_map_over_another) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(4);
        constexpr std::uint64_t AT = USER_MAP_MIN + 16 * PAGE_BYTES;
        map(memory, 0, 4, READ_WRITE, AT);
        for (std::int64_t shift = -3; shift <= 3; shift++) {
            std::uint64_t address = AT + static_cast<std::uint64_t>(shift) * PAGE_BYTES;
            EXPECT_EQ(map_status(memory, 0, 4, address | READ), STATUS_BUSY) << shift;
        }
        map(memory, 0, 4, READ, AT + 4 * PAGE_BYTES);
        map(memory, 0, 4, READ, AT - 4 * PAGE_BYTES);
        sim_user_store(AT, 5);
        EXPECT_EQ(sim_user_load(AT + 4 * PAGE_BYTES), 5u);
    });
}

TEST(Vmo, test_reject_more_mappings_than_the_table_has) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(1);
        std::vector<std::uint64_t> at;
        vmo_map_result got{};
        while ((got = sys_vmo_map(memory, 0, 1, READ_WRITE)).status == STATUS_OK) {
            at.push_back(got.address);
        }
        EXPECT_EQ(got.status, STATUS_NO_SPACE);
        EXPECT_EQ(at.size(), 32u);
        for (std::uint64_t address : at) {
            unmap(memory, address);
        }
        EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
    });
}

TEST(Vmo, test_reject_unmapping_what_is_not_mapped_so) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = vmo(2);
        slot other = vmo(2);
        std::uint64_t at = map(memory, 0, 2, READ);
        EXPECT_EQ(sys_vmo_unmap(other, at), STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_unmap(memory, at + PAGE_BYTES), STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_unmap(memory, 0), STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_unmap(memory, USER_MESSAGE_PAGE), STATUS_BAD_ARG);
        EXPECT_EQ(sim_user_load(at), 0u);
        unmap(memory, at);
        EXPECT_EQ(sys_vmo_unmap(memory, at), STATUS_BAD_ARG);
    });
}

TEST(Vmo, test_reject_reading_what_was_unmapped) {
    sim_machine machine;
    machine.program("child", [](user &) {
        std::uint64_t at = map(slot_at(5), 0, 2, READ_WRITE);
        sim_user_store(at, 1);
        unmap(slot_at(5), at);
        (void)sim_user_load(at);
        ADD_FAILURE() << "went on";
    });
    machine.run(
        [](user &) {
            slot memory = vmo(2);
            expect_child(memory, RIGHTS_VMO, {EXIT_FAULT_READ, USER_MAP_MIN + PAGE_BYTES});
            close(memory);
        },
        true);
}

TEST(Vmo, test_reject_bad_capabilities_and_sizes) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        EXPECT_EQ(sys_vmo_create(FACTORY, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_create(FACTORY, VMO_PAGES_MAX + 1).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_create(FACTORY, UINT64_MAX).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_vmo_create(CONSOLE, 1).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_vmo_create(slot_at(50), 1).status, STATUS_BAD_CAP);
        slot_result narrow = sys_cap_mint(FACTORY, service_id_of("child", 5), RIGHT_MAKE_ENDPOINT);
        EXPECT_EQ(sys_vmo_create(narrow.slot, 1).status, STATUS_DENIED);
        EXPECT_EQ(map_status(CONSOLE, 0, 1, READ), STATUS_BAD_CAP);
        EXPECT_EQ(sys_vmo_unmap(CONSOLE, USER_MAP_MIN), STATUS_BAD_CAP);
        EXPECT_EQ(sys_vmo_seal(CONSOLE), STATUS_BAD_CAP);
        EXPECT_EQ(sys_cap_mint(vmo(1), 1, READ).status, STATUS_BAD_CAP);
    });
}

// More than there is: what was taken on the way comes back, and as much as before can be taken.
TEST(Vmo, test_reject_more_memory_than_there_is) {
    sim_machine machine;
    machine.harts({1, 2});
    machine.run(
        [](user &) {
            for (int round = 0; round < 2; round++) {
                EXPECT_EQ(sys_vmo_create(FACTORY, 4000).status, STATUS_NO_SPACE);
            }
            close(vmo(1000));
        },
        true);
}

TEST(Vmo, empty_pools_lose_nothing) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_PAGE, 65536 / 16);
    machine.fault(FAULT_POINT_TAKE_VMO, 65536 / 16);
    machine.run(
        [](user &) {
            int mapped = 0;
            for (int round = 0; round < 40; round++) {
                slot_result made = sys_vmo_create(FACTORY, 1 + sim_user_random(8));
                if (made.status != STATUS_OK) {
                    EXPECT_EQ(made.status, STATUS_NO_SPACE);
                    continue;
                }
                // Each needs a table of its own.
                std::uint64_t address =
                    USER_MAP_MIN + static_cast<std::uint64_t>(round) * LARGE_BYTES;
                vmo_map_result got = sys_vmo_map(made.slot, 0, 1, address | READ_WRITE);
                if (got.status == STATUS_OK) {
                    mapped++;
                    sim_user_store(address, 3);
                    unmap(made.slot, address);
                } else {
                    EXPECT_EQ(got.status, STATUS_NO_SPACE);
                }
                EXPECT_EQ(sys_vmo_seal(made.slot), STATUS_OK);
                close(made.slot);
            }
            EXPECT_GT(mapped, 0);
        },
        false);
}

// A task that dies in the middle of a long call gives back what it has so far.
TEST(Vmo, a_kill_half_way_loses_nothing) {
    sim_machine machine;
    machine.limits({200, 0, 0, 4, 63});
    machine.program("child", [](user &) {
        for (;;) {  // Until it is killed.
            slot_result made = sys_vmo_create(slot_at(5), 60);
            if (made.status == STATUS_OK) {
                std::uint64_t at = map(made.slot, 0, 60, READ_WRITE);
                map(made.slot, 0, 60, READ);
                sim_user_store(at, 1);
                unmap(made.slot, at);
                close(made.slot);
            }
        }
    });
    machine.run(
        [](user &) {
            for (int round = 0; round < 6; round++) {
                slot factory =
                    sys_cap_mint(FACTORY, service_id_of("child", 5), RIGHT_MAKE_VMO).slot;
                slot task = start("child", {{factory, 5, RIGHT_MAKE_VMO}});
                close(factory);
                sim_user_work(sim_user_random(200000));
                EXPECT_EQ(sys_task_kill(task), STATUS_OK);
                EXPECT_EQ(wait_dead(task).reason, EXIT_KILLED);
                close(task);
            }
        },
        true);
}

// A VMO with the file of that program from its second page on; *bytes is the file's length.
slot file_of(const char *name, std::uint64_t *bytes) {
    std::uint64_t offset = 0;
    EXPECT_TRUE(sim_program_find(name, &offset, bytes));
    slot memory = vmo(1 + (*bytes + PAGE_BYTES - 1) / PAGE_BYTES);
    std::uint64_t pages = sys_cap_query(memory).value;
    std::uint64_t at = map(memory, 0, pages, READ_WRITE);
    for (std::uint64_t i = 0; i < *bytes; i += 8) {
        sim_user_store(at + PAGE_BYTES + i, sim_user_load(USER_BOOT_IMAGE + offset + i));
    }
    unmap(memory, at);
    return memory;
}

constexpr std::uint64_t DATA = USER_IMAGE_MIN + PAGE_BYTES;  // kernel/arch/sim/image.c

TEST(Vmo, programs_are_loaded_from_sealed_ones_and_keep_them) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sim_user_load(DATA), 0x5a5a5a5a5a5a5a5au);  // From the file,
        EXPECT_EQ(sim_user_load(DATA + 16), 0u);              // and beyond it.
        sim_user_store(DATA, 1);
        sim_user_fetch(USER_IMAGE_MIN);
        sys_task_exit(7);
    });
    machine.run(
        [](user &) {
            std::uint64_t bytes = 0;
            slot memory = file_of("child", &bytes);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
            slot tasks[2] = {create("child"), create("child")};
            for (slot task : tasks) {  // Both see the file as it was.
                EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, bytes).status, STATUS_OK);
            }
            close(memory);
            for (slot task : tasks) {
                EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
                EXPECT_EQ(wait_dead(task).detail, 7u);
                close(task);
            }
        },
        false);
}

TEST(Vmo, test_reject_loading_what_is_not_a_sealed_program) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            std::uint64_t bytes = 0;
            slot memory = file_of("child", &bytes);
            slot task = create("child");
            EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, bytes).status, STATUS_BUSY);
            EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
            slot reader = sys_cap_clone(memory, READ).slot;
            EXPECT_EQ(sys_task_load(task, reader, PAGE_BYTES, bytes).status, STATUS_DENIED);
            EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES + 8, 8).status, STATUS_BAD_ARG);
            EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, 100 * PAGE_BYTES).status,
                      STATUS_BAD_ARG);
            EXPECT_EQ(sys_task_load(task, memory, 0, bytes).status, STATUS_BAD_IMAGE);  // Zeros.
            EXPECT_EQ(sys_task_load(task, memory, PAGE_BYTES, 0).status, STATUS_BAD_IMAGE);
            // Nothing of it is left: the task takes the program after all, from who cannot write
            // it.
            slot runner = sys_cap_clone(memory, READ_EXECUTE).slot;
            EXPECT_EQ(sys_task_load(task, runner, PAGE_BYTES, bytes).status, STATUS_OK);
            close(runner);
            close(task);
            close(reader);
            close(memory);
        },
        false);
}

}  // namespace
