// kernel/core/stats_audit.c: the audit that a test asks for. See stats.h. A file of its own, so
// that the kernel that measures its entries can leave it out (kernel/arch/riscv64/measured.c).
#include "kernel/core/audit.h"
#include "kernel/core/event.h"
#include "kernel/core/panic.h"
#include "kernel/core/stats.h"

enum { AUDIT_PAGES = (sizeof(struct audit_tally) + PAGE_BYTES - 1) / PAGE_BYTES };

void stats_init(struct kernel *kernel, const struct boot_info *info) {
    event_init(kernel, info->event_pages);
    if (info->traced) {
        event_set(kernel, true);
    }
    kernel->audit_first.value = pool_reserve(&kernel->page_pool, AUDIT_PAGES);
    if (kernel->audit_first.value == POOL_NONE) {
        kernel_panic("no memory for an audit: %u pages", AUDIT_PAGES);
    }
    for (uint32_t i = 0; i < AUDIT_PAGES; i++) {
        arch_page_unpoison((struct page_number){kernel->audit_first.value + i});
    }
}

bool stats_audit(struct kernel *kernel, struct hart *hart) {
    struct audit_tally *tally = (struct audit_tally *)arch_page(kernel->audit_first);
    bool holds = audit_kernel(kernel, tally);
    if (!holds) {
        kernel_print(kernel, hart, "kernel: audit failed: %s (%#lx, %#lx)", tally->failure,
                     tally->a, tally->b);
    }
    return holds;
}
