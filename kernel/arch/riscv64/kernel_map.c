// kernel/arch/riscv64/kernel_map.c: see kernel_map.h.
#include "kernel/arch/riscv64/kernel_map.h"

#include "base/words.h"
#include "kernel/arch/riscv64/sv39.h"

#define TABLE_NONE UINT32_MAX
#define PAGE_4K (UINT64_C(1) << 12)
#define PAGE_2M (UINT64_C(1) << 21)
#define PAGE_1G (UINT64_C(1) << 30)

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

void kernel_map_init(struct kernel_map *map) {
    map->tables_used = 1;
    map->written[0] = 0;
}

static uint32_t table_of(const struct kernel_map *map, uint64_t entry) {
    uint64_t physical = (uint64_t)sv39_page(entry).value << SV39_PAGE_SHIFT;
    return (uint32_t)((physical - map->tables_physical) >> SV39_PAGE_SHIFT);
}

// Words of a table up to `end` are what they say from now on.
static void write_up_to(struct kernel_map *map, uint32_t table, uint32_t end) {
    if (map->written[table] < end) {
        words_zero(&map->tables[table][map->written[table]], end - map->written[table]);
        map->written[table] = end;
    }
}

void kernel_map_end(struct kernel_map *map) {
    for (uint32_t i = 0; i < map->tables_used; i++) {
        write_up_to(map, i, SV39_TABLE_ENTRIES);
    }
}

// Leaves side by side in one table.
struct run {
    uint32_t first;
    uint32_t count;
    uint64_t leaf;  // The first.
    uint64_t step;
};

// The table below the word for `address` in `table`, made when there is none; TABLE_NONE when there
// are no more, or a larger page is in the way.
static uint32_t table_below(struct kernel_map *map, uint32_t table, uint32_t index) {
    write_up_to(map, table, index + 1);
    uint64_t *entry = &map->tables[table][index];
    if ((*entry & SV39_VALID) != 0) {
        return (*entry & SV39_LEAF) != 0 ? TABLE_NONE : table_of(map, *entry);
    }
    if (map->tables_used == map->table_count || map->tables_used == KERNEL_MAP_TABLE_MAX) {
        return TABLE_NONE;
    }
    uint32_t below = map->tables_used++;
    map->written[below] = 0;
    *entry = entry_to(map->tables_physical + below * PAGE_4K, SV39_VALID);
    return below;
}

// False when something is mapped there. Each word of a table is written once, so a large memory
// takes hardly longer than a small one.
static bool fill(struct kernel_map *map, uint32_t table, const struct run *run) {
    uint64_t *words = map->tables[table];
    uint32_t end = run->first + run->count;
    for (uint32_t i = run->first; i < end && i < map->written[table]; i++) {
        if ((words[i] & SV39_VALID) != 0) {
            return false;
        }
    }
    write_up_to(map, table, run->first);
    words_series(words + run->first, run->count, run->leaf, run->step);
    map->written[table] = end > map->written[table] ? end : map->written[table];
    return true;
}

// Leaves from the one for `base` on: as many as their table has places for, at most `count`.
// Returns how many, 0 if there is no table or something is mapped there.
static uint64_t map_run(struct kernel_map *map, uint64_t base, uint32_t level, uint64_t count,
                        uint64_t bits) {
    uint64_t address = base + map->virtual_base;
    uint32_t table = 0;
    for (uint32_t above = 2; above > level && table != TABLE_NONE; above--) {
        table = table_below(map, table, sv39_index(address, above));
    }
    uint32_t first = sv39_index(address, level);
    uint64_t places = SV39_TABLE_ENTRIES - first;
    const struct run run = {first, (uint32_t)(count < places ? count : places),
                            entry_to(base, bits),
                            entry_to(PAGE_4K << (SV39_LEVEL_BITS * level), 0)};
    return table != TABLE_NONE && fill(map, table, &run) ? run.count : 0;
}

// The largest pages that the range covers whole from an address on.
static uint32_t level_of(const struct kernel_map *map, uint64_t at, uint64_t left) {
    uint64_t address = at + map->virtual_base;
    if ((at | address) % PAGE_1G == 0 && left >= PAGE_1G) {
        return 2;
    }
    return (at | address) % PAGE_2M == 0 && left >= PAGE_2M ? 1 : 0;
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
        uint32_t level = level_of(map, at, left);
        uint64_t page = PAGE_4K << (SV39_LEVEL_BITS * level);
        uint64_t run = map_run(map, at, level, left / page, bits);
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
    uint32_t table = 0;
    for (*level = 2;; --*level) {
        uint32_t index = sv39_index(address, *level);
        uint64_t *entry = &map->tables[table][index];
        if (index >= map->written[table] || (*entry & SV39_VALID) == 0) {
            return 0;
        }
        if ((*entry & SV39_LEAF) != 0 || *level == 0) {
            return entry;
        }
        table = table_of(map, *entry);
    }
}

bool kernel_map_holes(struct kernel_map *map, uint64_t base, uint64_t stride, uint32_t count) {
    const uint64_t step = stride / PAGE_4K;
    uint64_t *entry = 0;
    uint64_t left = 0;  // Entries of the table from `entry` on.
    for (uint32_t i = 0; i < count; i++, base += stride) {
        if (left > step) {
            entry += step;
            left -= step;
        } else {
            uint32_t level = 0;
            entry = leaf_place(map, base, &level);
            if (!entry || level != 0) {
                return false;
            }
            left = SV39_TABLE_ENTRIES - sv39_index(base + map->virtual_base, 0);
        }
        if ((*entry & SV39_VALID) == 0) {
            return false;
        }
        *entry = 0;
    }
    return true;
}

uint64_t kernel_map_find(const struct kernel_map *map, uint64_t base) {
    uint32_t level = 0;
    const uint64_t *entry = leaf_place(map, base, &level);
    return entry ? *entry : 0;
}
