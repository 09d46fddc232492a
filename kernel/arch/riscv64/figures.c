// kernel/arch/riscv64/figures.c: what a boot costs, and whether harts waited for each other. Linked
// only into //kernel:kernel_figures, whose linker puts each `__wrap_` function here before the
// kernel's own of that name (--wrap) and calls that `__real_`. Nothing of it is in the path of a
// system call.
//
// From the kernel's first instruction to the last before init's first one, bytes of the boot image
// and of memory that no program can have, when init begins; instructions of the machine from there
// until init ends, and how often a hart found a lock taken, when it ends.
// Units:     instructions retired by all harts, exact under -icount, firmware's on behalf of the
//            kernel included.
// Locking:   none: init begins before any other task, and ends last.
#include <stddef.h>

#include "images/markers.h"
#include "kernel/arch/riscv64/csr.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/core/kernel.h"

struct figures {
    uint64_t boot_begin;  // figures.S stores it.
    uint64_t init_begin;
};
_Static_assert(offsetof(struct figures, boot_begin) == 0, "figures.S");

struct figures figures;

static void tell(const char *name, uint64_t figure) {
    unsigned value = (unsigned)figure;
    kernel_print(&kernel_state, &kernel_state.harts[0], MARKER_BENCH_FIGURE, name, value, value,
                 value);
}

static uint64_t whole_pages(uint64_t bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

// All memory from the kernel's start on, but what a program can have, the boot image and the device
// tree.
static uint64_t kernel_bytes(void) {
    const struct machine *machine = &port.machine;
    uint64_t begin = port_physical(kernel_start);
    uint64_t all = machine->ram.base + machine->ram.bytes - begin;
    return all - kernel_state.page_pool.total_count * (uint64_t)PAGE_BYTES -
           whole_pages(machine->boot_image.bytes) - whole_pages(machine->tree_bytes);
}

NORETURN void __real_port_enter(struct task *task, uint64_t stack_top);
NORETURN void __wrap_port_enter(struct task *task, uint64_t stack_top);
void __wrap_port_enter(struct task *task, uint64_t stack_top) {
    if (figures.init_begin == 0 && task && task->index == kernel_state.init_task) {
        uint64_t spent = csr_instret() - figures.boot_begin;
        tell("kernel_entry_to_init", spent);
        tell("image_bytes", kernel_state.image_bytes);
        tell("kernel_ram_bytes", kernel_bytes());
        figures.init_begin = csr_instret();
    }
    __real_port_enter(task, stack_top);
}

void __real_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail);
void __wrap_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail);
void __wrap_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail) {
    if (task->index == kernel->init_task) {
        uint64_t spent = csr_instret() - figures.init_begin;
        uint64_t spins = 0;
        for (uint32_t i = 0; i < kernel->hart_count; i++) {
            spins += kernel->harts[i].locks.spins;
        }
        tell("init_to_end", spent);
        tell("lock_spins", spins);
    }
    __real_task_end_current(kernel, hart, task, reason, detail);
}
