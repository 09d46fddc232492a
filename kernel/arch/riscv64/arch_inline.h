// kernel/arch/riscv64/arch_inline.h: the short functions of kernel/core/arch.h. Presented as
// kernel/core/arch_inline.h.
#pragma once

#include "kernel/arch/riscv64/csr.h"
#include "kernel/arch/riscv64/port.h"

static ALWAYS_INLINE uint64_t arch_time_ns(void) {
    return csr_time() * port.ns_per_tick;
}

static ALWAYS_INLINE void *arch_page(struct page_number page) {
    return port_virtual((uint64_t)page.value << 12);
}

static ALWAYS_INLINE struct page_number arch_page_number(const void *page) {
    return (struct page_number){(uint32_t)(port_physical(page) >> 12)};
}

static ALWAYS_INLINE void arch_spin_hint(void) {
    csr_spin_hint();
}

static ALWAYS_INLINE void arch_page_poison(struct page_number page) {
    (void)page;
}

static ALWAYS_INLINE void arch_page_unpoison(struct page_number page) {
    (void)page;
}
