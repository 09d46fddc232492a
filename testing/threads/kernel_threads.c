// testing/threads/kernel_threads.c: the workload of testing/sim with a thread for each hart. Exit
// code 0: as it should be.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "kernel/arch/threads/threads.h"
#include "testing/sim/workload.h"

enum {
    RATE_ALWAYS = 65536,
    RATE_PLANTED = RATE_ALWAYS / 8,
    RATE_SLOW = RATE_ALWAYS / 4,
    RATE_POOL_EMPTY = RATE_ALWAYS / 64,
    RATE_END_USER = RATE_ALWAYS / 4096,
    FAULTS_EVERY = 4,   // Every fourth seed has empty pools, every fourth has tasks that end.
    SECONDS_MAX = 240,  // A machine that many share is slow; one that hangs does not end at all.
};

static const char *const fault_names[] = {
#define FAULT_POINT(name, kind, what) #name,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
};

// The thread sanitizer waits a second at the end unless told otherwise.
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) {
    return "atexit_sleep_ms=0:halt_on_error=1";
}

static int usage(void) {
    fprintf(stderr, "usage: kernel_threads SEED HARTS ROUNDS [PLANT]\n");
    return 2;
}

static void inject(struct threads_options *options) {
    options->fault_rate[FAULT_POINT_SLOW_PATH] = RATE_SLOW;
    if (options->seed % FAULTS_EVERY == 1) {
        options->fault_rate[FAULT_POINT_TAKE_PAGE] = RATE_POOL_EMPTY;
        options->fault_rate[FAULT_POINT_TAKE_TASK] = RATE_POOL_EMPTY;
        options->fault_rate[FAULT_POINT_TAKE_ENDPOINT] = RATE_POOL_EMPTY;
        options->fault_rate[FAULT_POINT_TAKE_GRANT] = RATE_POOL_EMPTY;
        options->fault_rate[FAULT_POINT_TAKE_VMO] = RATE_POOL_EMPTY;
    }
    if (options->seed % FAULTS_EVERY == 2) {
        options->fault_rate[FAULT_POINT_END_USER] = RATE_END_USER;
    }
}

static void plant(struct threads_options *options, const char *name) {
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        if (strcmp(fault_names[i], name) == 0) {
            options->fault_rate[i] = RATE_PLANTED;
            return;
        }
    }
    exit(usage());
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 5) {
        return usage();
    }
    static struct workload record;
    struct threads_options options = {.seed = strtoull(argv[1], 0, 10),
                                      .hart_count = (uint32_t)strtoul(argv[2], 0, 10),
                                      .seconds_max = SECONDS_MAX,
                                      .programs = workload_programs,
                                      .program_count = WORKLOAD_PROGRAM_COUNT};
    if (options.hart_count < 1 || options.hart_count > 8) {
        return usage();
    }
    inject(&options);
    if (argc == 5) {
        plant(&options, argv[4]);
    }
    record.rounds = (uint32_t)strtoul(argv[3], 0, 10);
    workload_begin(&record);
    uint32_t lost = threads_run(&options);
    printf(
        "%u calls (%u answered), %u tasks, %u kills, %u revocations, %u moves, %u mappings, "
        "%u interrupts, %u pages lost\n",
        record.calls.raw, record.calls_answered.raw, record.tasks_started.raw, record.kills.raw,
        record.revokes.raw, record.moves.raw, record.maps.raw, record.interrupts.raw, lost);
    if (record.failure) {
        fprintf(stderr, "threads: %s (%llu)\n", record.failure,
                (unsigned long long)record.failure_value);
    }
    return record.failure || lost != 0 || record.calls_answered.raw == 0 ? 1 : 0;
}
