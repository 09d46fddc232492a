/* testing/hostile/entry.S: the first instructions of a hostile task: keeps every register as the kernel left it, at the top of the stack. */
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    addi sp, sp, -256               /* ENTRY_REGISTERS (attacker.c) */
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8 * \n(sp)
    .endr
    call runtime_start
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
