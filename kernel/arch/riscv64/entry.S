// kernel/arch/riscv64/entry.S: where a hart begins: the firmware's boot hart, and each hart that
// kernel/arch/riscv64/smp.c starts. It runs low (physical) until the early map is on, then high.
// The early map is constant: gigabytes of physical memory at DIRECT_MAP_BASE, and the kernel's
// gigabyte where it lies, for the instructions between. boot.c replaces it by the kernel's own.
#include "kernel/arch/riscv64/layout.h"

    .option norelax

    .section .text.entry, "ax"
    .globl _start
_start:                             // a0 the hart's id, a1 the device tree, physical
    csrw sie, zero
    csrw sstatus, zero              // Interrupts, floating point and vector off; no access to user pages.
    la t6, boot_high
    j early_map_on

    .globl secondary_start
secondary_start:                    // a0 the hart's id, a1 its index
    csrw sie, zero
    csrw sstatus, zero
    la t6, secondary_high
    // Falls through.

early_map_on:                       // t6: where to go on, physical
    la t0, early_root
    srli t0, t0, 12
    li t1, 8 << 60
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    sfence.vma
    li t1, DIRECT_MAP_BASE
    add t6, t6, t1
    jr t6

boot_high:
    la t0, boot_trap_entry
    csrw stvec, t0
    la t0, kernel_bss_start
    la t1, kernel_bss_end
1:  sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    sd zero, 32(t0)
    sd zero, 40(t0)
    sd zero, 48(t0)
    sd zero, 56(t0)
    addi t0, t0, 64
    bltu t0, t1, 1b
    la sp, kernel_stacks
    li t0, 1 << STACK_STRIDE_SHIFT
    add sp, sp, t0
    addi sp, sp, -STACK_TOP_BYTES
    mv s0, zero
    call boot_main
    unimp

secondary_high:
    la t0, boot_trap_entry
    csrw stvec, t0
    la t0, port
    ld t0, PORT_SATP_OFFSET(t0)
    csrw satp, t0
    sfence.vma
    la sp, kernel_stacks
    addi t0, a1, 1
    slli t0, t0, STACK_STRIDE_SHIFT
    add sp, sp, t0
    addi sp, sp, -STACK_TOP_BYTES
    mv s0, zero
    mv a0, a1
    call secondary_main
    unimp

    // Entries of a gigabyte: valid, readable, writable, executable (0xcf) or not (0xc7), accessed
    // and dirty.
    .section .rodata.early_root, "a"
    .balign 4096
early_root:
    .zero 8 * 2
    .dword (0x80000000 >> 2) | 0xcf     // The kernel where it lies.
    .zero 8 * 253
    .dword (0x00000000 >> 2) | 0xc7     // 256: devices.
    .zero 8
    .dword (0x80000000 >> 2) | 0xcf     // 258: the kernel, and the first gigabyte of memory.
    .dword (0xc0000000 >> 2) | 0xc7
    .dword (0x100000000 >> 2) | 0xc7
    .dword (0x140000000 >> 2) | 0xc7
    .zero 8 * 250

    // bool probe_stimecmp(void): whether the timer register (Sstc) can be read. Traps must be off
    // the normal way: an illegal instruction comes here.
    .section .text.probe, "ax"
    .globl probe_stimecmp
probe_stimecmp:
    la t0, probe_failed
    csrrw t1, stvec, t0
    li a0, 0
    csrr t2, 0x14d
    li a0, 1
    j probe_failed

    // bool probe_zero_block(void): whether a block of memory can be cleared at once (Zicboz), which the
    // firmware must have allowed. The block is one below the stack: no interrupt is taken.
    .globl probe_zero_block
probe_zero_block:
    la t0, probe_failed
    csrrw t1, stvec, t0
    li a0, 0
    addi t2, sp, -128
    andi t2, t2, -64
    .insn i 0x0f, 2, x0, 4(t2)
    li a0, 1
    .balign 4
probe_failed:
    csrw stvec, t1
    ret
