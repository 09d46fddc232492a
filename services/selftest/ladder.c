// services/selftest/ladder.c: see selftest.h.
#include <string.h>

#include "ipc/ready.h"
#include "services/selftest/selftest.h"
#include "services/selftest/slots.h"

bool selftest_expect(const struct selftest *selftest, const char *what, uint64_t got,
                     uint64_t wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(selftest->runtime, "%s: %s: got %#lx, expected %#lx", selftest->name, what, got,
             wanted);
    return false;
}

bool selftest_expect_status(const struct selftest *selftest, const char *what, enum status got,
                            enum status wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(selftest->runtime, "%s: %s: got %s, expected %s", selftest->name, what,
             status_name(got), status_name(wanted));
    return false;
}

const struct boot_image_entry *selftest_program(const struct boot_image_header *image,
                                                const char *name) {
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_PROGRAM && strcmp(entries[i].name, name) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

static bool slots_are_filled(const struct runtime *runtime) {
    return runtime_expect(runtime, slot_at(SLOT_ENDPOINT), CAP_ENDPOINT, RIGHT_RECV | RIGHT_SEND,
                          "the endpoint") &&
           runtime_expect(runtime, slot_at(SLOT_INIT), CAP_ENDPOINT, RIGHT_CALL,
                          "the route to init") &&
           runtime_expect(runtime, slot_at(SELFTEST_SLOT_FACTORY), CAP_FACTORY, RIGHTS_FACTORY,
                          "a factory of probes") &&
           runtime_expect(runtime, slot_at(SELFTEST_SLOT_IMAGE), CAP_IMAGE, RIGHT_READ,
                          "the boot image");
}

bool selftest_begin(struct selftest *selftest, const char *ready) {
    struct runtime *runtime = selftest->runtime;
    selftest->next_nonce = 1;
    selftest->next_argument = 1;
    selftest->probe_program = selftest_program(selftest->image, "probe");
    if (!slots_are_filled(runtime)) {
        return false;
    }
    if (!selftest->probe_program) {
        log_line(runtime, "%s: no program 'probe' in the boot image", selftest->name);
        return false;
    }
    marker_text(runtime, ready);
    return selftest_expect_status(selftest, "ready", ipc_ready(runtime), STATUS_OK);
}

bool selftest_climb(struct selftest *selftest, const struct rung *rungs, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (selftest->image->hart_count < rungs[i].hart_count_min) {
            continue;
        }
        if (!rungs[i].run(selftest)) {
            log_line(selftest->runtime, "%s: no '%s'", selftest->name, rungs[i].marker);
            return false;
        }
        marker_text(selftest->runtime, rungs[i].marker);
        if (selftest->tells_time) {
            log_line(selftest->runtime, "%lu ns", sys_clock_get());
        }
    }
    return true;
}
