// kernel/core/wrong/types.c: mistakes that the kernel's types turn into errors of the compiler. Each
// is compiled alone, by kernel/core:types_compile_fail_test.
#include "kernel/core/cap_lookup.h"
#include "kernel/core/page.h"

struct page_number take_and_map(struct kernel *kernel, struct hart *hart, struct task *task);
struct page_number take_and_map(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct page_number page = page_take(kernel, hart);
    struct capability *cap = 0;
    enum status status = cap_lookup(task, 1, CAP_VMO, RIGHT_VMO_READ, &cap);
#ifdef NUMBER_FOR_PAGE
    page_put(kernel, hart, page.value);
#endif
#ifdef INSTANCE_FOR_PAGE
    page = task->instance;
#endif
#ifdef STATUS_IGNORED
    cap_lookup(task, 1, CAP_VMO, RIGHT_VMO_READ, &cap);
#endif
#ifdef PAGE_IGNORED
    page_take(kernel, hart);
#endif
#ifdef SWAPPED
    page_put(hart, kernel, page);
#endif
#ifdef STATE_FORGOTTEN
    switch (wait_state_of(task->wait.raw)) {
        case WAIT_NONE:
            return page;
        case WAIT_RECV:
            return PAGE_NUMBER_NONE;
    }
#endif
    return status == STATUS_OK && cap ? page : PAGE_NUMBER_NONE;
}
