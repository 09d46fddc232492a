// kernel/arch/riscv64/kernel_map.c: see kernel_map.h.
#include "kernel/arch/riscv64/kernel_map.h"

#include "base/words.h"
#include "kernel/arch/riscv64/sv39.h"

#define PAGE_4K (UINT64_C(1) << 12)
#define PAGE_2M (UINT64_C(1) << 21)

static uint64_t entry_bits(enum kernel_map_access access) {
    const uint64_t common = SV39_VALID | SV39_READ | SV39_GLOBAL | SV39_ACCESSED | SV39_DIRTY;
    switch (access) {
        case KERNEL_MAP_TEXT:
            return common | SV39_EXECUTE;
        case KERNEL_MAP_RODATA:
            return common;
        case KERNEL_MAP_DATA:
            return common | SV39_WRITE;
    }
    return 0;
}

static uint64_t entry_to(uint64_t physical, uint64_t bits) {
    return ((physical >> SV39_PAGE_SHIFT) << SV39_NUMBER_SHIFT) | bits;
}

static void table_clear(uint64_t *entries) {
    words_zero(entries, SV39_TABLE_ENTRIES);
}

void kernel_map_init(struct kernel_map *map) {
    map->tables_used = 1;
    table_clear(map->tables[0]);
}

// The table that a non-leaf entry names.
static uint64_t *table_of(const struct kernel_map *map, uint64_t entry) {
    uint64_t physical = (uint64_t)sv39_page(entry).value << SV39_PAGE_SHIFT;
    return map->tables[(physical - map->tables_physical) >> SV39_PAGE_SHIFT];
}

// The table below `entry`, made when there is none; null when there are no more, or a larger page
// is in the way.
static uint64_t *table_below(struct kernel_map *map, uint64_t *entry) {
    if ((*entry & SV39_VALID) != 0) {
        return (*entry & SV39_LEAF) != 0 ? 0 : table_of(map, *entry);
    }
    if (map->tables_used == map->table_count) {
        return 0;
    }
    uint32_t index = map->tables_used++;
    table_clear(map->tables[index]);
    *entry = entry_to(map->tables_physical + index * PAGE_4K, SV39_VALID);
    return map->tables[index];
}

// Leaves side by side in one table, from the one for `base` on: as many as it has places for, at
// most `count`. Returns how many, 0 if there is no table or something is mapped there.
static uint64_t map_run(struct kernel_map *map, uint64_t base, uint32_t level, uint64_t count,
                        uint64_t bits) {
    uint64_t address = base + map->virtual_base;
    uint64_t *table = map->tables[0];
    for (uint32_t above = 2; above > level; above--) {
        table = table_below(map, &table[sv39_index(address, above)]);
        if (!table) {
            return 0;
        }
    }
    uint32_t first = sv39_index(address, level);
    uint64_t places = SV39_TABLE_ENTRIES - first;
    uint64_t run = count < places ? count : places;
    uint64_t leaf = entry_to(base, bits);
    uint64_t step = entry_to(level == 0 ? PAGE_4K : PAGE_2M, 0);
    for (uint64_t i = 0; i < run; i++, leaf += step) {
        if ((table[first + i] & SV39_VALID) != 0) {
            return 0;
        }
        table[first + i] = leaf;
    }
    return run;
}

bool kernel_map_range(struct kernel_map *map, uint64_t base, uint64_t bytes,
                      enum kernel_map_access access) {
    if (base % PAGE_4K != 0 || bytes % PAGE_4K != 0) {
        return false;
    }
    uint64_t bits = entry_bits(access);
    for (uint64_t done = 0; done < bytes;) {  // Each round fills a table or ends.
        uint64_t at = base + done;
        uint64_t left = bytes - done;
        bool large = at % PAGE_2M == 0 && left >= PAGE_2M;
        uint64_t page = large ? PAGE_2M : PAGE_4K;
        uint64_t run = map_run(map, at, large ? 1 : 0, left / page, bits);
        if (run == 0) {
            return false;
        }
        done += run * page;
    }
    return true;
}

// Where the leaf for `base` is kept, or null.
static uint64_t *leaf_place(const struct kernel_map *map, uint64_t base, uint32_t *level) {
    uint64_t address = base + map->virtual_base;
    uint64_t *table = map->tables[0];
    for (*level = 2;; --*level) {
        uint64_t *entry = &table[sv39_index(address, *level)];
        if ((*entry & SV39_VALID) == 0) {
            return 0;
        }
        if ((*entry & SV39_LEAF) != 0 || *level == 0) {
            return entry;
        }
        table = table_of(map, *entry);
    }
}

bool kernel_map_hole(struct kernel_map *map, uint64_t base) {
    uint32_t level = 0;
    uint64_t *entry = leaf_place(map, base, &level);
    if (!entry || level != 0) {
        return false;
    }
    *entry = 0;
    return true;
}

uint64_t kernel_map_find(const struct kernel_map *map, uint64_t base) {
    uint32_t level = 0;
    const uint64_t *entry = leaf_place(map, base, &level);
    return entry ? *entry : 0;
}
