// kernel/core/kernel.h: the whole kernel state, and the entry points a port's trap code calls.
//
// An entry point runs with interrupts off on the hart's one kernel stack, never sleeps with a frame
// live, and returns the task to run next on this hart, whose registers are in it: null means idle,
// and the port calls kernel_idle, which returns only with a task. The port stores what an entry
// point returns in hart->current, as a release, once that task's space is in use; kernel_idle
// stores the null. `regs` is the current task's own.
// Ownership:  the port owns the memory of struct kernel (its first KERNEL_ZEROED_BYTES zero, but
//             for harts that there are not) for the machine's life.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/boot_image.h"
#include "kernel/core/device.h"
#include "kernel/core/endpoint.h"
#include "kernel/core/hart.h"
#include "kernel/core/pool.h"
#include "kernel/core/task.h"
#include "kernel/core/vmo.h"

enum { BOOT_RAM_RANGE_MAX = 4 };
BASE_STATIC_ASSERT(2 * BOOT_RAM_RANGE_MAX <= POOL_RANGE_MAX, "each may end inside a block");

// A device as the port found it: windows in whole pages that nothing else has, lines that nothing
// else raises.
struct boot_device {
    struct page_number window;
    uint32_t window_pages;
    uint32_t line;
    uint32_t id;  // enum device_id
};

// What a port tells the core, already checked against the device tree: ranges are free RAM, page
// aligned, apart from kernel, boot image and device tree.
struct boot_info {
    uint32_t hart_count;
    uint32_t range_count;
    struct page_number range_first[BOOT_RAM_RANGE_MAX];
    uint32_t range_pages[BOOT_RAM_RANGE_MAX];
    struct page_number image_first;
    uint64_t image_bytes;
    uint32_t device_count;
    uint32_t input_line;   // Of the console's receiver; 0: none.
    uint32_t event_pages;  // For the events of each hart: a power of two.
    bool traced;           // Events are recorded from the start, and a line says where they are.
    struct boot_device devices[DEVICE_MAX];
};

// A family of minted capabilities (kernel/core/grant.h).
struct grant {
    struct atomic_u32 references;  // Capabilities that carry it; 0 returns it to the pool.
    uint64_t payer;                // task_name: whose quota it counts in. Guarded by the family
                                   // lock.
};

enum { MAX_GRANTS = 512 };

// In kernel->qos_seen, where no class is: a task has had a CPU budget.
#define QOS_SEEN_BUDGETS UINT32_C(1)
BASE_STATIC_ASSERT((int)QOS_DEFAULT == 0, "no class");

#define CPU_PERIOD_NS UINT64_C(100000000)

// Who waits until every hart has left the kernel (kernel/core/quiesce.h).
struct quiesce {
    struct lock lock;             // LOCK_RANK_QUIESCE
    struct atomic_u64 requested;  // Number of the last request. Changed under the lock.
    // Guarded by lock: tasks in WAIT_QUIESCE in the order of their numbers.
    uint32_t head;
    uint32_t tail;
};

struct kernel {
    // First: the IPC path finds an epoch without an offset. Entry 0 is no grant and stays 0.
    struct atomic_u32 grant_epochs[MAX_GRANTS + 1];
    struct hart harts[MAX_HARTS];

    uint32_t hart_count;
    struct atomic_u64 harts_online;   // Bit i: hart i has entered kernel_hart_start.
    struct atomic_u32 next_instance;  // Never reused within a boot.
    struct atomic_u32 next_hart;      // Where the next TASK_HART_ANY goes.
    struct atomic_u32 qos_seen;       // Bit i: a task has had class i; and QOS_SEEN_BUDGETS.
    struct atomic_u32 cpu_shares;     // Of all tasks that were bounded by one that is not.
    uint64_t cpu_period_ns;           // CPU_PERIOD_NS. Constant after boot.

    struct pool task_pool;
    struct pool endpoint_pool;
    struct pool vmo_pool;
    struct pool page_pool;
    struct pool grant_pool;
    struct quiesce quiesce;

    struct atomic_u64 stop_request;  // Who has stopped the other harts (kernel/core/stop.h).
    struct atomic_u64 tasks_begun[MAX_TASKS / 64];  // Bit i: what task object i holds may be looked
                                                    // at, by any hart.

    struct lock family_lock;   // LOCK_RANK_FAMILY
    struct lock console_lock;  // LOCK_RANK_CONSOLE
    uint64_t console_writer;   // task_name: who left the open line. Guarded by console_lock.

    struct lock device_lock;  // LOCK_RANK_DEVICE
    uint32_t device_count;    // Besides the one at DEVICE_INPUT.
    struct device devices[DEVICE_COUNT];

    // Constant after kernel_init:
    const struct boot_image_header *image;   // Checked.
    const struct manifest_header *manifest;  // In it.
    struct page_number image_first;
    uint64_t image_bytes;
    uint32_t init_task;
    struct page_number events_first;  // Of the rings of all harts.
    struct page_number audit_first;   // Pages for one audit (kernel/core/stats.c).

    // From here on what the memory held before is still there when kernel_init begins: each is
    // cleared when it is taken for the first time, so that starting does not cost more the more
    // there may be.
    struct wheel wheels[MAX_HARTS];
    struct endpoint endpoints[MAX_ENDPOINTS];
    uint32_t task_next[MAX_TASKS];
    uint32_t endpoint_next[MAX_ENDPOINTS];
    uint32_t vmo_next[MAX_VMOS];
    struct vmo vmos[MAX_VMOS];
    uint32_t grant_next[MAX_GRANTS];
    struct grant grants[MAX_GRANTS + 1];
    struct task tasks[MAX_TASKS];
};

// How much of struct kernel must be zero when kernel_init begins.
#define KERNEL_ZEROED_BYTES offsetof(struct kernel, wheels)
BASE_STATIC_ASSERT(KERNEL_ZEROED_BYTES % 8 == 0, "whole words");

// Task objects that have ever been taken: those with a lower index. The others hold anything.
static inline uint32_t kernel_task_count(const struct kernel *kernel) {
    return atomic_raw_load_shared(&kernel->task_pool.ranges[0].next);
}

// Grants that have ever been taken: those with a lower index, from 1 on.
static inline uint32_t kernel_grant_end(const struct kernel *kernel) {
    return atomic_raw_load_shared(&kernel->grant_pool.ranges[0].next);
}

// Endpoints that have ever been taken. Of the others only what endpoint_pool_init sets is known.
static inline uint32_t kernel_endpoint_count(const struct kernel *kernel) {
    return kernel->endpoint_pool.ranges[0].next;
}

// The same for VMOs.
static inline uint32_t kernel_vmo_count(const struct kernel *kernel) {
    return kernel->vmo_pool.ranges[0].next;
}

// What stopped a task, as the port decoded it (RISC-V Privileged, scause and stval).
struct user_fault {
    enum exit_reason reason;
    uint64_t detail;
};

// Boot hart, once, before any other entry: pools, boot image check, the first task (loaded,
// runnable on hart 0). Prints the markers up to "kernel: init". A bad boot image or no memory is a
// panic that says why. The other harts may enter afterwards.
void kernel_init(struct kernel *kernel, const struct boot_info *info);

// Each hart, once, the boot hart included.
WARN_UNUSED struct task *kernel_hart_start(struct kernel *kernel, struct hart *hart);

// A user `ecall` of the current task: `number` from a7. Its registers are in the task but for those
// that it declares clobbered; pc already points behind the instruction, and regs_all is false.
WARN_UNUSED struct task *kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                                        uint64_t number);

// The two calls of a round trip, SYSCALL_IPC_CALL and SYSCALL_IPC_REPLY_RECV, with their arguments:
// of the current task's registers only pc, sp, gp and tp need be stored (kernel/core/ipc_fast.c).
WARN_UNUSED struct task *kernel_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                     struct hart *hart);
WARN_UNUSED struct task *kernel_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                           struct task *task, struct hart *hart);

// An interrupt from user mode; `events` are enum arch_event, acknowledged. All registers are saved
// and regs_all is true.
WARN_UNUSED struct task *kernel_interrupt(struct kernel *kernel, struct hart *hart,
                                          uint32_t events);

// A user exception. All registers are saved.
WARN_UNUSED struct task *kernel_fault(struct kernel *kernel, struct hart *hart,
                                      struct user_fault fault);

// Nothing to run: sleeps until there is.
WARN_UNUSED struct task *kernel_idle(struct kernel *kernel, struct hart *hart);

// One console line, whole, under the console lock, without a prefix: for the kernel's own markers.
// The format is kernel_panic's.
void kernel_print(struct kernel *kernel, struct hart *hart, const char *format, ...)
    PRINTF_LIKE(3, 4);
