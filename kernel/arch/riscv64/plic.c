// kernel/arch/riscv64/plic.c: see plic.h. A context is what one hart's supervisor mode sees of the
// controller; port.machine.plic_context has it in the order of the device tree.
#include "kernel/arch/riscv64/plic.h"

#include "kernel/arch/riscv64/mmio.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/core/arch.h"
#include "kernel/core/panic.h"

enum {
    PLIC_PRIORITY = 0x0,  // A word a line.
    PLIC_ENABLE = 0x2000,
    PLIC_ENABLE_BYTES = 0x80,  // Of one context: a bit a line.
    PLIC_THRESHOLD = 0x0,      // In a context's page.
    PLIC_CLAIM = 0x4,
    PRIORITY_HEARD = 1,  // Above the threshold 0.
};

static uint64_t plic_base(void) {
    return DIRECT_MAP_BASE + port.machine.plic.base;
}

// The device tree numbers harts by its own order, the kernel by theirs of coming up.
static uint32_t context_of(uint32_t hart_index) {
    uint32_t place = 0;
    while (place < port.machine.hart_count &&
           port.machine.hartid[place] != port.hartid[hart_index]) {
        place++;
    }
    KASSERT(place < port.machine.hart_count);
    return port.machine.plic_context[place];
}

static uint64_t enable_word(uint32_t context, uint32_t line) {
    return plic_base() + PLIC_ENABLE + (uint64_t)context * PLIC_ENABLE_BYTES +
           (uint64_t)(line / 32) * 4;
}

static uint64_t context_page(uint32_t context) {
    return plic_base() + MACHINE_PLIC_CONTEXT_FIRST +
           (uint64_t)context * MACHINE_PLIC_CONTEXT_BYTES;
}

static void lines_off(uint32_t context) {
    for (uint32_t line = 0; line <= port.machine.plic_line_max; line += 32) {
        mmio_write32(enable_word(context, line), 0);
    }
}

void plic_start(void) {
    const struct machine *machine = &port.machine;
    for (uint32_t i = 0; i < machine->hart_count; i++) {
        lines_off(machine->plic_context[i]);
    }
}

void plic_hart_start(uint32_t hart_index) {
    uint32_t context = context_of(hart_index);
    lines_off(context);
    mmio_write32(context_page(context) + PLIC_THRESHOLD, 0);
}

void arch_irq_enable(uint32_t line, uint32_t hart_index) {
    mmio_write32(plic_base() + PLIC_PRIORITY + (uint64_t)line * 4, PRIORITY_HEARD);
    uint64_t word = enable_word(context_of(hart_index), line);
    mmio_write32(word, mmio_read32(word) | (1u << (line % 32)));
}

void arch_irq_disable(uint32_t line, uint32_t hart_index) {
    uint64_t word = enable_word(context_of(hart_index), line);
    mmio_write32(word, mmio_read32(word) & ~(1u << (line % 32)));
}

uint32_t arch_irq_claim(void) {
    return mmio_read32(context_page(context_of(port_hart_index())) + PLIC_CLAIM);
}

// What the driver wrote to its device comes before: the line must be seen as the device left it.
void arch_irq_complete(uint32_t line, uint32_t hart_index) {
    csr_fence_devices();
    mmio_write32(context_page(context_of(hart_index)) + PLIC_CLAIM, line);
}
