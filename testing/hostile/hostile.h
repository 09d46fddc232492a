// testing/hostile/hostile.h: what the keeper, the hostile task and the neighbour agree on.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/cap.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"

// Where the kernel maps the start of RAM and its text (kernel/arch/riscv64).
#define HOSTILE_KERNEL_RAM UINT64_C(0xffffffc080000000)
#define HOSTILE_KERNEL_TEXT UINT64_C(0xffffffc080200000)
// No address of the kernel's half lies below.
#define HOSTILE_KERNEL_MIN UINT64_C(0xffffffc000000000)

// Where the programs are linked: each elsewhere, so that an address of one means nothing in
// another.
#define HOSTILE_ATTACKER_BASE UINT64_C(0x3000000)
#define HOSTILE_ATTACKER_END UINT64_C(0x3010000)
#define HOSTILE_NEIGHBOUR_BASE UINT64_C(0x4000000)

#define HOSTILE_EXIT_CODE UINT64_C(0xd0)

// The slot of the one capability that a hostile task may have.
enum { HOSTILE_SLOT = 7 };

enum hostile_act {
#define TOUCH(name, access, address) HOSTILE_ACT_##name,
#define RUN(name, function, reason, low, high) HOSTILE_ACT_##name,
#include "testing/hostile/acts.def"
#undef TOUCH
#undef RUN
    HOSTILE_ACT_COUNT
};

// Whose capability a round gives.
enum hostile_source {
    HOSTILE_FROM_NOBODY,
    HOSTILE_FROM_NEIGHBOUR,  // An endpoint capability to the neighbour.
    HOSTILE_FROM_OWN,        // To an endpoint made for the hostile task.
    HOSTILE_FROM_NEIGHBOURS_TASK,
    HOSTILE_FROM_FACTORY,  // For tasks of its own service_id, endpoints, VMOs and grants.
    HOSTILE_FROM_CONSOLE,
    HOSTILE_FROM_IMAGE,
    HOSTILE_FROM_STATS,
    HOSTILE_FROM_MEMORY,  // A VMO that the keeper has written and looks at.
    HOSTILE_FROM_FAMILY,  // A grant of the keeper's.
    HOSTILE_FROM_DEVICE,
    HOSTILE_FROM_VICTIM,  // To an endpoint whose receiver does the act when it is called.
};

struct hostile_round {
    const char *name;
    uint32_t tries;
    enum hostile_source source;
    uint32_t rights;
    bool far;          // Deadlines in the far future may be tried: somebody ends the wait.
    uint64_t allowed;  // Bit i: system call i may succeed, besides HOSTILE_AMBIENT.
};

enum { HOSTILE_ROUND_COUNT = 19 };
extern const struct hostile_round hostile_rounds[HOSTILE_ROUND_COUNT];

// What needs no capability: set_qos of the caller itself, within the ceiling that its creator gave
// it, is one. (task_exit does not return.)
#define HOSTILE_CALL(NAME) (UINT64_C(1) << SYSCALL_##NAME)
#define HOSTILE_AMBIENT (HOSTILE_CALL(YIELD) | HOSTILE_CALL(CLOCK_GET) | HOSTILE_CALL(SET_QOS))
BASE_STATIC_ASSERT(SYSCALL_COUNT <= 64, "a bit a call");

// What task_start tells a hostile task: it has no other way to hear anything.
struct hostile_order {
    uint32_t seed;
    uint32_t tries;  // Up to 4095.
    uint32_t round;
    uint32_t act;
    bool serves;  // It is the victim: receives one call, then does the act.
};

static inline uint64_t hostile_order_pack(struct hostile_order order) {
    return order.seed | ((uint64_t)order.tries << 32) | ((uint64_t)order.round << 44) |
           ((uint64_t)order.act << 52) | ((uint64_t)order.serves << 62);
}

static inline struct hostile_order hostile_order_unpack(uint64_t word) {
    struct hostile_order order = {.seed = (uint32_t)word,
                                  .tries = (uint32_t)(word >> 32) & 0xfff,
                                  .round = (uint32_t)(word >> 44) & 0xff,
                                  .act = (uint32_t)(word >> 52) & 0xff,
                                  .serves = ((word >> 62) & 1) != 0};
    return order;
}

// What it found wrong, as its exit code: any code but HOSTILE_EXIT_CODE.
enum hostile_finding {
    HOSTILE_FOUND_START_MEMORY = 1,  // Stack or message page not zero at start.
    HOSTILE_FOUND_START_REGISTER,    // The same of registers.
    HOSTILE_FOUND_REGISTER,          // A register that is neither a result nor zero nor its own.
    HOSTILE_FOUND_STATUS,            // a0 is no status.
    HOSTILE_FOUND_RESULT,            // A result where none is defined.
    HOSTILE_FOUND_KERNEL_WORD,       // An address of the kernel's half.
    HOSTILE_FOUND_SUCCESS,           // A call succeeded that it has no right to.
    HOSTILE_FOUND_ALIVE,             // The act had no effect.
    HOSTILE_FOUND_CALL,              // The call whose receiver dies ended in another way.
};

static inline uint64_t hostile_finding_pack(enum hostile_finding finding, uint64_t number,
                                            uint32_t where, uint32_t value) {
    return ((uint64_t)finding << 56) | ((number & 0xffff) << 40) |
           ((uint64_t)(where & 0xff) << 32) | value;
}

// The neighbour's work: from its `count`-th request on, all it says follows from `count`.
enum { NEIGHBOUR_MEMORY_WORDS = 256 };

enum neighbour_word {
    NEIGHBOUR_COUNT,
    NEIGHBOUR_CHECKSUM,
    NEIGHBOUR_STRANGERS,  // Messages of others than the keeper: they change nothing.
    NEIGHBOUR_WORDS
};

// One request's work on the memory; returns its checksum.
static inline uint64_t neighbour_work(uint64_t memory[NEIGHBOUR_MEMORY_WORDS], uint64_t count) {
    uint64_t sum = count;
    for (uint32_t i = 0; i < NEIGHBOUR_MEMORY_WORDS; i++) {
        memory[i] = memory[i] * UINT64_C(6364136223846793005) + count + i;
        sum = (sum ^ memory[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}
