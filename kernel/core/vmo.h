// kernel/core/vmo.h: a VMO: zeroed pages that are shared by capability and mapped into tasks.
//
// Its pages hang in a tree of fixed depth: chunks of POOL_BLOCK pages, each either one block of
// neighbours, which can be mapped as a large page, or a page that lists single ones. Capabilities
// and mappings count as references; when the last goes, the hart that gave it up returns the pages
// in steps (vmo_ops.h).
// Units:      pages.
// Locking:    none. The tree is built before the maker's call returns and is constant from then on;
//             `writers` decides by compare-and-swap between a writable mapping and the seal.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "kernel/abi/vmo.h"
#include "kernel/core/arch.h"
#include "kernel/core/quota.h"

enum {
    MAX_VMOS = 128,
    VMO_NONE = 0xffffffff,
    VMO_CHUNK_PAGES = ARCH_LARGE_PAGES,
    VMO_CHUNK_MAX = (int)VMO_PAGES_MAX / (int)VMO_CHUNK_PAGES,
};
BASE_STATIC_ASSERT(VMO_CHUNK_MAX <= 32, "a bit a chunk");

#define VMO_SEALED 0x80000000u

struct vmo {
    struct atomic_u32 references;  // 0: free, or its pages are being returned.
    struct atomic_u32 writers;     // Writable mappings, until their translations are shot down;
                                   // VMO_SEALED: there will be none.
    struct atomic_u32 fetchable;   // Not zero: every hart may fetch instructions from it.
    uint32_t page_count;
    uint32_t pages_made;  // The first so many exist; while they are returned, are left.
    uint32_t large_mask;  // Bit i: chunk i is a block.
    uint32_t next_dying;  // In the hart's list.
    uint64_t payer;       // task_name: who paid for it. Guarded by the family lock.
    struct page_number chunks[VMO_CHUNK_MAX];
};

static inline uint32_t *vmo_list(const struct vmo *vmo, uint32_t chunk) {
    return (uint32_t *)arch_page(vmo->chunks[chunk]);
}

static inline bool vmo_is_large(const struct vmo *vmo, uint32_t chunk) {
    return ((vmo->large_mask >> chunk) & 1) != 0;
}

// What a VMO of that many pages costs: lists included, whether it needs them or not.
static inline struct quota_amounts vmo_price(uint32_t page_count) {
    uint32_t chunks = (page_count + VMO_CHUNK_PAGES - 1) / VMO_CHUNK_PAGES;
    struct quota_amounts price = {{0}};
    price.of[QUOTA_PAGES] = page_count + chunks;
    price.of[QUOTA_VMOS] = 1;
    return price;
}

static inline bool vmo_is_sealed(const struct vmo *vmo) {
    return atomic_load_acquire_u32(&vmo->writers) == VMO_SEALED;
}

// The page at `index`, which is below page_count.
static inline struct page_number vmo_page(const struct vmo *vmo, uint32_t index) {
    uint32_t chunk = index / VMO_CHUNK_PAGES;
    uint32_t rest = index % VMO_CHUNK_PAGES;
    if (vmo_is_large(vmo, chunk)) {
        return (struct page_number){vmo->chunks[chunk].value + rest};
    }
    return (struct page_number){vmo_list(vmo, chunk)[rest]};
}

// The pages that it holds: blocks, lists, and what the lists name. For an audit.
static inline uint32_t vmo_pages_held(const struct vmo *vmo) {
    uint32_t count = 0;
    for (uint32_t chunk = 0; chunk < VMO_CHUNK_MAX; chunk++) {
        if (vmo->chunks[chunk].value != 0) {
            uint32_t first = chunk * VMO_CHUNK_PAGES;
            uint32_t made = vmo->pages_made > first ? vmo->pages_made - first : 0;
            made = made < VMO_CHUNK_PAGES ? made : VMO_CHUNK_PAGES;
            count += vmo_is_large(vmo, chunk) ? VMO_CHUNK_PAGES : 1 + made;
        }
    }
    return count;
}
