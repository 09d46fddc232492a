// kernel/arch/riscv64/tree_for_test.h: a device tree of a machine that is right, made with libfdt's
// writer, for tests that change one thing of it.
#pragma once

#include <libfdt.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "kernel/arch/riscv64/machine.h"
}

namespace tree_for_test {

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

inline void write_string(void *blob, const char *name, const std::string &text) {
    fdt_property(blob, name, text.c_str(), static_cast<int>(text.size() + 1));
}

inline void write_reg(void *blob,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>> &ranges) {
    std::vector<fdt64_t> cells;
    for (const auto &[base, bytes] : ranges) {
        cells.push_back(cpu_to_fdt64(base));
        cells.push_back(cpu_to_fdt64(bytes));
    }
    fdt_property(blob, "reg", cells.data(), static_cast<int>(cells.size() * 8));
}

inline void write_memory(void *blob, const tree &what) {
    for (int i = 0; i < (what.memory_twice ? 2 : 1) && !what.memory.empty(); i++) {
        fdt_begin_node(blob, i == 0 ? "memory@80000000" : "memory@90000000");
        write_string(blob, "device_type", "memory");
        write_reg(blob, what.memory);
        fdt_end_node(blob);
    }
}

inline void write_chosen(void *blob, const tree &what) {
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

inline void write_hart(void *blob, const tree_hart &hart, std::size_t number) {
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

inline void write_cpus(void *blob, const tree &what) {
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

inline void write_plic(void *blob, const tree_plic &plic) {
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

inline void write_device(void *blob, const tree_device &device) {
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

inline void write_soc(void *blob, const tree &what) {
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

inline void write_reserved(void *blob, const tree &what) {
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

inline std::vector<char> blob_of(const tree &what) {
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

inline machine_fault read(const tree &what, machine *out) {
    std::vector<char> blob = blob_of(what);
    return machine_read(blob.data(), blob.size(), out);
}

inline machine_fault fault_of(const std::function<void(tree &)> &change) {
    tree what;
    change(what);
    machine out{};
    return read(what, &out);
}

}  // namespace tree_for_test
