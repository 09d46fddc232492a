// testing/bench/pairs.c: what calls cost while other harts make calls of their own: instructions of
// the whole machine between a barrier before and one after, at which every pair that works waits,
// divided by the calls of all of them. One pair works alone first, then all at once.
//
// The barrier is a call of each pair that is answered when all are there: who waits sleeps in the
// kernel. The image fails when a call of several pairs costs over 5 % more than one of a pair
// alone.
//
// Before that, while the pairs wait: a call to the other hart, which sleeps, and so does this one
// until the answer comes. Firmware's instructions for the two interrupts are in it. And a family
// that is revoked, for which all other harts are woken and this one waits. How large it is does not
// matter: the image fails when one with MEMBERS capabilities costs over 2 % more or less than one
// without, beside as many that are of none.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    PAIRS_MAX = 8,
    ROUNDS_EACH = 20000,
    FIGURE_CALLS = 1000,  // Instructions of so many calls make a figure.
    PERCENT_MAX = 105,
    MEMBERS = 40,
    MEMBERS_PERCENT = 2,
};

struct pairs {
    struct runtime *runtime;
    enum status status;                      // The first thing that went wrong.
    struct reply_handle waiting[PAIRS_MAX];  // The pair of each badge, at the barrier.
    uint32_t count;
    uint64_t deadline_ns;
    struct slot family;
    struct slot minted_under;  // The family, or none.
    struct slot minted[MEMBERS];
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static ALWAYS_INLINE void round_cross_hart(void *of) {
    struct pairs *pairs = of;
    frame_finish(&pairs->runtime->page->call_out, 0, 64);
    enum status status = sys_ipc_call(slot_at(SLOT_ECHO), pairs->deadline_ns).status;
    pairs->status = status == STATUS_OK ? pairs->status : status;
}

static ALWAYS_INLINE void round_revoke(void *of) {
    struct pairs *pairs = of;
    enum status status = sys_grant_revoke(pairs->family);
    pairs->status = status == STATUS_OK ? pairs->status : status;
}

// What was minted last time goes, and as many capabilities are minted anew.
static void prepare_members(void *of) {
    struct pairs *pairs = of;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        if (pairs->minted[i].value != CAP_SLOT_NONE) {
            status_ignore(sys_cap_close(pairs->minted[i]), "then there is no slot for the next");
        }
        struct slot_result made =
            sys_cap_mint_under(slot_at(SLOT_ENDPOINT), i, RIGHT_NOTIFY, pairs->minted_under);
        pairs->minted[i] = made.slot;
        pairs->status = made.status == STATUS_OK ? pairs->status : made.status;
    }
}

static bool differ(uint64_t a, uint64_t b) {
    return a * 100 > b * (100 + MEMBERS_PERCENT) || b * 100 > a * (100 + MEMBERS_PERCENT);
}

// A family with MEMBERS costs what one without does.
static bool measure_families(struct pairs *pairs, uint64_t reading) {
    pairs->minted_under = slot_at(CAP_SLOT_NONE);
    struct figure none = measure_prepared(pairs, prepare_members, round_revoke);
    pairs->minted_under = pairs->family;
    struct figure members = measure_prepared(pairs, prepare_members, round_revoke);
    print_figure(pairs->runtime, "grant_revoke_of_40", members, reading);
    bool grows = differ(none.least - reading, members.least - reading) ||
                 differ(figure_mean(none) - reading, figure_mean(members) - reading);
    if (grows) {
        log_line(pairs->runtime, "pairs: grant_revoke without members %u mean %u",
                 (unsigned)(none.least - reading), (unsigned)(figure_mean(none) - reading));
    }
    return !grows;
}

// Waits until so many more pairs are at the barrier.
static bool await(struct pairs *pairs, uint32_t count) {
    while (count > 0) {  // Ends with the deadline.
        struct recv_result got = sys_ipc_recv(slot_at(SLOT_ENDPOINT), pairs->deadline_ns);
        uint64_t badge = pairs->runtime->page->request_in.meta.badge;
        if (got.status != STATUS_OK || got.received != RECEIVED_CALL || badge >= pairs->count) {
            log_line(pairs->runtime, "pairs: no pair comes: %s", status_name(got.status));
            return false;
        }
        pairs->waiting[badge] = got.reply;
        count--;
    }
    return true;
}

// Instructions of FIGURE_CALLS calls, or 0.
static uint64_t run(struct pairs *pairs, uint32_t count, uint32_t rounds) {
    struct message_area *out = &pairs->runtime->page->reply_out;
    memcpy(out->payload, &rounds, sizeof(rounds));
    frame_finish(out, 0, sizeof(rounds));
    uint64_t begin = counter_instructions();
    for (uint32_t i = 0; i < count; i++) {
        if (sys_ipc_reply(pairs->waiting[i]) != STATUS_OK) {
            return 0;
        }
    }
    if (count == 0 || !await(pairs, count)) {
        return 0;
    }
    return (counter_instructions() - begin) * FIGURE_CALLS / ((uint64_t)rounds * count);
}

static void print(const struct pairs *pairs, const char *name, uint64_t figure, uint64_t first) {
    marker(pairs->runtime, MARKER_BENCH_FIGURE, name, (unsigned)figure, (unsigned)figure,
           (unsigned)first);
}

int service_main(struct runtime *runtime) {
    struct pairs pairs = {
        .runtime = runtime, .status = STATUS_OK, .count = runtime_argument(runtime)};
    pairs.deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    if (ipc_ready(runtime) != STATUS_OK || pairs.count > PAIRS_MAX || !await(&pairs, pairs.count)) {
        return 1;
    }
    struct slot_result family = sys_grant_create(slot_at(SLOT_FAMILIES));
    pairs.family = family.slot;
    pairs.status = family.status;
    uint64_t reading = measure(&pairs, round_nothing).least;
    print_figure(runtime, "call_reply_64B_cross_hart", measure(&pairs, round_cross_hart), reading);
    print_figure(runtime, "grant_revoke", measure(&pairs, round_revoke), reading);
    bool constant = measure_families(&pairs, reading);
    uint64_t first = run(&pairs, pairs.count, ROUNDS_EACH / 10);
    uint64_t alone = run(&pairs, 1, ROUNDS_EACH);
    uint64_t together = run(&pairs, pairs.count, ROUNDS_EACH);
    if (!constant || pairs.status != STATUS_OK || first == 0 || alone == 0 || together == 0) {
        return 1;
    }
    print(&pairs, "pair_alone_1000", alone, alone);
    print(&pairs, "pairs_together_1000", together, first);
    if (together * 100 > alone * PERCENT_MAX) {
        log_line(runtime, "pairs: together %u, alone %u: over %u %%", (unsigned)together,
                 (unsigned)alone, (unsigned)PERCENT_MAX);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
