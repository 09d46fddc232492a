// kernel/arch/sim/user.c: user mode: one fiber a task, its steps, and its ways into the kernel.
#include "kernel/arch/sim/user.h"

#include "kernel/abi/layout.h"
#include "kernel/abi/syscall.h"
#include "kernel/arch/sim/state.h"

enum {
    NS_A_STEP = 50,
    WORK_STEP_NS = 1000,
};

// What a task's registers hold when it is interrupted, so that the kernel cannot lose or mix them
// up unnoticed.
static uint64_t pattern(const struct task *task, uint32_t reg) {
    return ((uint64_t)task->instance << 32) ^ (sim.steps << 8) ^ reg;
}

static struct sim_user *user_of(const struct task *task) {
    return &sim.users[task->index];
}

// From user mode into the kernel; returns when the task runs again.
static void enter(struct sim_hart *hart, struct task *task, enum sim_trap trap) {
    hart->trap = trap;
    hart->context = &hart->kernel_fiber;
    fiber_switch(&user_of(task)->fiber, &hart->kernel_fiber);
}

static void interrupt(struct sim_hart *hart, struct task *task) {
    struct regs saved;
    for (uint32_t i = 0; i < ARRAY_LEN(saved.x); i++) {
        saved.x[i] = pattern(task, i);
    }
    saved.pc = pattern(task, ARRAY_LEN(saved.x));
    task->regs = saved;
    task->regs_all = true;
    hart->events = sim_events_take(hart);
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, task->index, hart->events, 0,
                                                sim.running, TRACE_INTERRUPT});
    enter(hart, task, SIM_TRAP_INTERRUPT);
    bool kept = task->regs_all && __builtin_memcmp(&task->regs, &saved, sizeof(saved)) == 0;
    if (!kept) {
        sim_finish(SIM_CHECK_FAILED, "task %u: registers changed over an interrupt", task->index);
    }
}

// Of a task that must not go on: it is abandoned in here.
NORETURN static void fault(struct sim_hart *hart, struct task *task, struct user_fault what) {
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, task->index, what.reason, what.detail,
                                                sim.running, TRACE_FAULT});
    task->regs_all = true;
    hart->fault = what;
    enter(hart, task, SIM_TRAP_FAULT);
    sim_finish(SIM_CHECK_FAILED, "task %u runs on after a fault", task->index);
}

// Between two instructions of a user program. When it returns the task may be on another hart.
static void user_step(struct task *task) {
    sim.now_ns += NS_A_STEP;
    sim_point();
    if (UNLIKELY(sim_events_due(sim_this()) != 0)) {
        interrupt(sim_this(), task);
    }
    if (task->index != sim.kernel.init_task && fault_point_fires(FAULT_POINT_END_USER)) {
        fault(sim_this(), task, (struct user_fault){EXIT_FAULT_INSTRUCTION, 0});
    }
}

// Results that a call does not have are zero: no word of the kernel comes out by mistake.
static void check_results(const struct task *task, uint64_t number) {
    static const char *const names[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) results,
#include "kernel/abi/syscall.def"
#undef SYSCALL
    };
    const char *listed = number < SYSCALL_COUNT ? names[number] : "";
    uint32_t count = listed[0] != 0;
    for (; *listed != 0; listed++) {
        count += *listed == ',';
    }
    for (uint32_t i = 1 + count; i < SYSCALL_RESULT_COUNT; i++) {
        if (task->regs.x[REG_A0 + i] != 0) {
            sim_finish(SIM_CHECK_FAILED, "task %u: system call %llu leaves %#llx in a%u",
                       task->index, (unsigned long long)number,
                       (unsigned long long)task->regs.x[REG_A0 + i], i);
        }
    }
}

struct ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                              uint64_t arg3) {
    struct task *task = sim_this()->task;
    user_step(task);
    arg1 = sim_native_argument(task, number, arg1);
    struct regs *regs = &task->regs;
    uint64_t mark = pattern(task, REG_SP);
    regs->x[REG_SP] = mark;
    regs->x[REG_GP] = mark + 1;
    regs->x[REG_TP] = mark + 2;
    regs->x[REG_A0] = arg0;
    regs->x[REG_A0 + 1] = arg1;
    regs->x[REG_A0 + 2] = arg2;
    regs->x[REG_A0 + 3] = arg3;
    regs->x[REG_A0 + 4] = 0;
    regs->x[REG_A0 + 5] = 0;
    regs->x[REG_A7] = number;
    regs->pc = mark + 4;
    task->regs_all = false;
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, task->index, number, arg0, sim.running,
                                                TRACE_SYSCALL});
    enter(sim_this(), task, SIM_TRAP_SYSCALL);
    if (regs->x[REG_SP] != mark || regs->x[REG_GP] != mark + 1 || regs->x[REG_TP] != mark + 2 ||
        regs->pc != mark + 4) {
        sim_finish(SIM_CHECK_FAILED, "task %u: sp, gp, tp or pc changed over a system call",
                   task->index);
    }
    check_results(task, number);
    struct ecall_result result = {regs->x[REG_A0], regs->x[REG_A0 + 1], regs->x[REG_A0 + 2],
                                  regs->x[REG_A0 + 3]};
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, task->index, result.a0, result.a1,
                                                sim.running, TRACE_RESUME});
    sim_native_results(task, number, (const uint64_t[]){arg0, arg1, arg2}, &result);
    user_step(task);
    return result;
}

// kernel/abi/layout.h says what a task finds in its registers.
static void check_first_regs(const struct task *task) {
    struct regs expected = {.pc = task->entry_pc};
    expected.x[REG_SP] = USER_STACK_TOP;
    expected.x[REG_A0] = USER_MESSAGE_PAGE;
    expected.x[REG_A0 + 1] = task->regs.x[REG_A0 + 1];
    expected.x[REG_A0 + 2] = task->instance;
    if (!task->regs_all || __builtin_memcmp(&task->regs, &expected, sizeof(expected)) != 0) {
        sim_finish(SIM_CHECK_FAILED, "task %u starts with wrong registers", task->index);
    }
}

static struct page_number reach(uint64_t address, uint32_t access, uint32_t bytes) {
    struct task *task = sim_this()->task;
    user_step(task);
    struct sim_hart *hart = sim_this();
    struct page_number page = PAGE_NUMBER_NONE;
    if (address % bytes != 0) {
        fault(hart, task, (struct user_fault){EXIT_FAULT_ALIGN, address});
    }
    if (!sim_translate(hart, task, address, access, &page)) {
        enum exit_reason reason = access == ARCH_READ    ? EXIT_FAULT_READ
                                  : access == ARCH_WRITE ? EXIT_FAULT_WRITE
                                                         : EXIT_FAULT_EXEC;
        fault(hart, task, (struct user_fault){reason, address});
    }
    if (access == ARCH_EXECUTE) {
        sim_fetch_check(hart, page);
    }
    return page;
}

static void user_main(void *argument) {
    struct sim_user *user = (struct sim_user *)argument;
    struct task *task = sim_this()->task;
    check_first_regs(task);
    uint64_t start_argument = task->regs.x[REG_A0 + 1];
    uint64_t entry = task->regs.pc - USER_IMAGE_MIN - SIM_ENTRY_FIRST;
    uint32_t instance = task->instance;
    (void)reach(task->regs.pc, ARCH_EXECUTE, 1);
    if (entry % 4 != 0 || entry / 4 >= sim.options.program_count) {
        fault(sim_this(), task, (struct user_fault){EXIT_FAULT_INSTRUCTION, entry});
    }
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, task->index, instance, entry / 4,
                                                sim.running, TRACE_BEGIN});
    struct message_page *page =
        (struct message_page *)arch_page(reach(USER_MESSAGE_PAGE, ARCH_WRITE, 8));
    if (page != task->page) {
        sim_finish(SIM_CHECK_FAILED,
                   "task %u: the mapped message page is another one than the kernel's",
                   task->index);
    }
    user->run = sim.options.programs[entry / 4].run;
    user->run(page, start_argument, instance);
    (void)sim_ecall(SYSCALL_TASK_EXIT, 0, 0, 0, 0);
    sim_finish(SIM_CHECK_FAILED, "task %u runs on after task_exit", task->index);
}

void sim_user_run(struct sim_hart *hart, struct task *task) {
    struct sim_user *user = user_of(task);
    if (user->instance != task->instance) {
        if (!user->fiber.stack) {
            fiber_make(&user->fiber);
        }
        user->instance = task->instance;
        fiber_start(&user->fiber, user_main, user);
    }
    hart->task = task;
    hart->trap = SIM_TRAP_NONE;
    hart->context = &user->fiber;
    fiber_switch(&hart->kernel_fiber, &user->fiber);
}

uint64_t sim_user_load(uint64_t address) {
    struct page_number page = reach(address, ARCH_READ, 8);
    uint32_t device = 0;
    if (sim_device_find(page, &device)) {
        return sim_device_load(device, address % PAGE_BYTES);
    }
    const uint64_t *words = (const uint64_t *)arch_page(page);
    return words[address % PAGE_BYTES / sizeof(uint64_t)];
}

void sim_user_store(uint64_t address, uint64_t value) {
    struct page_number page = reach(address, ARCH_WRITE, 8);
    uint32_t device = 0;
    if (sim_device_find(page, &device)) {
        sim_device_store(device, address % PAGE_BYTES, value);
        return;
    }
    uint64_t *words = (uint64_t *)arch_page(page);
    words[address % PAGE_BYTES / sizeof(uint64_t)] = value;
    sim_fetch_forget(page);
}

// A register of 4 bytes; what is no device is none of its.
static uint32_t reach_register(uint64_t address, uint32_t access) {
    uint32_t device = 0;
    if (!sim_device_find(reach(address, access, sizeof(uint32_t)), &device)) {
        fault(sim_this(), sim_this()->task, (struct user_fault){EXIT_FAULT_READ, address});
    }
    return device;
}

uint32_t sim_user_read32(uint64_t address) {
    return sim_device_read32(reach_register(address, ARCH_READ), (uint32_t)(address % PAGE_BYTES));
}

void sim_user_write32(uint64_t address, uint32_t value) {
    sim_device_write32(reach_register(address, ARCH_WRITE), (uint32_t)(address % PAGE_BYTES),
                       value);
}

void sim_user_fetch(uint64_t address) {
    (void)reach(address, ARCH_EXECUTE, 1);
}

void sim_user_break(void) {
    fault(sim_this(), sim_this()->task, (struct user_fault){EXIT_FAULT_BREAK, 0});
}

void sim_user_illegal_instruction(void) {
    fault(sim_this(), sim_this()->task, (struct user_fault){EXIT_FAULT_INSTRUCTION, 0});
}

void sim_user_work(uint64_t ns) {
    uint64_t end_ns = sim.now_ns + ns;
    while (sim.now_ns < end_ns) {
        sim.now_ns += WORK_STEP_NS;
        user_step(sim_this()->task);
    }
}

uint32_t sim_user_random(uint32_t bound) {
    uint32_t value = sim_random_below(&sim.random, bound);
    trace_add(&sim.trace,
              (struct trace_record){sim.now_ns, bound, value, 0, sim.running, TRACE_CHANCE});
    return value;
}

uint32_t sim_hart_count(void) {
    return sim.options.hart_count;
}
