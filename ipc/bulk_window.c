// ipc/bulk_window.c: see bulk_window.h.
#include "ipc/bulk_window.h"

#include <string.h>

#include "ipc/bulk_memory.h"

enum bulk_error bulk_window_create(struct bulk_window *window, struct slot factory, uint64_t size) {
    uint64_t pages = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    if (pages == 0 || pages > VMO_PAGES_MAX) {
        return BULK_REJECTED;
    }
    struct slot_result made = sys_vmo_create(factory, pages);
    if (made.status != STATUS_OK) {
        return bulk_error_of(made.status);
    }
    struct vmo_map_result mapped =
        sys_vmo_map(made.slot, 0, pages, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
    if (mapped.status != STATUS_OK) {
        slot_release(made.slot);
        return bulk_error_of(mapped.status);
    }
    *window = (struct bulk_window){.vmo = made.slot,
                                   .bytes = (uint8_t *)(uintptr_t)mapped.address,
                                   .size = pages * PAGE_BYTES};
    return BULK_OK;
}

enum bulk_error bulk_window_share(const struct bulk_window *window, struct slot *out) {
    struct slot_result copy = sys_cap_clone(window->vmo, RIGHT_VMO_READ);
    *out = copy.slot;
    return bulk_error_of(copy.status);
}

enum bulk_error bulk_window_lend(const struct bulk_window *window, struct slot *out) {
    struct slot_result copy = sys_cap_clone(window->vmo, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
    *out = copy.slot;
    return bulk_error_of(copy.status);
}

void bulk_window_close(struct bulk_window *window) {
    bulk_close(window->vmo, window->bytes);
    *window = (struct bulk_window){.size = 0};
}

enum bulk_error bulk_view_open(struct bulk_view *view, struct slot vmo, uint64_t size_max) {
    struct bulk_memory memory;
    enum bulk_error error = bulk_memory_map(&memory, vmo, size_max, 0);
    if (error == BULK_OK) {
        *view = (struct bulk_view){.vmo = vmo, .bytes = memory.bytes, .size = memory.size};
    }
    return error;
}

const uint8_t *bulk_view_at(const struct bulk_view *view, struct bulk_range range) {
    return bulk_range_is_within(range, view->size) ? view->bytes + range.offset : 0;
}

bool bulk_view_copy(const struct bulk_view *view, struct bulk_range range, void *to) {
    const uint8_t *from = bulk_view_at(view, range);
    if (!from) {
        return false;
    }
    memcpy(to, from, range.bytes);
    return true;
}

void bulk_view_close(struct bulk_view *view) {
    bulk_close(view->vmo, view->bytes);
    *view = (struct bulk_view){.size = 0};
}
