// kernel/arch/sim/fiber_switch.S: x86-64 System V: changes stacks, keeping what a function call must keep (ABI, section 3.2.1).
    .text
    .globl fiber_switch_stacks
    .type fiber_switch_stacks, @function
// void fiber_switch_stacks(void **save_sp /* rdi */, void *load_sp /* rsi */)
fiber_switch_stacks:
    .cfi_startproc
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .cfi_endproc
    .size fiber_switch_stacks, . - fiber_switch_stacks

// Where a new fiber begins: its function is in rbx, its argument in r12; rbp is 0, so that a backtrace ends here.
    .globl fiber_begin
    .type fiber_begin, @function
fiber_begin:
    .cfi_startproc
    .cfi_undefined %rip
    movq %r12, %rdi
    callq *%rbx
    ud2
    .cfi_endproc
    .size fiber_begin, . - fiber_begin

    .section .note.GNU-stack, "", @progbits
