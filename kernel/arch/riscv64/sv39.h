// kernel/arch/riscv64/sv39.h: Sv39 page tables of user spaces, as data: no instruction of the
// machine in here, so the simulation runs the same code.
// Reference:  RISC-V Privileged, "Sv39: Page-Based 39-bit Virtual-Memory System".
// Units:      addresses in bytes, pages by number.
// Ownership:  tables come from and return to the page pool through kernel/core/page.h, paid by the
//             space's quota; a page mapped as owned was paid by it too, and goes back with it.
// Locking:    none: one hart at a time changes a space (kernel/core/arch.h).
// Blocking:   never. sv39_reclaim is bounded by its budget and one table's length.
#pragma once

#include "kernel/core/arch.h"

enum {
    SV39_TABLE_ENTRIES = 512,
    SV39_LEVEL_BITS = 9,
    SV39_PAGE_SHIFT = 12,
    SV39_NUMBER_SHIFT = 10,      // Where an entry keeps the page number.
    SV39_KERNEL_FIRST = 256,     // Root entries from here on are the kernel's half.
    SV39_USER_ROOT_ENTRIES = 2,  // USER_MAX is 2 GiB.
};

// Bits of a table entry. ACCESSED and DIRTY are set in advance: the hardware never has to write a
// table.
#define SV39_VALID (UINT64_C(1) << 0)
#define SV39_READ (UINT64_C(1) << 1)
#define SV39_WRITE (UINT64_C(1) << 2)
#define SV39_EXECUTE (UINT64_C(1) << 3)
#define SV39_USER (UINT64_C(1) << 4)
#define SV39_GLOBAL (UINT64_C(1) << 5)
#define SV39_ACCESSED (UINT64_C(1) << 6)
#define SV39_DIRTY (UINT64_C(1) << 7)
#define SV39_OWNED (UINT64_C(1) << 8)  // For software: the page returns to the pool with the space.
#define SV39_LEAF (SV39_READ | SV39_WRITE | SV39_EXECUTE)

static inline struct page_number sv39_page(uint64_t entry) {
    return (struct page_number){(uint32_t)((entry >> SV39_NUMBER_SHIFT) & UINT32_MAX)};
}

// The place of `address` in a table of `level`: 2 is the root, 0 holds pages.
static inline uint32_t sv39_index(uint64_t address, uint32_t level) {
    return (uint32_t)(address >> (SV39_PAGE_SHIFT + SV39_LEVEL_BITS * level)) &
           (SV39_TABLE_ENTRIES - 1);
}

// An empty space, whose quota pays for all that is taken for it: its root, with the kernel's half
// of the kernel's own root, which is empty from `end` on, or empty there too when that root is
// PAGE_NUMBER_NONE. Errors: STATUS_NO_SPACE.
struct sv39_root {
    struct page_number page;
    uint32_t end;
};
WARN_UNUSED enum status sv39_create(struct kernel *kernel, struct hart *hart,
                                    struct sv39_root kernel_root, struct arch_space *space);

// What a leaf says: the page, what is allowed (enum arch_access), who returns it, and whether it is
// a large one (2 MiB, aligned, never owned).
struct sv39_leaf {
    struct page_number page;
    uint32_t access;
    bool owned;
    bool large;
};

// Maps one page for user mode. Errors: STATUS_NO_SPACE (no page for a table; what was mapped stays
// mapped), STATUS_BUSY (something is mapped there). An address outside the user half, no access at
// all, or write with execute breaks the caller's contract: KASSERT.
WARN_UNUSED enum status sv39_map(struct kernel *kernel, struct hart *hart,
                                 const struct arch_space *space, uint64_t address,
                                 struct sv39_leaf leaf);

// Maps pages of a run, none of them owned, up to the end of their table or until it fails.
// Errors and contract as sv39_map.
WARN_UNUSED enum status sv39_map_run(struct kernel *kernel, struct hart *hart,
                                     const struct arch_space *space, uint64_t address,
                                     struct arch_run *run);

// Takes a page away that is not owned; returns its length in pages. Where nothing is mapped: 1. The
// table stays.
WARN_UNUSED uint32_t sv39_unmap(struct page_number root, uint64_t address);

// The leaf entry that translates a user address, or 0. Of a large page: as if it were the small one
// at the address.
WARN_UNUSED uint64_t sv39_walk(struct page_number root, uint64_t address);

// Whether a leaf entry lets user mode do all of `access` (enum arch_access).
WARN_UNUSED bool sv39_allows(uint64_t entry, uint32_t access);

// How many pages a space has, tables and owned ones. The root may be PAGE_NUMBER_NONE.
WARN_UNUSED uint32_t sv39_pages(struct page_number root);

// Returns up to `page_budget` owned pages and tables to the pool, at most one table's pages a call;
// true once the root has gone too. What is left is found again from the tables themselves.
WARN_UNUSED bool sv39_reclaim(struct kernel *kernel, struct hart *hart,
                              const struct arch_space *space, uint32_t page_budget);
