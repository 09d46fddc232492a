// kernel/arch/riscv64/trap.S: from user mode into the kernel and back.
//
// sscratch always names the registers of the task whose space and s registers the hart holds
// (struct task begins with them), or the hart's scratch area after arch_space_leave. In user mode
// it is their pointer; once the user's stack pointer is safe it is so again, so that a trap from
// the kernel itself finds a place for one register without an instruction of the fast path. A
// call or reply stores only pc, sp, gp and tp, any other system call also a0..a4 and a7 (a5 is always
// there); on return the rest is zero, but that a task which never left finds its own s registers.
#include "kernel/arch/riscv64/layout.h"

    .option norelax

#define X(n) (8 * (n))

// Every register but x2 (sp), x5 (t0) and x15 (a5).
    .macro store_most to
    sd ra, X(1)(\to)
    sd gp, X(3)(\to)
    sd tp, X(4)(\to)
    sd t1, X(6)(\to)
    sd t2, X(7)(\to)
    sd s0, X(8)(\to)
    sd s1, X(9)(\to)
    sd a0, X(10)(\to)
    sd a1, X(11)(\to)
    sd a2, X(12)(\to)
    sd a3, X(13)(\to)
    sd a4, X(14)(\to)
    sd a6, X(16)(\to)
    sd a7, X(17)(\to)
    sd s2, X(18)(\to)
    sd s3, X(19)(\to)
    sd s4, X(20)(\to)
    sd s5, X(21)(\to)
    sd s6, X(22)(\to)
    sd s7, X(23)(\to)
    sd s8, X(24)(\to)
    sd s9, X(25)(\to)
    sd s10, X(26)(\to)
    sd s11, X(27)(\to)
    sd t3, X(28)(\to)
    sd t4, X(29)(\to)
    sd t5, X(30)(\to)
    sd t6, X(31)(\to)
    .endm

// Caller-saved registers that hold no result.
    .macro zero_temporaries
    li ra, 0
    li t0, 0
    li t1, 0
    li t2, 0
    li a4, 0
    li a5, 0
    li a6, 0
    li a7, 0
    li t3, 0
    li t4, 0
    li t5, 0
    li t6, 0
    .endm

    .macro zero_saved
    li s0, 0
    li s1, 0
    li s2, 0
    li s3, 0
    li s4, 0
    li s5, 0
    li s6, 0
    li s7, 0
    li s8, 0
    li s9, 0
    li s10, 0
    li s11, 0
    .endm

    .section .text.trap, "ax"
    .balign 64
    .globl trap_entry
trap_entry:
    csrrw sp, sscratch, sp
    sd a5, X(15)(sp)
    csrr a5, scause
    addi a5, a5, -8                 // Environment call from user mode.
    bnez a5, trap_other
    csrrw t0, sscratch, sp
    csrr t1, sepc
    sd gp, X(3)(sp)
    sd tp, X(4)(sp)
    sd t0, X(2)(sp)
    addi t1, t1, 4
    sd t1, REGS_PC(sp)
    bnez a7, not_ipc_call
    mv a2, sp
    ld a3, TASK_HART_OFFSET(sp)
    ld sp, HART_STACK_OFFSET(a3)
    jal kernel_call                 // It leaves by arch_resume, or returns a task whose registers are stored.
    j resume

not_ipc_call:
    addi t0, a7, -SYSCALL_NUMBER_IPC_REPLY_RECV
    bnez t0, not_reply_recv
    mv a3, sp
    ld a4, TASK_HART_OFFSET(sp)
    ld sp, HART_STACK_OFFSET(a4)
    jal kernel_reply_recv
    j resume

not_reply_recv:
    addi t0, a7, -SYSCALL_NUMBER_CLOCK_GET
    beqz t0, clock_get
complete:
    sd a0, X(10)(sp)
    sd a1, X(11)(sp)
    sd a2, X(12)(sp)
    sd a3, X(13)(sp)
    sd a4, X(14)(sp)
    sd a7, X(17)(sp)
    mv a2, sp
    mv a3, a7
    ld a1, TASK_HART_OFFSET(sp)
    ld sp, HART_STACK_OFFSET(a1)
    ld a0, HART_KERNEL_OFFSET(a1)
    jal kernel_syscall
    csrr t0, sscratch
    bne a0, t0, resume
    ld t1, REGS_PC(a0)              // It never left: its space, gp, tp and s registers are as they were.
    ld sp, X(2)(a0)
    csrw sepc, t1
    ld a1, X(11)(a0)
    ld a2, X(12)(a0)
    ld a3, X(13)(a0)
    ld a0, X(10)(a0)
    zero_temporaries
    sret

// The clock needs nothing of the kernel but how long its tick is. Where something rare is on, it
// goes the way of the others.
clock_get:                          // t1: where it goes on
    ld a0, TASK_HART_OFFSET(sp)
    lw a0, HART_SLOW_OFFSET(a0)
    bnez a0, complete               // It has no arguments. Otherwise a0 is STATUS_OK now.
    csrw sepc, t1
    rdtime a1
1:  auipc t0, %pcrel_hi(port + PORT_NS_PER_TICK_OFFSET)
    ld t0, %pcrel_lo(1b)(t0)
    ld sp, X(2)(sp)
    mul a1, a1, t0
    li a2, 0
    li a3, 0
    zero_temporaries
    sret

resume:                             // a0: the task to run; sp: the top of this hart's stack, where the hart is named
    ld t0, 0(sp)
    beqz a0, idle
    ld t1, TASK_SATP_OFFSET(a0)
    lbu t2, TASK_REGS_ALL_OFFSET(a0)
    csrw sscratch, a0
    csrw satp, t1
    fence rw, w                     // Only now: who is not current may be stolen (kernel/core/steal.c), and its
    sd a0, HART_CURRENT_OFFSET(t0)  // space may go.
    bnez t2, restore_all
    ld t0, REGS_PC(a0)
    ld sp, X(2)(a0)
    ld gp, X(3)(a0)
    ld tp, X(4)(a0)
    csrw sepc, t0
    ld a1, X(11)(a0)
    ld a2, X(12)(a0)
    ld a3, X(13)(a0)
    ld a0, X(10)(a0)
    zero_temporaries
    zero_saved
    sret

idle:
    mv a1, t0
    ld a0, HART_KERNEL_OFFSET(a1)
    call kernel_idle
    j resume

// NORETURN void port_enter(struct task *task, uint64_t stack_top)
    .globl port_enter
port_enter:
    mv sp, a1
    li t0, 0x100                    // SPP, which a trap while starting may have left set: sret goes to
    csrc sstatus, t0                // user mode.
    j resume

// An interrupt or fault: every register is saved. a5 is in its place already.
trap_other:
    csrr a5, sstatus
    andi a5, a5, 0x100              // SPP: from the kernel?
    bnez a5, trap_kernel
    sd t0, X(5)(sp)
    store_most sp
    csrrw t0, sscratch, sp
    csrr t1, sepc
    sd t0, X(2)(sp)
    sd t1, REGS_PC(sp)
    li t0, 1
    sb t0, TASK_REGS_ALL_OFFSET(sp)
    mv a0, sp
    ld a1, TASK_HART_OFFSET(sp)
    ld sp, HART_STACK_OFFSET(a1)
    call trap_from_user
    j resume

restore_all:                        // While a task runs its regs_all is false: a system call need not say so.
    sb zero, TASK_REGS_ALL_OFFSET(a0)
    ld t0, REGS_PC(a0)
    csrw sepc, t0
    ld ra, X(1)(a0)
    ld sp, X(2)(a0)
    ld gp, X(3)(a0)
    ld tp, X(4)(a0)
    ld t0, X(5)(a0)
    ld t1, X(6)(a0)
    ld t2, X(7)(a0)
    ld s0, X(8)(a0)
    ld s1, X(9)(a0)
    ld a1, X(11)(a0)
    ld a2, X(12)(a0)
    ld a3, X(13)(a0)
    ld a4, X(14)(a0)
    ld a5, X(15)(a0)
    ld a6, X(16)(a0)
    ld a7, X(17)(a0)
    ld s2, X(18)(a0)
    ld s3, X(19)(a0)
    ld s4, X(20)(a0)
    ld s5, X(21)(a0)
    ld s6, X(22)(a0)
    ld s7, X(23)(a0)
    ld s8, X(24)(a0)
    ld s9, X(25)(a0)
    ld s10, X(26)(a0)
    ld s11, X(27)(a0)
    ld t3, X(28)(a0)
    ld t4, X(29)(a0)
    ld t5, X(30)(a0)
    ld t6, X(31)(a0)
    ld a0, X(10)(a0)
    sret

// The kernel itself trapped: a bug. sp is a regs area that holds a5; sscratch has the kernel's sp.
// Its stack may be what is broken: another is used.
trap_kernel:
    la a5, port
    addi a5, a5, PORT_PANIC_REGS_OFFSET
    sd t0, X(5)(a5)
    store_most a5
    ld t0, X(15)(sp)
    csrr t1, sscratch
    csrr t2, sepc
    sd t0, X(15)(a5)
    sd t1, X(2)(a5)
    sd t2, REGS_PC(a5)
    csrw sscratch, sp               // A trap while this one is told comes here again.
    la sp, kernel_panic_stack_top
    mv a0, a5
    call trap_from_kernel
    unimp

// NORETURN void arch_panic_stop(void): the registers as its caller has them.
    .globl arch_panic_stop
arch_panic_stop:
    addi sp, sp, -16
    sd t0, 0(sp)
    la t0, port
    addi t0, t0, PORT_PANIC_REGS_OFFSET
    sd a5, X(15)(t0)
    store_most t0
    ld t1, 0(sp)
    addi sp, sp, 16
    sd t1, X(5)(t0)
    sd sp, X(2)(t0)
    sd ra, REGS_PC(t0)
    mv a0, t0
    call panic_told
    unimp

// While the kernel starts, interrupts are taken in the kernel: the ones that show that a hart
// hears.
    .balign 4
    .globl boot_trap_entry
boot_trap_entry:
    addi sp, sp, -256
    sd t0, X(5)(sp)
    sd a5, X(15)(sp)
    store_most sp
    call boot_trap
    ld ra, X(1)(sp)
    ld t0, X(5)(sp)
    ld t1, X(6)(sp)
    ld t2, X(7)(sp)
    ld a0, X(10)(sp)
    ld a1, X(11)(sp)
    ld a2, X(12)(sp)
    ld a3, X(13)(sp)
    ld a4, X(14)(sp)
    ld a5, X(15)(sp)
    ld a6, X(16)(sp)
    ld a7, X(17)(sp)
    ld t3, X(28)(sp)
    ld t4, X(29)(sp)
    ld t5, X(30)(sp)
    ld t6, X(31)(sp)
    addi sp, sp, 256
    sret

    // For backtraces and debuggers: which code is which.
    .type trap_entry, @function
    .size trap_entry, not_ipc_call - trap_entry
    .type not_ipc_call, @function
    .size not_ipc_call, clock_get - not_ipc_call
    .type clock_get, @function
    .size clock_get, resume - clock_get
    .type resume, @function
    .size resume, idle - resume
    .type idle, @function
    .size idle, port_enter - idle
    .type port_enter, @function
    .size port_enter, trap_other - port_enter
    .type trap_other, @function
    .size trap_other, trap_kernel - trap_other
    .type trap_kernel, @function
    .size trap_kernel, arch_panic_stop - trap_kernel
