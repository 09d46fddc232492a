/* testing/hostile/instruction.S: instructions that end the task. Those that the assembler refuses for user programs stand as words. */
    .option norelax
    .section .text.instruction, "ax", @progbits

#define MESSAGE_PAGE 0x3ffff000

    .macro begin name
    .globl \name
    .type \name, @function
    .balign 4
\name:
    .endm

    .macro end name
    ret
    .size \name, . - \name
    .endm

begin touch_READ
    ld a0, 0(a0)
end touch_READ

begin touch_WRITE
    sd zero, 0(a0)
end touch_WRITE

begin touch_EXECUTE
    jr a0
end touch_EXECUTE

begin act_overflow_stack
    addi sp, sp, -2032
    sd zero, 0(sp)
    j act_overflow_stack
end act_overflow_stack

begin act_never_end
    j act_never_end
end act_never_end

begin act_misaligned_atomic
    li a0, MESSAGE_PAGE + 1
    .word 0x00b5352f                /* amoadd.d a0, a1, (a0) */
end act_misaligned_atomic

begin act_misaligned_reserve
    li a0, MESSAGE_PAGE + 2
    .word 0x1005352f                /* lr.d a0, (a0) */
end act_misaligned_reserve

begin act_break
    ebreak
end act_break

begin act_illegal_zero
    .half 0
end act_illegal_zero

begin act_illegal_ones
    .word 0xffffffff
end act_illegal_ones

begin act_float_add
    .word 0x02007053                /* fadd.d ft0, ft0, ft0 */
end act_float_add

begin act_float_load
    .word 0x00013007                /* fld ft0, 0(sp) */
end act_float_load

begin act_float_flags
    .word 0x00302573                /* csrr a0, fcsr */
end act_float_flags

begin act_vector_length
    .word 0x0c0072d7                /* vsetvli t0, zero, e8, m1, ta, ma */
end act_vector_length

begin act_supervisor_return
    .word 0x10200073                /* sret */
end act_supervisor_return

begin act_machine_return
    .word 0x30200073                /* mret */
end act_machine_return

begin act_wait_for_interrupt
    .word 0x10500073                /* wfi */
end act_wait_for_interrupt

begin act_flush_translations
    .word 0x12000073                /* sfence.vma */
end act_flush_translations

begin act_read_status_register
    csrr a0, 0x100                  /* sstatus */
end act_read_status_register

begin act_read_scratch_register
    csrr a0, 0x140                  /* sscratch */
end act_read_scratch_register

begin act_write_translation_register
    csrw 0x180, zero                /* satp */
end act_write_translation_register

begin act_write_timer_register
    csrw 0x14d, zero                /* stimecmp */
end act_write_timer_register

    .section .note.GNU-stack, "", @progbits
