// kernel/core/vmo_large_test.cc: which memory is made of 2 MiB blocks and mapped by one entry each,
// to the page: what is one page short is not, and nothing is reached beyond a mapping. Programs run
// in simulation.
#include <gtest/gtest.h>

#include <cstdint>

#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using namespace simtest;

constexpr std::uint64_t LARGE_PAGES = ARCH_LARGE_PAGES;
constexpr std::uint64_t LARGE_BYTES = LARGE_PAGES * PAGE_BYTES;
constexpr std::uint64_t AT = USER_MAP_MIN / LARGE_BYTES * LARGE_BYTES + 64 * LARGE_BYTES;

const task &init_task() {
    return sim_kernel()->tasks[sim_kernel()->init_task];
}

const vmo &vmo_at(slot at) {
    return sim_kernel()->vmos[init_task().caps[at.value].object];
}

slot make(std::uint64_t pages) {
    slot_result made = sys_vmo_create(FACTORY, pages);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

std::uint32_t free_pages() {
    return sim_kernel()->page_pool.free_count;
}

// How many pages for tables the mapping takes; it is taken away again, the tables stay.
std::uint32_t tables_for(slot memory, std::uint64_t first, std::uint64_t count,
                         std::uint64_t address) {
    const std::uint32_t before = free_pages();
    vmo_map_result got = sys_vmo_map(memory, first, count, address | RIGHT_VMO_READ);
    EXPECT_EQ(got.status, STATUS_OK);
    const std::uint32_t taken = before - free_pages();
    for (std::uint64_t i = 0; i < count; i += 73) {
        EXPECT_EQ(sim_user_load(address + i * PAGE_BYTES), 0u);
    }
    EXPECT_EQ(sim_user_load(address + count * PAGE_BYTES - 8), 0u);
    EXPECT_EQ(sys_vmo_unmap(memory, address), STATUS_OK);
    return taken;
}

TEST(VmoLarge, blocks_are_used_for_whole_chunks_only) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        const struct {
            std::uint64_t pages;
            std::uint32_t large;
        } cases[] = {{LARGE_PAGES - 1, 0}, {LARGE_PAGES, 1}, {LARGE_PAGES + 1, 1}};
        for (const auto &one : cases) {
            const std::uint32_t before = free_pages();
            slot memory = make(one.pages);
            EXPECT_EQ(vmo_at(memory).large_mask, one.large) << one.pages;
            const std::uint64_t lists = one.pages % LARGE_PAGES == 0 ? 0 : 1;
            EXPECT_EQ(before - free_pages(), one.pages + lists) << one.pages;
            EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
            EXPECT_EQ(free_pages(), before) << one.pages;
        }
    });
}

// A large page needs the table of the level above, which is there after the first; small ones need
// one more, in each region of 2 MiB.
TEST(VmoLarge, a_large_page_takes_no_table) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        slot memory = make(LARGE_PAGES + 2);
        EXPECT_LE(tables_for(memory, 0, LARGE_PAGES, AT), 1u);
        std::uint64_t at = AT + 2 * LARGE_BYTES;  // Each where nothing was before.
        EXPECT_EQ(tables_for(memory, 0, LARGE_PAGES, at), 0u);
        at += 2 * LARGE_BYTES;
        EXPECT_EQ(tables_for(memory, 0, LARGE_PAGES + 2, at), 1u) << "two small ones behind it";
        at += 4 * LARGE_BYTES;
        EXPECT_EQ(tables_for(memory, 0, LARGE_PAGES - 1, at), 1u) << "a page too short";
        at += 4 * LARGE_BYTES;
        EXPECT_EQ(tables_for(memory, 1, LARGE_PAGES + 1, at), 2u) << "not the block's first page";
        at += 4 * LARGE_BYTES;
        EXPECT_EQ(tables_for(memory, 0, LARGE_PAGES, at + PAGE_BYTES), 2u) << "not aligned";
        EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
    });
}

TEST(VmoLarge, the_kernel_aligns_what_can_be_large) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        slot memory = make(LARGE_PAGES);
        for (std::uint64_t pages : {LARGE_PAGES, LARGE_PAGES - 1}) {
            vmo_map_result got = sys_vmo_map(memory, 0, pages, RIGHT_VMO_READ);
            EXPECT_EQ(got.status, STATUS_OK);
            EXPECT_EQ(got.address % LARGE_BYTES == 0, pages == LARGE_PAGES);
            EXPECT_EQ(sys_vmo_unmap(memory, got.address), STATUS_OK);
        }
        EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
    });
}

TEST(VmoLarge, test_reject_reading_the_page_behind_a_mapping) {
    sim_machine machine;
    machine.harts({1});
    machine.limits({40, 0, 0, 0, 63});
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_vmo_map(slot_at(5), 0, LARGE_PAGES - 1, AT | RIGHT_VMO_READ).status,
                  STATUS_OK);
        (void)sim_user_load(AT + (LARGE_PAGES - 1) * PAGE_BYTES);
        ADD_FAILURE() << "went on";
    });
    machine.run([](user &) {
        slot memory = make(LARGE_PAGES);
        slot task = start("child", {{memory, 5, RIGHT_VMO_READ}});
        ending end = wait_dead(task);
        EXPECT_EQ(end.reason, EXIT_FAULT_READ);
        EXPECT_EQ(end.detail, AT + (LARGE_PAGES - 1) * PAGE_BYTES);
    });
}

// What is mapped to be executed is made fetchable on every hart, once; what is only read is not.
TEST(VmoLarge, what_can_be_executed_can_be_fetched) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = make(2);
        EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
        vmo_map_result read = sys_vmo_map(memory, 0, 2, RIGHT_VMO_READ);
        EXPECT_EQ(atomic_load_u32(&vmo_at(memory).fetchable), 0u);
        vmo_map_result run = sys_vmo_map(memory, 0, 2, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE);
        EXPECT_EQ(run.status, STATUS_OK);
        EXPECT_EQ(atomic_load_u32(&vmo_at(memory).fetchable), 1u);
        EXPECT_EQ(sys_vmo_unmap(memory, read.address), STATUS_OK);
        EXPECT_EQ(sys_vmo_unmap(memory, run.address), STATUS_OK);
        EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
    });
}

// Executes the same new memory on two harts.
void fetch_on_both(std::uint64_t first) {
    const std::uint32_t rights = RIGHT_VMO_READ | RIGHT_VMO_EXECUTE;
    const slot memory = make(2);
    EXPECT_EQ(sys_vmo_seal(memory), STATUS_OK);
    for (std::uint64_t hart : {first, 1 - first}) {
        const slot task = start("child", {{memory, 5, rights}}, 0, hart);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    }
}

// The run of a kernel that makes memory fetchable, or does not; how often it was executed.
sim_result fetch(bool loses, std::uint32_t *fetched) {
    static std::uint32_t count;
    count = 0;
    sim_machine machine;
    machine.fault(FAULT_POINT_LOSE_FENCE, loses ? 65536 : 0);
    machine.program("idler", [](user &) {});
    machine.program("child", [](user &) {
        const std::uint64_t access = RIGHT_VMO_READ | RIGHT_VMO_EXECUTE;
        const vmo_map_result run = sys_vmo_map(slot_at(5), 0, 2, access);
        EXPECT_EQ(run.status, STATUS_OK);
        sim_user_fetch(run.address);
        count++;
    });
    const sim_result got = machine.run_once(
        [](user &) {
            EXPECT_EQ(wait_dead(start("idler", {}, 0, 1)).reason, EXIT_CODE);  // Hart 1 is there.
            fetch_on_both(0);
            fetch_on_both(1);
        },
        2, 1);
    *fetched = count;
    return got;
}

// It is done for all harts that there are, whichever maps the memory first; a kernel that leaves it
// out is found by the hart that executes what was written.
TEST(VmoLarge, test_reject_a_fetch_of_what_was_written_since_the_last_fence) {
    std::uint32_t fetched = 0;
    const sim_result good = fetch(false, &fetched);
    EXPECT_EQ(good.end, SIM_POWER_OFF) << good.message;
    EXPECT_EQ(fetched, 4u);
    const sim_result bad = fetch(true, &fetched);
    EXPECT_EQ(bad.end, SIM_CHECK_FAILED);
    const std::string message = bad.message;
    EXPECT_NE(message.find("written since its last fence.i"), std::string::npos) << message;
    EXPECT_EQ(fetched, 0u);
}

TEST(VmoLarge, test_reject_memory_without_a_slot_for_it) {
    sim_machine machine;
    machine.run([](user &) {
        slot last{};
        for (slot_result got = sys_cap_clone(IMAGE, RIGHT_READ); got.status == STATUS_OK;
             got = sys_cap_clone(IMAGE, RIGHT_READ)) {
            last = got.slot;
        }
        const std::uint32_t before = free_pages();
        slot_result got = sys_vmo_create(FACTORY, 1);
        EXPECT_EQ(got.status, STATUS_NO_SPACE);
        EXPECT_EQ(got.slot.value, 0u);
        EXPECT_EQ(free_pages(), before);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        EXPECT_EQ(sys_cap_close(make(1)), STATUS_OK);
    });
}

TEST(VmoLarge, test_reject_as_much_as_a_vmo_may_have_where_there_is_less) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        const std::uint32_t before = free_pages();
        slot_result got = sys_vmo_create(FACTORY, VMO_PAGES_MAX);
        EXPECT_EQ(got.status, STATUS_NO_SPACE) << "as many as may be asked for";
        EXPECT_EQ(got.slot.value, 0u);
        EXPECT_EQ(free_pages(), before);
    });
}

// Who holds the VMO with any right may take its own mapping of it away.
TEST(VmoLarge, unmapping_needs_no_right) {
    sim_machine machine;
    machine.run([](user &) {
        slot memory = make(1);
        slot writes = sys_cap_clone(memory, RIGHT_VMO_WRITE).slot;
        vmo_map_result got = sys_vmo_map(memory, 0, 1, RIGHT_VMO_READ);
        EXPECT_EQ(sys_vmo_unmap(writes, got.address), STATUS_OK);
        EXPECT_EQ(sys_cap_close(writes), STATUS_OK);
        EXPECT_EQ(sys_cap_close(memory), STATUS_OK);
    });
}

}  // namespace
