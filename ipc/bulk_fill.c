// ipc/bulk_fill.c: see bulk_fill.h.
#include "ipc/bulk_fill.h"

#include "ipc/bulk_memory.h"

#define FILL_RIGHTS (RIGHT_VMO_READ | RIGHT_VMO_WRITE)

enum bulk_error bulk_blank_create(struct bulk_blank *blank, struct slot factory, uint64_t size) {
    *blank = (struct bulk_blank){.own = slot_at(CAP_SLOT_NONE), .sent = slot_at(CAP_SLOT_NONE)};
    uint64_t pages = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    if (pages == 0 || pages > VMO_PAGES_MAX) {
        return BULK_REJECTED;
    }
    struct slot_result made = sys_vmo_create(factory, pages);
    if (made.status != STATUS_OK) {
        return bulk_error_of(made.status);
    }
    struct slot_result copy = sys_cap_clone(made.slot, FILL_RIGHTS);
    if (copy.status != STATUS_OK) {
        slot_release(made.slot);
        return bulk_error_of(copy.status);
    }
    *blank = (struct bulk_blank){.own = made.slot, .sent = copy.slot};
    return BULK_OK;
}

enum bulk_error bulk_fill_open(struct bulk_fill *fill, struct slot vmo, uint64_t size_max) {
    struct query_result found = sys_cap_query(vmo);
    bool fits = found.status == STATUS_OK && cap_query_kind(found.kind_rights) == CAP_VMO &&
                (cap_query_rights(found.kind_rights) & FILL_RIGHTS) == FILL_RIGHTS &&
                found.value <= size_max / PAGE_BYTES && (found.detail & VMO_QUERY_SEALED) == 0;
    struct vmo_map_result mapped = {.status = STATUS_DENIED};
    if (fits) {
        mapped = sys_vmo_map(vmo, 0, found.value, FILL_RIGHTS);
    }
    if (mapped.status != STATUS_OK) {
        slot_release(vmo);
        return bulk_error_of(mapped.status);
    }
    *fill = (struct bulk_fill){.vmo = vmo,
                               .bytes = (uint8_t *)(uintptr_t)mapped.address,
                               .size = found.value * PAGE_BYTES};
    return BULK_OK;
}

void bulk_fill_close(struct bulk_fill *fill) {
    bulk_close(fill->vmo, fill->bytes);
    *fill = (struct bulk_fill){.size = 0};
}

enum bulk_error bulk_fill_seal(struct bulk_fill *fill) {
    enum status status = sys_vmo_unmap(fill->vmo, (uint64_t)(uintptr_t)fill->bytes);
    if (status == STATUS_OK) {
        status = sys_vmo_seal(fill->vmo);
    }
    slot_release(fill->vmo);
    *fill = (struct bulk_fill){.size = 0};
    return bulk_error_of(status);
}
