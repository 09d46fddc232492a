// kernel/arch/sim/tlb.c: a TLB for each hart that keeps what it has until it is shot down. An entry
// is used as it stands, however the tables have changed since. A hit that does not allow the access
// flushes itself and walks again, as the port on RISC-V does for a fault on a valid entry.
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/sim/space.h"
#include "kernel/arch/sim/state.h"

static struct sim_tlb_entry *place_of(struct sim_hart *hart, uint64_t address, uint32_t asid) {
    return &hart->tlb[(address / PAGE_BYTES + (uint64_t)asid * 7) % SIM_TLB_COUNT];
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
            hart->tlb[i] = (struct sim_tlb_entry){.address = 0};  // It allows nothing.
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

static void check_unused(struct page_number root) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        if (root.value != 0 && sim.harts[i].space.value == root.value) {
            sim_finish(SIM_CHECK_FAILED, "hart %u still walks the tables at %#x", i, root.value);
        }
    }
}

// No other hart still walks the task's tables: it may go to yet another hart, and end there.
void sim_space_use(struct sim_hart *hart, const struct task *task) {
    hart->space = PAGE_NUMBER_NONE;
    check_unused(task->space.root);
    hart->space = task->space.root;
}

// Before some of its pages go back.
void space_check_unused(struct page_number root) {
    check_unused(root);
}

struct hart *space_hart(void) {
    return sim_core_hart();
}
