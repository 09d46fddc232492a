// kernel/arch/riscv64/machine_test.cc: device trees made here with libfdt's writer, each with one
// thing wrong.
#include <gtest/gtest.h>
#include <libfdt.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

extern "C" {
#include "kernel/arch/riscv64/machine.h"
}

namespace {

struct tree_hart {
    std::uint32_t id;
    std::optional<std::string> isa = "rv64imac_zicsr_sstc";
    std::optional<std::string> mmu = "riscv,sv48";
    std::optional<std::string> status = "okay";
    bool extensions = false;
    std::uint32_t zero_bytes = 0;  // 0: not said.
};

struct tree_device {
    std::uint64_t base;
    std::uint32_t line;
    std::uint64_t bytes = 0x1000;
    std::uint32_t parent = 0x50;  // Phandle of the interrupt controller; 0: not said.
    std::optional<std::string> status = std::nullopt;
    bool reg = true;
    std::uint32_t interrupt_cells = 1;
};

struct tree_plic {
    std::string compatible = "sifive,plic-1.0.0";
    std::uint64_t base = 0xc000000;
    std::uint64_t bytes = 0x600000;
    std::uint32_t lines = 95;
    std::uint32_t cells = 1;
    // Phandle of a hart's controller (0x10 plus its place in the tree), cause.
    std::vector<std::uint32_t> contexts = {0x10, 11, 0x10, 9, 0x11, 11, 0x11, 9};
    bool reg = true;
};

// What a test changes before the tree is written; as it stands it is a good machine.
struct tree {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> memory = {{0x80000000, 0x8000000}};
    bool memory_twice = false;
    bool chosen = true;
    std::optional<std::uint64_t> initrd_start = 0x84000000;
    std::optional<std::uint64_t> initrd_end = 0x84010800;
    std::optional<std::uint32_t> timebase = 10000000;
    std::vector<tree_hart> harts = {{3}, {1}};
    bool cpus = true;
    std::optional<std::string> uart = "ns16550a";
    std::optional<std::uint32_t> uart_shift;
    bool uart_bus_translates = false;
    bool uart_reg = true;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> reserved = {{0x80000000, 0x80000}};
    bool reserved_without_reg = false;
    std::uint32_t seed_words = 8;
    std::optional<std::string> arguments;
    std::optional<tree_plic> plic = tree_plic{};
    std::optional<std::uint32_t> uart_line = 10;
    // Not in the order of addresses.
    std::vector<tree_device> devices = {{0x10002000, 2}, {0x10001000, 1}, {0x10003000, 3}};
    bool soc_names_parent = false;
};

void write_string(void *blob, const char *name, const std::string &text) {
    fdt_property(blob, name, text.c_str(), static_cast<int>(text.size() + 1));
}

void write_reg(void *blob,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>> &ranges) {
    std::vector<fdt64_t> cells;
    for (const auto &[base, bytes] : ranges) {
        cells.push_back(cpu_to_fdt64(base));
        cells.push_back(cpu_to_fdt64(bytes));
    }
    fdt_property(blob, "reg", cells.data(), static_cast<int>(cells.size() * 8));
}

void write_memory(void *blob, const tree &what) {
    for (int i = 0; i < (what.memory_twice ? 2 : 1) && !what.memory.empty(); i++) {
        fdt_begin_node(blob, i == 0 ? "memory@80000000" : "memory@90000000");
        write_string(blob, "device_type", "memory");
        write_reg(blob, what.memory);
        fdt_end_node(blob);
    }
}

void write_chosen(void *blob, const tree &what) {
    if (!what.chosen) {
        return;
    }
    fdt_begin_node(blob, "chosen");
    if (what.arguments) {
        write_string(blob, "bootargs", *what.arguments);
    }
    std::vector<fdt32_t> seed(what.seed_words, cpu_to_fdt32(0x01020304));
    fdt_property(blob, "rng-seed", seed.data(), static_cast<int>(seed.size() * 4));
    if (what.initrd_start) {
        fdt_property_u64(blob, "linux,initrd-start", *what.initrd_start);
    }
    if (what.initrd_end) {
        fdt_property_u32(blob, "linux,initrd-end", static_cast<std::uint32_t>(*what.initrd_end));
    }
    fdt_end_node(blob);
}

void write_hart(void *blob, const tree_hart &hart, std::size_t number) {
    fdt_begin_node(blob, ("cpu@" + std::to_string(number)).c_str());
    write_string(blob, "device_type", "cpu");
    fdt_property_u32(blob, "reg", hart.id);
    if (hart.isa) {
        write_string(blob, "riscv,isa", *hart.isa);
    }
    if (hart.extensions) {
        fdt_property(blob, "riscv,isa-extensions", "i\0m\0sstc", 9);
    }
    if (hart.zero_bytes != 0) {
        fdt_property_u32(blob, "riscv,cboz-block-size", hart.zero_bytes);
    }
    if (hart.mmu) {
        write_string(blob, "mmu-type", *hart.mmu);
    }
    if (hart.status) {
        write_string(blob, "status", *hart.status);
    }
    fdt_begin_node(blob, "interrupt-controller");
    fdt_property_u32(blob, "#interrupt-cells", 1);
    fdt_property_u32(blob, "phandle", 0x10 + static_cast<std::uint32_t>(number));
    fdt_end_node(blob);
    fdt_end_node(blob);
}

void write_cpus(void *blob, const tree &what) {
    if (!what.cpus) {
        return;
    }
    fdt_begin_node(blob, "cpus");
    fdt_property_u32(blob, "#address-cells", 1);
    fdt_property_u32(blob, "#size-cells", 0);
    if (what.timebase) {
        fdt_property_u32(blob, "timebase-frequency", *what.timebase);
    }
    for (std::size_t i = 0; i < what.harts.size(); i++) {
        write_hart(blob, what.harts[i], i);
    }
    fdt_begin_node(blob, "cpu-map");
    fdt_end_node(blob);
    fdt_end_node(blob);
}

void write_plic(void *blob, const tree_plic &plic) {
    fdt_begin_node(blob, "plic@c000000");
    write_string(blob, "compatible", plic.compatible);
    fdt_property_u32(blob, "#interrupt-cells", plic.cells);
    fdt_property_u32(blob, "phandle", 0x50);
    fdt_property_u32(blob, "riscv,ndev", plic.lines);
    if (plic.reg) {
        write_reg(blob, {{plic.base, plic.bytes}});
    }
    std::vector<fdt32_t> cells;
    cells.reserve(1);  // So that an empty property still has an address.
    for (std::uint32_t word : plic.contexts) {
        cells.push_back(cpu_to_fdt32(word));
    }
    fdt_property(blob, "interrupts-extended", cells.data(), static_cast<int>(cells.size() * 4));
    fdt_end_node(blob);
}

void write_device(void *blob, const tree_device &device) {
    fdt_begin_node(blob, ("virtio_mmio@" + std::to_string(device.base)).c_str());
    write_string(blob, "compatible", "virtio,mmio");
    if (device.reg) {
        write_reg(blob, {{device.base, device.bytes}});
    }
    if (device.status) {
        write_string(blob, "status", *device.status);
    }
    if (device.parent != 0) {
        fdt_property_u32(blob, "interrupt-parent", device.parent);
    }
    const fdt32_t cells[2] = {cpu_to_fdt32(device.line), 0};
    fdt_property(blob, "interrupts", cells, static_cast<int>(device.interrupt_cells * 4));
    fdt_end_node(blob);
}

void write_soc(void *blob, const tree &what) {
    fdt_begin_node(blob, "soc");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    const fdt32_t shifted[7] = {0, 0, 0, 0, cpu_to_fdt32(1), 0, 0};
    fdt_property(blob, "ranges", shifted, what.uart_bus_translates ? sizeof(shifted) : 0);
    if (what.soc_names_parent) {
        fdt_property_u32(blob, "interrupt-parent", 0x50);
    }
    for (const tree_device &device : what.devices) {
        write_device(blob, device);
    }
    if (what.plic) {
        write_plic(blob, *what.plic);
    }
    if (what.uart) {
        fdt_begin_node(blob, "serial@10000000");
        write_string(blob, "compatible", *what.uart);
        if (what.uart_reg) {
            write_reg(blob, {{0x10000000, 0x100}});
        }
        if (what.uart_shift) {
            fdt_property_u32(blob, "reg-shift", *what.uart_shift);
        }
        if (what.uart_line) {
            fdt_property_u32(blob, "interrupt-parent", 0x50);
            fdt_property_u32(blob, "interrupts", *what.uart_line);
        }
        fdt_end_node(blob);
    }
    fdt_end_node(blob);
}

void write_reserved(void *blob, const tree &what) {
    fdt_begin_node(blob, "reserved-memory");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    for (std::size_t i = 0; i < what.reserved.size(); i++) {
        fdt_begin_node(blob, ("mmode_resv" + std::to_string(i)).c_str());
        if (!what.reserved_without_reg) {
            write_reg(blob, {what.reserved[i]});
        }
        fdt_end_node(blob);
    }
    fdt_end_node(blob);
}

std::vector<char> blob_of(const tree &what) {
    std::vector<char> blob(16384);
    fdt_create(blob.data(), static_cast<int>(blob.size()));
    fdt_add_reservemap_entry(blob.data(), 0x87f00000, 0x1000);
    fdt_finish_reservemap(blob.data());
    fdt_begin_node(blob.data(), "");
    fdt_property_u32(blob.data(), "#address-cells", 2);
    fdt_property_u32(blob.data(), "#size-cells", 2);
    write_memory(blob.data(), what);
    write_chosen(blob.data(), what);
    write_cpus(blob.data(), what);
    write_soc(blob.data(), what);
    write_reserved(blob.data(), what);
    fdt_end_node(blob.data());
    EXPECT_EQ(fdt_finish(blob.data()), 0);
    blob.resize(fdt_totalsize(blob.data()));
    return blob;
}

machine_fault read(const tree &what, machine *out) {
    std::vector<char> blob = blob_of(what);
    return machine_read(blob.data(), blob.size(), out);
}

machine_fault fault_of(const std::function<void(tree &)> &change) {
    tree what;
    change(what);
    machine out{};
    return read(what, &out);
}

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

}  // namespace
