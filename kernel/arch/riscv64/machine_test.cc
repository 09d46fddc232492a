// kernel/arch/riscv64/machine_test.cc: device trees made here with libfdt's writer, each with one
// thing wrong, and what is free of a memory.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "kernel/arch/riscv64/tree_for_test.h"

namespace {

using namespace tree_for_test;

TEST(Machine, reads_a_good_tree) {
    machine out{};
    ASSERT_EQ(read(tree{}, &out), MACHINE_OK);
    EXPECT_EQ(out.ram.base, 0x80000000u);
    EXPECT_EQ(out.ram.bytes, 0x8000000u);
    EXPECT_EQ(out.boot_image.base, 0x84000000u);
    EXPECT_EQ(out.boot_image.bytes, 0x10800u);
    EXPECT_EQ(out.uart.base, 0x10000000u);
    EXPECT_EQ(out.timebase_hz, 10000000u);
    ASSERT_EQ(out.hart_count, 2u);
    EXPECT_EQ(out.hartid[0], 3u);
    EXPECT_EQ(out.hartid[1], 1u);
    EXPECT_TRUE(out.sstc);
    EXPECT_TRUE(out.seeded);
    EXPECT_EQ(out.seed[3], UINT64_C(0x0403020104030201));
    ASSERT_EQ(out.reserved_count, 2u);
    EXPECT_EQ(out.reserved[0].base, 0x87f00000u);
    EXPECT_EQ(out.reserved[1].bytes, 0x80000u);
    EXPECT_EQ(out.tree_bytes, blob_of(tree{}).size());
}

TEST(Machine, devices_by_address_with_their_lines) {
    machine out{};
    tree what;
    what.devices[0].parent = 0;  // Then the bus says it.
    what.soc_names_parent = true;
    what.devices[2].status = "disabled";
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    ASSERT_EQ(out.device_count, 2u);
    EXPECT_EQ(out.devices[0].window.base, 0x10001000u);
    EXPECT_EQ(out.devices[0].window.bytes, 0x1000u);
    EXPECT_EQ(out.devices[0].line, 1u);
    EXPECT_EQ(out.devices[1].window.base, 0x10002000u);
    EXPECT_EQ(out.devices[1].line, 2u);
    EXPECT_EQ(out.uart_line, 10u);
    what.uart_line.reset();
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_EQ(out.uart_line, 0u);
}

TEST(Machine, plic_contexts_belong_to_harts) {
    machine out{};
    tree what;
    what.plic->compatible = "riscv,plic0";
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_EQ(out.plic.base, 0xc000000u);
    EXPECT_EQ(out.plic_line_max, 95u);
    EXPECT_EQ(out.plic_context[0], 1u);
    EXPECT_EQ(out.plic_context[1], 3u);
    what.harts[0].status = "disabled";  // The other is the first then.
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_EQ(out.plic_context[0], 3u);
}

TEST(Machine, sstc_must_be_every_harts) {
    machine out{};
    tree what;
    what.harts[1].isa = "rv64imac_zicsr_sstcx";
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_FALSE(out.sstc);
    what.harts[1].extensions = true;
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_TRUE(out.sstc);
    what.harts[1] = {1, std::nullopt};
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_FALSE(out.sstc);
    what = {};
    what.harts[0].isa = "rv64imac_zicsr";
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_FALSE(out.sstc);
}

TEST(Machine, blocks_are_cleared_at_once_if_every_hart_says_so) {
    machine out{};
    tree what;
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_FALSE(out.zeroes_blocks);
    for (tree_hart &hart : what.harts) {
        hart.zero_bytes = MACHINE_ZERO_BYTES;
    }
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_TRUE(out.zeroes_blocks);
    for (std::uint32_t other : {0u, 32u, 128u, 4096u}) {
        what.harts[1].zero_bytes = other;
        ASSERT_EQ(read(what, &out), MACHINE_OK);
        EXPECT_FALSE(out.zeroes_blocks) << other;
    }
}

TEST(Machine, a_disabled_hart_is_none) {
    machine out{};
    tree what;
    what.harts[0].status = "disabled";
    what.harts[1].status = std::nullopt;
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    ASSERT_EQ(out.hart_count, 1u);
    EXPECT_EQ(out.hartid[0], 1u);
}

TEST(Machine, one_argument_is_known) {
    for (const std::string arguments : {"trace", "", "trac", "traced", "trace "}) {
        machine out{};
        tree what;
        what.arguments = arguments;
        ASSERT_EQ(read(what, &out), MACHINE_OK);
        EXPECT_EQ(out.traced, arguments == "trace") << arguments;
    }
}

TEST(Machine, a_short_seed_is_none) {
    machine out{};
    tree what;
    what.seed_words = 7;
    ASSERT_EQ(read(what, &out), MACHINE_OK);
    EXPECT_FALSE(out.seeded);
    EXPECT_EQ(out.seed[0], 0u);
}

TEST(Machine, test_reject_blob_cut_or_damaged) {
    std::vector<char> blob = blob_of(tree{});
    machine out{};
    EXPECT_EQ(machine_read(blob.data(), blob.size() - 1, &out), MACHINE_BAD_BLOB);
    EXPECT_EQ(machine_read(blob.data(), 8, &out), MACHINE_BAD_BLOB);
    blob[0] = 0;
    EXPECT_EQ(machine_read(blob.data(), blob.size(), &out), MACHINE_BAD_BLOB);
}

// No byte of a blob may lead the reader out of it: the sanitizers watch.
TEST(Machine, survives_any_flipped_byte) {
    const std::vector<char> good = blob_of(tree{});
    for (std::size_t i = 0; i < good.size(); i++) {
        for (int flip : {0x01, 0x80, 0xff}) {
            std::vector<char> blob = good;
            blob[i] = static_cast<char>(blob[i] ^ flip);
            machine out{};
            machine_fault fault = machine_read(blob.data(), blob.size(), &out);
            EXPECT_LT(fault, MACHINE_FAULT_COUNT);
        }
    }
}

TEST(Machine, test_reject_no_memory) {
    EXPECT_EQ(fault_of([](tree &t) { t.memory.clear(); }), MACHINE_NO_MEMORY);
    EXPECT_EQ(fault_of([](tree &t) { t.memory = {{0x80000000, 0}}; }), MACHINE_NO_MEMORY);
    EXPECT_EQ(fault_of([](tree &t) { t.memory = {{UINT64_MAX - 4095, 8192}}; }), MACHINE_NO_MEMORY);
}

TEST(Machine, test_reject_two_banks) {
    EXPECT_EQ(fault_of([](tree &t) {
                  t.memory.push_back({0x90000000, 0x1000});
              }),
              MACHINE_MEMORY_BANKS);
    EXPECT_EQ(fault_of([](tree &t) { t.memory_twice = true; }), MACHINE_MEMORY_BANKS);
}

TEST(Machine, test_reject_no_chosen) {
    EXPECT_EQ(fault_of([](tree &t) { t.chosen = false; }), MACHINE_NO_CHOSEN);
}

TEST(Machine, test_reject_no_boot_image) {
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_start.reset(); }), MACHINE_NO_BOOT_IMAGE);
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_end.reset(); }), MACHINE_NO_BOOT_IMAGE);
}

TEST(Machine, test_reject_boot_image_outside_memory_or_crooked) {
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_start = 0x7ffff000; }), MACHINE_BAD_BOOT_IMAGE);
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_end = 0x88000001; }), MACHINE_BAD_BOOT_IMAGE);
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_end = t.initrd_start; }), MACHINE_BAD_BOOT_IMAGE);
    EXPECT_EQ(fault_of([](tree &t) { t.initrd_start = 0x84000800; }), MACHINE_BAD_BOOT_IMAGE);
}

TEST(Machine, test_reject_no_cpus_or_timebase) {
    EXPECT_EQ(fault_of([](tree &t) { t.cpus = false; }), MACHINE_NO_CPUS);
    EXPECT_EQ(fault_of([](tree &t) { t.timebase.reset(); }), MACHINE_NO_TIMEBASE);
    EXPECT_EQ(fault_of([](tree &t) { t.timebase = 0; }), MACHINE_BAD_TIMEBASE);
    EXPECT_EQ(fault_of([](tree &t) { t.timebase = 24000000; }), MACHINE_BAD_TIMEBASE);
}

TEST(Machine, test_reject_harts) {
    EXPECT_EQ(fault_of([](tree &t) { t.harts.clear(); }), MACHINE_NO_HARTS);
    EXPECT_EQ(fault_of([](tree &t) { t.harts[1].id = 3; }), MACHINE_BAD_HART);
    EXPECT_EQ(fault_of([](tree &t) { t.harts[1].id = 64; }), MACHINE_BAD_HART);
    EXPECT_EQ(fault_of([](tree &t) { t.harts[1].mmu = "riscv,none"; }), MACHINE_NO_SV39);
    EXPECT_EQ(fault_of([](tree &t) { t.harts[1].mmu.reset(); }), MACHINE_NO_SV39);
    EXPECT_EQ(fault_of([](tree &t) {
                  t.harts.clear();
                  for (std::uint32_t i = 0; i <= MACHINE_HART_MAX; i++) {
                      t.harts.push_back({i});
                  }
              }),
              MACHINE_TOO_MANY_HARTS);
}

TEST(Machine, test_reject_uart) {
    EXPECT_EQ(fault_of([](tree &t) { t.uart = "sifive,uart0"; }), MACHINE_NO_UART);
    EXPECT_EQ(fault_of([](tree &t) { t.uart.reset(); }), MACHINE_NO_UART);
    EXPECT_EQ(fault_of([](tree &t) { t.uart_reg = false; }), MACHINE_NO_UART);
    EXPECT_EQ(fault_of([](tree &t) { t.uart_shift = 2; }), MACHINE_BAD_UART);
    EXPECT_EQ(fault_of([](tree &t) { t.uart_bus_translates = true; }), MACHINE_BAD_UART);
}

TEST(Machine, test_reject_reserved) {
    EXPECT_EQ(fault_of([](tree &t) { t.reserved_without_reg = true; }), MACHINE_BAD_RESERVED);
    EXPECT_EQ(fault_of([](tree &t) {
                  t.reserved.assign(MACHINE_RESERVED_MAX, {0x80000000, 0x1000});
              }),
              MACHINE_TOO_MANY_RESERVED);
}

TEST(Machine, test_reject_plic) {
    EXPECT_EQ(fault_of([](tree &t) { t.plic.reset(); }), MACHINE_NO_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->compatible = "riscv,aplic"; }), MACHINE_NO_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->reg = false; }), MACHINE_NO_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->base = 0xc000010; }), MACHINE_BAD_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->cells = 2; }), MACHINE_BAD_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->lines = 0; }), MACHINE_BAD_PLIC);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->lines = 1024; }), MACHINE_BAD_PLIC);
}

TEST(Machine, test_reject_plic_contexts) {
    using words = std::vector<std::uint32_t>;
    const words wrong[] = {
        {0x10, 11, 0x10, 9, 0x11, 11},  // A hart without one,
        {0x10, 9, 0x10, 9, 0x11, 9},    // with two,
        {0x10, 9, 0x11, 9, 0x77, 9},    // of no controller,
        {0x10, 9, 0x11, 9, 0x50, 9},    // of a controller that is no hart's,
        {0x10, 9, 0x11},                // cut short,
        {},                             // none at all.
    };
    for (const words &contexts : wrong) {
        EXPECT_EQ(fault_of([&](tree &t) { t.plic->contexts = contexts; }), MACHINE_BAD_PLIC)
            << contexts.size();
    }
    auto padded = [](std::size_t count) {
        words contexts = {0x10, 9, 0x11, 9};
        while (contexts.size() < 2 * count) {
            contexts.insert(contexts.end(), {0x10, 11});
        }
        return fault_of([&](tree &t) { t.plic->contexts = contexts; });
    };
    EXPECT_EQ(padded(2 * (MACHINE_HARTID_MAX + 1)), MACHINE_OK);
    EXPECT_EQ(padded(2 * (MACHINE_HARTID_MAX + 1) + 1), MACHINE_BAD_PLIC);
    // The last context's registers end outside.
    EXPECT_EQ(fault_of([](tree &t) { t.plic->bytes = 0x204000; }), MACHINE_OK);
    EXPECT_EQ(fault_of([](tree &t) { t.plic->bytes = 0x203fff; }), MACHINE_BAD_PLIC);
}

TEST(Machine, test_reject_device_without_whole_pages_or_line) {
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].reg = false; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].bytes = 0x200; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].base = 0x10004200; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) {
                  t.devices[0].base = 0x20000000;
                  t.devices[0].bytes = (MACHINE_WINDOW_PAGES_MAX + 1) * 0x1000;
              }),
              MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].line = 0; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].line = 96; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].parent = 0; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].parent = 0x10; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].interrupt_cells = 0; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].interrupt_cells = 2; }), MACHINE_BAD_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.uart_line = 96; }), MACHINE_BAD_UART);
}

TEST(Machine, test_reject_device_that_shares_a_page_or_a_line) {
    for (std::uint64_t base : {0x10001000u, 0x10000000u, 0xc000000u, 0x80000000u}) {
        EXPECT_EQ(fault_of([&](tree &t) { t.devices[0].base = base; }), MACHINE_SHARED_DEVICE)
            << base;
    }
    EXPECT_EQ(fault_of([](tree &t) { t.devices[1].bytes = 0x2000; }), MACHINE_SHARED_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].line = 1; }), MACHINE_SHARED_DEVICE);
    EXPECT_EQ(fault_of([](tree &t) { t.devices[0].line = 10; }), MACHINE_SHARED_DEVICE);
}

TEST(Machine, test_reject_too_many_devices) {
    auto with = [](std::uint32_t count) {
        return fault_of([=](tree &t) {
            t.devices.clear();
            for (std::uint32_t i = 0; i < count; i++) {
                t.devices.push_back({0x20000000 + UINT64_C(0x1000) * i, 20 + i});
            }
        });
    };
    EXPECT_EQ(with(0), MACHINE_OK);
    EXPECT_EQ(with(MACHINE_DEVICE_MAX), MACHINE_OK);
    EXPECT_EQ(with(MACHINE_DEVICE_MAX + 1), MACHINE_TOO_MANY_DEVICES);
}

TEST(Machine, every_fault_has_a_text) {
    for (int i = 0; i < MACHINE_FAULT_COUNT; i++) {
        EXPECT_GT(std::string(machine_fault_text(static_cast<machine_fault>(i))).size(), 3u);
    }
}

struct free_result {
    machine_fault fault;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
};

free_result free_of(machine_range ram, const std::vector<machine_range> &taken) {
    machine_range out[MACHINE_FREE_MAX]{};
    std::uint32_t count = 0;
    free_result result{
        machine_free(ram, taken.data(), static_cast<std::uint32_t>(taken.size()), out, &count), {}};
    for (std::uint32_t i = 0; i < count; i++) {
        result.ranges.push_back({out[i].base, out[i].bytes});
    }
    return result;
}

using ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(MachineFree, what_is_left_in_rising_order) {
    free_result result =
        free_of({0x10000, 0x10000}, {{0x18000, 0x1000}, {0x10000, 0x2000}, {0x1f000, 0x1000}});
    EXPECT_EQ(result.fault, MACHINE_OK);
    EXPECT_EQ(result.ranges, (ranges{{0x12000, 0x6000}, {0x19000, 0x6000}}));
}

TEST(MachineFree, whole_pages_only) {
    free_result result = free_of({0x10001, 0x7ffe}, {{0x12fff, 2}});
    EXPECT_EQ(result.ranges, (ranges{{0x11000, 0x1000}, {0x14000, 0x3000}}));
}

TEST(MachineFree, ranges_may_overlap_touch_or_lie_outside) {
    free_result result = free_of(
        {0x10000, 0x8000},
        {{0, 0x11000}, {0x10800, 0x1000}, {0x12000, 0x1000}, {0x13000, 0x100}, {0x40000, 0x1000}});
    EXPECT_EQ(result.ranges, (ranges{{0x14000, 0x4000}}));
}

TEST(MachineFree, a_range_may_end_at_the_top_of_all) {
    free_result result = free_of({0x10000, 0x8000}, {{0x14000, UINT64_MAX - 0x14000}});
    EXPECT_EQ(result.ranges, (ranges{{0x10000, 0x4000}}));
}

TEST(MachineFree, test_reject_nothing_left) {
    EXPECT_EQ(free_of({0x10000, 0x8000}, {{0x10000, 0x8000}}).fault, MACHINE_SCATTERED);
}

TEST(MachineFree, test_reject_too_many_pieces) {
    std::vector<machine_range> taken;
    for (std::uint64_t i = 0; i < MACHINE_FREE_MAX; i++) {
        taken.push_back({0x11000 + 0x2000 * i, 0x1000});
    }
    EXPECT_EQ(free_of({0x10000, 0x2000 * MACHINE_FREE_MAX}, taken).fault, MACHINE_OK);
    EXPECT_EQ(free_of({0x10000, 0x2000 * MACHINE_FREE_MAX + 0x1000}, taken).fault,
              MACHINE_SCATTERED);
}

}  // namespace
