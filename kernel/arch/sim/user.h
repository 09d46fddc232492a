// kernel/arch/sim/user.h: what a user function of the simulation can do besides the system calls of
// runtime/syscall.h: touch its memory as its page tables and its hart's TLB allow, take time, and
// find programs of the boot image.
//
// Memory is reached through the hart's TLB, which keeps what it has until it is shot down; what the
// tables do not allow ends the task like a fault on hardware.
// Blocking:  each is a step at which other harts may run and an interrupt may come.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/ecall.h"  // sim_ecall

#ifdef __cplusplus
extern "C" {
#endif

uint64_t sim_user_load(uint64_t address);  // 8-byte aligned.
void sim_user_store(uint64_t address, uint64_t value);
uint32_t sim_user_read32(uint64_t address);  // A register of a device that a test brings.
void sim_user_write32(uint64_t address, uint32_t value);
void sim_user_fetch(uint64_t address);  // Only the check: what would be executed is not there.

// Ends the task like the exception would. Does not return.
void sim_user_break(void);
void sim_user_illegal_instruction(void);

// Computes for that long, interruptible every microsecond.
void sim_user_work(uint64_t ns);

// Chance that is part of the seed.
uint32_t sim_user_random(uint32_t bound);

// These bytes, which stay, come to the console's receiver, one after the other. False: not all
// have come of those before.
bool sim_user_type(const char *bytes);

// Harts of the machine.
uint32_t sim_hart_count(void);

// Where a program stands in the boot image; false if there is none of that name.
bool sim_program_find(const char *name, uint64_t *offset, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
