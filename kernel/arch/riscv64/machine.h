// kernel/arch/riscv64/machine.h: what the device tree says of the machine, checked; and which
// memory is free. Pure: tested on the host.
// Units:      physical addresses and bytes; hertz.
// Ownership:  the blob stays the caller's; nothing of it is kept but numbers.
// Errors:     enum machine_fault says what is missing or malformed; `out` then holds what was read
//             before it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    MACHINE_HART_MAX = 8,
    MACHINE_HARTID_MAX = 63,  // One word of the firmware's hart masks.
    MACHINE_RESERVED_MAX = 8,
    MACHINE_FREE_MAX = 4,
    MACHINE_SEED_WORDS = 4,
    MACHINE_PAGE_BYTES = 4096,
    MACHINE_ZERO_BYTES = 64,
    MACHINE_DEVICE_MAX = 16,
    MACHINE_WINDOW_PAGES_MAX = 4,
    MACHINE_LINE_MAX = 1023,  // Lines are 1..1023; 0 is none.
    MACHINE_PLIC_CONTEXT_FIRST = 0x200000,
    MACHINE_PLIC_CONTEXT_BYTES = 0x1000,
};

enum machine_fault {
#define MACHINE_FAULT(name, text) MACHINE_##name,
#include "kernel/arch/riscv64/machine_fault.def"
#undef MACHINE_FAULT
    MACHINE_FAULT_COUNT
};

static inline const char *machine_fault_text(enum machine_fault fault) {
    static const char *const texts[] = {
#define MACHINE_FAULT(name, text) text,
#include "kernel/arch/riscv64/machine_fault.def"
#undef MACHINE_FAULT
    };
    return (unsigned)fault < MACHINE_FAULT_COUNT ? texts[(unsigned)fault] : "?";
}

struct machine_range {
    uint64_t base;
    uint64_t bytes;
};

// A virtio-mmio transport, in whole pages of its own.
struct machine_device {
    struct machine_range window;
    uint32_t line;  // Of the PLIC.
};

struct machine {
    struct machine_range ram;
    struct machine_range boot_image;  // The initial RAM disk; page aligned.
    struct machine_range uart;
    struct machine_range reserved[MACHINE_RESERVED_MAX];
    uint32_t reserved_count;
    uint32_t hart_count;
    uint32_t hartid[MACHINE_HART_MAX];  // In the order of the tree.
    struct machine_range plic;
    uint32_t plic_line_max;
    uint32_t plic_phandle;                              // In the device tree.
    uint32_t plic_context[MACHINE_HART_MAX];            // Of the supervisor mode of each hart.
    uint32_t uart_line;                                 // 0: none, so there is no input.
    struct machine_device devices[MACHINE_DEVICE_MAX];  // By rising address.
    uint32_t device_count;
    uint32_t timebase_hz;
    uint64_t tree_bytes;  // Of the blob itself.
    bool sstc;            // Every hart names the extension.
    bool zeroes_blocks;   // Every hart clears MACHINE_ZERO_BYTES at once (Zicboz).
    bool seeded;
    bool traced;  // The boot arguments are `trace`.
    uint64_t seed[MACHINE_SEED_WORDS];
};

// Reads a flattened device tree of at most `bytes_max` bytes.
WARN_UNUSED enum machine_fault machine_read(const void *blob, uint64_t bytes_max,
                                            struct machine *out);

// The part of RAM that none of `taken` covers, as whole pages in rising order; `out` has
// MACHINE_FREE_MAX places.
WARN_UNUSED enum machine_fault machine_free(struct machine_range ram,
                                            const struct machine_range *taken, uint32_t taken_count,
                                            struct machine_range *out, uint32_t *out_count);
