/* runtime/riscv64/crt0.S: the first instructions of a program.
 *
 * The kernel has set sp, a0 (message page), a1 (argument) and a2 (instance), and every other
 * register to zero: ra and s0 end a backtrace. gp stays zero: the linker script defines no
 * __global_pointer$, so nothing is addressed through it.
 */
    .section .text.start, "ax", @progbits
    .weak _start                    /* A program may keep the registers first (testing/hostile). */
    .type _start, @function
_start:
    call runtime_start
    .size _start, . - _start

/* Behind _start on purpose: should the exit call come back, the task ends here. */
    .globl runtime_break
    .type runtime_break, @function
runtime_break:
    ebreak
    j runtime_break
    .size runtime_break, . - runtime_break

    .section .note.GNU-stack, "", @progbits
