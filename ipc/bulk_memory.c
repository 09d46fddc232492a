// ipc/bulk_memory.c: see bulk_memory.h.
#include "ipc/bulk_memory.h"

enum bulk_error bulk_error_of(enum status status) {
    if (status == STATUS_OK) {
        return BULK_OK;
    }
    return status == STATUS_NO_SPACE ? BULK_NO_ROOM : BULK_REJECTED;
}

void bulk_close(struct slot vmo, const void *bytes) {
    if (vmo.value == CAP_SLOT_NONE) {
        return;
    }
    status_ignore(sys_vmo_unmap(vmo, (uint64_t)(uintptr_t)bytes), "what is not mapped is as good");
    slot_release(vmo);
}

static enum bulk_error check(struct slot vmo, uint64_t size_max, uint64_t seal, uint64_t *pages) {
    struct query_result found = sys_cap_query(vmo);
    bool fits = found.status == STATUS_OK && cap_query_kind(found.kind_rights) == CAP_VMO &&
                (cap_query_rights(found.kind_rights) & RIGHT_VMO_READ) != 0 &&
                found.value <= VMO_PAGES_MAX && found.value * PAGE_BYTES <= size_max &&
                (found.detail & VMO_QUERY_SEALED) == seal;
    *pages = found.value;
    return fits ? BULK_OK : BULK_REJECTED;
}

enum bulk_error bulk_memory_map(struct bulk_memory *out, struct slot vmo, uint64_t size_max,
                                uint64_t seal) {
    uint64_t pages = 0;
    enum bulk_error error = check(vmo, size_max, seal, &pages);
    if (error == BULK_OK) {
        struct vmo_map_result mapped = sys_vmo_map(vmo, 0, pages, RIGHT_VMO_READ);
        *out = (struct bulk_memory){.bytes = (const uint8_t *)(uintptr_t)mapped.address,
                                    .size = pages * PAGE_BYTES};
        error = bulk_error_of(mapped.status);
    }
    if (error != BULK_OK) {
        slot_release(vmo);
    }
    return error;
}
