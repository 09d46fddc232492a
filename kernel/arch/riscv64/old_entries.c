// kernel/arch/riscv64/old_entries.c: translations older than the tables, which QEMU keeps for so
// short a time that no program meets one. Linked only into //kernel:kernel_old_entries, whose
// linker calls each `__wrap_` function here in the place of the kernel's own of that name (--wrap);
// services start, end and start again on it.
//
// Of another hart: before the harts enter the kernel one reads through a space whose mapping hart 0
// then changes. It reads the old page until it was told to forget it, then the new one.
//
// Of its own: each page is mapped without the user bit, so that its first use is a fault, and gets
// it back before the kernel looks: a hart that has remembered an older entry. The kernel must let
// the task go on, and forget what it had of the space.
// Errors: what is not so is a panic.
#include "kernel/abi/layout.h"
#include "kernel/arch/riscv64/csr.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/core/kernel.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"

#define WRAPPED(result, name, ...)     \
    result __real_##name(__VA_ARGS__); \
    result __wrap_##name(__VA_ARGS__)

#define SSTATUS_SUM (UINT64_C(1) << 18)
#define PLACE USER_MAP_MIN
#define OTHER_HART 1
#define LOOK_NS UINT64_C(10000)

enum {
    ASID = MAX_TASKS + 1,  // No task's: theirs are 1 to MAX_TASKS.
    READS = 3,
    RETRIES_MIN = 50,
};

// Whose turn it is: even numbers are hart 0's, odd ones the other's.
static struct {
    struct atomic_u32 turn;
    uint64_t satp;
    uint64_t read;
    struct atomic_u32 retries;
} checks;

// The hart that calls may read user pages in between. QEMU forgets all translations at either.
static void user_pages_on(void) {
    __asm__ volatile("csrs sstatus, %0" : : "r"(SSTATUS_SUM) : "memory");
}

static void user_pages_off(void) {
    __asm__ volatile("csrc sstatus, %0" : : "r"(SSTATUS_SUM) : "memory");
}

static uint64_t read_user(uint64_t address) {
    return *(const volatile uint64_t *)(uintptr_t)address;
}

// Sleeps meanwhile, so that the other hart goes on.
static void await_turn(uint32_t turn) {
    while (atomic_load_acquire_u32(&checks.turn) != turn) {  // The image has a deadline.
        arch_timer_arm(arch_time_ns() + LOOK_NS);
        csr_wait_for_interrupt();
    }
    arch_timer_arm(UINT64_MAX);
}

static void end_turn(uint32_t turn) {
    atomic_store_release_u32(&checks.turn, turn + 1);
}

WRAPPED(void, hart_enter, uint32_t index);
void __wrap_hart_enter(uint32_t index) {
    if (index == OTHER_HART) {
        await_turn(1);
        csr_set_satp(checks.satp);
        user_pages_on();
        for (uint32_t turn = 1; turn < 2 * READS; turn += 2) {
            await_turn(turn);
            checks.read = read_user(PLACE);
            end_turn(turn);
        }
        user_pages_off();
        csr_set_satp(port.kernel_satp);
    }
    __real_hart_enter(index);
}

// What the other hart reads now.
static uint64_t read_there(uint32_t turn) {
    end_turn(turn);
    await_turn(turn + 2);
    return checks.read;
}

static struct page_number page_with(struct hart *hart, uint64_t word) {
    struct page_number page = page_take(&kernel_state, hart);
    KASSERT(page.value != 0);
    *(uint64_t *)arch_page(page) = word;
    return page;
}

static void expect(const char *what, uint64_t got, uint64_t wanted) {
    if (got != wanted) {
        kernel_panic("old entries: %s is %lu, not %lu", what, got, wanted);
    }
}

WRAPPED(void, smp_release, void);
WRAPPED(struct task *, trap_from_user, struct task *task, struct hart *hart);

void __wrap_smp_release(void) {
    struct kernel *kernel = &kernel_state;
    struct hart *hart = &kernel->harts[0];
    const struct page_number pages[] = {page_with(hart, 1), page_with(hart, 2)};
    struct arch_space space = {.quota = &kernel->tasks[kernel->init_task].quota};
    enum status status = arch_space_create(kernel, ASID, &space);
    KASSERT(status == STATUS_OK);
    status = arch_map(kernel, &space, PLACE, pages[0], ARCH_READ, false);
    KASSERT(status == STATUS_OK);
    checks.satp = space.port;
    __real_smp_release();
    expect("a word", read_there(0), 1);
    uint32_t taken = arch_unmap(&space, PLACE);
    status = arch_map(kernel, &space, PLACE, pages[1], ARCH_READ, false);
    KASSERT(taken == 1 && status == STATUS_OK);
    expect("what a hart remembers", read_there(2), 1);
    arch_tlb_shootdown(UINT64_C(1) << OTHER_HART, ASID);
    expect("what a hart reads after its shoot-down", read_there(4), 2);
    bool done = false;
    while (!done) {  // A few tables.
        done = arch_space_reclaim(kernel, &space, 1);
    }
    page_put(kernel, hart, pages[0]);
    page_put(kernel, hart, pages[1]);
}

// The entry that translates the address, or null.
static uint64_t *leaf_of(const struct arch_space *space, uint64_t address) {
    struct page_number table = space->root;
    for (uint32_t level = 2;; level--) {  // To a leaf, at level 0 at the latest.
        uint64_t *entry = (uint64_t *)arch_page(table) + sv39_index(address, level);
        if ((*entry & SV39_VALID) == 0) {
            return 0;
        }
        if ((*entry & SV39_LEAF) != 0) {
            return entry;
        }
        table = sv39_page(*entry);
    }
}

// Registers of devices are left alone.
static void hide(const struct arch_space *space, uint64_t address, uint32_t pages) {
    for (uint32_t i = 0; i < pages; i++) {
        uint64_t *entry = leaf_of(space, address + (uint64_t)i * PAGE_BYTES);
        bool is_memory = sv39_page(*entry).value >= port.machine.ram.base / PAGE_BYTES;
        *entry &= is_memory ? ~SV39_USER : ~UINT64_C(0);
    }
}

WRAPPED(enum status, sv39_map, struct kernel *kernel, struct hart *hart,
        const struct arch_space *space, uint64_t address, struct sv39_leaf leaf);
enum status __wrap_sv39_map(struct kernel *kernel, struct hart *hart,
                            const struct arch_space *space, uint64_t address,
                            struct sv39_leaf leaf) {
    enum status status = __real_sv39_map(kernel, hart, space, address, leaf);
    hide(space, address, status == STATUS_OK);
    return status;
}

WRAPPED(enum status, arch_map_run, struct kernel *kernel, struct arch_space *space,
        uint64_t user_address, struct arch_run *run);
enum status __wrap_arch_map_run(struct kernel *kernel, struct arch_space *space,
                                uint64_t user_address, struct arch_run *run) {
    enum status status = __real_arch_map_run(kernel, space, user_address, run);
    hide(space, user_address, run->mapped);
    return status;
}

// The first word of the space's root, at the address: the hart remembers that the entry named it.
static uint64_t remember_root(const struct task *task, uint64_t *entry, uint64_t address) {
    const uint64_t right = *entry;
    *entry = ((uint64_t)task->space.root.value << SV39_NUMBER_SHIFT) | SV39_VALID | SV39_READ |
             SV39_USER | SV39_ACCESSED;
    csr_flush_asid(task->space.asid);
    uint64_t word = read_user(address);
    *entry = right;
    expect("a word of a page that is not mapped any more", read_user(address), word);
    return word;
}

// The fault of a page that was hidden.
static struct task *take_fault(struct task *task, struct hart *hart, uint64_t *entry,
                               uint64_t address) {
    const uint64_t *right = (const uint64_t *)arch_page(sv39_page(*entry));
    *entry |= SV39_USER;
    uint64_t old = remember_root(task, entry, address);
    struct task *next = __real_trap_from_user(task, hart);
    if (next == task && *right != old) {
        expect("a word after its fault", read_user(address), *right);
        (void)atomic_add_u32(&checks.retries, 1);
    }
    return next;
}

struct task *__wrap_trap_from_user(struct task *task, struct hart *hart) {
    uint64_t address = csr_stval() & ~(uint64_t)(PAGE_BYTES - 1);
    bool fault = (csr_scause() & CAUSE_INTERRUPT) == 0 && address < USER_MAX;
    uint64_t *entry = fault ? leaf_of(&task->space, address) : 0;
    if (!entry || (*entry & SV39_USER) != 0) {
        return __real_trap_from_user(task, hart);
    }
    user_pages_on();
    struct task *next = take_fault(task, hart, entry, address);
    user_pages_off();
    return next;
}

WRAPPED(void, arch_power_off, bool failed);
void __wrap_arch_power_off(bool failed) {
    uint32_t retries = atomic_load_u32(&checks.retries);
    if (!failed && retries < RETRIES_MIN) {
        kernel_panic("old entries: %u faults were tried once more", retries);
    }
    __real_arch_power_off(failed);
}
