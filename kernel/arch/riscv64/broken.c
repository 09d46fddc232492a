// kernel/arch/riscv64/broken.c: mistakes that a kernel must not survive unseen. Linked only into
// //kernel:kernel_wrong_order and //kernel:kernel_traps, whose linker calls these in the place of
// the kernel's own functions of that name (--wrap); tests expect what is said about it.
#include "base/compiler.h"
#include "kernel/abi/task.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/core/kernel.h"

#define WHILE_NS UINT64_C(100000)

// Of //kernel:kernel_wrong_order, when all else is ready: locks in falling rank.
void __wrap_smp_release(void);
void __wrap_smp_release(void) {
    struct hart *hart = &kernel_state.harts[0];
    lock_acquire(&hart->locks, &hart->run_lock);
    lock_acquire(&hart->locks, &kernel_state.device_lock);
    lock_release(&hart->locks, &kernel_state.device_lock);
    lock_release(&hart->locks, &hart->run_lock);
}

// This hart sleeps, others go on.
static void sleep_a_while(void) {
    uint64_t until_ns = arch_time_ns() + WHILE_NS;
    arch_timer_arm(until_ns);
    while (arch_time_ns() < until_ns) {
        csr_clear_sip(INTERRUPT_SOFTWARE);
        csr_wait_for_interrupt();
    }
}

// Of //kernel:kernel_traps, when a program ends: a load from where nothing is mapped, while others
// run.
void __wrap_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail);
void __wrap_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail) {
    (void)kernel, (void)hart, (void)task, (void)reason, (void)detail;
    sleep_a_while();
    uint64_t nowhere = 0x10;
    __asm__ volatile("ld %0, 0(%0)" : "+r"(nowhere)::"memory");
}

// Of both, when all is said: a hart that was not stopped is seen.
void __real_arch_power_off(bool failed);
void __wrap_arch_power_off(bool failed);
void __wrap_arch_power_off(bool failed) {
    sleep_a_while();
    __real_arch_power_off(failed);
}
