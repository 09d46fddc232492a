// services/selftest/probe/instruction.h: what C cannot say.
#pragma once

#include <stdint.h>

// Instructions that the kernel must not let pass. Neither returns on a correct machine.
void probe_illegal_instruction(void);
void probe_float_instruction(void);

// An atomic addition at the address. Returns if it is aligned and its own.
void probe_atomic_instruction(uint64_t address);

// Counts down from `rounds` while every other register, sp included, holds a word of its own.
// Returns bit i for each xi that holds another word at the end.
uint64_t probe_registers_hold(uint64_t rounds);
