// kernel/arch/riscv64/broken.c: a mistake that a kernel must not survive unseen. Linked only into
// //kernel:kernel_wrong_order, whose linker calls this in the place of the kernel's own function of
// that name (--wrap); a test expects what is said about it.
#include "kernel/arch/riscv64/port.h"
#include "kernel/core/kernel.h"

// Of //kernel:kernel_wrong_order, when all else is ready: locks in falling rank.
void __wrap_smp_release(void);
void __wrap_smp_release(void) {
    struct hart *hart = &kernel_state.harts[0];
    lock_acquire(&hart->locks, &hart->run_lock);
    lock_acquire(&hart->locks, &kernel_state.device_lock);
    lock_release(&hart->locks, &kernel_state.device_lock);
    lock_release(&hart->locks, &hart->run_lock);
}
