// kernel/arch/riscv64/boot.c: from the firmware to kernel_init: see boot.h.
#include "kernel/arch/riscv64/boot.h"

#include <stddef.h>

#include "base/words.h"
#include "images/markers.h"
#include "kernel/arch/riscv64/mmio.h"
#include "kernel/arch/riscv64/plic.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/arch/riscv64/uart.h"
#include "kernel/core/panic.h"

// What the early map shows of the memory (entry.S), and of the devices.
#define EARLY_RAM_END UINT64_C(0x180000000)
#define EARLY_DEVICES_END UINT64_C(0x40000000)
#define DEVICE_TREE_BYTES_MAX UINT64_C(0x200000)

enum {
    COUNTERS_FOR_USERS = 7,     // cycle, time, instret
    EVENT_PAGES = 8,            // For the last 1,024 events of each hart.
    EVENT_PAGES_TRACED = 1024,  // For the last 131,072.
};

static struct hart *boot_hart(void) {
    return &kernel_state.harts[0];
}

static void need_extension(enum sbi_extension extension, const char *name) {
    if (!sbi_has(extension)) {
        kernel_panic("the firmware lacks the %s extension", name);
    }
}

// The blob's range; its own header says its size, which machine_read checks.
static struct machine_range read_tree(uint64_t physical) {
    if (physical < KERNEL_LOAD_BASE || physical > EARLY_RAM_END - DEVICE_TREE_BYTES_MAX ||
        physical % 8 != 0) {
        kernel_panic("device tree at %#lx: out of reach", physical);
    }
    enum machine_fault fault =
        machine_read(port_virtual(physical), DEVICE_TREE_BYTES_MAX, &port.machine);
    if (port.machine.uart.base != 0 &&
        port.machine.uart.base < EARLY_DEVICES_END - MACHINE_PAGE_BYTES) {
        port.uart_burst = 1;                                           // Until it has been asked.
        port.uart_address = DIRECT_MAP_BASE + port.machine.uart.base;  // A panic is told there.
        port.uart_burst = uart_burst(port.uart_address);
    }
    if (fault != MACHINE_OK) {
        kernel_panic("device tree: %s", machine_fault_text(fault));
    }
    if (port.uart_address == 0) {
        kernel_panic("UART at %#lx: out of reach", port.machine.uart.base);
    }
    return (struct machine_range){physical, port.machine.tree_bytes};
}

// What stands behind each virtio-mmio transport (Virtual I/O Device 1.2, section 4.2.2), legacy
// ones included: their driver refuses them. On the early map, the only one of the kernel that shows
// it.
static void probe_devices(void) {
    enum { MAGIC_VALUE = 0x0, DEVICE_ID = 0x8 };
    const uint32_t magic = 0x74726976;
    for (uint32_t i = 0; i < port.machine.device_count; i++) {
        uint64_t window = port.machine.devices[i].window.base;
        if (window < EARLY_DEVICES_END &&
            mmio_read32(DIRECT_MAP_BASE + window + MAGIC_VALUE) == magic) {
            port.device_id[i] = mmio_read32(DIRECT_MAP_BASE + window + DEVICE_ID);
        }
    }
}

static void describe_devices(struct boot_info *info) {
    const struct machine *machine = &port.machine;
    info->device_count = machine->device_count;
    info->input_line = machine->uart_line;
    for (uint32_t i = 0; i < machine->device_count; i++) {
        const struct machine_range *window = &machine->devices[i].window;
        info->devices[i] = (struct boot_device){
            .window = {(uint32_t)(window->base / MACHINE_PAGE_BYTES)},
            .window_pages = (uint32_t)(window->bytes / MACHINE_PAGE_BYTES),
            .line = machine->devices[i].line,
            .id = port.device_id[i],
        };
    }
}

static void setup_clock(void) {
    port.ns_per_tick = UINT64_C(1000000000) / port.machine.timebase_hz;
    port.sstc = port.machine.sstc && probe_stimecmp();
    if (!port.sstc) {
        need_extension(SBI_TIME, "TIME");
    }
    kernel_print(&kernel_state, boot_hart(), MARKER_KERNEL_TIMER, port.sstc ? "sstc" : "sbi");
    port.zeroes_blocks = port.machine.zeroes_blocks && probe_zero_block();
}

// Writes every bit of the tag and counts those that stay.
static void probe_asids(void) {
    csr_set_satp(port.kernel_satp | (SATP_ASID_MASK << SATP_ASID_SHIFT));
    uint64_t kept = (csr_satp() >> SATP_ASID_SHIFT) & SATP_ASID_MASK;
    csr_set_satp(port.kernel_satp);
    csr_flush_all();
    for (port.asid_bits = 0; (kept >> port.asid_bits) != 0; port.asid_bits++) {
    }
    if (UINT64_C(1) << port.asid_bits <= MAX_TASKS) {
        kernel_panic("address space tags have %u bits: too few for %u tasks", port.asid_bits,
                     MAX_TASKS);
    }
    kernel_print(&kernel_state, boot_hart(), MARKER_KERNEL_ASID, port.asid_bits);
}

static void setup_entropy(void) {
    for (uint32_t i = 0; i < MACHINE_SEED_WORDS; i++) {
        port.seed[i] = port.machine.seed[i];
    }
    port.seed[0] ^= csr_time();
    kernel_print(&kernel_state, boot_hart(), MARKER_KERNEL_ENTROPY,
                 port.machine.seeded ? "seed" : "weak");
}

static struct boot_info describe_memory(struct machine_range tree) {
    const struct machine *machine = &port.machine;
    struct machine_range taken[MACHINE_RESERVED_MAX + 3] = {
        {machine->ram.base, port_physical(kernel_end) - machine->ram.base},
        machine->boot_image,
        tree,
    };
    for (uint32_t i = 0; i < machine->reserved_count; i++) {
        taken[3 + i] = machine->reserved[i];
    }
    struct machine_range free[MACHINE_FREE_MAX];
    uint32_t count = 0;
    enum machine_fault fault =
        machine_free(machine->ram, taken, machine->reserved_count + 3, free, &count);
    if (fault != MACHINE_OK) {
        kernel_panic("memory: %s", machine_fault_text(fault));
    }
    struct boot_info info = {
        .hart_count = port.hart_count,
        .range_count = count,
        .image_first = {(uint32_t)(machine->boot_image.base / MACHINE_PAGE_BYTES)},
        .image_bytes = machine->boot_image.bytes,
        .event_pages = machine->traced ? EVENT_PAGES_TRACED : EVENT_PAGES,
        .traced = machine->traced,
    };
    for (uint32_t i = 0; i < count; i++) {
        info.range_first[i].value = (uint32_t)(free[i].base / MACHINE_PAGE_BYTES);
        info.range_pages[i] = (uint32_t)(free[i].bytes / MACHINE_PAGE_BYTES);
    }
    return info;
}

void hart_init(uint32_t index) {
    csr_set_scounteren(COUNTERS_FOR_USERS);
    csr_set_sscratch((uint64_t)(uintptr_t)&port.harts[index].scratch);
    arch_timer_arm(UINT64_MAX);
    csr_clear_sip(INTERRUPT_SOFTWARE);
    csr_set_sie(INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

void hart_enter(uint32_t index) {
    plic_hart_start(index);
    struct hart *hart = &kernel_state.harts[index];
    uint64_t stack_end =
        (uint64_t)(uintptr_t)kernel_stacks + ((index + UINT64_C(1)) << STACK_STRIDE_SHIFT);
    hart->port_stack = stack_end - STACK_TOP_BYTES;
    *(struct hart **)(uintptr_t)hart->port_stack = hart;
    csr_set_stvec((uint64_t)(uintptr_t)&trap_entry);
    struct task *task = kernel_hart_start(&kernel_state, hart);
    // Sees what others have written: the boot image, from which programs run in place, and what was
    // made fetchable while this hart was not online yet.
    csr_fence_i();
    port_enter(task, hart->port_stack);
}

static void clear_state(size_t begin, size_t end) {
    words_zero((char *)&kernel_state + begin, (end - begin) / 8);
}

// Of the harts only those that there are need be cleared; the first prints before that is known.
void boot_main(uint64_t hartid, uint64_t tree_physical) {
    clear_state(0, offsetof(struct kernel, harts[1]));
    clear_state(offsetof(struct kernel, harts[MAX_HARTS]), KERNEL_ZEROED_BYTES);
    struct machine_range tree = read_tree(tree_physical);
    clear_state(offsetof(struct kernel, harts[1]),
                offsetof(struct kernel, harts[port.machine.hart_count]));
    kernel_print(&kernel_state, boot_hart(), "%s", MARKER_KERNEL_BOOT);
    kernel_print(&kernel_state, boot_hart(), MARKER_KERNEL_MEMORY,
                 (uint32_t)(port.machine.ram.bytes >> 20));
    need_extension(SBI_IPI, "IPI");
    need_extension(SBI_RFENCE, "RFENCE");
    probe_devices();
    paging_start(tree);
    plic_start();
    uart_listen(port.uart_address);
    kernel_print(&kernel_state, boot_hart(), "%s", MARKER_KERNEL_PAGING);
    setup_clock();
    probe_asids();
    setup_entropy();
    hart_init(0);
    smp_start(hartid);
    struct boot_info info = describe_memory(tree);
    describe_devices(&info);
    kernel_init(&kernel_state, &info);
    smp_release();
    hart_enter(0);
}
