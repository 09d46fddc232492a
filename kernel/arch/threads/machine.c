// kernel/arch/threads/machine.c: the arch functions (kernel/core/arch.h) over threads, and a run
// from its begin to its end.
#define _GNU_SOURCE  // syscall, pthread_timedjoin_np
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/abi/syscall.h"
#include "kernel/arch/sim/space.h"
#include "kernel/arch/threads/state.h"
#include "kernel/core/audit.h"

enum {
    PAGE_COUNT = 2048,
    RATE_ALWAYS = 65536,
    TIME_IS_SLOWER = 32,  // The workload's deadlines are for a machine, not for threads that share
                          // one and are watched.
    SLEEP_MAX_NS = 10000000,
    EXIT_WRONG = 3,
    SETTLE_ROUNDS = 64,
};

#define NS_A_SECOND UINT64_C(1000000000)

struct threads threads;
struct sim_ram sim_ram;

static _Thread_local uint32_t this_index;

COLD struct threads_hart *threads_this(void) {
    return &threads.harts[this_index];
}

struct hart *space_hart(void) {
    return &threads.kernel.harts[this_index];
}

void threads_fail(const char *what) {
    fprintf(stderr, "threads: %s (seed %llu, %u harts)\n", what,
            (unsigned long long)threads.options.seed, threads.options.hart_count);
    _exit(EXIT_WRONG);
}

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_A_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t sim_time_ns(void) {
    return (clock_ns(CLOCK_MONOTONIC) - threads.begin_ns) / TIME_IS_SLOWER;
}

void sim_spin(void) {
    syscall(SYS_sched_yield);
}

void sim_bad_page(uint32_t page) {
    (void)page;
    threads_fail("a page that is not RAM");
}

void sim_page_poison(struct page_number page) {
    (void)page;
}

void sim_page_unpoison(struct page_number page) {
    memset(arch_page(page), 0xa5, PAGE_BYTES);
}

bool fault_point_fires(enum fault_point point) {
    uint32_t rate = threads.options.fault_rate[point];
    return rate != 0 && threads.booted &&
           sim_random_below(&threads_this()->random, RATE_ALWAYS) < rate;
}

void arch_timer_arm(uint64_t ns) {
    threads_this()->timer_at_ns = ns;
}

static void wake(struct threads_hart *hart) {
    atomic_store_u32(&hart->ipi, 1);
    syscall(SYS_futex, &hart->ipi.raw, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

void arch_ipi_send(uint64_t hart_mask) {
    for (; hart_mask != 0; hart_mask &= hart_mask - 1) {
        wake(&threads.harts[__builtin_ctzll(hart_mask)]);
    }
}

uint32_t threads_events_take(struct threads_hart *hart) {
    uint32_t events = 0;
    if (atomic_load_u32(&hart->ipi) != 0) {
        atomic_store_u32(&hart->ipi, 0);
        atomic_fence();
        events |= ARCH_EVENT_IPI;
    }
    if (hart->timer_at_ns <= sim_time_ns()) {
        hart->timer_at_ns = UINT64_MAX;
        events |= ARCH_EVENT_TIMER;
    }
    return events | (threads_device_pending() ? (uint32_t)ARCH_EVENT_EXTERNAL : 0);
}

static void sleep_until(struct threads_hart *hart) {
    uint64_t now_ns = sim_time_ns();
    uint64_t device_ns = threads_device_next_ns();
    uint64_t end_ns = device_ns < hart->timer_at_ns ? device_ns : hart->timer_at_ns;
    uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    left_ns = left_ns < SLEEP_MAX_NS / TIME_IS_SLOWER ? left_ns * TIME_IS_SLOWER : SLEEP_MAX_NS;
    struct timespec span = {.tv_nsec = (long)left_ns};
    syscall(SYS_futex, &hart->ipi.raw, FUTEX_WAIT_PRIVATE, 0, &span, 0, 0);
}

// The doorbell is looked at once: a hart that sleeps over it, because nobody sent an IPI, sleeps
// on.
uint32_t arch_idle(const struct atomic_u32 *doorbell) {
    struct threads_hart *hart = threads_this();
    uint32_t rung = atomic_load_u32(doorbell);
    for (;;) {  // Until something comes, as wfi.
        uint32_t events = threads_events_take(hart);
        if (atomic_load_acquire_u32(&threads.stop) != 0 && rung == 0 &&
            (events & ARCH_EVENT_IPI) == 0) {
            pthread_exit(0);
        }
        if (events != 0 || rung != 0) {
            return events;
        }
        sleep_until(hart);
    }
}

// No TLB and no instruction cache here.
void arch_tlb_shootdown(uint64_t hart_mask, uint32_t asid) {
    (void)hart_mask;
    (void)asid;
}

void arch_code_written(uint64_t hart_mask) {
    (void)hart_mask;
}

void arch_space_leave(void) {
    atomic_store_u32(&threads_this()->space, 0);
}

// Acquire: pairs with go_on_with, by way of whoever saw that the task is no longer current.
void space_check_unused(struct page_number root) {
    for (uint32_t i = 0; i < threads.options.hart_count; i++) {
        if (root.value != 0 && atomic_load_acquire_u32(&threads.harts[i].space) == root.value) {
            threads_fail("a hart still walks the tables of a task that is reclaimed");
        }
    }
}

void arch_console_write(const char *bytes, size_t count) {
    (void)bytes;
    (void)count;
}

bool arch_console_open(void) {
    return false;
}

uint64_t arch_entropy(void) {
    return sim_random_next(&threads_this()->random);
}

// The other threads leave when they are out of the kernel.
void arch_power_off(bool failed) {
    if (failed) {
        threads_fail("power off with failure");
    }
    atomic_store_release_u32(&threads.stop, 1);
    for (uint32_t i = 0; i < threads.options.hart_count; i++) {
        wake(&threads.harts[i]);
    }
    pthread_exit(0);
}

void arch_reboot(void) {
    arch_power_off(false);
}

void arch_panic_stop(void) {
    threads_fail("panic");
}

// What the kernel returned runs next. Release: whoever sees that another task was current sees that
// its tables are no longer walked.
static void go_on_with(struct hart *hart, struct task *task) {
    atomic_store_u32(&threads_this()->space, task->space.root.value);
    atomic_store_release_shared(&hart->current, task);
}

struct task *sim_resume(struct hart *hart, struct task *next, uint64_t a1, uint64_t a2) {
    next->regs.x[REG_A0] = STATUS_OK;
    next->regs.x[REG_A0 + 1] = a1;
    next->regs.x[REG_A0 + 2] = a2;
    next->regs.x[REG_A0 + 3] = 0;
    go_on_with(hart, next);
    return next;
}

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
            return kernel_syscall(&threads.kernel, hart, task, number);
    }
}

static struct task *take_trap(struct threads_hart *self, struct hart *hart) {
    switch (self->trap) {
        case THREADS_TRAP_SYSCALL:
            return take_syscall(hart, self->task);
        case THREADS_TRAP_INTERRUPT:
            return kernel_interrupt(&threads.kernel, hart, self->events);
        case THREADS_TRAP_FAULT:
            return kernel_fault(&threads.kernel, hart, self->fault);
        case THREADS_TRAP_STOP:
            pthread_exit(0);
    }
    threads_fail("a user fiber came back without a trap");
}

static void hart_live(struct threads_hart *self) {
    this_index = (uint32_t)(self - threads.harts);
    struct hart *hart = &threads.kernel.harts[this_index];
    fiber_make_thread(&self->kernel_fiber);
    struct task *task = kernel_hart_start(&threads.kernel, hart);
    for (;;) {  // For the machine's life.
        while (!task) {
            task = kernel_idle(&threads.kernel, hart);
        }
        go_on_with(hart, task);
        threads_user_run(self, task);
        task = take_trap(self, hart);
    }
}

static void *hart_run(void *argument) {
    hart_live((struct threads_hart *)argument);
    return 0;
}

static void boot(void) {
    const struct threads_options *options = &threads.options;
    sim_ram.page_count = PAGE_COUNT;
    sim_ram.bytes = (uint8_t *)mmap(0, (size_t)PAGE_COUNT * PAGE_BYTES, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sim_ram.bytes == MAP_FAILED) {
        threads_fail("no memory for RAM");
    }
    uint32_t image_pages = sim_image_build(
        &(struct sim_image){options->programs, options->program_count, options->hart_count, 0});
    struct boot_info info = {.hart_count = options->hart_count,
                             .range_count = 1,
                             .range_first = {{SIM_RAM_FIRST_PAGE + image_pages}},
                             .range_pages = {PAGE_COUNT - image_pages},
                             .image_first = {SIM_RAM_FIRST_PAGE},
                             .image_bytes = (uint64_t)image_pages * PAGE_BYTES,
                             .event_pages = 1};
    sim_image_devices(&info);
    threads_devices_reset();
    threads.begin_ns = clock_ns(CLOCK_MONOTONIC);
    memset((char *)&threads.kernel + KERNEL_ZEROED_BYTES, 0xa5,
           sizeof(threads.kernel) - KERNEL_ZEROED_BYTES);
    for (uint32_t i = 0; i < options->hart_count; i++) {
        threads.harts[i].timer_at_ns = UINT64_MAX;
        threads.harts[i].random = sim_random_make(options->seed * MAX_HARTS + i);
    }
    kernel_init(&threads.kernel, &info);
    threads.pages_at_start = threads.kernel.page_pool.free_count;
    threads.booted = true;
}

static void start(struct threads_hart *hart, void *run(void *)) {
    if (pthread_create(&hart->thread, 0, run, hart) != 0) {
        threads_fail("no thread for a hart");
    }
}

static void *hart_settle(void *argument) {
    this_index = (uint32_t)((struct threads_hart *)argument - threads.harts);
    struct task *next = 0;
    while (!next) {  // arch_idle ends it.
        next = kernel_idle(&threads.kernel, space_hart());
    }
    threads_fail("a task but init runs at the end");
}

static void join(struct threads_hart *hart, const struct timespec *end) {
    if (pthread_timedjoin_np(hart->thread, 0, end) != 0) {
        threads_fail("no end in time: a wake-up was lost, or tasks wait for each other");
    }
}

// A task that ended without ever having run is reclaimed without a notice, so some may be under way
// when init ends. One hart after the other goes on with it until no hart was told of more.
static void settle(const struct timespec *end) {
    bool more = true;
    for (uint32_t round = 0; more && round < SETTLE_ROUNDS; round++) {
        more = false;
        for (uint32_t i = 0; i < threads.options.hart_count; i++) {
            struct threads_hart *self = &threads.harts[i];
            struct hart *hart = &threads.kernel.harts[i];
            struct task *current = hart->current;
            start(self, hart_settle);
            join(self, end);
            hart->current = current;
        }
        for (uint32_t i = 0; i < threads.options.hart_count; i++) {
            more = more || atomic_load_u32(&threads.harts[i].ipi) != 0 ||
                   atomic_load_u32(&threads.kernel.harts[i].doorbell) != 0;
        }
    }
}

// Who is still there besides init, and who could have gone on with it.
static void print_left(void) {
    for (uint32_t i = 0; i < MAX_TASKS; i++) {
        const struct task *task = &threads.kernel.tasks[i];
        uint32_t state = atomic_load_u32(&task->state);
        if (state != TASK_FREE) {
            fprintf(stderr, "threads: task %u: state %u, killed %u, hart %d, wait %#llx\n",
                    task->index, state, atomic_load_u32(&task->killed),
                    task->hart ? (int)task->hart->index : -1,
                    (unsigned long long)atomic_load_u64(&task->wait));
        }
    }
    for (uint32_t i = 0; i < threads.options.hart_count; i++) {
        const struct hart *hart = &threads.kernel.harts[i];
        fprintf(stderr, "threads: hart %u: %u runnable, doorbell %u, timer at %lld ns, now %lld\n",
                i, hart->run_count, atomic_load_u32(&hart->doorbell),
                (long long)threads.harts[i].timer_at_ns, (long long)sim_time_ns());
    }
}

static void audit(void) {
    struct audit_tally tally = {.failure = 0};
    if (!audit_kernel(&threads.kernel, &tally)) {
        fprintf(stderr, "audit: %s (%llu, %llu)\n", tally.failure, (unsigned long long)tally.a,
                (unsigned long long)tally.b);
        threads_fail("the state does not add up");
    }
}

uint32_t threads_run(const struct threads_options *options) {
    threads.options = *options;
    boot();
    for (uint32_t i = 0; i < options->hart_count; i++) {
        start(&threads.harts[i], hart_run);
    }
    uint64_t end_ns = clock_ns(CLOCK_REALTIME) + options->seconds_max * NS_A_SECOND;
    struct timespec end = {.tv_sec = (time_t)(end_ns / NS_A_SECOND)};
    for (uint32_t i = 0; i < options->hart_count; i++) {
        join(&threads.harts[i], &end);
    }
    settle(&end);
    audit();
    uint32_t lost = threads.pages_at_start - threads.kernel.page_pool.free_count;
    if (lost != 0) {
        print_left();
    }
    return lost;
}
