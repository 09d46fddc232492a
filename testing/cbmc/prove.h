// testing/cbmc/prove.h: what a harness says: what it is given, and what must then hold.
//
// A harness is a main(). Values of nondet_*() are any; GIVEN narrows them to what the contract of
// the code allows; PROVE must hold for all that are left. The checker adds that no access leaves
// its object, nothing overflows, and no loop goes on beyond the bound.
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);

void __CPROVER_assume(bool condition);
void __CPROVER_assert(bool condition, const char *what);
void __CPROVER_havoc_object(void *object);

#define GIVEN(condition) __CPROVER_assume(condition)
#define PROVE(condition, what) __CPROVER_assert(condition, what)

// Any value below `end`.
static inline uint32_t any_below(uint32_t end) {
    uint32_t value = nondet_u32();
    GIVEN(value < end);
    return value;
}
