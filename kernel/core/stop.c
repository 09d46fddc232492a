// kernel/core/stop.c: see stop.h. Who waits clears its doorbell, fences, looks, and sleeps unless
// the doorbell was rung; the other side stores, rings, and sends an IPI.
#include "kernel/core/stop.h"

#include "base/bits.h"

static void ring(struct kernel *kernel, struct hart *hart, uint64_t harts) {
    for (uint64_t left = harts; left != 0; left &= left - 1) {
        atomic_store_u32(&kernel->harts[bits_lowest_u64(left)].doorbell, 1);
    }
    atomic_fence();
    if (harts != 0) {
        hart_ipi_send(hart, harts);
    }
}

static uint64_t others_of(struct kernel *kernel, const struct hart *hart) {
    return atomic_load_acquire_u64(&kernel->harts_online) & ~(UINT64_C(1) << hart->index);
}

static bool have_stopped(const struct kernel *kernel, uint64_t harts, uint64_t request) {
    for (; harts != 0; harts &= harts - 1) {
        // Acquire: pairs with the release in stop_wait.
        if (atomic_load_acquire_u64(&kernel->harts[bits_lowest_u64(harts)].stopped) != request) {
            return false;
        }
    }
    return true;
}

// Events that are taken here are seen to later: the caller looks at everything, and the timer is
// armed again.
static void sleep(struct hart *hart) {
    uint32_t events = arch_idle(&hart->doorbell);
    (void)events;
}

bool stop_begin(struct kernel *kernel, struct hart *hart) {
    uint64_t before = atomic_load_u64(&kernel->stop_request);
    uint64_t request = before + 0x100 + hart->index + 1;
    if (stop_is_asked(before) || !atomic_claim_u64(&kernel->stop_request, before, request)) {
        return false;
    }
    atomic_fence();  // A hart that is not online yet sees the request when it comes.
    uint64_t others = others_of(kernel, hart);
    ring(kernel, hart, others);
    for (;;) {  // Ends when each has taken its IPI.
        atomic_store_u32(&hart->doorbell, 0);
        atomic_fence();
        if (have_stopped(kernel, others, request)) {
            return true;
        }
        sleep(hart);
    }
}

void stop_end(struct kernel *kernel, struct hart *hart) {
    uint64_t request = atomic_load_u64(&kernel->stop_request);
    atomic_store_release_u64(&kernel->stop_request, request & ~UINT64_C(0xff));
    atomic_fence();  // A hart that comes online now sees that it is over, or is rung below.
    // This hart too looks at what it may have missed while it waited.
    uint64_t others = others_of(kernel, hart);
    if (others != 0) {
        arch_timer_arm(hart->tick_ns);
        ring(kernel, hart, others | UINT64_C(1) << hart->index);
    }
}

void stop_wait(struct kernel *kernel, struct hart *hart, uint64_t request) {
    for (; stop_is_asked(request); request = atomic_load_acquire_u64(&kernel->stop_request)) {
        if (atomic_load_u64(&hart->stopped) != request) {
            atomic_store_release_u64(&hart->stopped, request);
            ring(kernel, hart, UINT64_C(1) << ((request & 0xff) - 1));
        }
        atomic_store_u32(&hart->doorbell, 0);
        atomic_fence();
        if (atomic_load_u64(&kernel->stop_request) == request) {
            sleep(hart);
        }
    }
    arch_timer_arm(hart->tick_ns);
}
