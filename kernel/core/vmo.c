// kernel/core/vmo.c: a VMO's pages and references. See vmo_ops.h.
#include "kernel/core/vmo.h"

#include "base/words.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/vmo_ops.h"

// Up to 670, where a port clears word by word, and 90 instructions each: two steps, of any kind,
// are well below what one kernel entry may take.
enum {
    PAGES_A_STEP = 12,    // Each is cleared.
    RETURNS_A_STEP = 40,  // A block counts as one.
};

BASE_STATIC_ASSERT((int)VMO_CHUNK_PAGES == (int)POOL_BLOCK, "a chunk is a block or a list");

void vmo_pool_init(struct kernel *kernel) {
    pool_init(&kernel->vmo_pool, FAULT_POINT_TAKE_VMO, kernel->vmo_next, 0);
    pool_add_range(&kernel->vmo_pool, 0, MAX_VMOS);
}

enum status vmo_make(struct kernel *kernel, struct hart *hart, struct task *payer,
                     uint32_t page_count, uint32_t *out) {
    if (!quota_take(&payer->quota, vmo_price(page_count))) {
        return STATUS_NO_SPACE;
    }
    uint32_t index = pool_take(&kernel->vmo_pool, &hart->locks);
    if (index == POOL_NONE) {
        quota_give(&payer->quota, vmo_price(page_count));
        return STATUS_NO_SPACE;
    }
    struct vmo *vmo = &kernel->vmos[index];
    atomic_store_u32(&vmo->writers, 0);
    atomic_store_u32(&vmo->fetchable, 0);
    vmo->page_count = page_count;
    vmo->pages_made = 0;
    vmo->large_mask = 0;
    vmo->next_dying = VMO_NONE;
    words_zero(vmo->chunks, sizeof(vmo->chunks) / 8);
    quota_note_payer(kernel, hart, &vmo->payer, payer);
    atomic_store_u32(&vmo->references, 1);
    *out = index;
    return STATUS_OK;
}

// The chunk that begins at pages_made: a block if there is one, else a list.
static enum status begin_chunk(struct kernel *kernel, struct hart *hart, struct vmo *vmo) {
    uint32_t chunk = vmo->pages_made / VMO_CHUNK_PAGES;
    struct page_number page = PAGE_NUMBER_NONE;
    if (vmo->page_count - vmo->pages_made >= VMO_CHUNK_PAGES) {
        page = page_block_take(kernel, hart);
        vmo->large_mask |= page.value != 0 ? 1u << chunk : 0;
    }
    if (page.value == 0) {
        page = page_take(kernel, hart);
    }
    vmo->chunks[chunk] = page;
    return page.value != 0 ? STATUS_OK : STATUS_NO_SPACE;
}

static enum status make_page(struct kernel *kernel, struct hart *hart, struct vmo *vmo) {
    uint32_t chunk = vmo->pages_made / VMO_CHUNK_PAGES;
    if (vmo->chunks[chunk].value == 0) {
        enum status status = begin_chunk(kernel, hart, vmo);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (vmo_is_large(vmo, chunk)) {
        page_clear(vmo_page(vmo, vmo->pages_made));
    } else {
        struct page_number page = page_take(kernel, hart);
        if (page.value == 0) {
            return STATUS_NO_SPACE;
        }
        vmo_list(vmo, chunk)[vmo->pages_made % VMO_CHUNK_PAGES] = page.value;
    }
    vmo->pages_made++;
    return STATUS_OK;
}

enum status vmo_make_step(struct kernel *kernel, struct hart *hart, struct vmo *vmo) {
    for (uint32_t i = 0; i < PAGES_A_STEP && vmo->pages_made < vmo->page_count; i++) {
        enum status status = make_page(kernel, hart, vmo);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return vmo->pages_made < vmo->page_count ? STATUS_BUSY : STATUS_OK;
}

void vmo_reference(struct vmo *vmo) {
    uint32_t before = atomic_add_ordered_u32(&vmo->references, 1);
    KASSERT(before > 0);
}

void vmo_release(struct kernel *kernel, struct hart *hart, struct vmo *vmo) {
    uint32_t before = atomic_add_ordered_u32(&vmo->references, UINT32_MAX);
    KASSERT(before > 0);
    if (before == 1) {
        vmo->next_dying = hart->vmo_dying;
        hart->vmo_dying = (uint32_t)(vmo - kernel->vmos);
    }
}

// Returns the last page, or what holds the last chunk together; false when nothing is left.
static bool return_last(struct kernel *kernel, struct hart *hart, struct vmo *vmo) {
    // A chunk may have been begun and hold no page yet.
    uint32_t chunk = vmo->pages_made / VMO_CHUNK_PAGES;
    if (chunk == VMO_CHUNK_MAX || vmo->chunks[chunk].value == 0) {
        if (chunk == 0) {
            return false;
        }
        chunk--;
    }
    uint32_t first = chunk * VMO_CHUNK_PAGES;
    if (vmo_is_large(vmo, chunk)) {
        page_block_put(kernel, hart, vmo->chunks[chunk]);
        vmo->large_mask &= ~(1u << chunk);
        vmo->pages_made = first;
    } else if (vmo->pages_made > first) {
        vmo->pages_made--;
        page_put(kernel, hart, vmo_page(vmo, vmo->pages_made));
        return true;
    } else {
        page_put(kernel, hart, vmo->chunks[chunk]);
    }
    vmo->chunks[chunk] = PAGE_NUMBER_NONE;
    return true;
}

void vmo_return_step(struct kernel *kernel, struct hart *hart) {
    uint32_t index = hart->vmo_dying;
    struct vmo *vmo = &kernel->vmos[index];
    for (uint32_t i = 0; i < RETURNS_A_STEP; i++) {
        if (!return_last(kernel, hart, vmo)) {
            hart->vmo_dying = vmo->next_dying;
            quota_return(kernel, hart, &vmo->payer, vmo_price(vmo->page_count));
            pool_put(&kernel->vmo_pool, &hart->locks, index);
            return;
        }
    }
}

void vmo_release_program(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->program_vmo != VMO_NONE) {
        vmo_release(kernel, hart, &kernel->vmos[task->program_vmo]);
        task->program_vmo = VMO_NONE;
    }
}

// Two harts may do it at once; neither goes on before it is done.
void vmo_make_fetchable(struct kernel *kernel, struct vmo *vmo) {
    if (atomic_load_acquire_u32(&vmo->fetchable) == 0) {
        if (!fault_point_fires(FAULT_POINT_LOSE_FENCE)) {
            // The bytes before the look at who is online: a hart that comes looks the other way
            // round (kernel_idle, then its first fence.i).
            atomic_fence();
            arch_code_written(atomic_load_acquire_u64(&kernel->harts_online));
        }
        atomic_store_release_u32(&vmo->fetchable, 1);
    }
}
