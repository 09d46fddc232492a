/* testing/hostile/attempt.S: a system call with every register known before and stored after. */
    .option norelax
    .section .text.attempt, "ax", @progbits

#define FRAME 384
#define SAVED_ARGUMENT 256
#define SAVED(n) (264 + 8 * (n))

/* struct attempt (attempt.h) */
#define ATTEMPT_NUMBER 0
#define ATTEMPT_SP 56
#define ATTEMPT_AFTER 64

    .macro known register, number
    li \register, 0x51ce0000 + \number
    .endm

    .globl attempt_call
    .type attempt_call, @function
attempt_call:
    addi sp, sp, -FRAME
    sd a0, SAVED_ARGUMENT(sp)
    sd ra, SAVED(0)(sp)
    sd gp, SAVED(1)(sp)
    sd tp, SAVED(2)(sp)
    sd s0, SAVED(3)(sp)
    sd s1, SAVED(4)(sp)
    sd s2, SAVED(5)(sp)
    sd s3, SAVED(6)(sp)
    sd s4, SAVED(7)(sp)
    sd s5, SAVED(8)(sp)
    sd s6, SAVED(9)(sp)
    sd s7, SAVED(10)(sp)
    sd s8, SAVED(11)(sp)
    sd s9, SAVED(12)(sp)
    sd s10, SAVED(13)(sp)
    sd s11, SAVED(14)(sp)
    sd sp, ATTEMPT_SP(a0)
    mv t6, a0
    ld a7, ATTEMPT_NUMBER(t6)
    ld a0, 8(t6)
    ld a1, 16(t6)
    ld a2, 24(t6)
    ld a3, 32(t6)
    ld a4, 40(t6)
    ld a5, 48(t6)
    known ra, 1
    known gp, 3
    known tp, 4
    known t0, 5
    known t1, 6
    known t2, 7
    known s0, 8
    known s1, 9
    known a6, 16
    known s2, 18
    known s3, 19
    known s4, 20
    known s5, 21
    known s6, 22
    known s7, 23
    known s8, 24
    known s9, 25
    known s10, 26
    known s11, 27
    known t3, 28
    known t4, 29
    known t5, 30
    known t6, 31
    ecall
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, 8 * \n(sp)
    .endr
    ld a0, SAVED_ARGUMENT(sp)
    li t0, 0
copy_register:
    add t1, sp, t0
    ld t2, 0(t1)
    add t1, a0, t0
    sd t2, ATTEMPT_AFTER(t1)
    addi t0, t0, 8
    li t1, 256
    bne t0, t1, copy_register
    ld ra, SAVED(0)(sp)
    ld gp, SAVED(1)(sp)
    ld tp, SAVED(2)(sp)
    ld s0, SAVED(3)(sp)
    ld s1, SAVED(4)(sp)
    ld s2, SAVED(5)(sp)
    ld s3, SAVED(6)(sp)
    ld s4, SAVED(7)(sp)
    ld s5, SAVED(8)(sp)
    ld s6, SAVED(9)(sp)
    ld s7, SAVED(10)(sp)
    ld s8, SAVED(11)(sp)
    ld s9, SAVED(12)(sp)
    ld s10, SAVED(13)(sp)
    ld s11, SAVED(14)(sp)
    addi sp, sp, FRAME
    ret
    .size attempt_call, . - attempt_call

    .section .note.GNU-stack, "", @progbits
