// testing/faults/systems.c: see systems.h.
#include "testing/faults/systems.h"

#include <string.h>

#include "ipc/bulk_sealed.h"
#include "ipc/wire/update_wire.h"
#include "kernel/abi/boot_image.h"
#include "services/selftest/caller.h"
#include "services/selftest/slots.h"
#include "services/updated/control.h"
#include "services/updated/result.h"

static const struct boot_image_entry *find_system(const void *boot_image) {
    const struct boot_image_header *image = boot_image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, SYSTEMS_FILE) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

// A sealed copy, to send.
static bool copy_system(struct selftest *selftest, struct slot *out, uint64_t *bytes) {
    const struct boot_image_entry *entry = find_system(selftest->image);
    struct bulk_window window;
    if (!selftest_expect(selftest, "a system in the boot image", entry != 0, true) ||
        !selftest_expect(selftest, "memory for it",
                         bulk_window_create(&window, slot_at(SELFTEST_SLOT_FACTORY), entry->bytes),
                         BULK_OK)) {
        return false;
    }
    memcpy(window.bytes, (const uint8_t *)selftest->image + entry->offset, entry->bytes);
    *bytes = entry->bytes;
    return selftest_expect(selftest, "sealing it", bulk_seal(&window, out), BULK_OK);
}

// As who manages updated.
static bool stages(struct caller *caller) {
    struct slot sent = slot_at(CAP_SLOT_NONE);
    struct update_message message = {.header = {.op = UPDATE_OP_STAGE}, .slot = 0};
    if (!copy_system(caller->selftest, &sent, &message.bytes)) {
        return false;
    }
    const struct ipc_question question = {.target = service_id_named("updated"),
                                          .protocol = &update_rows,
                                          .deadline = {.ns = selftest_patience()},
                                          .carried = sent};
    const struct ipc_outcome outcome = ipc_manage(&caller->client, &question, &message);
    return selftest_expect(caller->selftest, "a system is brought", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "its status", message.header.status, WIRE_OK) &&
           selftest_expect(caller->selftest, "its result", message.result, UPDATE_OK);
}

static bool holds(struct caller *caller) {
    struct update_message message = {.header = {.op = UPDATE_OP_SLOT}, .slot = 0};
    const struct ipc_outcome outcome = caller_ask(caller, "updated", &update_rows, &message);
    return selftest_expect(caller->selftest, "what updated holds", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "its status", message.header.status, WIRE_OK) &&
           selftest_expect(caller->selftest, "its slot", message.state, UPDATE_SLOT_STAGED);
}

bool systems_is_there(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && holds(&caller) && caller_end(&caller);
}

bool systems_bring(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && stages(&caller) && holds(&caller) &&
           caller_end(&caller);
}
