// kernel/arch/riscv64/measured.c: how long each entry keeps interrupts off, in instructions. Linked
// only into //kernel:kernel_measured, whose linker puts each `__wrap_` function here before the
// kernel's own of that name (--wrap) and calls that `__real_`.
//
// An entry begins where the core is called, and ends where it returns a task or goes to sleep. The
// fast path of a call is not among them: it has no loop. When init ends, the longest is printed.
// Units:     instructions retired, exact under -icount; firmware's on behalf of the kernel
//            included.
// Locking:   none: each hart writes its own, and the last reader may be late.
#include "images/markers.h"
#include "kernel/abi/syscall.h"
#include "kernel/arch/riscv64/csr.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/core/kernel.h"

enum {
    WHAT_TRAP = 100,  // Interrupt or fault; below: the number of the system call.
    WHAT_IDLE = 101,
};

#define WRAPPED(result, name, ...)     \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)

static struct port_hart *own(void) {
    return &port.harts[port_hart_index()];
}

static void begin(uint32_t what) {
    own()->entry_what = what;
    own()->entry_begin = csr_instret();
}

static void end(void) {
    struct port_hart *hart = own();
    uint64_t spent = csr_instret() - hart->entry_begin;
    if (hart->entry_begin != 0 && spent > hart->longest) {  // Starting a hart is no entry.
        hart->longest = spent;
        hart->longest_what = hart->entry_what;
    }
}

// With nobody to run the entry goes on into idle.
static struct task *end_with(struct task *next) {
    if (next) {
        end();
    }
    return next;
}

WRAPPED(struct task *, kernel_syscall, struct kernel *kernel, struct hart *hart, struct task *task,
        uint64_t number);
struct task *__wrap_kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                                   uint64_t number) {
    begin((uint32_t)number);
    return end_with(__real_kernel_syscall(kernel, hart, task, number));
}

WRAPPED(struct task *, syscall_ipc_call, struct kernel *kernel, struct hart *hart,
        struct task *task);
struct task *__wrap_syscall_ipc_call(struct kernel *kernel, struct hart *hart, struct task *task) {
    begin(SYSCALL_IPC_CALL);
    return end_with(__real_syscall_ipc_call(kernel, hart, task));
}

WRAPPED(struct task *, syscall_ipc_reply_recv, struct kernel *kernel, struct hart *hart,
        struct task *task);
struct task *__wrap_syscall_ipc_reply_recv(struct kernel *kernel, struct hart *hart,
                                           struct task *task) {
    begin(SYSCALL_IPC_REPLY_RECV);
    return end_with(__real_syscall_ipc_reply_recv(kernel, hart, task));
}

WRAPPED(struct task *, trap_from_user, struct task *task, struct hart *hart);
struct task *__wrap_trap_from_user(struct task *task, struct hart *hart) {
    begin(WHAT_TRAP);
    return end_with(__real_trap_from_user(task, hart));
}

WRAPPED(struct task *, kernel_idle, struct kernel *kernel, struct hart *hart);
struct task *__wrap_kernel_idle(struct kernel *kernel, struct hart *hart) {
    return end_with(__real_kernel_idle(kernel, hart));
}

// Interrupts wait no longer than to here: what is pending is taken when it returns.
WRAPPED(uint32_t, arch_idle, const struct atomic_u32 *doorbell);
uint32_t __wrap_arch_idle(const struct atomic_u32 *doorbell) {
    end();
    uint32_t events = __real_arch_idle(doorbell);
    begin(WHAT_IDLE);
    return events;
}

// It stops the machine, and may: the entry that it is part of is not measured.
WRAPPED(bool, stats_audit, struct kernel *kernel, struct hart *hart);
bool __wrap_stats_audit(struct kernel *kernel, struct hart *hart) {
    bool holds = __real_stats_audit(kernel, hart);
    own()->entry_begin = 0;
    return holds;
}

WRAPPED(void, task_end_current, struct kernel *kernel, struct hart *hart, struct task *task,
        enum exit_reason reason, uint64_t detail);
void __wrap_task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                             enum exit_reason reason, uint64_t detail) {
    if (task->index == kernel->init_task) {
        const struct port_hart *longest = &port.harts[0];
        for (uint32_t i = 1; i < port.hart_count; i++) {
            longest = port.harts[i].longest > longest->longest ? &port.harts[i] : longest;
        }
        unsigned spent = (unsigned)longest->longest;
        kernel_print(kernel, hart, MARKER_BENCH_FIGURE, "longest_entry", spent, spent,
                     longest->longest_what);
    }
    __real_task_end_current(kernel, hart, task, reason, detail);
}
