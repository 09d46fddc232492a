// kernel/core/page.c: see page.h.
#include "kernel/core/page.h"

void page_clear(struct page_number page) {
    arch_page_clear(page);
}

struct page_number page_take(struct kernel *kernel, struct hart *hart) {
    uint32_t index = pool_take(&kernel->page_pool, &hart->locks);
    if (index == POOL_NONE) {
        return PAGE_NUMBER_NONE;
    }
    struct page_number page = {index};
    arch_page_unpoison(page);
    page_clear(page);
    return page;
}

void page_put(struct kernel *kernel, struct hart *hart, struct page_number page) {
    arch_page_poison(page);
    pool_put(&kernel->page_pool, &hart->locks, page.value);
    if (fault_point_fires(FAULT_POINT_PUT_PAGE_TWICE)) {
        pool_put(&kernel->page_pool, &hart->locks, page.value);
    }
}

struct page_number page_take_paid(struct kernel *kernel, struct hart *hart, struct quota *quota) {
    if (!quota_take_one(quota, QUOTA_PAGES, 1)) {
        return PAGE_NUMBER_NONE;
    }
    struct page_number page = page_take(kernel, hart);
    if (page.value == 0) {
        quota_give_one(quota, QUOTA_PAGES, 1);
    }
    return page;
}

void page_put_paid(struct kernel *kernel, struct hart *hart, struct quota *quota,
                   struct page_number page) {
    page_put(kernel, hart, page);
    quota_give_one(quota, QUOTA_PAGES, 1);
}

struct page_number page_block_take(struct kernel *kernel, struct hart *hart) {
    uint32_t first = pool_take_block(&kernel->page_pool, &hart->locks);
    if (first == POOL_NONE) {
        return PAGE_NUMBER_NONE;
    }
    for (uint32_t i = 0; i < POOL_BLOCK; i++) {
        arch_page_unpoison((struct page_number){first + i});
    }
    return (struct page_number){first};
}

void page_block_put(struct kernel *kernel, struct hart *hart, struct page_number first) {
    for (uint32_t i = 0; i < POOL_BLOCK; i++) {
        arch_page_poison((struct page_number){first.value + i});
    }
    pool_put_block(&kernel->page_pool, &hart->locks, first.value);
}
