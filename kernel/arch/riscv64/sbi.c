// kernel/arch/riscv64/sbi.c: see sbi.h.
#include "kernel/arch/riscv64/sbi.h"

struct sbi_call {
    enum sbi_extension extension;
    uint64_t function;
    uint64_t args[5];
};

// The firmware keeps every register but a0 and a1.
static struct sbi_result sbi_ecall(struct sbi_call call) {
    register uint64_t a0 __asm__("a0") = call.args[0];
    register uint64_t a1 __asm__("a1") = call.args[1];
    register uint64_t a2 __asm__("a2") = call.args[2];
    register uint64_t a3 __asm__("a3") = call.args[3];
    register uint64_t a4 __asm__("a4") = call.args[4];
    register uint64_t a6 __asm__("a6") = call.function;
    register uint64_t a7 __asm__("a7") = (uint64_t)call.extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    return (struct sbi_result){.error = (int64_t)a0, .value = a1};
}

bool sbi_has(enum sbi_extension extension) {
    struct sbi_result result = sbi_ecall((struct sbi_call){SBI_BASE, 3, {(uint64_t)extension}});
    return result.error == SBI_SUCCESS && result.value != 0;
}

void sbi_putchar(char character) {
    (void)sbi_ecall((struct sbi_call){SBI_LEGACY_PUTCHAR, 0, {(uint8_t)character}});
}

void sbi_set_timer(uint64_t ticks) {
    (void)sbi_ecall((struct sbi_call){SBI_TIME, 0, {ticks}});
}

int64_t sbi_send_ipi(uint64_t hartid_mask) {
    return sbi_ecall((struct sbi_call){SBI_IPI, 0, {hartid_mask, 0}}).error;
}

int64_t sbi_hart_start(uint64_t hartid, uint64_t physical_address, uint64_t opaque) {
    return sbi_ecall((struct sbi_call){SBI_HSM, 0, {hartid, physical_address, opaque}}).error;
}

int64_t sbi_remote_fence_i(uint64_t hartid_mask) {
    return sbi_ecall((struct sbi_call){SBI_RFENCE, 0, {hartid_mask, 0}}).error;
}

int64_t sbi_remote_flush_asid(uint64_t hartid_mask, uint64_t asid) {
    return sbi_ecall((struct sbi_call){SBI_RFENCE, 2, {hartid_mask, 0, 0, UINT64_MAX, asid}}).error;
}

void sbi_shutdown(bool failed) {
    (void)sbi_ecall((struct sbi_call){SBI_SRST, 0, {0, failed ? 1 : 0}});
}

void sbi_reboot(void) {
    (void)sbi_ecall((struct sbi_call){SBI_SRST, 0, {1, 0}});  // Cold.
}
