// kernel/abi/task.h: task states, why a task ended, and what cap_query says of it.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/qos.h"

enum task_state {
    TASK_FREE = 0,
    TASK_NEW = 1,     // Created: takes grants and a program.
    TASK_LOADED = 2,  // Takes grants, can be started.
    TASK_LIVE = 3,    // Started; running, runnable or waiting.
    TASK_DYING = 4,   // Being reclaimed.
    TASK_DEAD = 5,    // Reclaimed; the reason can be read until the last capability closes.
};

// What a task may hold and how high its class may be, packed: task_create's third argument. All but
// the slots and the class come out of what its creator may hold, and go back there when it is
// reclaimed.
enum {
    TASK_LIMIT_PAGES_BITS = 24,   // Pages of its address space, of endpoints and of VMOs that it
                                  // makes; from bit 0 on.
    TASK_LIMIT_TASKS_SHIFT = 24,  // Tasks that it may make, and theirs. 10 bits.
    TASK_LIMIT_ENDPOINTS_SHIFT = 34,  // Endpoints that it may make. 10 bits.
    TASK_LIMIT_VMOS_SHIFT = 44,       // VMOs that it may make. 10 bits.
    TASK_LIMIT_SLOTS_SHIFT = 54,      // Capabilities that it may hold: slots 1 to so many. 6 bits.
    TASK_LIMIT_QOS_SHIFT = 60,        // enum qos: its ceiling, at most its creator's. 3 bits.
    TASK_LIMIT_BITS = 63,             // The rest is 0.
    TASK_LIMIT_OBJECTS_MAX = 1023,
};

struct task_limits {
    uint32_t pages;
    uint32_t tasks;
    uint32_t endpoints;
    uint32_t vmos;
    uint32_t slots;
};

static inline uint64_t task_limits_pack(struct task_limits limits) {
    return (uint64_t)limits.pages | ((uint64_t)limits.tasks << TASK_LIMIT_TASKS_SHIFT) |
           ((uint64_t)limits.endpoints << TASK_LIMIT_ENDPOINTS_SHIFT) |
           ((uint64_t)limits.vmos << TASK_LIMIT_VMOS_SHIFT) |
           ((uint64_t)limits.slots << TASK_LIMIT_SLOTS_SHIFT);
}

static inline struct task_limits task_limits_unpack(uint64_t packed) {
    const uint64_t objects = TASK_LIMIT_OBJECTS_MAX;
    struct task_limits limits = {
        .pages = (uint32_t)(packed & ((UINT64_C(1) << TASK_LIMIT_PAGES_BITS) - 1)),
        .tasks = (uint32_t)((packed >> TASK_LIMIT_TASKS_SHIFT) & objects),
        .endpoints = (uint32_t)((packed >> TASK_LIMIT_ENDPOINTS_SHIFT) & objects),
        .vmos = (uint32_t)((packed >> TASK_LIMIT_VMOS_SHIFT) & objects),
        .slots = (uint32_t)((packed >> TASK_LIMIT_SLOTS_SHIFT) & 63),
    };
    return limits;
}

// What a task may use besides, packed: task_create's fourth argument.
enum {
    TASK_SHARE_CPU_BITS = 10,  // CPU time: milliseconds a second, in each tenth of one its tenth;
                               // from bit 0 on. 0: not bounded, which only a task gives that is not
                               // bounded itself. Otherwise it comes out of the creator's share, if
                               // that has one, and goes back to it.
    TASK_SHARE_CPU_MAX = 1000,     // A whole hart.
    TASK_SHARE_GRANTS_SHIFT = 10,  // Grants that it may make, as other limits. 10 bits.
    TASK_SHARE_BITS = 20,          // The rest is 0.
};

struct task_shares {
    uint32_t cpu;
    uint32_t grants;
};

static inline uint64_t task_shares_pack(struct task_shares shares) {
    return (uint64_t)shares.cpu | ((uint64_t)shares.grants << TASK_SHARE_GRANTS_SHIFT);
}

static inline struct task_shares task_shares_unpack(uint64_t packed) {
    struct task_shares shares = {
        .cpu = (uint32_t)(packed & ((UINT64_C(1) << TASK_SHARE_CPU_BITS) - 1)),
        .grants = (uint32_t)((packed >> TASK_SHARE_GRANTS_SHIFT) & TASK_LIMIT_OBJECTS_MAX),
    };
    return shares;
}

// The ceiling beside packed limits.
static inline uint64_t task_ceiling_pack(enum qos ceiling) {
    return (uint64_t)ceiling << TASK_LIMIT_QOS_SHIFT;
}

static inline uint32_t task_ceiling_unpack(uint64_t packed) {
    return (uint32_t)(packed >> TASK_LIMIT_QOS_SHIFT) & 7;
}

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
    EXIT_FAULT_OTHER = 9,  // A trap that the kernel does not know; detail is the machine's cause.
    EXIT_REASON_COUNT
};

static inline const char *exit_reason_name(uint64_t reason) {
    static const char *const names[] = {"none",        "exit",       "killed",      "read fault",
                                        "write fault", "exec fault", "instruction", "misaligned",
                                        "break",       "other trap"};
    BASE_STATIC_ASSERT(sizeof(names) / sizeof(names[0]) == EXIT_REASON_COUNT, "one name a reason");
    return reason < EXIT_REASON_COUNT ? names[reason] : "?";
}

// cap_query's second result for a task: state in bits 0..7, reason in bits 8..15, its hart in bits
// 16..23 while it is LIVE, its own class in bits 24..31, instance in bits 32..63. Its third is the
// detail.
static inline uint64_t task_query_pack(enum task_state state, enum exit_reason reason,
                                       uint32_t hart, uint32_t qos, uint32_t instance) {
    return (uint64_t)state | ((uint64_t)reason << 8) | ((uint64_t)hart << 16) |
           ((uint64_t)qos << 24) | ((uint64_t)instance << 32);
}

static inline enum task_state task_query_state(uint64_t packed) {
    return (enum task_state)(packed & 0xff);
}

static inline enum exit_reason task_query_reason(uint64_t packed) {
    return (enum exit_reason)((packed >> 8) & 0xff);
}

static inline uint32_t task_query_hart(uint64_t packed) {
    return (uint32_t)(packed >> 16) & 0xff;
}

static inline uint32_t task_query_qos(uint64_t packed) {
    return (uint32_t)(packed >> 24) & 0xff;
}

static inline uint32_t task_query_instance(uint64_t packed) {
    return (uint32_t)(packed >> 32);
}
