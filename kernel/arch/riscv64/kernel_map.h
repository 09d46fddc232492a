// kernel/arch/riscv64/kernel_map.h: building the kernel's own page tables: physical memory at a
// fixed distance, each range with its permission. Tested on the host.
// Units:      physical addresses and bytes.
// Ownership:  tables come from the given array and are never returned.
// Errors:     false when the tables run out, or when a range is not whole pages or is mapped
//             already: the caller stops the machine.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum kernel_map_access {
    KERNEL_MAP_TEXT,    // Read and execute.
    KERNEL_MAP_RODATA,  // Read.
    KERNEL_MAP_DATA,    // Read and write.
};

enum { KERNEL_MAP_TABLE_MAX = 16 };

struct kernel_map {
    uint64_t (*tables)[512];  // [0] is the root.
    uint64_t tables_physical;
    uint64_t virtual_base;  // Where physical address 0 appears.
    uint32_t table_count;
    uint32_t tables_used;
    uint32_t written[KERNEL_MAP_TABLE_MAX];  // Words of each table from here on are still anything.
};

// Takes the root. At most KERNEL_MAP_TABLE_MAX tables are used.
void kernel_map_init(struct kernel_map *map);

// Maps [base, base + bytes): pages of 1 GiB and 2 MiB where the range covers them whole,
// otherwise of 4 KiB.
WARN_UNUSED bool kernel_map_range(struct kernel_map *map, uint64_t base, uint64_t bytes,
                                  enum kernel_map_access access);

// Takes away pages of 4 KiB, the next one each `stride` bytes on: touching them then faults. False
// when one of them is not mapped as such; those before it are gone.
WARN_UNUSED bool kernel_map_holes(struct kernel_map *map, uint64_t base, uint64_t stride,
                                  uint32_t count);

// Clears what was not written: before the tables are used.
void kernel_map_end(struct kernel_map *map);

// The leaf entry for a physical address, or 0.
WARN_UNUSED uint64_t kernel_map_find(const struct kernel_map *map, uint64_t base);
