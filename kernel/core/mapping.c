// kernel/core/mapping.c: see mapping.h.
#include "kernel/core/mapping.h"

#include "base/checked.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "kernel/core/arch.h"
#include "kernel/core/panic.h"

static uint64_t end_of(const struct mapping *row) {
    return row->address + (uint64_t)row->page_count * PAGE_BYTES;
}

static uint64_t align_up(uint64_t value, uint64_t alignment) {
    return align_down_u64(value + alignment - 1, alignment);
}

// The first gap that is large enough; *index is the row behind it.
static uint64_t find_gap(const struct mapping_table *table, uint32_t page_count, uint32_t *index) {
    uint64_t alignment =
        page_count >= ARCH_LARGE_PAGES ? (uint64_t)ARCH_LARGE_PAGES * PAGE_BYTES : PAGE_BYTES;
    uint64_t bytes = (uint64_t)page_count * PAGE_BYTES;
    uint64_t from = USER_MAP_MIN;
    for (uint32_t i = 0; i <= table->count; i++) {
        uint64_t end = i < table->count ? table->rows[i].address : USER_MAP_MAX;
        uint64_t address = align_up(from + PAGE_BYTES, alignment);
        if (address + bytes + PAGE_BYTES <= end) {
            *index = i;
            return address;
        }
        from = i < table->count ? end_of(&table->rows[i]) : from;
    }
    return 0;
}

// Whether the range is free; *index is the row behind it.
static enum status find_fixed(const struct mapping_table *table, const struct mapping *wanted,
                              uint32_t *index) {
    uint64_t bytes = (uint64_t)wanted->page_count * PAGE_BYTES;
    if (wanted->address % PAGE_BYTES != 0 || wanted->address < USER_MAP_MIN ||
        !range_within(wanted->address, bytes, USER_MAP_MAX)) {
        return STATUS_BAD_ARG;
    }
    uint32_t i = 0;
    while (i < table->count && end_of(&table->rows[i]) <= wanted->address) {
        i++;
    }
    if (i < table->count && table->rows[i].address < wanted->address + bytes) {
        return STATUS_BUSY;
    }
    *index = i;
    return STATUS_OK;
}

enum status mapping_insert(struct mapping_table *table, const struct mapping *wanted,
                           struct mapping **out) {
    struct mapping row = *wanted;
    uint32_t index = 0;
    enum status status = STATUS_OK;
    if (row.address != 0) {
        status = find_fixed(table, wanted, &index);
    } else {
        row.address = find_gap(table, row.page_count, &index);
        status = row.address != 0 ? STATUS_OK : STATUS_NO_SPACE;
    }
    if (status == STATUS_OK && table->count == TASK_MAPPING_COUNT) {
        status = STATUS_NO_SPACE;
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = table->count; i > index; i--) {
        table->rows[i] = table->rows[i - 1];
    }
    table->rows[index] = row;
    atomic_raw_store_shared(&table->count, table->count + 1);
    *out = &table->rows[index];
    return STATUS_OK;
}

struct mapping *mapping_find(struct mapping_table *table, uint64_t address) {
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->rows[i].address == address) {
            return &table->rows[i];
        }
    }
    return 0;
}

void mapping_remove(struct mapping_table *table, struct mapping *row) {
    KASSERT(row >= table->rows && row < table->rows + table->count);
    atomic_raw_store_shared(&table->count, table->count - 1);
    for (struct mapping *to = row; to < table->rows + table->count; to++) {
        *to = to[1];
    }
}
