// kernel/arch/sim/fiber.c: see fiber.h.
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include "kernel/arch/sim/fiber.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/compiler.h"

enum { GUARD_BYTES = 4096, FIRST_FRAME_WORDS = 9 };

// From fiber_switch.S.
void fiber_switch_stacks(void **save_sp, void *load_sp);
void fiber_begin(void);

// The address sanitizer's (sanitizer/common_interface_defs.h, sanitizer/asan_interface.h); null in
// a build without it.
__attribute__((weak)) void __sanitizer_start_switch_fiber(void **fake_stack_save,
                                                          const void *bottom, size_t bytes);
__attribute__((weak)) void __sanitizer_finish_switch_fiber(void *fake_stack_save,
                                                           const void **bottom_old,
                                                           size_t *bytes_old);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *address,
                                                         size_t bytes);

// The thread sanitizer's (sanitizer/tsan_interface.h); null in a build without it.
__attribute__((weak)) void *__tsan_get_current_fiber(void);
__attribute__((weak)) void *__tsan_create_fiber(unsigned flags);
__attribute__((weak)) void __tsan_destroy_fiber(void *fiber);
__attribute__((weak)) void __tsan_switch_to_fiber(void *fiber, unsigned flags);

static _Thread_local struct fiber *fiber_came_from;  // Written just before a switch, read just
                                                     // after it by whoever runs then.

static void after_switch(struct fiber *now) {
    if (!__sanitizer_finish_switch_fiber) {
        return;
    }
    const void *bottom = 0;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(now->fake_stack, &bottom, &bytes);
    if (!fiber_came_from->stack) {  // The thread's own stack: known from here on.
        fiber_came_from->stack = (void *)(uintptr_t)bottom;
        fiber_came_from->stack_bytes = bytes;
    }
}

static void fiber_first(void *argument) {
    struct fiber *fiber = (struct fiber *)argument;
    after_switch(fiber);
    fiber->run(fiber->argument);
    fprintf(stderr, "sim: a fiber's function returned\n");
    abort();
}

void fiber_make_thread(struct fiber *fiber) {
    *fiber = (struct fiber){0};
    fiber->tsan = __tsan_get_current_fiber ? __tsan_get_current_fiber() : 0;
}

void fiber_make(struct fiber *fiber) {
    size_t bytes = GUARD_BYTES + FIBER_STACK_BYTES;
    char *memory = (char *)mmap(0, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) != 0) {
        fprintf(stderr, "sim: no memory for a fiber's stack of %zu bytes\n", bytes);
        exit(2);
    }
    *fiber = (struct fiber){.stack = memory + GUARD_BYTES, .stack_bytes = FIBER_STACK_BYTES};
}

void fiber_free(struct fiber *fiber) {
    if (fiber->stack) {
        munmap((char *)fiber->stack - GUARD_BYTES, GUARD_BYTES + FIBER_STACK_BYTES);
    }
    *fiber = (struct fiber){0};
}

void fiber_start(struct fiber *fiber, void (*run)(void *), void *argument) {
    if (__asan_unpoison_memory_region) {
        __asan_unpoison_memory_region(fiber->stack, fiber->stack_bytes);  // What an abandoned run
                                                                          // left.
    }
    if (__tsan_create_fiber) {
        if (fiber->tsan) {
            __tsan_destroy_fiber(fiber->tsan);
        }
        fiber->tsan = __tsan_create_fiber(0);
    }
    fiber->run = run;
    fiber->argument = argument;
    fiber->fake_stack = 0;
    // What fiber_switch_stacks pops, lowest first: r15 r14 r13 r12 rbx rbp, then the return
    // address. Two words above it stay free, so that the stack is 16-byte aligned where fiber_begin
    // calls.
    uint64_t *frame = (uint64_t *)((char *)fiber->stack + fiber->stack_bytes) - FIRST_FRAME_WORDS;
    for (int i = 0; i < FIRST_FRAME_WORDS; i++) {
        frame[i] = 0;
    }
    frame[3] = (uint64_t)(uintptr_t)fiber;
    frame[4] = (uint64_t)(uintptr_t)&fiber_first;
    frame[6] = (uint64_t)(uintptr_t)&fiber_begin;
    fiber->sp = frame;
}

void fiber_switch(struct fiber *from, struct fiber *to) {
    fiber_came_from = from;
    if (__sanitizer_start_switch_fiber) {
        __sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_bytes);
    }
    if (__tsan_switch_to_fiber) {
        __tsan_switch_to_fiber(to->tsan, 0);
    }
    fiber_switch_stacks(&from->sp, to->sp);
    after_switch(from);
}
