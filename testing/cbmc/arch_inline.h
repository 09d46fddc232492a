// testing/cbmc/arch_inline.h: the short functions of kernel/core/arch.h for proofs: a few pages of
// memory, no machine. Presented as kernel/core/arch_inline.h.
#pragma once

#include "base/words.h"

enum {
    PROOF_PAGE_FIRST = 1,  // Page 0 is never memory.
    PROOF_PAGE_COUNT = 8,
    PROOF_PAGE_WORDS = 512,
};

struct proof_page {
    uint64_t words[PROOF_PAGE_WORDS];
};

extern struct proof_page proof_pages[PROOF_PAGE_COUNT];

uint64_t proof_time_ns(void);

static inline struct task *arch_resume(struct hart *hart, struct task *next, uint64_t a1,
                                       uint64_t a2) {
    (void)hart;
    (void)a1;
    (void)a2;
    return next;
}

static inline void arch_words_copy(void *to, const void *from, uint64_t word_count) {
    words_copy(to, from, word_count);
}

static inline uint64_t arch_time_ns(void) {
    return proof_time_ns();
}

static inline void *arch_page(struct page_number page) {
    return &proof_pages[page.value - PROOF_PAGE_FIRST];
}

static inline struct page_number arch_page_number(const void *page) {
    return (struct page_number){PROOF_PAGE_FIRST +
                                (uint32_t)((const struct proof_page *)page - proof_pages)};
}

static inline void arch_spin_hint(void) {}

static inline void arch_page_poison(struct page_number page) {
    (void)page;
}

static inline void arch_page_unpoison(struct page_number page) {
    (void)page;
}
