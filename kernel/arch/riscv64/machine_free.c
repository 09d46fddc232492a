// kernel/arch/riscv64/machine_free.c: RAM less what is taken. See machine.h.
#include "base/checked.h"
#include "kernel/arch/riscv64/machine.h"

static uint64_t range_end(struct machine_range range) {
    return range.base + range.bytes;
}

// The taken range, in whole pages, that covers `address` or else begins first above it; its end
// moves `address` on.
static bool next_taken(const struct machine_range *taken, uint32_t count, uint64_t address,
                       struct machine_range *out) {
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t base = align_down_u64(taken[i].base, MACHINE_PAGE_BYTES);
        uint64_t end = 0;
        if (!checked_align_up_u64(range_end(taken[i]), MACHINE_PAGE_BYTES, &end)) {
            end = align_down_u64(UINT64_MAX, MACHINE_PAGE_BYTES);
        }
        if (end > address && (!found || base < out->base)) {
            *out = (struct machine_range){base, end - base};
            found = true;
        }
    }
    return found;
}

enum machine_fault machine_free(struct machine_range ram, const struct machine_range *taken,
                                uint32_t taken_count, struct machine_range *out,
                                uint32_t *out_count) {
    uint64_t ram_end = align_down_u64(range_end(ram), MACHINE_PAGE_BYTES);
    uint64_t address = 0;
    if (!checked_align_up_u64(ram.base, MACHINE_PAGE_BYTES, &address)) {
        return MACHINE_SCATTERED;
    }
    uint32_t count = 0;
    // Each round passes one taken range at least.
    for (uint32_t round = 0; round <= taken_count && address < ram_end; round++) {
        struct machine_range next = {ram_end, 0};
        bool found = next_taken(taken, taken_count, address, &next);
        uint64_t free_end = found && next.base < ram_end ? next.base : ram_end;
        if (free_end > address) {
            if (count == MACHINE_FREE_MAX) {
                return MACHINE_SCATTERED;
            }
            out[count++] = (struct machine_range){address, free_end - address};
        }
        address = found ? range_end(next) : ram_end;
    }
    *out_count = count;
    return count != 0 ? MACHINE_OK : MACHINE_SCATTERED;
}
