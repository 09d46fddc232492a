// testing/bench/measure.h: how a figure is taken: the least and the mean of 1,000 rounds, and the
// first round apart. What reading the counter costs is measured in the same way and taken off.
#pragma once

#include "images/markers.h"
#include "runtime/riscv64/counter.h"
#include "runtime/runtime.h"

enum { ROUNDS = 1000 };

struct figure {
    uint64_t least;
    uint64_t sum;
    uint64_t first;
    uint32_t rounds;
};

typedef void bench_round(void *context);

static ALWAYS_INLINE void prepare_nothing(void *context) {
    (void)context;
}

// Inlined with each round, so that nothing but the round stands between the two readings.
static ALWAYS_INLINE struct figure measure_rounds(void *context, bench_round *prepare,
                                                  bench_round *round, uint32_t rounds) {
    struct figure figure = {.least = UINT64_MAX, .rounds = rounds};
    for (uint32_t i = 0; i <= rounds; i++) {
        prepare(context);
        uint64_t begin = counter_instructions();
        round(context);
        uint64_t spent = counter_instructions() - begin;
        if (i == 0) {
            figure.first = spent;
            continue;
        }
        figure.least = spent < figure.least ? spent : figure.least;
        figure.sum += spent;
    }
    return figure;
}

static ALWAYS_INLINE struct figure measure_prepared(void *context, bench_round *prepare,
                                                    bench_round *round) {
    return measure_rounds(context, prepare, round, ROUNDS);
}

static ALWAYS_INLINE struct figure measure(void *context, bench_round *round) {
    return measure_prepared(context, prepare_nothing, round);
}

static inline uint64_t figure_mean(struct figure figure) {
    return (figure.sum + figure.rounds / 2) / figure.rounds;
}

// `reading` is what reading the counter costs.
static inline void print_figure(const struct runtime *runtime, const char *name,
                                struct figure figure, uint64_t reading) {
    marker(runtime, MARKER_BENCH_FIGURE, name, (unsigned)(figure.least - reading),
           (unsigned)(figure_mean(figure) - reading), (unsigned)(figure.first - reading));
}
