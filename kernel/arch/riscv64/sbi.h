// kernel/arch/riscv64/sbi.h: calls to the firmware.
// Reference:  RISC-V Supervisor Binary Interface Specification 1.0; legacy console putchar for text
//             before a UART is known.
// Units:      hart masks here are of hart ids, not of kernel hart indices; time in ticks.
// Blocking:   a call returns when the firmware is done; remote fences when every named hart has
//             done them.
// Errors:     struct sbi_result holds SBI's own error, 0 when done.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum sbi_error {
    SBI_SUCCESS = 0,
    SBI_FAILED = -1,
    SBI_NOT_SUPPORTED = -2,
};

enum sbi_extension {
    SBI_LEGACY_PUTCHAR = 0x01,
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464e43,
    SBI_HSM = 0x48534d,
    SBI_SRST = 0x53525354,
};

struct sbi_result {
    int64_t error;
    uint64_t value;
};

WARN_UNUSED bool sbi_has(enum sbi_extension extension);
void sbi_putchar(char character);
void sbi_set_timer(uint64_t ticks);
WARN_UNUSED int64_t sbi_send_ipi(uint64_t hartid_mask);
WARN_UNUSED int64_t sbi_hart_start(uint64_t hartid, uint64_t physical_address, uint64_t opaque);
WARN_UNUSED int64_t sbi_remote_fence_i(uint64_t hartid_mask);
WARN_UNUSED int64_t sbi_remote_flush_asid(uint64_t hartid_mask, uint64_t asid);

// Shutdown, or a start anew; each returns only if the firmware cannot.
void sbi_shutdown(bool failed);
void sbi_reboot(void);
