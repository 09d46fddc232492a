// kernel/arch/sim/fetch.c: which pages each hart may fetch instructions from. A page counts as
// written when it comes from the pool and at each store of a program; a hart sees what was written
// before its last fence.i. Who fetches something newer ends the run: on hardware it could execute
// what stood there before.
#include <string.h>

#include "kernel/arch/sim/state.h"

static uint64_t *written_at(struct page_number page) {
    return &sim.page_written[page.value - SIM_RAM_FIRST_PAGE];
}

void sim_fetch_reset(void) {
    sim.writes = 0;
    memset(sim.page_written, 0, sizeof(sim.page_written));
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        sim.harts[i].fetches_until = 0;
    }
}

void sim_fetch_forget(struct page_number page) {
    *written_at(page) = ++sim.writes;
}

void sim_fetch_fence(struct sim_hart *hart) {
    hart->fetches_until = sim.writes;
}

void sim_fetch_check(const struct sim_hart *hart, struct page_number page) {
    if (*written_at(page) > hart->fetches_until) {
        sim_finish(SIM_CHECK_FAILED,
                   "hart %u fetches from page %#x, written since its last fence.i",
                   (unsigned)(hart - sim.harts), page.value);
    }
}
