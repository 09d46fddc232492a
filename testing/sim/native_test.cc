// testing/sim/native_test.cc: mapped memory as the host's: the same pages for all who map them,
// with the rights that they map them with.
#include <gtest/gtest.h>

#include <cstring>

#include "kernel/abi/vmo.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t VMO = 10;
constexpr std::uint64_t PAGES = 5;
constexpr std::uint64_t BYTES = PAGES * PAGE_BYTES;
constexpr std::uint64_t WRITABLE = RIGHT_VMO_READ | RIGHT_VMO_WRITE;

void run(sim_machine &machine, const body &init, sim_result &result) {
    sim_options options = machine.options(init, 2, 1);
    options.native = true;
    sim_run(&options, &result);
}

std::uint8_t *mapped(slot vmo, std::uint64_t access) {
    const vmo_map_result got = sys_vmo_map(vmo, 0, PAGES, access);
    EXPECT_EQ(got.status, STATUS_OK);
    return reinterpret_cast<std::uint8_t *>(got.address);
}

TEST(Native, what_one_writes_the_other_reads) {
    sim_machine machine;
    machine.program("reader", [](user &) {
        const std::uint8_t *bytes = mapped(slot_at(VMO), RIGHT_VMO_READ);
        for (std::uint64_t i = 0; i < BYTES; i++) {
            ASSERT_EQ(bytes[i], static_cast<std::uint8_t>(i * 7)) << i;
        }
    });
    sim_result result{};
    run(
        machine,
        [](user &) {
            const slot vmo = sys_vmo_create(FACTORY, PAGES).slot;
            std::uint8_t *bytes = mapped(vmo, WRITABLE);
            EXPECT_EQ(bytes[BYTES - 1], 0);
            for (std::uint64_t i = 0; i < BYTES; i++) {
                bytes[i] = static_cast<std::uint8_t>(i * 7);
            }
            const slot reader = start("reader", {{vmo, VMO, RIGHT_VMO_READ}});
            EXPECT_EQ(wait_dead(reader).reason, EXIT_CODE);
            EXPECT_EQ(sys_vmo_unmap(vmo, reinterpret_cast<std::uint64_t>(bytes)), STATUS_OK);
            EXPECT_EQ(sys_vmo_unmap(vmo, reinterpret_cast<std::uint64_t>(bytes)), STATUS_BAD_ARG);
        },
        result);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
}

// Of the process that does it, as of a program on hardware.
TEST(NativeDeathTest, test_reject_a_write_to_what_is_mapped_to_be_read) {
    sim_machine machine;
    sim_result result{};
    EXPECT_DEATH(run(
                     machine,
                     [](user &) {
                         const slot vmo = sys_vmo_create(FACTORY, PAGES).slot;
                         mapped(vmo, RIGHT_VMO_READ)[1] = 1;
                     },
                     result),
                 "SEGV");
}

TEST(NativeDeathTest, test_reject_a_read_of_what_was_unmapped) {
    sim_machine machine;
    sim_result result{};
    EXPECT_DEATH(run(
                     machine,
                     [](user &) {
                         const slot vmo = sys_vmo_create(FACTORY, PAGES).slot;
                         const std::uint8_t *bytes = mapped(vmo, WRITABLE);
                         EXPECT_EQ(sys_vmo_unmap(vmo, reinterpret_cast<std::uint64_t>(bytes)),
                                   STATUS_OK);
                         EXPECT_EQ(bytes[0], 0);
                     },
                     result),
                 "SEGV");
}

}  // namespace
