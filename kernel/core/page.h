// kernel/core/page.h: pages from the pool, zeroed when taken so that nothing of a former owner is
// seen.
// Ownership:  the taker owns the page until page_put.
// Locking:    the pool's.
// Errors:     page_take gives PAGE_NUMBER_NONE when the pool is empty or the quota spent.
#pragma once

#include "kernel/core/kernel.h"

WARN_UNUSED struct page_number page_take(struct kernel *kernel, struct hart *hart);
void page_put(struct kernel *kernel, struct hart *hart, struct page_number page);

// The same for a page of an address space, which `quota` pays for.
WARN_UNUSED struct page_number page_take_paid(struct kernel *kernel, struct hart *hart,
                                              struct quota *quota);
void page_put_paid(struct kernel *kernel, struct hart *hart, struct quota *quota,
                   struct page_number page);

// POOL_BLOCK neighbours, aligned, which the taker must clear (page_clear).
WARN_UNUSED struct page_number page_block_take(struct kernel *kernel, struct hart *hart);
void page_block_put(struct kernel *kernel, struct hart *hart, struct page_number first);
void page_clear(struct page_number page);
