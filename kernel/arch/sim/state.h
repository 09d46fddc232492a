// kernel/arch/sim/state.h: the simulated machine's state, for the files of this folder.
// Test machinery: one per process, not kernel state.
#pragma once

#include "kernel/arch/sim/device.h"
#include "kernel/arch/sim/fiber.h"
#include "kernel/arch/sim/image.h"
#include "kernel/arch/sim/random.h"
#include "kernel/arch/sim/sim.h"
#include "kernel/arch/sim/sums.h"
#include "kernel/arch/sim/trace.h"
#include "kernel/core/kernel.h"
#include "runtime/ecall.h"

enum {
    SIM_TLB_COUNT = 64,
    SIM_PAGE_COUNT_MAX = 16384,
    SIM_CONSOLE_BYTES = 1 << 16,
    SIM_INPUT_ROOM = 16,
    SIM_INPUT_PERIOD_NS = 20000,
};

struct sim_tlb_entry {
    uint64_t address;  // Of the page; 0 is an empty entry (page 0 is never mapped).
    uint32_t asid;
    uint32_t page;
    uint32_t access;
    uint32_t reserved;
};

enum sim_trap {
    SIM_TRAP_NONE,
    SIM_TRAP_SYSCALL,
    SIM_TRAP_INTERRUPT,
    SIM_TRAP_FAULT,
};

struct sim_hart {
    struct fiber kernel_fiber;
    struct fiber *context;  // What goes on when this hart is chosen.
    struct task *task;      // Whose user mode it is in, or came from.
    uint64_t still_until;   // It stands still up to so many kernel entries of the machine.
    bool in_kernel;
    bool asleep;               // In arch_idle, until an event.
    enum sim_trap trap;        // How the user fiber entered the kernel,
    uint32_t events;           // with these events
    struct user_fault fault;   // or this fault.
    uint64_t ipi_at_ns;        // UINT64_MAX: none on its way.
    uint64_t timer_at_ns;      // UINT64_MAX: not armed.
    struct page_number space;  // The root of the tables that it walks (satp), or PAGE_NUMBER_NONE.
    struct sim_tlb_entry tlb[SIM_TLB_COUNT];
    uint64_t fetches_until;  // sim.writes at its last fence.i.
};

struct sim_device {
    uint64_t raise_at_ns;  // UINT64_MAX: not scheduled.
    uint64_t raised;
    uint32_t period_ns;  // 0: off.
    bool level;
};

struct sim_user {
    struct fiber fiber;
    uint32_t instance;  // Whose fiber it is; 0 is nobody's.
    void (*run)(struct message_page *page, uint64_t argument, uint32_t instance);
};

struct sim {
    uint32_t until_switch;  // Switch points left before the scheduler chooses anew.
    uint32_t running;       // The hart that runs.
    uint32_t switch_gap;    // Mean of until_switch.
    uint32_t ipi_delay_ns;  // IPIs take less than that.
    uint32_t kernel_count;  // Harts in the kernel.
    uint64_t now_ns;
    uint64_t steps;
    uint64_t audit_at_step;
    bool late;    // A planted bug: the next hart that leaves gives up a reference.
    bool booted;  // Harts other than 0 may run.
    bool fresh;   // Booted, and nothing has run yet.
    struct sim_options options;
    struct sim_random random;
    struct trace trace;
    struct sim_hart harts[MAX_HARTS];
    struct sim_user users[MAX_TASKS];
    struct fiber main_fiber;
    struct sim_result result;
    struct boot_info boot;
    struct sim_device devices[DEVICE_COUNT];
    uint64_t device_next_ns;
    uint32_t lines_pending;  // Bit i: device i's.
    uint32_t lines_claimed;
    uint32_t lines_enabled[MAX_HARTS];
    uint32_t input_count;  // Bytes in the receiver,
    uint32_t input_sent;   // and how many of the options' came.
    uint8_t input[SIM_INPUT_ROOM];
    uint32_t console_count;
    char console[SIM_CONSOLE_BYTES];
    uint32_t pages_out;       // Taken from the pool or reserved, as the port was told,
    uint32_t pages_reserved;  // these of them.
    bool page_is_out[SIM_PAGE_COUNT_MAX];
    uint64_t writes;                            // Counts up at each write,
    uint64_t page_written[SIM_PAGE_COUNT_MAX];  // and was so when the page was written last.
    struct sums sums;
    struct kernel kernel;
};

extern struct sim sim;

static inline struct sim_hart *sim_this(void) {
    return &sim.harts[sim.running];
}

static inline struct hart *sim_core_hart(void) {
    return &sim.kernel.harts[sim.running];
}

// sim.c
NORETURN void sim_finish(enum sim_end end, const char *format, ...) PRINTF_LIKE(2, 3);

// schedule.c: where another hart may go on. sim_switch_away: this hart cannot go on now.
void sim_point(void);
void sim_atomic_point(const void *at);  // The same, where a word is accessed.
void sim_stand_still(void);  // This hart, as long as others can go on, for some kernel entries.
void sim_switch_away(void);
uint32_t sim_events_due(const struct sim_hart *hart);
uint32_t sim_events_take(struct sim_hart *hart);
void sim_enter_kernel(struct sim_hart *hart);
void sim_leave_kernel(struct sim_hart *hart);
// The harts that are in the kernel go on until only this one is; the others stay out.
void sim_wait_alone(void);

// user.c: runs the task in user mode until it enters the kernel: hart->trap says how.
void sim_user_run(struct sim_hart *hart, struct task *task);

// tlb.c
void sim_space_use(struct sim_hart *hart, const struct task *task);
WARN_UNUSED bool sim_translate(struct sim_hart *hart, struct task *task, uint64_t address,
                               uint32_t access, struct page_number *out);
void sim_tlb_flush(struct sim_hart *hart, uint32_t asid);
WARN_UNUSED bool sim_tlb_holds(const struct sim_hart *hart, struct page_number page);

// fetch.c: the page was written, or is another's; the hart sees all that was written; it executes
// what stands in the page, which must be something that it sees.
void sim_fetch_reset(void);
void sim_fetch_forget(struct page_number page);
void sim_fetch_fence(struct sim_hart *hart);
void sim_fetch_check(const struct sim_hart *hart, struct page_number page);

// native.c: before and after a system call of a task whose mapped memory is the host's.
void sim_native_reset(void);
WARN_UNUSED uint64_t sim_native_argument(const struct task *task, uint64_t number, uint64_t arg1);
void sim_native_results(const struct task *task, uint64_t number, const uint64_t args[3],
                        struct ecall_result *results);

// device.c: devices do what is due. What a driver reads and writes. Lines as the kernel says.
void sim_devices_reset(void);
void sim_devices_run(void);
WARN_UNUSED bool sim_device_find(struct page_number page, uint32_t *index);
WARN_UNUSED uint64_t sim_device_load(uint32_t index, uint64_t offset);
void sim_device_store(uint32_t index, uint64_t offset, uint64_t value);
// Of a device that a test brings; of another: nothing.
WARN_UNUSED uint32_t sim_device_read32(uint32_t index, uint32_t offset);
void sim_device_write32(uint32_t index, uint32_t offset, uint32_t value);
void sim_check_devices(void);

// check.c: invariants. What concerns the hart that leaves the kernel, and what it has touched; what
// can be seen when no hart is in the kernel; everything (also when only this hart is, at the end);
// when all sleep.
void sim_check_leave(void);
void sim_check_sums(void);
void sim_check_boot(void);
void sim_count_turn(void);  // Before another hart goes on.
void sim_check_quiet(void);
void sim_check_all(void);
void sim_check_asleep(void);
