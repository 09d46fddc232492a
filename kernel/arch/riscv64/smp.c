// kernel/arch/riscv64/smp.c: starting the other harts by SBI HSM, and showing that each takes an
// interrupt.
//
// Waits are by wfi with the timer as a limit: a hart that arrives or answers sends an IPI to hart
// 0.
#include "images/markers.h"
#include "kernel/arch/riscv64/boot.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/core/panic.h"

// How long a hart may take to come, and to answer.
#define HART_WAIT_NS UINT64_C(2000000000)

// Waits until *bits has `bit`; false when the time is over. Interrupts are off: a pending one ends
// wfi.
static bool wait_for(const struct atomic_u64 *bits, uint64_t bit) {
    uint64_t limit_ns = arch_time_ns() + HART_WAIT_NS;
    arch_timer_arm(limit_ns);
    // Acquire: pairs with the release of the hart that sets its bit.
    while ((atomic_load_acquire_u64(bits) & bit) == 0) {
        if (arch_time_ns() >= limit_ns) {
            return false;
        }
        csr_wait_for_interrupt();
        csr_clear_sip(INTERRUPT_SOFTWARE);
    }
    arch_timer_arm(UINT64_MAX);
    return true;
}

// The firmware's boot hart is hart 0; the others follow in the order of the device tree.
static void number_harts(uint64_t boot_hartid) {
    const struct machine *machine = &port.machine;
    port.hartid[0] = (uint32_t)boot_hartid;
    port.hart_count = 1;
    bool found = false;
    for (uint32_t i = 0; i < machine->hart_count; i++) {
        if (machine->hartid[i] == boot_hartid) {
            found = true;
        } else if (port.hart_count < MAX_HARTS) {
            port.hartid[port.hart_count++] = machine->hartid[i];
        }
    }
    if (!found) {
        kernel_panic("the boot hart %lu is not in the device tree", boot_hartid);
    }
}

static void start_hart(uint32_t index) {
    int64_t error = sbi_hart_start(port.hartid[index],
                                   port_physical((const void *)(uintptr_t)&secondary_start), index);
    if (error != SBI_SUCCESS) {
        kernel_panic("hart %u (id %u) was not started: firmware error -%lu", index,
                     port.hartid[index], (uint64_t)-error);
    }
    if (!wait_for(&port.arrived, UINT64_C(1) << index)) {
        kernel_panic("hart %u (id %u) did not come", index, port.hartid[index]);
    }
}

// Sends an IPI, which the hart takes as an interrupt; hart 0 takes its own.
static void call_hart(uint32_t index) {
    uint64_t bit = UINT64_C(1) << index;
    arch_ipi_send(bit);
    if (index == 0) {
        csr_interrupts_on();
        csr_interrupts_off();
    }
    if (!wait_for(&port.answered, bit)) {
        kernel_panic("hart %u (id %u) does not take interrupts", index, port.hartid[index]);
    }
    kernel_print(&kernel_state, &kernel_state.harts[0], MARKER_KERNEL_HART_UP, index);
}

void smp_start(uint64_t boot_hartid) {
    number_harts(boot_hartid);
    if (port.hart_count > 1 && !sbi_has(SBI_HSM)) {
        kernel_panic("the firmware cannot start harts (no HSM extension), the device tree has %u",
                     port.hart_count);
    }
    for (uint32_t i = 1; i < port.hart_count; i++) {
        start_hart(i);
    }
    for (uint32_t i = 0; i < port.hart_count; i++) {
        call_hart(i);
    }
    kernel_print(&kernel_state, &kernel_state.harts[0], MARKER_KERNEL_HARTS, port.hart_count);
}

void smp_release(void) {
    atomic_store_release_u32(&port.released, 1);
    uint64_t others = ((UINT64_C(1) << port.hart_count) - 1) & ~UINT64_C(1);
    if (others != 0) {
        arch_ipi_send(others);
    }
}

void boot_trap(void) {
    if (csr_scause() != (CAUSE_INTERRUPT | 1)) {
        kernel_panic("trap while starting: cause %#lx pc %#lx address %#lx", csr_scause(),
                     csr_sepc(), csr_stval());
    }
    csr_clear_sip(INTERRUPT_SOFTWARE);
    uint32_t index = port_hart_index();
    uint64_t before = atomic_or_release_u64(&port.answered, UINT64_C(1) << index);
    if (index != 0 && (before & (UINT64_C(1) << index)) == 0) {
        arch_ipi_send(1);
    }
}

void secondary_main(uint32_t index) {
    hart_init(index);
    // Release: pairs with wait_for's acquire.
    uint64_t before = atomic_or_release_u64(&port.arrived, UINT64_C(1) << index);
    (void)before;
    arch_ipi_send(1);
    // wfi ends on a pending interrupt, which is taken in the gap: none is slept over, since all
    // else is done with interrupts off.
    while (atomic_load_acquire_u32(&port.released) == 0) {
        csr_wait_for_interrupt();
        csr_interrupts_on();
        csr_interrupts_off();
    }
    hart_enter(index);
}
