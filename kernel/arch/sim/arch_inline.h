// kernel/arch/sim/arch_inline.h: the short arch functions over simulated RAM. Presented as
// kernel/core/arch_inline.h. Physical RAM is one buffer of the test process; it begins at page
// SIM_RAM_FIRST_PAGE, so that a page number mistaken for an index is found out.
#pragma once

#include "base/words.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SIM_RAM_FIRST_PAGE = 0x80000 };

struct sim_ram {
    uint8_t *bytes;
    uint32_t page_count;
};

extern struct sim_ram sim_ram;

uint64_t sim_time_ns(void);
void sim_spin(void);
NORETURN void sim_bad_page(uint32_t page);
void sim_page_poison(struct page_number page);
void sim_page_unpoison(struct page_number page);
struct task *sim_resume(struct hart *hart, struct task *next, uint64_t a1, uint64_t a2);

#ifdef __cplusplus
}
#endif

static inline struct task *arch_resume(struct hart *hart, struct task *next, uint64_t a1,
                                       uint64_t a2) {
    return sim_resume(hart, next, a1, a2);
}

static inline void arch_words_copy(void *to, const void *from, uint64_t word_count) {
    words_copy(to, from, word_count);
}

static inline uint64_t arch_time_ns(void) {
    return sim_time_ns();
}

static inline void *arch_page(struct page_number page) {
    uint32_t index = page.value - SIM_RAM_FIRST_PAGE;
    if (UNLIKELY(index >= sim_ram.page_count)) {
        sim_bad_page(page.value);
    }
    return sim_ram.bytes + (size_t)index * 4096;
}

static inline void arch_page_clear(struct page_number page) {
    words_zero_64s(arch_page(page), 4096 / 8);
}

static inline struct page_number arch_page_number(const void *page) {
    size_t offset = (size_t)((const uint8_t *)page - sim_ram.bytes);
    return (struct page_number){SIM_RAM_FIRST_PAGE + (uint32_t)(offset / 4096)};
}

static inline void arch_spin_hint(void) {
    sim_spin();
}

static inline void arch_page_poison(struct page_number page) {
    sim_page_poison(page);
}

static inline void arch_page_unpoison(struct page_number page) {
    sim_page_unpoison(page);
}
