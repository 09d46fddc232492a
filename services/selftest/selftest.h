// services/selftest/selftest.h: what a program that climbs a ladder of cases has, and how its cases
// say what they expected. selftest is one; testing/kernel_selftest is another.
#pragma once

#include "kernel/abi/boot_image.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// How long a peer that behaves may take, on a machine that is busy with other things.
#define SELFTEST_PATIENCE_NS UINT64_C(5000000000)

#define SELFTEST_MS UINT64_C(1000000)

struct selftest {
    struct runtime *runtime;
    const char *name;    // Of its service.
    struct slot timed;   // RIGHT_CALL to timed, or CAP_SLOT_NONE.
    struct slot samgrd;  // The route of today to samgrd; CAP_SLOT_NONE: the manifest's.
    bool tells_time;     // Prints when each case ended: for runs that must be the same to the byte.
    const struct boot_image_header *image;
    const struct boot_image_entry *probe_program;
    uint64_t next_nonce;
    uint32_t next_argument;
    struct slot lent_vmo;     // What the next peer gets, with all rights; CAP_SLOT_NONE: nothing.
    struct slot program_vmo;  // Where peers are loaded from; CAP_SLOT_NONE: the boot image.
    bool lends_device;        // Peers that start get the entropy device too.
    enum qos peers_ceiling;   // The class of peers that start now.
    struct task_shares peers_shares;  // What they may use.
    bool peers_accept;                // Frames to peers that start now may carry capabilities.
};

struct rung {
    const char *marker;  // Printed once the case held.
    bool (*run)(struct selftest *selftest);
    uint32_t hart_count_min;
};

// The program of that name in the boot image, or null.
const struct boot_image_entry *selftest_program(const struct boot_image_header *image,
                                                const char *name);

// Checks its slots, finds the probe, and tells init that it is ready, after the marker `ready`.
// `name`, `runtime` and `image` are set. False: it has printed what is wrong.
WARN_UNUSED bool selftest_begin(struct selftest *selftest, const char *ready);

// One rung after the other; stops at the first case that fails.
WARN_UNUSED bool selftest_climb(struct selftest *selftest, const struct rung *rungs,
                                uint32_t count);

// Starts the ladder. `image` is the boot image as selftest sees it. Returns 0 if every case held;
// stops at the first that did not.
int selftest_main(struct runtime *runtime, const void *image);

// True if equal; otherwise prints what was expected and returns false.
WARN_UNUSED bool selftest_expect(const struct selftest *selftest, const char *what, uint64_t got,
                                 uint64_t wanted);
WARN_UNUSED bool selftest_expect_status(const struct selftest *selftest, const char *what,
                                        enum status got, enum status wanted);

static inline uint64_t selftest_patience(void) {
    return sys_clock_get() + SELFTEST_PATIENCE_NS;
}

#ifdef __cplusplus
}
#endif
