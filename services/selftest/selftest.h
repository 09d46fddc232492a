// services/selftest/selftest.h: selftest's state, and how its cases say what they expected.
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
    const struct boot_image_header *image;
    const struct boot_image_entry *probe_program;
    uint64_t next_nonce;
    uint32_t next_argument;
    struct slot lent_vmo;     // What the next peer gets, with all rights; CAP_SLOT_NONE: nothing.
    struct slot program_vmo;  // Where peers are loaded from; CAP_SLOT_NONE: the boot image.
    bool lends_device;        // Peers that start get the entropy device too.
};

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
