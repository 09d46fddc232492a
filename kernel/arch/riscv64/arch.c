// kernel/arch/riscv64/arch.c: kernel/core/arch.h on this machine: timer, IPI, idle, address spaces,
// fences, console, power.
#include "kernel/core/arch.h"

#include "base/bits.h"
#include "base/checked.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/riscv64/uart.h"
#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"

// The firmware's mask for a mask of hart indices.
static uint64_t hartids_of(uint64_t hart_mask) {
    uint64_t hartid_mask = 0;
    for (uint64_t left = hart_mask; left != 0; left &= left - 1) {
        uint32_t index = bits_lowest_u64(left);
        KASSERT(index < port.hart_count);
        hartid_mask |= UINT64_C(1) << port.hartid[index];
    }
    return hartid_mask;
}

void arch_timer_arm(uint64_t ns) {
    uint64_t ticks = UINT64_MAX;
    uint64_t sum = 0;
    if (ns != UINT64_MAX && checked_add_u64(ns, port.ns_per_tick - 1, &sum)) {
        ticks = sum / port.ns_per_tick;
    }
    if (port.sstc) {
        csr_set_stimecmp(ticks);
    } else {
        sbi_set_timer(ticks);
    }
}

void arch_ipi_send(uint64_t hart_mask) {
    int64_t error = sbi_send_ipi(hartids_of(hart_mask));
    if (error != SBI_SUCCESS) {
        kernel_panic("IPI to harts %#lx: firmware error -%lu", hart_mask, (uint64_t)-error);
    }
}

uint32_t port_events_take(void) {
    uint64_t pending = csr_sip();
    uint32_t events = 0;
    if ((pending & INTERRUPT_SOFTWARE) != 0) {
        csr_clear_sip(INTERRUPT_SOFTWARE);
        events |= ARCH_EVENT_IPI;
    }
    if ((pending & INTERRUPT_TIMER) != 0) {
        arch_timer_arm(UINT64_MAX);
        events |= ARCH_EVENT_TIMER;
    }
    if (UNLIKELY((pending & INTERRUPT_EXTERNAL) != 0)) {
        events |= ARCH_EVENT_EXTERNAL;  // Until its lines are claimed.
    }
    if (UNLIKELY(atomic_load_u32(&port.panic_owner) != 0)) {
        port_stop();
    }
    return events;
}

// A doorbell that is rung after the look comes with an IPI, which is pending then: wfi does not
// sleep.
uint32_t arch_idle(const struct atomic_u32 *doorbell) {
    if (atomic_load_u32(doorbell) == 0) {
        csr_wait_for_interrupt();
    }
    return port_events_take();
}

static struct hart *this_hart(void) {
    return &kernel_state.harts[port_hart_index()];
}

enum status arch_map(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                     struct page_number page, uint32_t access, bool owned) {
    stale_fault_forget(&port.harts[port_hart_index()].stale);
    return sv39_map(kernel, this_hart(), space, user_address,
                    (struct sv39_leaf){page, access, owned, false});
}

enum status arch_map_run(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                         struct arch_run *run) {
    return sv39_map_run(kernel, this_hart(), space, user_address, run);
}

enum status arch_map_large(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                           struct page_number page, uint32_t access) {
    stale_fault_forget(&port.harts[port_hart_index()].stale);
    return sv39_map(kernel, this_hart(), space, user_address,
                    (struct sv39_leaf){page, access, false, true});
}

uint32_t arch_unmap(struct arch_space *space, uint64_t user_address) {
    return sv39_unmap(space->root, user_address);
}

enum status arch_space_create(struct kernel *kernel, uint32_t asid, struct arch_space *out) {
    KASSERT(asid != 0 && asid < UINT64_C(1) << port.asid_bits);
    const struct sv39_root kernel_root = {{(uint32_t)(port.kernel_satp & UINT32_MAX)},
                                          port.kernel_root_end};
    enum status status = sv39_create(kernel, this_hart(), kernel_root, out);
    if (status == STATUS_OK) {
        out->asid = asid;
        out->harts = 0;
        out->port = SATP_SV39 | ((uint64_t)asid << SATP_ASID_SHIFT) | out->root.value;
    }
    return status;
}

bool arch_space_reclaim(struct kernel *kernel, struct arch_space *space, uint32_t page_budget) {
    bool done = sv39_reclaim(kernel, this_hart(), space, page_budget);
    if (done) {
        space->root = PAGE_NUMBER_NONE;
    }
    return done;
}

uint32_t arch_space_pages(const struct arch_space *space) {
    return sv39_pages(space->root);
}

void arch_tlb_shootdown(uint64_t hart_mask, uint32_t asid) {
    uint64_t own = UINT64_C(1) << port_hart_index();
    if ((hart_mask & own) != 0) {
        csr_flush_asid(asid);
    }
    uint64_t others = hart_mask & ~own;
    if (others != 0 && sbi_remote_flush_asid(hartids_of(others), asid) != SBI_SUCCESS) {
        kernel_panic("shoot-down of space %u on harts %#lx failed", asid, others);
    }
}

void arch_code_written(uint64_t hart_mask) {
    uint64_t own = UINT64_C(1) << port_hart_index();
    csr_fence_i();
    uint64_t others = hart_mask & ~own;
    if (others != 0 && sbi_remote_fence_i(hartids_of(others)) != SBI_SUCCESS) {
        kernel_panic("fence.i on harts %#lx failed", others);
    }
}

// sscratch must not name a task whose space is off: trap.S takes it as the sign that nothing needs
// switching.
void arch_space_leave(void) {
    csr_set_satp(port.kernel_satp);
    csr_set_sscratch((uint64_t)(uintptr_t)&port.harts[port_hart_index()].scratch);
}

void arch_console_write(const char *bytes, size_t count) {
    if (count == 0) {
        return;
    }
    atomic_store_u32(&port.line_open, 1);  // For a panic on another hart meanwhile.
    if (port.uart_address != 0) {
        uart_write(port.uart_address, bytes, count, port.uart_burst);
    } else {
        for (size_t i = 0; i < count; i++) {
            sbi_putchar(bytes[i]);
        }
    }
    atomic_store_u32(&port.line_open, bytes[count - 1] != '\n');
}

bool arch_console_open(void) {
    return atomic_load_u32(&port.line_open) != 0;
}

uint32_t arch_console_read(uint8_t *bytes, uint32_t max) {
    uint32_t count = 0;
    while (count < max && uart_read(port.uart_address, &bytes[count])) {
        count++;
    }
    return count;
}

// The machine's seed (device tree), a count and the time, mixed (splitmix64's finaliser). Not a
// cryptographic generator: without a seed it is only hard to guess for who does not know the time;
// rngd's device is the source for keys.
uint64_t arch_entropy(void) {
    uint64_t count = atomic_load_u64(&port.entropy_count);
    while (!atomic_claim_u64(&port.entropy_count, count, count + 1)) {
        count = atomic_load_u64(&port.entropy_count);
    }
    uint64_t value = csr_time() + (count + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (uint32_t i = 0; i < MACHINE_SEED_WORDS; i++) {
        value ^= port.seed[i];
        value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
        value ^= value >> 31;
    }
    return value;
}

void arch_power_off(bool failed) {
    sbi_shutdown(failed);
    port_stop();
}

// The console may be in use: this line may stand in another.
void arch_reboot(void) {
    static const char refused[] = "kernel: the firmware does not start the machine anew\n";
    sbi_reboot();
    arch_console_write(refused, sizeof(refused) - 1);
    port_stop();
}

void port_stop(void) {
    csr_set_sie(0);
    for (;;) {
        csr_wait_for_interrupt();
    }
}
