// kernel/abi/task.h: task states, why a task ended, and what cap_query says of it.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

enum task_state {
    TASK_FREE = 0,
    TASK_NEW = 1,     // Created: takes grants and a program.
    TASK_LOADED = 2,  // Takes grants, can be started.
    TASK_LIVE = 3,    // Started; running, runnable or waiting.
    TASK_DYING = 4,   // Being reclaimed.
    TASK_DEAD = 5,    // Reclaimed; the reason can be read until the last capability closes.
};

enum exit_reason {
    EXIT_NONE = 0,
    EXIT_CODE = 1,               // task_exit; detail is the code.
    EXIT_KILLED = 2,             // task_kill, or its supervisor died.
    EXIT_FAULT_READ = 3,         // Load from memory it may not read; detail is the address.
    EXIT_FAULT_WRITE = 4,        // Store to memory it may not write; detail is the address.
    EXIT_FAULT_EXEC = 5,         // Fetch from memory it may not execute; detail is the address.
    EXIT_FAULT_INSTRUCTION = 6,  // Illegal instruction (floating point and vector included); detail
                                 // is the pc.
    EXIT_FAULT_ALIGN = 7,        // Misaligned access or jump; detail is the address.
    EXIT_FAULT_BREAK = 8,        // ebreak: an assertion of the program; detail is the pc.
    EXIT_REASON_COUNT
};

static inline const char *exit_reason_name(uint64_t reason) {
    static const char *const names[] = {"none",        "exit",        "killed",
                                        "read fault",  "write fault", "exec fault",
                                        "instruction", "misaligned",  "break"};
    BASE_STATIC_ASSERT(sizeof(names) / sizeof(names[0]) == EXIT_REASON_COUNT, "one name a reason");
    return reason < EXIT_REASON_COUNT ? names[reason] : "?";
}

// cap_query's second result for a task: state in bits 0..7, reason in bits 8..15, instance in bits
// 32..63. Its third is the detail.
static inline uint64_t task_query_pack(enum task_state state, enum exit_reason reason,
                                       uint32_t instance) {
    return (uint64_t)state | ((uint64_t)reason << 8) | ((uint64_t)instance << 32);
}

static inline enum task_state task_query_state(uint64_t packed) {
    return (enum task_state)(packed & 0xff);
}

static inline enum exit_reason task_query_reason(uint64_t packed) {
    return (enum exit_reason)((packed >> 8) & 0xff);
}

static inline uint32_t task_query_instance(uint64_t packed) {
    return (uint32_t)(packed >> 32);
}
