// testing/hostile/attempt.h: a system call made with every register known, and what it may leave in
// them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/status.h"
#include "testing/hostile/hostile.h"

struct attempt {
    uint64_t number;
    uint64_t args[SYSCALL_ARG_COUNT];
    uint64_t stack_pointer;  // At the call.
    uint64_t after[32];      // x0..x31 when it came back.
};
BASE_STATIC_ASSERT(offsetof(struct attempt, stack_pointer) == 56, "attempt.S");
BASE_STATIC_ASSERT(offsetof(struct attempt, after) == 64, "attempt.S");

struct attempt_verdict {
    enum hostile_finding finding;  // 0: everything is as the contract says.
    uint32_t where;                // The register.
    uint32_t value;                // Its low half, or the status.
};

// Makes the call: each register that takes no argument holds 0x51ce0000 plus its number.
void attempt_call(struct attempt *attempt);

// What kernel/abi/syscall.h promises of every call: a status in a0; as many results as the table
// says and zero behind them, and zero in all of them but a delivery or a reason when it failed; own
// values in sp, gp and tp, own or zero in s0..s11, zero in all others; nowhere an address of the
// kernel.
struct attempt_verdict attempt_check(const struct attempt *attempt);

static inline enum status attempt_status(const struct attempt *attempt) {
    return (enum status)attempt->after[10];
}

static inline uint64_t attempt_result(const struct attempt *attempt, uint32_t index) {
    return attempt->after[10 + index];
}
