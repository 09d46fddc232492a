// ipc/bulk_sealed.c: see bulk_sealed.h.
#include "ipc/bulk_sealed.h"

#include "ipc/bulk_memory.h"

enum bulk_error bulk_seal(struct bulk_window *window, struct slot *out) {
    enum status status = sys_vmo_unmap(window->vmo, (uint64_t)(uintptr_t)window->bytes);
    if (status == STATUS_OK) {
        status = sys_vmo_seal(window->vmo);
    }
    struct slot_result copy = {.status = status, .slot = slot_at(CAP_SLOT_NONE)};
    if (status == STATUS_OK) {
        copy = sys_cap_clone(window->vmo, RIGHT_VMO_READ);
    }
    slot_release(window->vmo);
    *window = (struct bulk_window){.size = 0};
    *out = copy.slot;
    return bulk_error_of(copy.status);
}

enum bulk_error bulk_sealed_open(struct bulk_sealed *bulk, struct slot vmo, uint64_t size_max) {
    struct bulk_memory memory;
    enum bulk_error error = bulk_memory_map(&memory, vmo, size_max, VMO_QUERY_SEALED);
    if (error == BULK_OK) {
        *bulk = (struct bulk_sealed){.vmo = vmo, .bytes = memory.bytes, .size = memory.size};
    }
    return error;
}

const uint8_t *bulk_sealed_at(const struct bulk_sealed *bulk, struct bulk_range range) {
    return bulk_range_is_within(range, bulk->size) ? bulk->bytes + range.offset : 0;
}

void bulk_sealed_close(struct bulk_sealed *bulk) {
    bulk_close(bulk->vmo, bulk->bytes);
    *bulk = (struct bulk_sealed){.size = 0};
}
