// runtime/runtime.h: what a program knows of itself, and its lines on the console.
//
// A program is `int service_main(struct runtime *runtime)`; what it returns is its exit code. It
// has no static variables: its state is one struct on the stack of service_main (the linker script
// refuses writable sections), whose size the BUILD file chooses.
// Ownership: the start code owns struct runtime for the life of the program.
// Blocking:  a console line waits for the console's transmitter, a bounded time.
// Errors:    a line that cannot be printed is lost: there is no other place to say so.
#pragma once

#include <stdbool.h>

#include "kernel/abi/message.h"
#include "runtime/slots.h"
#include "runtime/syscall.h"

#ifdef __cplusplus
extern "C" {
#endif

struct runtime {
    struct message_page *page;
    uint64_t argument;  // task_start's. From init: the manifest's in bits 0..31, which start this
                        // is (1, 2, ..) in bits 32..63.
    uint32_t instance;
    bool marker_right;  // Its lines reach the console as they are.
};

// Called by the start code.
void runtime_init(struct runtime *runtime, struct message_page *page, uint64_t argument,
                  uint32_t instance);

static inline uint32_t runtime_start_number(const struct runtime *runtime) {
    return (uint32_t)(runtime->argument >> 32);
}

static inline uint32_t runtime_argument(const struct runtime *runtime) {
    return (uint32_t)runtime->argument;
}

// One line that is a marker (images/markers.h), whole, at most CONSOLE_LINE_MAX bytes.
// runtime/format.h says what a format may hold.
void marker(const struct runtime *runtime, const char *format, ...) PRINTF_LIKE(2, 3);

// The same for a text without conversions.
void marker_text(const struct runtime *runtime, const char *text);

// One line for people; it never looks like a marker: "| " stands before it.
void log_line(const struct runtime *runtime, const char *format, ...) PRINTF_LIKE(2, 3);

// Whether the slot holds that kind with at least these rights. Prints what is wrong otherwise;
// `what` names it.
WARN_UNUSED bool runtime_expect(const struct runtime *runtime, struct slot slot, enum cap_kind kind,
                                uint32_t rights, const char *what);

#ifdef __cplusplus
}
#endif
