// kernel/arch/threads/user.c: user mode: programs as fibers of their home hart's thread
// (kernel/arch/sim/user.h).
#include "kernel/arch/sim/user.h"

#include "kernel/abi/layout.h"
#include "kernel/abi/syscall.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/threads/state.h"

// From user mode into the kernel; returns when the task runs again.
static void enter(struct task *task, enum threads_trap trap) {
    struct threads_hart *hart = threads_this();
    hart->trap = trap;
    fiber_switch(&threads.users[task->index].fiber, &hart->kernel_fiber);
}

// Of a task that must not go on: it is abandoned in here.
NORETURN static void fault(struct task *task, struct user_fault what) {
    task->regs_all = true;
    threads_this()->fault = what;
    enter(task, THREADS_TRAP_FAULT);
    threads_fail("a task runs on after a fault");
}

// Between two instructions of a user program.
static void user_step(struct task *task) {
    if (atomic_load_acquire_u32(&threads.stop) != 0) {
        enter(task, THREADS_TRAP_STOP);
    }
    threads_this()->events = threads_events_take(threads_this());
    if (threads_this()->events != 0) {
        task->regs_all = true;
        enter(task, THREADS_TRAP_INTERRUPT);
    }
    if (task->index != threads.kernel.init_task && fault_point_fires(FAULT_POINT_END_USER)) {
        fault(task, (struct user_fault){EXIT_FAULT_INSTRUCTION, 0});
    }
}

struct ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                              uint64_t arg3) {
    struct task *task = threads_this()->task;
    user_step(task);
    struct regs *regs = &task->regs;
    regs->x[REG_A0] = arg0;
    regs->x[REG_A0 + 1] = arg1;
    regs->x[REG_A0 + 2] = arg2;
    regs->x[REG_A0 + 3] = arg3;
    regs->x[REG_A0 + 4] = 0;
    regs->x[REG_A0 + 5] = 0;
    regs->x[REG_A7] = number;
    task->regs_all = false;
    enter(task, THREADS_TRAP_SYSCALL);
    struct ecall_result result = {regs->x[REG_A0], regs->x[REG_A0 + 1], regs->x[REG_A0 + 2],
                                  regs->x[REG_A0 + 3]};
    user_step(task);
    return result;
}

static struct page_number reach(uint64_t address, uint32_t access) {
    struct task *task = threads_this()->task;
    user_step(task);
    uint64_t leaf = sv39_walk(task->space.root, address / PAGE_BYTES * PAGE_BYTES);
    if (!sv39_allows(leaf, access)) {
        fault(task, (struct user_fault){EXIT_FAULT_READ, address});
    }
    return sv39_page(leaf);
}

static void user_main(void *argument) {
    (void)argument;
    struct task *task = threads_this()->task;
    uint64_t entry = (task->regs.pc - USER_IMAGE_MIN - SIM_ENTRY_FIRST) / 4;
    if (entry >= threads.options.program_count) {
        threads_fail("a task starts at no program");
    }
    threads.options.programs[entry].run(task->page, task->regs.x[REG_A0 + 1], task->instance);
    struct ecall_result result = sim_ecall(SYSCALL_TASK_EXIT, 0, 0, 0, 0);
    (void)result;
    threads_fail("a task runs on after task_exit");
}

void threads_user_run(struct threads_hart *hart, struct task *task) {
    struct threads_user *user = &threads.users[task->index];
    if (user->instance != task->instance) {
        if (!user->fiber.stack) {
            fiber_make(&user->fiber);
        }
        user->instance = task->instance;
        fiber_start(&user->fiber, user_main, user);
    }
    hart->task = task;
    fiber_switch(&hart->kernel_fiber, &user->fiber);
}

// Relaxed: programs share memory as they like.
static struct atomic_u64 *word_of(struct page_number page, uint64_t address) {
    struct atomic_u64 *words = (struct atomic_u64 *)arch_page(page);
    return &words[address % PAGE_BYTES / sizeof(uint64_t)];
}

uint64_t sim_user_load(uint64_t address) {
    struct page_number page = reach(address, ARCH_READ);
    uint32_t device = 0;
    if (threads_device_find(page, &device)) {
        return threads_device_load(device, address % PAGE_BYTES);
    }
    return atomic_load_u64(word_of(page, address));
}

void sim_user_store(uint64_t address, uint64_t value) {
    struct page_number page = reach(address, ARCH_WRITE);
    uint32_t device = 0;
    if (threads_device_find(page, &device)) {
        threads_device_store(device, address % PAGE_BYTES, value);
        return;
    }
    atomic_store_u64(word_of(page, address), value);
}

void sim_user_fetch(uint64_t address) {
    (void)reach(address, ARCH_EXECUTE);
}

void sim_user_break(void) {
    fault(threads_this()->task, (struct user_fault){EXIT_FAULT_BREAK, 0});
}

void sim_user_illegal_instruction(void) {
    fault(threads_this()->task, (struct user_fault){EXIT_FAULT_INSTRUCTION, 0});
}

void sim_user_work(uint64_t ns) {
    uint64_t end_ns = arch_time_ns() + ns;
    while (arch_time_ns() < end_ns) {
        user_step(threads_this()->task);
    }
}

uint32_t sim_user_random(uint32_t bound) {
    return sim_random_below(&threads_this()->random, bound);
}

uint32_t sim_hart_count(void) {
    return threads.options.hart_count;
}
