// testing/cbmc/sv39_large.c: large pages. In a space one large page and one small one are mapped
// anywhere, in either order; any address is looked up, the large page is taken away and the address
// looked up again. They never overlap, and each page of a large one is found as if it were small.
#include "kernel/arch/riscv64/sv39.c"

#include "testing/cbmc/prove.h"

struct proof_page proof_pages[PROOF_PAGE_COUNT];

static struct kernel kernel;
static struct hart hart;
static struct quota quota;
static uint32_t next_table;

enum {
    ADDRESSES = SV39_USER_ROOT_ENTRIES * SV39_TABLE_ENTRIES * SV39_TABLE_ENTRIES,
    LARGE_PAGE = 5 * ARCH_LARGE_PAGES,
};

struct page_number page_take_paid(struct kernel *from, struct hart *on, struct quota *paying) {
    (void)from, (void)on, (void)paying;
    PROVE(next_table < PROOF_PAGE_COUNT, "no more tables than a root and two for each mapping");
    return (struct page_number){PROOF_PAGE_FIRST + next_table++};
}

void page_put_paid(struct kernel *to, struct hart *on, struct quota *paid,
                   struct page_number page) {
    (void)to, (void)on, (void)paid, (void)page;
}

static uint32_t any_access(void) {
    uint32_t access = 1 + any_below(7);
    GIVEN((access & (ARCH_WRITE | ARCH_EXECUTE)) != (ARCH_WRITE | ARCH_EXECUTE));
    return access;
}

int main(void) {
    struct arch_space space = {.quota = &quota};
    enum status made = sv39_create(&kernel, &hart, (struct sv39_root){PAGE_NUMBER_NONE, 0}, &space);
    PROVE(made == STATUS_OK, "a root");
    const struct sv39_leaf large = {
        .page = {LARGE_PAGE}, .access = any_access(), .owned = false, .large = true};
    struct sv39_leaf small = {
        .page = {nondet_u32()}, .access = any_access(), .owned = nondet_bool(), .large = false};
    GIVEN(small.page.value != 0);
    const uint64_t large_at = LARGE_FIRST * (uint64_t)ARCH_LARGE_PAGES * PAGE_BYTES;
    const uint64_t small_at = (uint64_t)any_below(ADDRESSES) * PAGE_BYTES;
    const uint64_t large_end = large_at + (uint64_t)ARCH_LARGE_PAGES * PAGE_BYTES;
    bool overlap = small_at >= large_at && small_at < large_end;
    const bool small_first = nondet_bool();
    enum status first = small_first ? sv39_map(&kernel, &hart, &space, small_at, small)
                                    : sv39_map(&kernel, &hart, &space, large_at, large);
    enum status second = small_first ? sv39_map(&kernel, &hart, &space, large_at, large)
                                     : sv39_map(&kernel, &hart, &space, small_at, small);
    PROVE(first == STATUS_OK, "there is room for the first");
    PROVE(second == (overlap ? STATUS_BUSY : STATUS_OK), "the second does not overlap it");
    bool has_large = !small_first || second == STATUS_OK;
    bool has_small = small_first || second == STATUS_OK;

    const uint64_t address = (uint64_t)any_below(ADDRESSES) * PAGE_BYTES;
    bool in_large = has_large && address >= large_at && address < large_end;
    bool in_small = has_small && address == small_at;
    uint64_t found = sv39_walk(space.root, address);
    PROVE((found != 0) == (in_large || in_small), "found exactly where something is mapped");
    if (in_large) {
        PROVE(sv39_page(found).value == LARGE_PAGE + (address - large_at) / PAGE_BYTES,
              "that page of the large one");
        PROVE(sv39_allows(found, large.access) && (found & SV39_OWNED) == 0, "as the whole is");
        PROVE((found & SV39_WRITE) == 0 || (found & SV39_EXECUTE) == 0, "never both");
        PROVE(sv39_unmap(space.root, address) == ARCH_LARGE_PAGES, "it goes as a whole");
    } else if (in_small) {
        PROVE(sv39_page(found).value == small.page.value, "the small page");
    }
    const uint64_t other = (uint64_t)any_below(ADDRESSES) * PAGE_BYTES;
    bool still = has_large && !in_large && other >= large_at && other < large_end;
    PROVE((sv39_walk(space.root, other) != 0) == (still || (has_small && other == small_at)),
          "and nothing else goes");
    return 0;
}
