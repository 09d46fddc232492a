// kernel/arch/riscv64/sv39.c: see sv39.h. User spaces have three levels of tables and pages of 4
// KiB only.
#include "kernel/arch/riscv64/sv39.h"

#include "kernel/abi/layout.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"

_Static_assert(SV39_TABLE_ENTRIES * sizeof(uint64_t) == PAGE_BYTES, "a table is one page");
_Static_assert(USER_MAX == (uint64_t)SV39_USER_ROOT_ENTRIES << 30, "the root entries of user mode");
_Static_assert((int)(SV39_READ >> 1) == ARCH_READ && (int)(SV39_WRITE >> 1) == ARCH_WRITE &&
                   (int)(SV39_EXECUTE >> 1) == ARCH_EXECUTE,
               "access and entry bits differ by a shift");

static uint64_t *table_at(struct page_number page) {
    return (uint64_t *)arch_page(page);
}

static uint64_t entry_to(struct page_number page, uint64_t bits) {
    return ((uint64_t)page.value << SV39_NUMBER_SHIFT) | bits;
}

static bool entry_is_leaf(uint64_t entry) {
    return (entry & SV39_LEAF) != 0;
}

enum status sv39_create(struct kernel *kernel, struct hart *hart, struct page_number kernel_root,
                        struct page_number *out) {
    struct page_number root = page_take(kernel, hart);
    if (root.value == 0) {
        return STATUS_NO_SPACE;
    }
    if (kernel_root.value != 0) {
        uint64_t *entries = table_at(root);
        const uint64_t *shared = table_at(kernel_root);
        for (uint32_t i = SV39_KERNEL_FIRST; i < SV39_TABLE_ENTRIES; i++) {
            entries[i] = shared[i];
        }
    }
    *out = root;
    return STATUS_OK;
}

// The table below `entry`, made when there is none; PAGE_NUMBER_NONE when no page is left.
static struct page_number table_below(struct kernel *kernel, struct hart *hart, uint64_t *entry) {
    if ((*entry & SV39_VALID) != 0) {
        KASSERT(!entry_is_leaf(*entry));
        return sv39_page(*entry);
    }
    struct page_number table = page_take(kernel, hart);
    if (table.value != 0) {
        *entry = entry_to(table, SV39_VALID);
    }
    return table;
}

static uint64_t leaf_bits(struct sv39_leaf leaf) {
    uint64_t bits =
        SV39_VALID | SV39_USER | SV39_ACCESSED | SV39_DIRTY | ((uint64_t)leaf.access << 1);
    if ((leaf.access & ARCH_WRITE) != 0) {
        bits |= SV39_READ;  // Writable and not readable is a reserved encoding.
    }
    return leaf.owned ? bits | SV39_OWNED : bits;
}

enum status sv39_map(struct kernel *kernel, struct hart *hart, struct page_number root,
                     uint64_t address, struct sv39_leaf leaf) {
    const uint32_t write_execute = ARCH_WRITE | ARCH_EXECUTE;
    KASSERT(address < USER_MAX && address % PAGE_BYTES == 0);
    KASSERT(leaf.page.value != 0);
    KASSERT(leaf.access != 0 && leaf.access <= (ARCH_READ | write_execute));
    KASSERT((leaf.access & write_execute) != write_execute);
    struct page_number table = root;
    for (uint32_t level = 2; level > 0; level--) {
        table = table_below(kernel, hart, &table_at(table)[sv39_index(address, level)]);
        if (table.value == 0) {
            return STATUS_NO_SPACE;
        }
    }
    uint64_t *entry = &table_at(table)[sv39_index(address, 0)];
    if ((*entry & SV39_VALID) != 0) {
        return STATUS_BUSY;
    }
    *entry = entry_to(leaf.page, leaf_bits(leaf));
    return STATUS_OK;
}

uint64_t sv39_walk(struct page_number root, uint64_t address) {
    if (address >= USER_MAX) {
        return 0;
    }
    struct page_number table = root;
    for (uint32_t level = 2; level > 0; level--) {
        uint64_t entry = table_at(table)[sv39_index(address, level)];
        if ((entry & SV39_VALID) == 0) {
            return 0;
        }
        KASSERT(!entry_is_leaf(entry));
        table = sv39_page(entry);
    }
    uint64_t entry = table_at(table)[sv39_index(address, 0)];
    return (entry & SV39_VALID) != 0 ? entry : 0;
}

bool sv39_allows(uint64_t entry, uint32_t access) {
    uint64_t needed = SV39_VALID | SV39_USER | ((uint64_t)access << 1);
    return (entry & needed) == needed;
}

// Empties a table of pages; true when nothing is left in it.
static bool reclaim_pages(struct kernel *kernel, struct hart *hart, uint64_t *entries,
                          uint32_t *budget) {
    for (uint32_t i = 0; i < SV39_TABLE_ENTRIES; i++) {
        if ((entries[i] & SV39_OWNED) != 0) {
            if (*budget == 0) {
                return false;
            }
            --*budget;
            page_put(kernel, hart, sv39_page(entries[i]));
        }
        entries[i] = 0;
    }
    return true;
}

// The first valid entry of a table, or null.
static uint64_t *first_valid(uint64_t *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if ((entries[i] & SV39_VALID) != 0) {
            return &entries[i];
        }
    }
    return 0;
}

bool sv39_reclaim(struct kernel *kernel, struct hart *hart, struct page_number root,
                  uint32_t page_budget) {
    uint32_t budget = page_budget;
    uint64_t *top = first_valid(table_at(root), SV39_USER_ROOT_ENTRIES);
    if (!top) {
        if (budget == 0) {
            return false;
        }
        page_put(kernel, hart, root);
        return true;
    }
    uint64_t *middle = first_valid(table_at(sv39_page(*top)), SV39_TABLE_ENTRIES);
    uint64_t *emptied = middle ? middle : top;
    if (middle && !reclaim_pages(kernel, hart, table_at(sv39_page(*middle)), &budget)) {
        return false;
    }
    if (budget > 0) {
        page_put(kernel, hart, sv39_page(*emptied));
        *emptied = 0;
    }
    return false;
}
