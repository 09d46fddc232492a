// kernel/arch/riscv64/port.h: the state of this port, all of it, and what its parts share. Besides
// it only struct kernel, the boot page tables and the stacks are writable (kernel.ld); a test reads
// the symbol table (images/symbols_test.cc).
// Locking:    written by the boot hart before the others run, but for what is atomic and what is
//             said to be one hart's own.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "kernel/arch/riscv64/layout.h"
#include "kernel/arch/riscv64/machine.h"
#include "kernel/arch/riscv64/stale.h"
#include "kernel/core/regs.h"

// One hart's own.
struct port_hart {
    struct regs scratch;  // Where a trap stores while no task's registers are current.
    struct stale_fault stale;

    // Of a kernel that measures (measured.c), otherwise 0:
    uint64_t entry_begin;
    uint64_t longest;  // Instructions of an entry, and which it was.
    uint32_t longest_what;
    uint32_t entry_what;
};

struct port {
    uint64_t kernel_satp;    // The kernel's own map, no user space. Offset fixed in layout.h.
    struct regs panic_regs;  // What a kernel trap found. Likewise.
    uint64_t ns_per_tick;
    uint64_t uart_address;     // In the direct map; 0 until known: then the firmware prints.
    uint32_t kernel_root_end;  // The root of the kernel's map is empty from this entry on.
    uint32_t uart_burst;       // Bytes that it takes at once.
    uint32_t hart_count;
    uint32_t asid_bits;
    uint32_t hartid[MACHINE_HART_MAX];  // By hart index; 0 is the one that booted.
    bool sstc;
    bool zeroes_blocks;                 // Every hart can clear MACHINE_ZERO_BYTES at once.
    uint64_t seed[MACHINE_SEED_WORDS];  // From the device tree, or the time alone.
    struct machine machine;
    uint32_t device_id[MACHINE_DEVICE_MAX];
    struct atomic_u64 entropy_count;
    struct atomic_u64 arrived;      // Bit i: hart i runs on the kernel's map.
    struct atomic_u64 answered;     // Bit i: hart i took its first interrupt.
    struct atomic_u32 released;     // kernel_init is done: harts may enter the kernel.
    struct atomic_u32 line_open;    // Not zero: the last byte of the console was no line feed.
    struct atomic_u32 panic_owner;  // Not zero: a hart tells its panic, the others stop.
    struct port_hart harts[MACHINE_HART_MAX];
};

struct kernel;
struct task;

extern struct port port;
extern struct kernel kernel_state;

// The linker script's.
extern char kernel_start[];
extern char kernel_text_end[];
extern char kernel_rodata_end[];
extern char kernel_end[];
extern char kernel_stacks[];
extern char kernel_panic_stack[];
extern char kernel_panic_stack_top[];
extern uint64_t kernel_tables[][512];

static inline uint64_t port_physical(const void *address) {
    return (uint64_t)(uintptr_t)address - DIRECT_MAP_BASE;
}

static inline void *port_virtual(uint64_t physical) {
    return (void *)(uintptr_t)(physical + DIRECT_MAP_BASE);
}

// The hart that runs, from the stack it runs on.
uint32_t port_hart_index(void);

// Assembly. Runs `task`, or idles when it is null, and never returns: `stack_top` is where every
// later entry of this hart starts.
NORETURN void port_enter(struct task *task, uint64_t stack_top);
void trap_entry(void);
void boot_trap_entry(void);
void secondary_start(void);
bool probe_stimecmp(void);    // Whether this hart has the Sstc timer register.
bool probe_zero_block(void);  // Whether this hart may clear a block at once (Zicboz).

// Takes and acknowledges what is pending: enum arch_event.
WARN_UNUSED uint32_t port_events_take(void);

// Stops this hart for good.
NORETURN void port_stop(void);
