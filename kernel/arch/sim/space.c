// kernel/arch/sim/space.c: see space.h.
#include "kernel/arch/sim/space.h"

#include "kernel/arch/riscv64/sv39.h"

bool space_exists(const struct task *task) {
    return task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD &&
           task->space.root.value != 0;
}

// The pages of a table and what it owns below, `level` levels above pages.
static uint32_t table_pages(struct page_number table, uint32_t level) {
    const uint64_t *entries = (const uint64_t *)arch_page(table);
    uint32_t count = 1;
    uint32_t entry_count = level == 2 ? SV39_USER_ROOT_ENTRIES : SV39_TABLE_ENTRIES;
    for (uint32_t i = 0; i < entry_count; i++) {
        if ((entries[i] & SV39_VALID) == 0) {
            continue;
        }
        if (level > 0) {
            count += table_pages(sv39_page(entries[i]), level - 1);
        } else {
            count += (entries[i] & SV39_OWNED) != 0;
        }
    }
    return count;
}

uint32_t space_pages(struct page_number root) {
    return table_pages(root, 2);
}

enum status arch_map(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                     struct page_number page, uint32_t access, bool owned) {
    return sv39_map(kernel, space_hart(), space->root, user_address,
                    (struct sv39_leaf){page, access, owned});
}

enum status arch_space_create(struct kernel *kernel, uint32_t asid, struct arch_space *out) {
    struct page_number root = PAGE_NUMBER_NONE;
    enum status status = sv39_create(kernel, space_hart(), PAGE_NUMBER_NONE, &root);
    if (status == STATUS_OK) {
        *out = (struct arch_space){root, asid, 0};
    }
    return status;
}

bool arch_space_reclaim(struct kernel *kernel, struct arch_space *space, uint32_t page_budget) {
    bool done = sv39_reclaim(kernel, space_hart(), space->root, page_budget);
    if (done) {
        space->root = PAGE_NUMBER_NONE;
    }
    return done;
}
