/* services/selftest/probe/instruction.S: instructions that end the task. */
    .section .text.probe_instructions, "ax", @progbits

    .globl probe_illegal_instruction
    .type probe_illegal_instruction, @function
probe_illegal_instruction:
    .half 0                     /* All zeros is illegal for ever (RISC-V unprivileged, C). */
    ret
    .size probe_illegal_instruction, . - probe_illegal_instruction

    .globl probe_float_instruction
    .type probe_float_instruction, @function
    .balign 4
probe_float_instruction:
    .word 0xf0000053            /* fmv.w.x ft0, zero */
    ret
    .size probe_float_instruction, . - probe_float_instruction

    .section .note.GNU-stack, "", @progbits
