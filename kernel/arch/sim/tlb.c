// kernel/arch/sim/tlb.c: address spaces over kernel/arch/riscv64/sv39.c, and a TLB for each hart
// that keeps what it has until it is shot down. An entry is used as it stands, however the tables
// have changed since. A hit that does not allow the access flushes itself and walks again, as the
// port on RISC-V does for a fault on a valid entry.
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/sim/state.h"

static struct sim_tlb_entry *place_of(struct sim_hart *hart, uint64_t address, uint32_t asid) {
    return &hart->tlb[(address / PAGE_BYTES + asid * 7) % SIM_TLB_COUNT];
}

static uint32_t access_of(uint64_t entry) {
    return ((entry & SV39_READ) != 0 ? ARCH_READ : 0u) |
           ((entry & SV39_WRITE) != 0 ? ARCH_WRITE : 0u) |
           ((entry & SV39_EXECUTE) != 0 ? ARCH_EXECUTE : 0u);
}

bool sim_translate(struct sim_hart *hart, struct task *task, uint64_t address, uint32_t access,
                   struct page_number *out) {
    uint64_t page_address = address / PAGE_BYTES * PAGE_BYTES;
    struct sim_tlb_entry *entry = place_of(hart, page_address, task->space.asid);
    bool hit = entry->address == page_address && entry->asid == task->space.asid &&
               (entry->access & access) == access;
    if (!hit) {
        uint64_t leaf = sv39_walk(task->space.root, page_address);
        if (!sv39_allows(leaf, access)) {
            return false;
        }
        *entry = (struct sim_tlb_entry){page_address, task->space.asid, sv39_page(leaf).value,
                                        access_of(leaf), 0};
    }
    *out = (struct page_number){entry->page};
    return true;
}

void sim_tlb_flush(struct sim_hart *hart, uint32_t asid) {
    for (uint32_t i = 0; i < SIM_TLB_COUNT; i++) {
        if (hart->tlb[i].asid == asid) {
            hart->tlb[i].address = 0;
        }
    }
}

bool sim_tlb_holds(const struct sim_hart *hart, struct page_number page) {
    for (uint32_t i = 0; i < SIM_TLB_COUNT; i++) {
        if (hart->tlb[i].address != 0 && hart->tlb[i].page == page.value) {
            return true;
        }
    }
    return false;
}

enum status arch_map(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                     struct page_number page, uint32_t access, bool owned) {
    return sv39_map(kernel, sim_core_hart(), space, user_address,
                    (struct sv39_leaf){page, access, owned, false});
}

enum status arch_map_large(struct kernel *kernel, struct arch_space *space, uint64_t user_address,
                           struct page_number page, uint32_t access) {
    return sv39_map(kernel, sim_core_hart(), space, user_address,
                    (struct sv39_leaf){page, access, false, true});
}

uint32_t arch_unmap(struct arch_space *space, uint64_t user_address) {
    return sv39_unmap(space->root, user_address);
}

enum status arch_space_create(struct kernel *kernel, uint32_t asid, struct arch_space *out) {
    enum status status = sv39_create(kernel, sim_core_hart(), PAGE_NUMBER_NONE, out);
    if (status == STATUS_OK) {
        out->asid = asid;
        out->harts = 0;
    }
    return status;
}

bool arch_space_reclaim(struct kernel *kernel, struct arch_space *space, uint32_t page_budget) {
    bool done = sv39_reclaim(kernel, sim_core_hart(), space, page_budget);
    if (done) {
        space->root = PAGE_NUMBER_NONE;
    }
    return done;
}
