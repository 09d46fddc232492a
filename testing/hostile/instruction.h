// testing/hostile/instruction.h: accesses and instructions that the kernel must not let pass. On a
// correct machine none returns from an address or an instruction that is not for the task.
#pragma once

#include <stdint.h>

void touch_READ(uint64_t address);
void touch_WRITE(uint64_t address);
void touch_EXECUTE(uint64_t address);

void act_overflow_stack(void);
void act_never_end(void);
void act_misaligned_atomic(void);
void act_misaligned_reserve(void);
void act_break(void);
void act_illegal_zero(void);
void act_illegal_ones(void);
void act_float_add(void);
void act_float_load(void);
void act_float_flags(void);
void act_vector_length(void);
void act_supervisor_return(void);
void act_machine_return(void);
void act_wait_for_interrupt(void);
void act_flush_translations(void);
void act_read_status_register(void);
void act_read_scratch_register(void);
void act_write_translation_register(void);
void act_write_timer_register(void);
