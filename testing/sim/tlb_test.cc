// testing/sim/tlb_test.cc: what a flush leaves in a TLB of the simulation is of no use to anybody.
#include <gtest/gtest.h>

#include "kernel/abi/vmo.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t VMO = 10;
constexpr std::uint64_t PAGES = 64;  // As many as a TLB has places.

// Page 0 is never mapped, and an empty place of a TLB has the address 0.
TEST(Tlb, test_reject_a_store_to_page_0_after_a_flush) {
    sim_machine machine;
    machine.program("stores", [](user &) {
        const vmo_map_result got =
            sys_vmo_map(slot_at(VMO), 0, PAGES, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
        EXPECT_EQ(got.status, STATUS_OK);
        for (std::uint64_t page = 0; page < PAGES; page++) {
            sim_user_store(got.address + page * PAGE_BYTES, page);
        }
        EXPECT_EQ(sys_vmo_unmap(slot_at(VMO), got.address), STATUS_OK);
        sim_user_store(8, 0);
        ADD_FAILURE() << "it was stored";
    });
    machine.run(
        [](user &) {
            const slot vmo = sys_vmo_create(FACTORY, PAGES).slot;
            const slot stores = start("stores", {{vmo, VMO, RIGHT_VMO_READ | RIGHT_VMO_WRITE}});
            EXPECT_EQ(wait_dead(stores).reason, EXIT_FAULT_WRITE);
        },
        false);
}

}  // namespace
