// kernel/arch/sim/sim.c: a run from nothing to its end.
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include "kernel/arch/sim/sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/abi/syscall.h"
#include "kernel/arch/sim/state.h"

enum {
    PAGE_COUNT_DEFAULT = 2048,
    EVENT_PAGES = 1,  // So few that events are overwritten.
    STEP_MAX_DEFAULT = 400000,
    TOO_SOON_TURNS = 40,
    RAM_HOLE_PAGES = 3,  // Between two ranges of free RAM, so that there are two.
};

__attribute__((weak)) void __asan_poison_memory_region(void const volatile *address, size_t bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *address,
                                                         size_t bytes);

struct sim sim;

// Fibers are abandoned on purpose, so what the sanitizer keeps to find uses of returned frames
// would leak. A user's ASAN_OPTIONS still wins.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_stack_use_after_return=0";
}

struct sim_options sim_options_make(uint64_t seed, uint32_t hart_count,
                                    const struct sim_program *programs, uint32_t program_count) {
    return (struct sim_options){.seed = seed,
                                .hart_count = hart_count,
                                .page_count = PAGE_COUNT_DEFAULT,
                                .step_max = STEP_MAX_DEFAULT,
                                .programs = programs,
                                .program_count = program_count};
}

const char *sim_end_name(enum sim_end end) {
    static const char *const names[] = {"running", "power off",    "panic",    "stuck",
                                        "endless", "check failed", "power cut"};
    return names[end];
}

const char *sim_console(void) {
    return sim.console;
}

struct kernel *sim_kernel(void) {
    return &sim.kernel;
}

void sim_finish(enum sim_end end, const char *format, ...) {
    sim.result.end = end;
    va_list args;
    va_start(args, format);
    vsnprintf(sim.result.message, sizeof(sim.result.message), format, args);
    va_end(args);
    if (!sim_this()->context) {
        fprintf(stderr, "sim: %s\n", sim.result.message);  // Nothing has been started yet.
        exit(2);
    }
    fiber_switch(sim_this()->context, &sim.main_fiber);
    abort();  // Nobody switches back.
}

// The two calls of a round trip take their arguments from registers, and sometimes find something
// rare to do.
static struct task *take_syscall(struct hart *hart, struct task *task) {
    const uint64_t *args = &task->regs.x[REG_A0];
    uint64_t number = task->regs.x[REG_A7];
    if (fault_point_fires(FAULT_POINT_SLOW_PATH)) {
        atomic_or_u32(&hart->slow, SLOW_CHANCE);
    } else {
        atomic_and_u32(&hart->slow, ~SLOW_CHANCE);
    }
    switch (number) {
        case SYSCALL_IPC_CALL:
            return kernel_call(args[0], args[1], task, hart);
        case SYSCALL_IPC_REPLY_RECV:
            return kernel_reply_recv(args[0], args[1], args[2], task, hart);
        default:
            return kernel_syscall(&sim.kernel, hart, task, number);
    }
}

// What the kernel returned runs next. It is current once the hart has left the other's space.
static void go_on_with(struct sim_hart *self, struct hart *hart, struct task *task) {
    bool too_soon = fault_point_fires(FAULT_POINT_CURRENT_TOO_SOON);
    if (too_soon) {
        atomic_store_shared(&hart->current, task);
        for (uint32_t i = 0; i < TOO_SOON_TURNS; i++) {
            sim_switch_away();
        }
    }
    sim_space_use(self, task);
    sim_point();
    atomic_store_shared(&hart->current, task);
}

struct task *sim_resume(struct hart *hart, struct task *next, uint64_t a1, uint64_t a2) {
    if (next->regs_all) {
        sim_finish(SIM_CHECK_FAILED, "task %u waited and has all its registers to restore",
                   next->index);
    }
    sim.result.direct_switches++;
    next->regs.x[REG_A0] = STATUS_OK;
    next->regs.x[REG_A0 + 1] = a1;
    next->regs.x[REG_A0 + 2] = a2;
    next->regs.x[REG_A0 + 3] = 0;
    go_on_with(sim_this(), hart, next);
    return next;
}

static uint32_t taken_pages(void) {
    return sim.kernel.page_pool.total_count - sim.kernel.page_pool.free_count;
}

void sim_power_cut(void) {
    sim_finish(SIM_POWER_CUT, "the power was cut");
}

struct sim_arena sim_arena(void) {
    const struct device *device = &sim.kernel.devices[SIM_DEVICE_WITH_ARENA];
    return (struct sim_arena){.bytes = (uint8_t *)arch_page(device->arena),
                              .physical = (uint64_t)device->arena.value * PAGE_BYTES,
                              .byte_count = device->arena_pages * PAGE_BYTES};
}

// The trap loop of one hart: what kernel/arch/riscv64/trap.S and trap.c are on the target.
static struct task *take_trap(struct sim_hart *self, struct hart *hart) {
    switch (self->trap) {
        case SIM_TRAP_SYSCALL:
            sim.result.syscalls++;
            return take_syscall(hart, self->task);
        case SIM_TRAP_INTERRUPT:
            return kernel_interrupt(&sim.kernel, hart, self->events);
        case SIM_TRAP_FAULT:
            return kernel_fault(&sim.kernel, hart, self->fault);
        case SIM_TRAP_NONE:
            break;
    }
    sim_finish(SIM_CHECK_FAILED, "a user fiber came back without a trap");
}

static void hart_run(void *argument) {
    struct sim_hart *self = (struct sim_hart *)argument;
    uint32_t index = (uint32_t)(self - sim.harts);
    struct hart *hart = &sim.kernel.harts[index];
    if (index == 0) {
        kernel_init(&sim.kernel, &sim.boot);
        sim.result.pages_at_start = sim.kernel.page_pool.free_count;
        sim.pages_reserved = sim.pages_out - taken_pages();
        sim.booted = true;
        sim.fresh = true;
        sim_check_boot();
        fiber_switch(self->context, &sim.main_fiber);  // Until sim_run.
    }
    struct task *task = kernel_hart_start(&sim.kernel, hart);
    sim_fetch_fence(self);
    for (;;) {  // For the machine's life.
        while (!task) {
            task = kernel_idle(&sim.kernel, hart);
        }
        go_on_with(self, hart, task);
        sim_leave_kernel(self);
        sim_user_run(self, task);
        sim_enter_kernel(self);
        task = take_trap(self, hart);
    }
}

static void reset_ram(void) {
    uint32_t page_count = sim.options.page_count;
    if (!sim_ram.bytes) {
        sim_ram.bytes =
            (uint8_t *)mmap(0, (size_t)SIM_PAGE_COUNT_MAX * PAGE_BYTES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }
    if (sim_ram.bytes == MAP_FAILED || page_count > SIM_PAGE_COUNT_MAX) {
        fprintf(stderr, "sim: no memory for %u pages of RAM (at most %u)\n", page_count,
                (unsigned)SIM_PAGE_COUNT_MAX);
        exit(2);
    }
    sim_ram.page_count = page_count;
    if (__asan_unpoison_memory_region) {
        __asan_unpoison_memory_region(sim_ram.bytes, (size_t)page_count * PAGE_BYTES);
    }
}

// The boot image first, then two ranges. The kernel keeps its page table of words in the first
// pages of the first, untaken; all else is poisoned until taken.
static void reset_boot_info(void) {
    uint32_t image_pages =
        sim_image_build(&(struct sim_image){sim.options.programs, sim.options.program_count,
                                            sim.options.hart_count, sim.options.arena_pages});
    if (sim.options.spoil) {
        sim.options.spoil(sim_ram.bytes);
    }
    uint32_t first = SIM_RAM_FIRST_PAGE + image_pages;
    uint32_t left = sim.options.page_count - image_pages;
    uint32_t half = left / 2;
    sim.boot = (struct boot_info){.hart_count = sim.options.hart_count,
                                  .range_count = 2,
                                  .range_first = {{first}, {first + half + RAM_HOLE_PAGES}},
                                  .range_pages = {half, left - half - RAM_HOLE_PAGES},
                                  .image_first = {SIM_RAM_FIRST_PAGE},
                                  .image_bytes = (uint64_t)image_pages * PAGE_BYTES,
                                  .event_pages = EVENT_PAGES};
    uint32_t table_pages = (left * (uint32_t)sizeof(uint32_t) + PAGE_BYTES - 1) / PAGE_BYTES;
    if (__asan_poison_memory_region) {
        size_t offset = (size_t)(image_pages + table_pages) * PAGE_BYTES;
        __asan_poison_memory_region(
            sim_ram.bytes + offset,
            (size_t)(sim.options.page_count - image_pages - table_pages) * PAGE_BYTES);
    }
}

static void reset_harts(void) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        struct sim_hart *hart = &sim.harts[i];
        if (!hart->kernel_fiber.stack) {
            fiber_make(&hart->kernel_fiber);
        }
        fiber_start(&hart->kernel_fiber, hart_run, hart);
        hart->context = &hart->kernel_fiber;
        hart->task = 0;
        hart->in_kernel = true;
        hart->still_until = 0;
        hart->asleep = false;
        hart->trap = SIM_TRAP_NONE;
        hart->ipi_at_ns = UINT64_MAX;
        hart->timer_at_ns = UINT64_MAX;
        hart->space = PAGE_NUMBER_NONE;
        memset(hart->tlb, 0, sizeof(hart->tlb));
    }
    sim.kernel_count = sim.options.hart_count;
}

// Task objects that a machine before has taken, so that they differ from what a new machine finds:
// they are most of what there is, and a machine takes few. At first all.
static uint32_t tasks_used(void) {
    static bool again;
    const uint32_t used = again ? kernel_task_count(&sim.kernel) : MAX_TASKS;
    again = true;
    return used < MAX_TASKS ? used : MAX_TASKS;
}

// What was there before must not be relied on, nor may it be zero by chance.
static void reset_kernel(uint32_t tasks) {
    const size_t end = offsetof(struct kernel, tasks) + tasks * sizeof(sim.kernel.tasks[0]);
    memset(&sim.kernel, 0, KERNEL_ZEROED_BYTES);
    memset((char *)&sim.kernel + KERNEL_ZEROED_BYTES, 0xa5, end - KERNEL_ZEROED_BYTES);
}

static void reset(const struct sim_options *options) {
    sim.options = *options;
    sim.running = 0;
    sim.now_ns = 0;
    sim.steps = 0;
    sim.audit_at_step = SIM_AUDIT_STEPS;
    sim.late = false;
    sim.booted = false;
    sim.fresh = false;
    sim.result = (struct sim_result){.end = SIM_RUNNING};
    sim.console_count = 0;
    sim.console[0] = 0;
    sim.until_switch = UINT32_MAX;  // Nobody to switch to.
    sim.random = sim_random_make(0);
    trace_begin(&sim.trace, options->trace);
    const uint32_t tasks = tasks_used();
    reset_kernel(tasks);
    for (uint32_t i = 0; i < MAX_TASKS; i++) {
        sim.users[i].instance = 0;
    }
    sim.pages_out = 0;
    memset(sim.page_is_out, 0, sizeof(sim.page_is_out));
    sums_begin(tasks);
    sim_devices_reset();
    reset_ram();
    sim_native_reset();
    sim_fetch_reset();
    reset_boot_info();
    sim_image_devices(&sim.boot);
    reset_harts();
}

// What the seed decides, from the end of booting on.
static void take_seed(const struct sim_options *options) {
    static const uint32_t gaps[] = {0, 1, 3, 8, 20, 60, 200};
    static const uint32_t delays_ns[] = {1, 30, 300, 4000};
    sim.options = *options;
    sim.fresh = false;
    if (options->cpu_period_ns != 0) {
        sim.kernel.cpu_period_ns = options->cpu_period_ns;
    }
    sim.trace.to = options->trace;
    sim.random = sim_random_make(options->seed);
    sim.switch_gap = gaps[sim_random_below(&sim.random, ARRAY_LEN(gaps))];
    sim.until_switch = sim.switch_gap;
    sim.ipi_delay_ns = delays_ns[sim_random_below(&sim.random, ARRAY_LEN(delays_ns))];
}

void sim_boot(const struct sim_options *options) {
    reset(options);
    fiber_make_thread(&sim.main_fiber);
    fiber_switch(&sim.main_fiber, sim.harts[0].context);
}

static bool same_machine(const struct sim_options *a, const struct sim_options *b) {
    return a->hart_count == b->hart_count && a->page_count == b->page_count &&
           a->programs == b->programs && a->program_count == b->program_count &&
           a->arena_pages == b->arena_pages && a->spoil == b->spoil;
}

static void add_counts(void) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        const struct hart *hart = &sim.kernel.harts[i];
        sim.result.preemptions += hart->counts.preemptions.raw;
        sim.result.raises += hart->sched.raises.raw;
        sim.result.steals += hart->sched.steals.raw;
        sim.result.ipis_sent += hart->counts.ipis_sent.raw;
        sim.result.ipis_spared += hart->sched.ipis_spared.raw;
    }
}

void sim_run(const struct sim_options *options, struct sim_result *out) {
    if (!sim.fresh || !same_machine(&sim.options, options)) {
        sim_boot(options);
    }
    if (sim.fresh) {  // Otherwise booting failed, and the result says how.
        take_seed(options);
        atomic_point_hook = sim_atomic_point;
        fiber_switch(&sim.main_fiber, sim.harts[0].context);
        atomic_point_hook = 0;
    }
    add_counts();
    sim.result.trace_hash = sim.trace.hash;
    sim.result.steps = sim.steps;
    sim.result.now_ns = sim.now_ns;
    sim.result.pages_at_end = sim.kernel.page_pool.free_count;
    sim.result.tasks_at_end = sim.kernel.task_pool.total_count - sim.kernel.task_pool.free_count;
    *out = sim.result;
}
