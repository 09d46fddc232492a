// kernel/arch/sim/native.c: memory that a program has mapped, as memory of the host, for services
// that use it by pointers.
//
// RAM becomes memory that can be mapped twice. What vmo_map and mmio_map answer is then another
// address of the host at which the pages are that the task's tables say, with the rights that they
// say: who writes what it may only read, or uses what it has unmapped, crashes its seed. Between
// two system calls such an access is no step of the machine.
#define _GNU_SOURCE  // memfd_create, syscall
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/abi/syscall.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/sim/state.h"

enum { NATIVE_MAX = 64 };

// What a task has mapped.
struct native {
    uint8_t *host;     // Null: the place is free.
    uint64_t address;  // In the task.
    uint32_t pages;
    uint32_t task;
    uint32_t instance;
};

// Test machinery, of the process.
static struct {
    bool shared;
    int memory;  // RAM's, once it is shared.
    struct native of[NATIVE_MAX];
} natives;

NORETURN static void give_up(const char *what) {
    perror(what);
    exit(2);
}

static void hide(struct native *one) {
    if (one->host) {
        munmap(one->host, (size_t)one->pages * PAGE_BYTES);
    }
    *one = (struct native){.host = 0};
}

void sim_native_reset(void) {
    for (uint32_t i = 0; i < NATIVE_MAX; i++) {
        hide(&natives.of[i]);
    }
}

// The image and the pool's table: they are in no pool.
static uint32_t fixed_pages(void) {
    const uint32_t image = sim.boot.range_first[0].value - SIM_RAM_FIRST_PAGE;
    const uint32_t words = sim.options.page_count - image;
    return image + (words * (uint32_t)sizeof(uint32_t) + PAGE_BYTES - 1) / PAGE_BYTES;
}

// The same bytes at the same addresses, but of a file. Not by the libc's functions: the address
// sanitizer's refuse what it has poisoned.
static void share_ram(void) {
    const size_t bytes = (size_t)sim_ram.page_count * PAGE_BYTES;
    const uint32_t fixed = fixed_pages();
    natives.memory = memfd_create("ram", MFD_CLOEXEC);
    if (natives.memory < 0 || ftruncate(natives.memory, (off_t)bytes) != 0) {
        give_up("sim: memfd_create");
    }
    for (uint32_t i = 0; i < sim_ram.page_count; i++) {
        const size_t at = (size_t)i * PAGE_BYTES;
        const bool used = i < fixed || sim.page_is_out[i];
        if (used && syscall(SYS_pwrite64, natives.memory, sim_ram.bytes + at, (size_t)PAGE_BYTES,
                            (off_t)at) != PAGE_BYTES) {
            give_up("sim: pwrite");
        }
    }
    if (syscall(SYS_mmap, sim_ram.bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                natives.memory, (off_t)0) != (long)(uintptr_t)sim_ram.bytes) {
        give_up("sim: mmap");
    }
    natives.shared = true;
}

// A place that is free, or was of a task that has ended.
static struct native *place(void) {
    for (uint32_t i = 0; i < NATIVE_MAX; i++) {
        struct native *one = &natives.of[i];
        const struct task *task = &sim.kernel.tasks[one->task];
        if (!one->host || task->instance != one->instance || task->state.raw == TASK_DEAD) {
            hide(one);
            return one;
        }
    }
    sim_finish(SIM_CHECK_FAILED, "more than %u mappings", (unsigned)NATIVE_MAX);
}

// Pages of RAM that follow each other, and what the task may do there.
struct run {
    off_t at;
    uint64_t pages;
    int access;
};

static struct run page_at(const struct task *task, uint64_t address) {
    const uint64_t leaf = sv39_walk(task->space.root, address);
    if (leaf == 0) {
        sim_finish(SIM_CHECK_FAILED, "task %u: %#llx was mapped and is not there", task->index,
                   (unsigned long long)address);
    }
    return (struct run){.at = (off_t)(sv39_page(leaf).value - SIM_RAM_FIRST_PAGE) * PAGE_BYTES,
                        .pages = 1,
                        .access = ((leaf & SV39_READ) != 0 ? PROT_READ : 0) |
                                  ((leaf & SV39_WRITE) != 0 ? PROT_WRITE : 0)};
}

// As many pages from there on as the host can map at once.
static struct run run_at(const struct task *task, uint64_t address, uint64_t most) {
    struct run made = page_at(task, address);
    while (made.pages < most) {
        const struct run next = page_at(task, address + made.pages * PAGE_BYTES);
        if (next.at != made.at + (off_t)(made.pages * PAGE_BYTES) || next.access != made.access) {
            break;
        }
        made.pages++;
    }
    return made;
}

static uint64_t show(const struct task *task, uint64_t address, uint64_t pages) {
    if (!natives.shared) {
        share_ram();
    }
    struct native *one = place();
    uint8_t *host = (uint8_t *)mmap(0, pages * PAGE_BYTES, PROT_NONE,
                                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (host == MAP_FAILED) {
        give_up("sim: mmap");
    }
    for (uint64_t done = 0; done < pages;) {  // One page at least each time.
        const struct run next = run_at(task, address + done * PAGE_BYTES, pages - done);
        uint8_t *to = host + done * PAGE_BYTES;
        if (mmap(to, next.pages * PAGE_BYTES, next.access, MAP_SHARED | MAP_FIXED, natives.memory,
                 next.at) != to) {
            give_up("sim: mmap");
        }
        done += next.pages;
    }
    *one = (struct native){.host = host,
                           .address = address,
                           .pages = (uint32_t)pages,
                           .task = task->index,
                           .instance = task->instance};
    return (uint64_t)(uintptr_t)host;
}

static bool is_own(const struct native *one, const struct task *task) {
    return one->host && one->task == task->index && one->instance == task->instance;
}

uint64_t sim_native_argument(const struct task *task, uint64_t number, uint64_t arg1) {
    for (uint32_t i = 0; number == SYSCALL_VMO_UNMAP && i < NATIVE_MAX; i++) {
        const struct native *one = &natives.of[i];
        if (is_own(one, task) && (uint64_t)(uintptr_t)one->host == arg1) {
            return one->address;
        }
    }
    return arg1;
}

void sim_native_results(const struct task *task, uint64_t number, const uint64_t args[3],
                        struct ecall_result *results) {
    if (!sim.options.native || results->a0 != STATUS_OK) {
        return;
    }
    if (number == SYSCALL_VMO_MAP) {
        results->a1 = show(task, results->a1, args[2]);
    } else if (number == SYSCALL_MMIO_MAP && results->a2 != 0) {
        results->a2 =
            show(task, results->a2, sim.kernel.devices[SIM_DEVICE_WITH_ARENA].arena_pages);
    }
    for (uint32_t i = 0; number == SYSCALL_VMO_UNMAP && i < NATIVE_MAX; i++) {
        if (is_own(&natives.of[i], task) && natives.of[i].address == args[1]) {
            hide(&natives.of[i]);
        }
    }
}
