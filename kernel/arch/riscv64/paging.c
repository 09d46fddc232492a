// kernel/arch/riscv64/paging.c: the kernel's own map: W^X, guard pages under the stacks, the boot
// image read-only.
#include "base/checked.h"
#include "kernel/arch/riscv64/boot.h"
#include "kernel/arch/riscv64/kernel_map.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/core/panic.h"

enum { TABLE_COUNT = 16 };  // kernel.ld reserves them.

static void map_up_to(struct kernel_map *map, uint64_t *from, uint64_t end,
                      enum kernel_map_access access) {
    if (end > *from) {
        if (!kernel_map_range(map, *from, end - *from, access)) {
            kernel_panic("kernel map: %#lx..%#lx, %u of %u tables used", *from, end,
                         map->tables_used, map->table_count);
        }
        *from = end;
    }
}

// What lies below the kernel in RAM is the firmware's: neither mapped nor used.
static void map_ram(struct kernel_map *map) {
    const struct machine *machine = &port.machine;
    uint64_t image = machine->boot_image.base;
    uint64_t image_end = image + align_down_u64(machine->boot_image.bytes + MACHINE_PAGE_BYTES - 1,
                                                MACHINE_PAGE_BYTES);
    uint64_t from = port_physical(kernel_start);
    map_up_to(map, &from, port_physical(kernel_text_end), KERNEL_MAP_TEXT);
    map_up_to(map, &from, port_physical(kernel_rodata_end), KERNEL_MAP_RODATA);
    map_up_to(map, &from, port_physical(kernel_end), KERNEL_MAP_DATA);
    if (image < from) {
        kernel_panic("boot image at %#lx overlaps the kernel, which ends at %#lx", image, from);
    }
    map_up_to(map, &from, image, KERNEL_MAP_DATA);
    map_up_to(map, &from, image_end, KERNEL_MAP_RODATA);
    map_up_to(map, &from,
              align_down_u64(machine->ram.base + machine->ram.bytes, MACHINE_PAGE_BYTES),
              KERNEL_MAP_DATA);
}

static void map_guards(struct kernel_map *map) {
    bool done =
        kernel_map_holes(map, port_physical(kernel_stacks), UINT64_C(1) << STACK_STRIDE_SHIFT,
                         MAX_HARTS + 1);  // One more: the panic stack's.
    KASSERT(done);
}

void paging_start(struct machine_range tree) {
    struct kernel_map map = {
        .tables = kernel_tables,
        .tables_physical = port_physical(kernel_tables),
        .virtual_base = DIRECT_MAP_BASE,
        .table_count = TABLE_COUNT,
    };
    kernel_map_init(&map);
    map_ram(&map);
    map_guards(&map);
    uint64_t uart_page = align_down_u64(port.machine.uart.base, MACHINE_PAGE_BYTES);
    if (!kernel_map_range(&map, uart_page, MACHINE_PAGE_BYTES, KERNEL_MAP_DATA)) {
        kernel_panic("UART at %#lx cannot be mapped", port.machine.uart.base);
    }
    if (!kernel_map_range(&map, port.machine.plic.base, port.machine.plic.bytes, KERNEL_MAP_DATA)) {
        kernel_panic("PLIC at %#lx cannot be mapped", port.machine.plic.base);
    }
    if (kernel_map_find(&map, tree.base) == 0) {
        kernel_panic("device tree at %#lx is not in memory", tree.base);
    }
    port.kernel_root_end = map.written[0];
    kernel_map_end(&map);
    port.kernel_satp = SATP_SV39 | (map.tables_physical >> SV39_PAGE_SHIFT);
    csr_set_satp(port.kernel_satp);
    csr_flush_all();
}
