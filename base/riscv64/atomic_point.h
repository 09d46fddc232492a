// base/riscv64/atomic_point.h: on the target an atomic access is only itself.
//
// Relaxed accesses are volatile ones: one load or store with its offset, which gcc's own atomics
// compute apart. An aligned load or store of a register's width is single-copy atomic (RISC-V
// Unprivileged, "RVWMO").
#pragma once

#include <stdint.h>

// The low half of a word may be looked at alone.
typedef uint16_t __attribute__((may_alias)) aliasing_half;
// Two words of 32 bits as one.
typedef uint64_t __attribute__((may_alias)) aliasing_pair;

static inline void atomic_point(const void *at) {
    (void)at;
}

static inline __attribute__((always_inline)) uint16_t atomic_raw_load_u16(
    const aliasing_half *raw) {
    return *(const volatile aliasing_half *)raw;
}

static inline __attribute__((always_inline)) void atomic_raw_store_u16(aliasing_half *raw,
                                                                       uint16_t value) {
    *(volatile aliasing_half *)raw = value;
}

static inline __attribute__((always_inline)) uint32_t atomic_raw_load_u32(const uint32_t *raw) {
    return *(const volatile uint32_t *)raw;
}

static inline __attribute__((always_inline)) void atomic_raw_store_u32(uint32_t *raw,
                                                                       uint32_t value) {
    *(volatile uint32_t *)raw = value;
}

static inline __attribute__((always_inline)) uint64_t atomic_raw_load_u64(const uint64_t *raw) {
    return *(const volatile uint64_t *)raw;
}

static inline __attribute__((always_inline)) void atomic_raw_store_u64(uint64_t *raw,
                                                                       uint64_t value) {
    *(volatile uint64_t *)raw = value;
}

static inline __attribute__((always_inline)) uint64_t atomic_raw_load_pair(
    const aliasing_pair *raw) {
    return *(const volatile aliasing_pair *)raw;
}

#define atomic_raw_load_shared(at) (*(__typeof__(*(at)) const volatile *)(at))
#define atomic_raw_store_shared(at, value) ((void)(*(__typeof__(*(at)) volatile *)(at) = (value)))

// amoor.d.aqrl: a single access that is ordered after all earlier and before all later ones, so
// that no fence need follow it.
static inline __attribute__((always_inline)) void atomic_raw_or_fence_u64(uint64_t *raw,
                                                                          uint64_t bits) {
    (void)__atomic_fetch_or(raw, bits, __ATOMIC_SEQ_CST);
}
