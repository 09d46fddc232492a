// testing/firmware/firmware.S: firmware that lacks something, to see that the kernel says so. It enters the kernel on hart 0 in S-mode
// and answers SBI calls; the other harts sleep for ever.
//   HAS_HSM     what probing for the HSM extension answers, 0 or 1
//   HART_START  what hart_start answers: 0, or an SBI error
// Reference: RISC-V Privileged 1.12 chapter 3; SBI 1.0; QEMU virt's reset vector: a0 hart id, a1 device tree.
.equ KERNEL, 0x80200000
.equ TEST_FINISHER, 0x100000
.equ POWER_OFF, 0x5555
.equ EXTENSION_BASE, 0x10
.equ EXTENSION_HSM, 0x48534d
.equ EXTENSION_SRST, 0x53525354
.equ BASE_PROBE, 3

.section .text
.globl _start
_start:
    csrr t0, mhartid
    bnez t0, park
    li t0, -1                  // All memory for S-mode.
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li t0, 0xb1ff              // Exceptions are the kernel's, but not its calls.
    csrw medeleg, t0
    li t0, 0x222
    csrw mideleg, t0
    li t0, -1
    csrw mcounteren, t0
    li t0, 1 << 63             // menvcfg.STCE: stimecmp.
    csrw 0x30a, t0
    la t0, saved
    csrw mscratch, t0
    la t0, answer
    csrw mtvec, t0
    li t0, 3 << 11             // mstatus.MPP: S
    csrc mstatus, t0
    li t0, 1 << 11
    csrs mstatus, t0
    li t0, KERNEL
    csrw mepc, t0
    csrr a0, mhartid
    mret

park:
    csrw mie, zero
    wfi
    j park

// a7 extension, a6 function, a0 first argument; answers a0 error, a1 value, and keeps the rest.
.balign 4
answer:
    csrrw sp, mscratch, sp
    sd t0, 0(sp)
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    li t0, EXTENSION_SRST
    beq a7, t0, off
    li t0, EXTENSION_HSM
    beq a7, t0, start
    li t0, EXTENSION_BASE
    bne a7, t0, done
    li t0, BASE_PROBE
    bne a6, t0, done
    li t0, EXTENSION_HSM
    li a1, 1
    bne a0, t0, done
    li a1, HAS_HSM
done:
    li a0, 0
    j back
start:
    li a0, HART_START
back:
    ld t0, 0(sp)
    csrrw sp, mscratch, sp
    mret
off:
    li t0, TEST_FINISHER
    li a0, POWER_OFF
    sw a0, 0(t0)
    j off

.section .data
.balign 16
saved:
    .dword 0
