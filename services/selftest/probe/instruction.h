// services/selftest/probe/instruction.h: instructions that the kernel must not let pass. Neither
// returns on a correct machine.
#pragma once

void probe_illegal_instruction(void);
void probe_float_instruction(void);
