// base/atomic.h: the only atomics in the tree. Every access is a switch point in simulation builds
// (base/atomic_point.h). Simulation is sequentially consistent; that weaker orders are enough is
// argued in a comment at each acquire/release pair.
// Blocking:  never.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic_point.h"
#include "base/compiler.h"

struct atomic_u32 {
    uint32_t raw;
};

struct atomic_u64 {
    uint64_t raw;
};

static ALWAYS_INLINE uint32_t atomic_load_u32(const struct atomic_u32 *atom) {
    atomic_point(&atom->raw);
    return atomic_raw_load_u32(&atom->raw);
}

static ALWAYS_INLINE uint32_t atomic_load_acquire_u32(const struct atomic_u32 *atom) {
    atomic_point(&atom->raw);
    return __atomic_load_n(&atom->raw, __ATOMIC_ACQUIRE);
}

static ALWAYS_INLINE void atomic_store_u32(struct atomic_u32 *atom, uint32_t value) {
    atomic_point(&atom->raw);
    atomic_raw_store_u32(&atom->raw, value);
}

static ALWAYS_INLINE void atomic_store_release_u32(struct atomic_u32 *atom, uint32_t value) {
    atomic_point(&atom->raw);
    __atomic_store_n(&atom->raw, value, __ATOMIC_RELEASE);
}

static ALWAYS_INLINE uint32_t atomic_exchange_acquire_u32(struct atomic_u32 *atom, uint32_t value) {
    atomic_point(&atom->raw);
    return __atomic_exchange_n(&atom->raw, value, __ATOMIC_ACQUIRE);
}

// The value before the addition. Both ways: for counts of references.
static ALWAYS_INLINE uint32_t atomic_add_ordered_u32(struct atomic_u32 *atom, uint32_t value) {
    atomic_point(&atom->raw);
    return __atomic_fetch_add(&atom->raw, value, __ATOMIC_ACQ_REL);
}

// The value before the addition. Relaxed: for counters.
static ALWAYS_INLINE uint32_t atomic_add_u32(struct atomic_u32 *atom, uint32_t value) {
    atomic_point(&atom->raw);
    return __atomic_fetch_add(&atom->raw, value, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE void atomic_or_u32(struct atomic_u32 *atom, uint32_t bits) {
    atomic_point(&atom->raw);
    (void)__atomic_fetch_or(&atom->raw, bits, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE void atomic_and_u32(struct atomic_u32 *atom, uint32_t bits) {
    atomic_point(&atom->raw);
    (void)__atomic_fetch_and(&atom->raw, bits, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE uint64_t atomic_load_u64(const struct atomic_u64 *atom) {
    atomic_point(&atom->raw);
    return atomic_raw_load_u64(&atom->raw);
}

static ALWAYS_INLINE uint64_t atomic_load_acquire_u64(const struct atomic_u64 *atom) {
    atomic_point(&atom->raw);
    return __atomic_load_n(&atom->raw, __ATOMIC_ACQUIRE);
}

static ALWAYS_INLINE void atomic_store_u64(struct atomic_u64 *atom, uint64_t value) {
    atomic_point(&atom->raw);
    atomic_raw_store_u64(&atom->raw, value);
}

static ALWAYS_INLINE void atomic_store_release_u64(struct atomic_u64 *atom, uint64_t value) {
    atomic_point(&atom->raw);
    __atomic_store_n(&atom->raw, value, __ATOMIC_RELEASE);
}

// Everything stored before is seen before this, and before everything stored later.
static ALWAYS_INLINE void atomic_store_between_u64(struct atomic_u64 *atom, uint64_t value) {
    atomic_point(&atom->raw);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    atomic_raw_store_u64(&atom->raw, value);
}

// The value before the change.
static ALWAYS_INLINE uint64_t atomic_or_release_u64(struct atomic_u64 *atom, uint64_t bits) {
    atomic_point(&atom->raw);
    return __atomic_fetch_or(&atom->raw, bits, __ATOMIC_RELEASE);
}

static ALWAYS_INLINE void atomic_add_u64(struct atomic_u64 *atom, uint64_t value) {
    atomic_point(&atom->raw);
    (void)__atomic_fetch_add(&atom->raw, value, __ATOMIC_RELAXED);
}

static ALWAYS_INLINE uint64_t atomic_exchange_acquire_u64(struct atomic_u64 *atom, uint64_t value) {
    atomic_point(&atom->raw);
    return __atomic_exchange_n(&atom->raw, value, __ATOMIC_ACQUIRE);
}

// Replaces `expected` by `desired`; false if the word held something else. Acquire on success and
// release of what came before.
WARN_UNUSED static ALWAYS_INLINE bool atomic_claim_u64(struct atomic_u64 *atom, uint64_t expected,
                                                       uint64_t desired) {
    atomic_point(&atom->raw);
    return __atomic_compare_exchange_n(&atom->raw, &expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

WARN_UNUSED static ALWAYS_INLINE bool atomic_claim_u32(struct atomic_u32 *atom, uint32_t expected,
                                                       uint32_t desired) {
    atomic_point(&atom->raw);
    return __atomic_compare_exchange_n(&atom->raw, &expected, desired, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

// Sets bits, and what atomic_fence() right behind would order is ordered.
static ALWAYS_INLINE void atomic_or_fence_u64(struct atomic_u64 *atom, uint64_t bits) {
    atomic_point(&atom->raw);
    atomic_raw_or_fence_u64(&atom->raw, bits);
}

// The lowest 16 bits of a word (little-endian machines), for who alone may change them. What is
// reached by address through the object of the word is seen as it was when they were published.
static ALWAYS_INLINE uint64_t atomic_load_low_u64(const struct atomic_u64 *atom) {
    atomic_point(&atom->raw);
    return atomic_raw_load_u16((const aliasing_half *)(const void *)&atom->raw);
}

static ALWAYS_INLINE void atomic_store_low_u64(struct atomic_u64 *atom, uint16_t value) {
    atomic_point(&atom->raw);
    atomic_raw_store_u16((aliasing_half *)(void *)&atom->raw, value);
}

// Two neighbours as one word, the first in its low half (little-endian machines); `first` is
// aligned to 8 bytes.
static ALWAYS_INLINE uint64_t atomic_load_pair_u32(const struct atomic_u32 *first) {
    atomic_point(first);
    return atomic_raw_load_pair((const aliasing_pair *)(const void *)first);
}

// A pointer, or a plain word, that its owner changes with atomic_store_shared while others look at
// it: each is read whole, and no two of them together.
#define atomic_load_shared(at) (atomic_point(at), atomic_raw_load_shared(at))
#define atomic_store_shared(at, value) (atomic_point(at), atomic_raw_store_shared(at, value))

// The same, with what came before the store seen by whoever loads what it stored.
#define atomic_load_acquire_shared(at) (atomic_point(at), __atomic_load_n(at, __ATOMIC_ACQUIRE))
#define atomic_store_release_shared(at, value) \
    (atomic_point(at), __atomic_store_n(at, value, __ATOMIC_RELEASE))

// Orders every earlier access of this hart before every later one: publish, fence, look.
static ALWAYS_INLINE void atomic_fence(void) {
    atomic_point(0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
