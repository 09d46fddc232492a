// kernel/arch/sim/random.h: the one source of chance in a simulation: xorshift64* (Vigna, "An
// experimental exploration of Marsaglia's xorshift generators").
#pragma once

#include <stdint.h>

struct sim_random {
    uint64_t state;  // Never 0.
};

static inline struct sim_random sim_random_make(uint64_t seed) {
    // splitmix64's finisher, so that neighbouring seeds have nothing in common.
    uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (struct sim_random){z != 0 ? z : 1};
}

static inline uint64_t sim_random_next(struct sim_random *random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

// 0 .. bound-1; bound is not 0.
static inline uint32_t sim_random_below(struct sim_random *random, uint32_t bound) {
    return (uint32_t)(((sim_random_next(random) >> 32) * bound) >> 32);
}
