// kernel/core/page.c: see page.h.
#include "kernel/core/page.h"

#include "base/words.h"

struct page_number page_take(struct kernel *kernel, struct hart *hart) {
    uint32_t index = pool_take(&kernel->page_pool, &hart->locks);
    if (index == POOL_NONE) {
        return PAGE_NUMBER_NONE;
    }
    struct page_number page = {index};
    arch_page_unpoison(page);
    words_zero(arch_page(page), PAGE_BYTES / 8);
    return page;
}

void page_put(struct kernel *kernel, struct hart *hart, struct page_number page) {
    arch_page_poison(page);
    pool_put(&kernel->page_pool, &hart->locks, page.value);
    if (fault_point_fires(FAULT_POINT_PUT_PAGE_TWICE)) {
        pool_put(&kernel->page_pool, &hart->locks, page.value);
    }
}
