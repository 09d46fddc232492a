// kernel/arch/sim/space.c: see space.h.
#include "kernel/arch/sim/space.h"

#include "kernel/arch/riscv64/sv39.h"

bool space_exists(const struct task *task) {
    return task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD &&
           task->space.root.value != 0;
}

enum status arch_map(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                     struct page_number page, uint32_t access, bool owned) {
    return sv39_map(kernel, space_hart(), space, user_address,
                    (struct sv39_leaf){page, access, owned, false});
}

enum status arch_map_run(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                         struct arch_run *run) {
    return sv39_map_run(kernel, space_hart(), space, user_address, run);
}

enum status arch_map_large(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                           struct page_number page, uint32_t access) {
    return sv39_map(kernel, space_hart(), space, user_address,
                    (struct sv39_leaf){page, access, false, true});
}

uint32_t arch_unmap(struct arch_space *space, uint64_t user_address) {
    return sv39_unmap(space->root, user_address);
}

enum status arch_space_create(struct kernel *kernel, uint32_t asid, struct arch_space *out) {
    enum status status =
        sv39_create(kernel, space_hart(), (struct sv39_root){PAGE_NUMBER_NONE, 0}, out);
    if (status == STATUS_OK) {
        out->asid = asid;
        out->harts = 0;
    }
    return status;
}

bool arch_space_reclaim(struct kernel *kernel, struct arch_space *space, uint32_t page_budget) {
    space_check_unused(space->root);
    bool done = sv39_reclaim(kernel, space_hart(), space, page_budget);
    if (done) {
        space->root = PAGE_NUMBER_NONE;
    }
    return done;
}

uint32_t arch_space_pages(const struct arch_space *space) {
    return sv39_pages(space->root);
}
