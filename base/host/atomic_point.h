// base/host/atomic_point.h: on the host an atomic access may hand over to the simulation's
// scheduler. Relaxed accesses are the compiler's, which ThreadSanitizer knows.
#pragma once

#include <stdint.h>

// The low half of a word may be looked at alone.
typedef uint16_t __attribute__((may_alias)) aliasing_half;
// Two words of 32 bits as one.
typedef uint64_t __attribute__((may_alias)) aliasing_pair;

#ifdef __cplusplus
extern "C" {
#endif

// Set by kernel/arch/sim for the life of a simulation; null otherwise. It may switch fibers and
// return later.
extern void (*atomic_point_hook)(const void *at);

#ifdef __cplusplus
}
#endif

// `at`: the word that is about to be accessed; null: none.
static inline void atomic_point(const void *at) {
    if (atomic_point_hook) {
        atomic_point_hook(at);
    }
}

// Acquire, for ThreadSanitizer: on the target the address dependency does it.
static inline uint16_t atomic_raw_load_u16(const aliasing_half *raw) {
    return __atomic_load_n(raw, __ATOMIC_ACQUIRE);
}

static inline void atomic_raw_store_u16(aliasing_half *raw, uint16_t value) {
    __atomic_store_n(raw, value, __ATOMIC_RELAXED);
}

static inline uint32_t atomic_raw_load_u32(const uint32_t *raw) {
    return __atomic_load_n(raw, __ATOMIC_RELAXED);
}

static inline void atomic_raw_store_u32(uint32_t *raw, uint32_t value) {
    __atomic_store_n(raw, value, __ATOMIC_RELAXED);
}

static inline uint64_t atomic_raw_load_u64(const uint64_t *raw) {
    return __atomic_load_n(raw, __ATOMIC_RELAXED);
}

static inline void atomic_raw_store_u64(uint64_t *raw, uint64_t value) {
    __atomic_store_n(raw, value, __ATOMIC_RELAXED);
}

static inline uint64_t atomic_raw_load_pair(const aliasing_pair *raw) {
    return __atomic_load_n(raw, __ATOMIC_RELAXED);
}

#define atomic_raw_load_shared(at) __atomic_load_n(at, __ATOMIC_RELAXED)
#define atomic_raw_store_shared(at, value) __atomic_store_n(at, value, __ATOMIC_RELAXED)

static inline void atomic_raw_or_fence_u64(uint64_t *raw, uint64_t bits) {
    (void)__atomic_fetch_or(raw, bits, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
