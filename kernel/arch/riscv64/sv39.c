// kernel/arch/riscv64/sv39.c: see sv39.h. User spaces have pages of 4 KiB and 2 MiB.
#include "kernel/arch/riscv64/sv39.h"

#include "kernel/abi/layout.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"

_Static_assert(SV39_TABLE_ENTRIES * sizeof(uint64_t) == PAGE_BYTES, "a table is one page");
_Static_assert((int)SV39_TABLE_ENTRIES == (int)ARCH_LARGE_PAGES,
               "a large page takes a table's place");
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

enum status sv39_create(struct kernel *kernel, struct hart *hart, struct sv39_root kernel_root,
                        struct arch_space *space) {
    struct page_number root = page_take_paid(kernel, hart, space->quota);
    if (root.value == 0) {
        return STATUS_NO_SPACE;
    }
    if (kernel_root.page.value != 0) {
        for (uint32_t i = SV39_KERNEL_FIRST; i < kernel_root.end; i++) {
            table_at(root)[i] = table_at(kernel_root.page)[i];
        }
    }
    space->root = root;
    return STATUS_OK;
}

// The table below `entry`, made when there is none; PAGE_NUMBER_NONE when no page is left.
static struct page_number table_below(struct kernel *kernel, struct hart *hart, struct quota *quota,
                                      uint64_t *entry) {
    if ((*entry & SV39_VALID) != 0) {
        return sv39_page(*entry);
    }
    struct page_number table = page_take_paid(kernel, hart, quota);
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

static void check_leaf(uint64_t address, struct sv39_leaf leaf) {
    const uint32_t write_execute = ARCH_WRITE | ARCH_EXECUTE;
    const uint32_t pages = leaf.large ? ARCH_LARGE_PAGES : 1;
    KASSERT(address < USER_MAX && address % (pages * PAGE_BYTES) == 0);
    KASSERT(leaf.page.value != 0 && leaf.page.value % pages == 0);
    KASSERT(leaf.access != 0 && leaf.access <= (ARCH_READ | write_execute));
    KASSERT((leaf.access & write_execute) != write_execute);
    KASSERT(!leaf.large || !leaf.owned);
}

// Where the leaf of an address stands, at that level, or a large page that is in the way; tables
// are made. Null: there is no page for one.
static uint64_t *leaf_entry(struct kernel *kernel, struct hart *hart,
                            const struct arch_space *space, uint64_t address, uint32_t leaf_level) {
    uint64_t *entry = &table_at(space->root)[sv39_index(address, 2)];
    for (uint32_t level = 2; level > leaf_level; level--) {
        struct page_number table = table_below(kernel, hart, space->quota, entry);
        if (table.value == 0) {
            return 0;
        }
        entry = &table_at(table)[sv39_index(address, level - 1)];
        if (level - 1 > leaf_level && entry_is_leaf(*entry)) {
            return entry;
        }
    }
    return entry;
}

enum status sv39_map(struct kernel *kernel, struct hart *hart, const struct arch_space *space,
                     uint64_t address, struct sv39_leaf leaf) {
    check_leaf(address, leaf);
    uint64_t *entry = leaf_entry(kernel, hart, space, address, leaf.large ? 1 : 0);
    if (!entry) {
        return STATUS_NO_SPACE;
    }
    if ((*entry & SV39_VALID) != 0) {
        return STATUS_BUSY;
    }
    *entry = entry_to(leaf.page, leaf_bits(leaf));
    return STATUS_OK;
}

enum status sv39_map_run(struct kernel *kernel, struct hart *hart, const struct arch_space *space,
                         uint64_t address, struct arch_run *run) {
    const struct sv39_leaf leaf = {run->first, run->access, false, false};
    check_leaf(address, leaf);
    run->mapped = 0;
    uint64_t *entry = leaf_entry(kernel, hart, space, address, 0);
    if (!entry) {
        return STATUS_NO_SPACE;
    }
    const uint32_t places = SV39_TABLE_ENTRIES - sv39_index(address, 0);
    const uint32_t count = run->count < places ? run->count : places;
    const uint64_t step = UINT64_C(1) << SV39_NUMBER_SHIFT;
    uint64_t value = entry_to(leaf.page, leaf_bits(leaf));
    uint32_t done = 0;
    for (; done < count && (entry[done] & SV39_VALID) == 0; done++, value += step) {
        entry[done] = value;
    }
    run->mapped = done;
    return done == count ? STATUS_OK : STATUS_BUSY;
}

// Where the leaf of a user address stands and its level; null if nothing is mapped there.
static uint64_t *leaf_place(struct page_number root, uint64_t address, uint32_t *level) {
    if (address >= USER_MAX) {
        return 0;
    }
    struct page_number table = root;
    for (*level = 2;; --*level) {
        uint64_t *entry = &table_at(table)[sv39_index(address, *level)];
        if ((*entry & SV39_VALID) == 0) {
            return 0;
        }
        if (entry_is_leaf(*entry)) {
            return entry;
        }
        KASSERT(*level > 0);
        table = sv39_page(*entry);
    }
}

uint32_t sv39_unmap(struct page_number root, uint64_t address) {
    uint32_t level = 0;
    uint64_t *entry = leaf_place(root, address, &level);
    if (!entry) {
        return 1;
    }
    KASSERT((*entry & SV39_OWNED) == 0);
    *entry = 0;
    return level == 0 ? 1 : ARCH_LARGE_PAGES;
}

uint64_t sv39_walk(struct page_number root, uint64_t address) {
    uint32_t level = 0;
    const uint64_t *entry = leaf_place(root, address, &level);
    if (!entry) {
        return 0;
    }
    uint64_t inside = level == 0 ? 0 : sv39_index(address, 0);
    return *entry + (inside << SV39_NUMBER_SHIFT);
}

bool sv39_allows(uint64_t entry, uint32_t access) {
    uint64_t needed = SV39_VALID | SV39_USER | ((uint64_t)access << 1);
    return (entry & needed) == needed;
}

// Empties a table of pages; true when nothing is left in it.
static bool reclaim_pages(struct kernel *kernel, struct hart *hart, struct quota *quota,
                          uint64_t *entries, uint32_t *budget) {
    for (uint32_t i = 0; i < SV39_TABLE_ENTRIES; i++) {
        if ((entries[i] & SV39_OWNED) != 0) {
            if (*budget == 0) {
                return false;
            }
            --*budget;
            page_put_paid(kernel, hart, quota, sv39_page(entries[i]));
        }
        entries[i] = 0;
    }
    return true;
}

// The first entry that names a table, or null; large pages before it are forgotten.
static uint64_t *first_table(uint64_t *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (entry_is_leaf(entries[i])) {
            entries[i] = 0;
        }
        if (entries[i] != 0) {
            return &entries[i];
        }
    }
    return 0;
}

bool sv39_reclaim(struct kernel *kernel, struct hart *hart, const struct arch_space *space,
                  uint32_t page_budget) {
    uint32_t budget = page_budget;
    uint64_t *top = first_table(table_at(space->root), SV39_USER_ROOT_ENTRIES);
    if (!top) {
        if (budget == 0) {
            return false;
        }
        page_put_paid(kernel, hart, space->quota, space->root);
        return true;
    }
    uint64_t *middle = first_table(table_at(sv39_page(*top)), SV39_TABLE_ENTRIES);
    uint64_t *emptied = middle ? middle : top;
    if (middle &&
        !reclaim_pages(kernel, hart, space->quota, table_at(sv39_page(*middle)), &budget)) {
        return false;
    }
    if (budget > 0) {
        page_put_paid(kernel, hart, space->quota, sv39_page(*emptied));
        *emptied = 0;
    }
    return false;
}

static bool names_table(uint64_t entry) {
    return (entry & SV39_VALID) != 0 && !entry_is_leaf(entry);
}

static uint32_t owned_in(struct page_number table) {
    const uint64_t *entries = table_at(table);
    uint32_t count = 0;
    for (uint32_t i = 0; i < SV39_TABLE_ENTRIES; i++) {
        count += (entries[i] & SV39_OWNED) != 0;
    }
    return count;
}

uint32_t sv39_pages(struct page_number root) {
    if (root.value == 0) {
        return 0;
    }
    uint32_t count = 1;
    for (uint32_t i = 0; i < SV39_USER_ROOT_ENTRIES; i++) {
        uint64_t top = table_at(root)[i];
        if (!names_table(top)) {
            continue;
        }
        count++;
        const uint64_t *middles = table_at(sv39_page(top));
        for (uint32_t place = 0; place < SV39_TABLE_ENTRIES; place++) {
            count += names_table(middles[place]) ? 1 + owned_in(sv39_page(middles[place])) : 0;
        }
    }
    return count;
}
