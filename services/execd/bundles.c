// services/execd/bundles.c: where programs come from: the boot image's bundle, and those that
// clients bring.
#include <string.h>

#include "ipc/bulk_sealed.h"
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/boot_image.h"
#include "services/execd/state.h"

static void release_bundle(const struct execd_bundle *bundle) {
    if (bundle->view.program_count != 0 && bundle->owner != 0) {
        struct bulk_sealed bulk = {.vmo = bundle->memory, .bytes = bundle->view.bytes, .size = 1};
        bulk_sealed_close(&bulk);
    }
}

// Looks at all of it before it is used; what is refused is closed.
static enum wire_status take_bundle(struct execd *execd, uint64_t owner,
                                    const struct bulk_sealed *bulk, struct exec_message *message) {
    struct execd_bundle bundle = {.owner = owner, .memory = bulk->vmo};
    struct execd_bundle replaced = {.owner = 0};
    enum wire_status status = WIRE_OK;
    const struct bundle_verdict verdict = bundle_open(bulk->bytes, bulk->size, &bundle.view);
    enum bundle_flaw flaw = verdict.flaw;
    if (flaw == BUNDLE_FLAW_NONE) {
        flaw = execd_add_bundle(execd, &bundle, &status, &replaced);
    }
    execd->stats.flawed += flaw != BUNDLE_FLAW_NONE;
    message->flaw = (uint8_t)flaw;
    message->elf = (uint8_t)verdict.elf;
    message->count = flaw == BUNDLE_FLAW_NONE ? bundle.view.program_count : verdict.program;
    if (flaw == BUNDLE_FLAW_NONE && status == WIRE_OK) {
        release_bundle(&replaced);
    } else {
        struct bulk_sealed refused = *bulk;
        bulk_sealed_close(&refused);
    }
    return status;
}

enum wire_status bundles_on_load(void *state, struct ipc_exchange *exchange) {
    struct execd_service *service = state;
    const uint64_t owner = exchange->request->meta.service_id;
    const struct slot came = exchange->came;
    const uint32_t needed = RIGHT_VMO_READ | RIGHT_VMO_EXECUTE;
    struct bulk_sealed bulk;
    enum wire_status allowed = ask_may_manage(service, owner);
    if (allowed != WIRE_OK) {
        return allowed;
    }
    struct query_result found = sys_cap_query(came);
    if (came.value == CAP_SLOT_NONE || found.status != STATUS_OK ||
        (cap_query_rights(found.kind_rights) & needed) != needed) {
        return WIRE_MALFORMED;
    }
    exchange->came = slot_at(CAP_SLOT_NONE);
    enum bulk_error error = bulk_sealed_open(&bulk, came, BUNDLE_BYTES_MAX);
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    return take_bundle(&service->execd, owner, &bulk, exchange->message);
}

struct execd_boot execd_boot_of(const void *image) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, BUNDLE_NAME) == 0) {
            return (struct execd_boot){.bytes = (const uint8_t *)image + entries[i].offset,
                                       .count = entries[i].bytes,
                                       .offset = entries[i].offset};
        }
    }
    return (struct execd_boot){.count = 0};
}

// A bundle of the image that is flawed is an image that was not made by our tools.
bool bundles_take_boot(struct execd_service *service, const struct runtime *runtime,
                       struct execd_boot boot) {
    struct execd_bundle bundle = {.memory = slot_at(EXECD_SLOT_IMAGE), .offset = boot.offset};
    struct execd_bundle replaced = {.owner = 0};
    enum wire_status status = WIRE_OK;
    if (boot.count == 0) {
        return true;
    }
    const struct bundle_verdict verdict = bundle_open(boot.bytes, boot.count, &bundle.view);
    if (verdict.flaw != BUNDLE_FLAW_NONE) {
        log_line(runtime, "execd: the boot image's bundle: %s: %s", bundle_flaw_text(verdict.flaw),
                 elf_reject_name(verdict.elf));
        return false;
    }
    return execd_add_bundle(&service->execd, &bundle, &status, &replaced) == BUNDLE_FLAW_NONE;
}
