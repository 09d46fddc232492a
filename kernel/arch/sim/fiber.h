// kernel/arch/sim/fiber.h: threads of control that hand over by hand: one for each virtual hart's
// kernel stack and one for each user task.
//
// A fiber that is abandoned is simply never switched to again; its stack may be started anew. So a
// fiber's function owns nothing that needs cleaning up.
// Ownership: the caller owns struct fiber; fiber_make allocates the stack with a guard page below
//            it, fiber_free gives it back.
// Blocking:  fiber_switch returns when somebody switches back.
// Errors:    no memory for a stack ends the process with a message.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FIBER_STACK_BYTES = 256 * 1024 };

struct fiber {
    void *sp;     // Saved stack pointer while it does not run.
    void *stack;  // Lowest usable byte; for the thread's own fiber what the sanitizer says.
    size_t stack_bytes;
    void *fake_stack;  // The address sanitizer's, while it does not run.
    void *tsan;        // The thread sanitizer's name for it.
    void (*run)(void *);
    void *argument;
};

// The calling thread itself, as something to switch back to.
void fiber_make_thread(struct fiber *fiber);

void fiber_make(struct fiber *fiber);
void fiber_free(struct fiber *fiber);

// The next switch to it calls run(argument), which must not return. Whatever the fiber did before
// is abandoned.
void fiber_start(struct fiber *fiber, void (*run)(void *), void *argument);

void fiber_switch(struct fiber *from, struct fiber *to);

#ifdef __cplusplus
}
#endif
