// kernel/arch/riscv64/csr.h: the machine's own instructions as functions: with sbi.c the only
// inline assembly of the kernel.
// Reference:  RISC-V Privileged, "Supervisor-Level ISA". The memory clobbers keep the compiler from
//             moving accesses over an instruction that orders them.
// Blocking:   csr_wait_for_interrupt sleeps; nothing else does.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

enum interrupt_bit {
    INTERRUPT_SOFTWARE = 1u << 1,
    INTERRUPT_TIMER = 1u << 5,
    INTERRUPT_EXTERNAL = 1u << 9,
};

#define SSTATUS_SIE (UINT64_C(1) << 1)
#define SATP_SV39 (UINT64_C(8) << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK UINT64_C(0xffff)

#define CSR_READER(function, csr)                        \
    static ALWAYS_INLINE uint64_t function(void) {       \
        uint64_t value;                                  \
        __asm__ volatile("csrr %0, " csr : "=r"(value)); \
        return value;                                    \
    }

#define CSR_WRITER(function, csr)                                       \
    static ALWAYS_INLINE void function(uint64_t value) {                \
        __asm__ volatile("csrw " csr ", %0" : : "r"(value) : "memory"); \
    }

CSR_READER(csr_time, "time")
CSR_READER(csr_instret, "instret")
CSR_READER(csr_scause, "scause")
CSR_READER(csr_stval, "stval")
CSR_READER(csr_sepc, "sepc")
CSR_READER(csr_sip, "sip")
CSR_READER(csr_sstatus, "sstatus")
CSR_READER(csr_satp, "satp")
CSR_WRITER(csr_set_satp, "satp")
CSR_WRITER(csr_set_sie, "sie")
CSR_WRITER(csr_set_stvec, "stvec")
CSR_WRITER(csr_set_sscratch, "sscratch")
CSR_WRITER(csr_set_scounteren, "scounteren")
CSR_WRITER(csr_set_stimecmp, "0x14d")

// The fence: what the interrupt was sent for is looked at after it is cleared, never before. CSR
// accesses are ordered as device accesses, which a fence of memory alone does not hold back.
static ALWAYS_INLINE void csr_clear_sip(uint64_t bits) {
    __asm__ volatile("csrc sip, %0\n\tfence iorw, iorw" : : "r"(bits) : "memory");
}

// Accesses of devices before it are done before those behind it.
static ALWAYS_INLINE void csr_fence_devices(void) {
    __asm__ volatile("fence iorw, iorw" : : : "memory");
}

static ALWAYS_INLINE void csr_interrupts_on(void) {
    __asm__ volatile("csrs sstatus, %0" : : "r"(SSTATUS_SIE) : "memory");
}

static ALWAYS_INLINE void csr_interrupts_off(void) {
    __asm__ volatile("csrc sstatus, %0" : : "r"(SSTATUS_SIE) : "memory");
}

// Returns when an enabled interrupt is pending, taken or not; may return sooner.
static ALWAYS_INLINE void csr_wait_for_interrupt(void) {
    __asm__ volatile("wfi" : : : "memory");
}

static ALWAYS_INLINE void csr_fence_i(void) {
    __asm__ volatile("fence.i" : : : "memory");
}

static ALWAYS_INLINE void csr_flush_all(void) {
    __asm__ volatile("sfence.vma" : : : "memory");
}

static ALWAYS_INLINE void csr_flush_asid(uint64_t asid) {
    __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

static ALWAYS_INLINE uint64_t csr_stack_pointer(void) {
    uint64_t value;
    __asm__ volatile("mv %0, sp" : "=r"(value));
    return value;
}

static ALWAYS_INLINE void csr_spin_hint(void) {
    __asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010"
                     :
                     :
                     : "memory");  // pause (Zihintpause): a fence elsewhere.
}
