/* services/selftest/probe/instruction.S: what C cannot say: instructions that end the task, and registers that must outlive interrupts. */
    .option norelax
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

    .globl probe_atomic_instruction
    .type probe_atomic_instruction, @function
    .balign 4
probe_atomic_instruction:
    .word 0x00b5352f            /* amoadd.d a0, a1, (a0) */
    ret
    .size probe_atomic_instruction, . - probe_atomic_instruction

/* Saved in the message page's unused part: ra, sp, gp, tp and s0..s11 by their numbers. x5 counts. */
#define SAVED 0x3ffff9c0
#define OTHERS 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
#define KEPT 1, 2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27

    .globl probe_registers_hold
    .type probe_registers_hold, @function
    .balign 4
probe_registers_hold:
    mv x5, a0
    li x6, SAVED
    .irp n, KEPT
    sd x\n, 8 * \n(x6)
    .endr
    .irp n, OTHERS
    li x\n, 0x4e610000 + \n
    .endr
hold:
    addi x5, x5, -1
    bnez x5, hold
    /* x5 is free now and takes what each should hold; x7 collects the verdict. */
    .irp n, 6, 7
    li x5, 0x4e610000 + \n
    sub x\n, x\n, x5
    .endr
    snez x6, x6
    slli x6, x6, 6
    snez x7, x7
    slli x7, x7, 7
    or x7, x7, x6
    .irp n, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    li x5, 0x4e610000 + \n
    sub x5, x\n, x5
    snez x5, x5
    slli x5, x5, \n
    or x7, x7, x5
    .endr
    li x6, SAVED
    .irp n, KEPT
    ld x\n, 8 * \n(x6)
    .endr
    mv a0, x7
    ret
    .size probe_registers_hold, . - probe_registers_hold

    .section .note.GNU-stack, "", @progbits
