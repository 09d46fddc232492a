// kernel/core/mapping.h: what a task has mapped at USER_MAP_MIN and above: a table of bounded size,
// sorted by address.
// Units:      addresses in bytes, lengths in pages.
// Locking:    none: one hart at a time changes a task's table.
// Errors:     stated at each function; a refusal changes nothing.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/status.h"

enum { TASK_MAPPING_COUNT = 32 };

enum mapping_state {
    MAPPING_WHOLE,
    MAPPING_GROWS,    // Its first pages_done pages are mapped.
    MAPPING_SHRINKS,  // Its first pages_done pages are not mapped any more.
};

struct mapping {
    uint64_t address;
    uint32_t vmo;
    uint32_t page_first;  // In the VMO.
    uint32_t page_count;
    uint32_t pages_done;
    uint32_t access;  // enum arch_access
    uint32_t state;   // enum mapping_state
};

struct mapping_table {
    uint32_t count;
    uint32_t reserved;
    struct mapping rows[TASK_MAPPING_COUNT];
};

// Inserts a row at `wanted->address`, or where it is 0 at the lowest address that leaves an
// unmapped page on both sides; a length of a large page or more is aligned to it. *out is the row,
// until the table changes. Errors: STATUS_NO_SPACE (the table is full, or no gap is large enough),
// STATUS_BUSY (something is mapped there), STATUS_BAD_ARG (outside the range for mappings).
WARN_UNUSED enum status mapping_insert(struct mapping_table *table, const struct mapping *wanted,
                                       struct mapping **out);

// The row that begins at the address, or null.
WARN_UNUSED struct mapping *mapping_find(struct mapping_table *table, uint64_t address);

void mapping_remove(struct mapping_table *table, struct mapping *row);
