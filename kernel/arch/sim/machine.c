// kernel/arch/sim/machine.c: the arch functions (kernel/core/arch.h) that are not page tables.
#include <string.h>

#include "base/fnv.h"
#include "kernel/arch/sim/state.h"
#include "kernel/core/stop.h"

enum {
    SPURIOUS_ONE_IN = 32,  // Sleeps that end at once for no reason, as wfi may.
    NS_A_LOOK = 5,
    LATE_IPI_NS = 300000,
};

// The address sanitizer's (sanitizer/asan_interface.h); null in a build without it.
__attribute__((weak)) void __asan_poison_memory_region(void const volatile *address, size_t bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *address,
                                                         size_t bytes);

struct sim_ram sim_ram;

static void add(enum trace_kind kind, uint64_t a, uint64_t b) {
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, a, b, 0, sim.running, kind});
}

uint64_t sim_time_ns(void) {
    sim.now_ns += NS_A_LOOK;
    return sim.now_ns;
}

void sim_bad_page(uint32_t page) {
    sim_finish(SIM_CHECK_FAILED, "page %#x is not RAM", page);
}

// The pool says how many pages are taken; this counts them where they come out and go back.
static void page_goes(struct page_number page, bool out) {
    if (sim.options.hart_count == 0) {  // A test that has no machine.
        return;
    }
    size_t index = (size_t)((uint8_t *)arch_page(page) - sim_ram.bytes) / PAGE_BYTES;
    bool *is_out = &sim.page_is_out[index];
    if (*is_out == out) {
        sim_finish(SIM_CHECK_FAILED, "page %#x %s", page.value,
                   out ? "is handed out twice" : "goes back twice");
    }
    *is_out = out;
    sim.pages_out += out ? 1 : UINT32_MAX;
    sums_touch_page();
}

void sim_page_poison(struct page_number page) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        if (sim_tlb_holds(&sim.harts[i], page)) {
            sim_finish(SIM_CHECK_FAILED, "page %#x goes back and hart %u still translates to it",
                       page.value, i);
        }
    }
    page_goes(page, false);
    if (__asan_poison_memory_region) {
        __asan_poison_memory_region(arch_page(page), PAGE_BYTES);
    }
}

// What a former owner left must not be relied on, nor may it be zero by chance.
void sim_page_unpoison(struct page_number page) {
    if (__asan_unpoison_memory_region) {
        __asan_unpoison_memory_region(arch_page(page), PAGE_BYTES);
    }
    page_goes(page, true);
    memset(arch_page(page), 0xa5, PAGE_BYTES);
    sim_fetch_forget(page);
}

enum fault_kind { INJECTED, CHOSEN, PLANTED, UNORDERED };

static enum fault_kind kind_of(enum fault_point point) {
    static const enum fault_kind kinds[] = {
#define FAULT_POINT(name, kind, what) kind,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
    };
    return kinds[point];
}

bool fault_point_fires(enum fault_point point) {
    uint32_t rate = sim.options.fault_rate[point];
    if (LIKELY(rate == 0) || !sim.booted) {
        return false;
    }
    bool fires = sim_random_below(&sim.random, 65536) < rate;
    if (fires) {
        sim.result.faults_fired += kind_of(point) != CHOSEN;
        if (point == FAULT_POINT_STAND_STILL) {
            sim_stand_still();
        }
        if (kind_of(point) == PLANTED && sim.result.planted_step == 0) {
            sim.result.planted_step = sim.steps + 1;
        }
        add(TRACE_FIRES, point, 0);
        sim.audit_at_step = kind_of(point) == INJECTED ? sim.steps : sim.audit_at_step;
    }
    return fires;
}

void arch_timer_arm(uint64_t ns) {
    struct sim_hart *hart = sim_this();
    hart->timer_at_ns = ns;
    add(TRACE_TIMER, ns, 0);
}

void arch_ipi_send(uint64_t hart_mask) {
    uint64_t delay_ns = sim_random_below(&sim.random, sim.ipi_delay_ns);
    delay_ns += fault_point_fires(FAULT_POINT_LATE_IPI) ? LATE_IPI_NS : 0;
    add(TRACE_IPI, hart_mask, delay_ns);
    for (; hart_mask != 0; hart_mask &= hart_mask - 1) {
        struct sim_hart *hart = &sim.harts[__builtin_ctzll(hart_mask)];
        uint64_t at_ns = sim.now_ns + (hart == sim_this() ? 0 : delay_ns);
        hart->ipi_at_ns = at_ns < hart->ipi_at_ns ? at_ns : hart->ipi_at_ns;
    }
    sim_point();
}

uint32_t arch_idle(const struct atomic_u32 *doorbell) {
    struct sim_hart *hart = sim_this();
    sim.now_ns += NS_A_LOOK;  // So that who finds an interrupt again and again lets time go on.
    uint32_t events = sim_events_take(hart);
    // The look and the sleep are one step: no switch point between them.
    if (events != 0 || doorbell->raw != 0) {
        if (stop_is_asked(sim.kernel.stop_request.raw)) {
            // One that is stopped comes here again and again: an audit may be waiting for it.
            sim_leave_kernel(hart);
            sim_enter_kernel(hart);
        }
        return events;
    }
    if (sim_random_below(&sim.random, SPURIOUS_ONE_IN) == 0) {
        return 0;
    }
    add(TRACE_SLEEP, 0, 0);
    hart->asleep = true;
    sim_leave_kernel(hart);
    while (sim_events_due(hart) == 0) {
        sim_switch_away();
    }
    hart->asleep = false;
    sim_enter_kernel(hart);
    events = sim_events_take(hart);
    add(TRACE_WAKE, events, 0);
    return events;
}

void arch_tlb_shootdown(uint64_t hart_mask, uint32_t asid) {
    add(TRACE_SHOOTDOWN, hart_mask, asid);
    for (; hart_mask != 0; hart_mask &= hart_mask - 1) {
        sim_tlb_flush(&sim.harts[__builtin_ctzll(hart_mask)], asid);
        sim_point();
    }
}

void arch_code_written(uint64_t hart_mask) {
    add(TRACE_SHOOTDOWN, hart_mask, UINT64_MAX);
    sim_fetch_fence(sim_this());
    for (; hart_mask != 0; hart_mask &= hart_mask - 1) {
        sim_fetch_fence(&sim.harts[__builtin_ctzll(hart_mask)]);
    }
    sim_point();
}

void arch_space_leave(void) {
    sim_this()->space = PAGE_NUMBER_NONE;
    sim_point();
}

void arch_console_write(const char *bytes, size_t count) {
    add(TRACE_CONSOLE, count, fnv1a_64(bytes, count));
    size_t room = SIM_CONSOLE_BYTES - 1 - sim.console_count;
    size_t kept = count < room ? count : room;
    memcpy(sim.console + sim.console_count, bytes, kept);
    sim.console_count += (uint32_t)kept;
    sim.console[sim.console_count] = 0;
    sim_point();
}

bool arch_console_open(void) {
    return sim.console_count != 0 && sim.console[sim.console_count - 1] != '\n';
}

uint64_t arch_entropy(void) {
    return sim_random_next(&sim.random);
}

// The other harts finish what they are doing in the kernel, so that the last audit sees a whole
// state. The hart that ends is in the middle of a system call that has not changed anything.
void arch_power_off(bool failed) {
    if (failed) {
        sim_finish(SIM_PANIC, "power off with failure");
    }
    sim_wait_alone();
    sim_check_all();
    sim_finish(SIM_POWER_OFF, "power off");
}

// The run ends: what is after it is another boot.
void arch_reboot(void) {
    sim_wait_alone();
    sim_check_all();
    sim_finish(SIM_POWER_OFF, "reboot");
}

// The line that kernel_panic has printed is the last of the console.
void arch_panic_stop(void) {
    uint32_t end = sim.console_count;
    uint32_t begin = end > 0 ? end - 1 : 0;
    while (begin > 0 && sim.console[begin - 1] != '\n') {
        begin--;
    }
    sim_finish(SIM_PANIC, "%.*s", (int)(end > begin ? end - 1 - begin : 0), sim.console + begin);
}
