// testing/cbmc/sv39.c: a page table of three levels. In a space that holds one page, one more is
// mapped anywhere, any address is looked up, taken away and looked up again. No page is ever
// writable and executable, what one mapping says is not changed by another, and without a page for
// a table nothing is.
#include "kernel/arch/riscv64/sv39.c"

#include "testing/cbmc/prove.h"

struct proof_page proof_pages[PROOF_PAGE_COUNT];

static struct kernel kernel;
static struct hart hart;
static struct quota quota;
static uint32_t next_table;
static uint32_t tables_given;

enum { ADDRESSES = SV39_TABLE_ENTRIES * SV39_TABLE_ENTRIES * SV39_TABLE_ENTRIES };

// The pool has its own proof: here it gives zeroed pages in order, or none.
struct page_number page_take_paid(struct kernel *from, struct hart *on, struct quota *paying) {
    (void)from, (void)on, (void)paying;
    if (next_table == tables_given) {
        return PAGE_NUMBER_NONE;
    }
    return (struct page_number){PROOF_PAGE_FIRST + next_table++};
}

void page_put_paid(struct kernel *to, struct hart *on, struct quota *paid,
                   struct page_number page) {
    (void)to, (void)on, (void)paid, (void)page;
}

static struct sv39_leaf any_leaf(void) {
    struct sv39_leaf leaf = {
        .page = {nondet_u32()}, .access = 1 + any_below(7), .owned = nondet_bool(), .large = false};
    GIVEN(leaf.page.value != 0);
    GIVEN((leaf.access & (ARCH_WRITE | ARCH_EXECUTE)) != (ARCH_WRITE | ARCH_EXECUTE));
    return leaf;
}

static uint64_t any_page_address(void) {
    return (uint64_t)any_below(ADDRESSES) * PAGE_BYTES;
}

static void check_leaf_entry(uint64_t entry, struct sv39_leaf leaf) {
    bool writes = (entry & SV39_WRITE) != 0;
    PROVE((entry & SV39_VALID) != 0 && (entry & SV39_USER) != 0, "for user mode");
    PROVE(sv39_page(entry).value == leaf.page.value, "that page");
    PROVE(!writes || (entry & SV39_EXECUTE) == 0, "never writable and executable");
    PROVE(writes == ((leaf.access & ARCH_WRITE) != 0) &&
              ((entry & SV39_EXECUTE) != 0) == ((leaf.access & ARCH_EXECUTE) != 0),
          "no more is allowed than was asked for");
    PROVE(sv39_allows(entry, leaf.access), "and no less");
    PROVE(((entry & SV39_OWNED) != 0) == leaf.owned, "returned with the space if it is owned");
}

int main(void) {
    struct arch_space space = {.quota = &quota};
    tables_given = 1 + any_below(PROOF_PAGE_COUNT);
    enum status made = sv39_create(&kernel, &hart, (struct sv39_root){PAGE_NUMBER_NONE, 0}, &space);
    PROVE(made == STATUS_OK && next_table == 1, "a root");

    const uint64_t first = FIRST_ADDRESS;
    struct sv39_leaf leaf = any_leaf();
    enum status status = sv39_map(&kernel, &hart, &space, first, leaf);
    PROVE((status == STATUS_OK) == (tables_given >= 3), "one table a level, or no space");
    GIVEN(status == STATUS_OK);

    uint64_t second = any_page_address();
    struct sv39_leaf other = any_leaf();
    status = sv39_map(&kernel, &hart, &space, second, other);
    PROVE((status == STATUS_BUSY) == (first == second),
          "busy exactly if something is mapped there");
    check_leaf_entry(sv39_walk(space.root, first), leaf);
    if (status == STATUS_OK) {
        check_leaf_entry(sv39_walk(space.root, second), other);
    }

    uint64_t address = any_page_address();
    uint64_t found = sv39_walk(space.root, address);
    bool mapped = address == first || (status == STATUS_OK && address == second);
    PROVE((found != 0) == mapped, "found exactly where something is mapped");
    PROVE(sv39_walk(space.root, USER_MAX) == 0 && sv39_walk(space.root, UINT64_MAX) == 0,
          "nothing above the user half");
    if (mapped && (found & SV39_OWNED) == 0) {
        uint32_t pages = sv39_unmap(space.root, address);
        PROVE(pages == 1 && sv39_walk(space.root, address) == 0, "it is gone");
    }
    return 0;
}
