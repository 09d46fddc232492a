// kernel/core/arch.h: everything kernel/core needs from the machine. The whole seam:
// kernel/arch/riscv64 and kernel/arch/sim implement it.
//
// Two parts: functions declared here, and short ones on the IPC path that each port defines `static
// inline` in its kernel/arch/<port>/arch_inline.h, which the build presents as
// "kernel/core/arch_inline.h" (an alias chosen by platform; no #ifdef). The kernel always runs with
// interrupts off: they are taken from user mode and while idle only. So the port's trap code calls
// the entry points of kernel/core/kernel.h and there is nothing here to turn interrupts on.
// Units:      nanoseconds since boot; physical page numbers (address / 4096) in struct page_number.
// Blocking:   nothing here waits but arch_idle and arch_tlb_shootdown.
// Locking:    arch_console_write is called under the console lock, arch_console_read and arch_irq_*
//             under device_lock; maps of one space are never
//             changed by two harts at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/compiler.h"
#include "kernel/abi/status.h"

enum { MAX_HARTS = 8 };

struct kernel;
struct hart;
struct task;
struct quota;

struct page_number {
    uint32_t value;  // 32 bits reach 16 TiB.
};
#define PAGE_NUMBER_NONE ((struct page_number){0})  // Page 0 is never memory.

// A user address space: the root page of its tables and its tag in the TLB.
struct arch_space {
    struct page_number root;
    uint32_t asid;
    uint64_t port;        // The port's own form of both.
    uint64_t harts;       // Bit i: hart i may hold translations with this tag, for it ran the task.
    struct quota *quota;  // Pays for its tables and owned pages.
};

enum { ARCH_LARGE_PAGES = 512 };  // Pages of a large page; also its alignment.

enum arch_event {
    ARCH_EVENT_TIMER = 1u << 0,     // The armed time has come.
    ARCH_EVENT_IPI = 1u << 1,       // Another hart asked this one to look.
    ARCH_EVENT_EXTERNAL = 1u << 2,  // arch_irq_claim has something for this hart.
};

enum arch_access {
    ARCH_READ = 1u << 0,
    ARCH_WRITE = 1u << 1,
    ARCH_EXECUTE = 1u << 2,
};

// Arms this hart's timer to raise ARCH_EVENT_TIMER at or after `ns`, replacing what was armed;
// UINT64_MAX disarms. (SBI TIME, or Sstc's stimecmp.)
void arch_timer_arm(uint64_t ns);

// Raises ARCH_EVENT_IPI on the harts of the mask (bit i: hart index i), whose harts must be online;
// the own one may be among them. (SBI IPI.)
void arch_ipi_send(uint64_t hart_mask);

// Sleeps until an interrupt is pending or *doorbell is not zero. The look and the sleep are one
// step: what is set before or while looking is not slept over. Returns the events taken, already
// acknowledged; may return 0. Interrupts stay off (wfi wakes on a pending one).
WARN_UNUSED uint32_t arch_idle(const struct atomic_u32 *doorbell);

// Maps one page for user mode. Tables come from and return to kernel/core's page pool. `owned`
// marks a page that arch_space_reclaim must return.
// Errors: STATUS_NO_SPACE (no page for a table), STATUS_BUSY (already mapped). Never writable and
//         executable (KASSERT).
WARN_UNUSED enum status arch_map(struct kernel *kernel, struct arch_space *space,
                                 uint64_t user_address, struct page_number page, uint32_t access,
                                 bool owned);

// Pages side by side, which stay their holder's.
struct arch_run {
    struct page_number first;
    uint32_t count;
    uint32_t access;
    uint32_t mapped;  // Told: how many, also when it failed.
};

// Maps pages of a run for user mode, side by side from the address on: as many as one table has
// places for, at most `run->count`. Errors: as arch_map.
WARN_UNUSED enum status arch_map_run(struct kernel *kernel, struct arch_space *space,
                                     uint64_t user_address, struct arch_run *run);

// Maps a large page for user mode, all of it aligned. Errors: as arch_map; STATUS_BUSY also where
// smaller pages are or were mapped, which can be mapped there again.
WARN_UNUSED enum status arch_map_large(struct kernel *kernel, struct arch_space *space,
                                       uint64_t user_address, struct page_number page,
                                       uint32_t access);

// Takes away the page mapped at the address, which is not owned; translations of it stay until they
// are shot down. Returns how many pages further to go on: a large page's, or 1, also where nothing
// is mapped.
WARN_UNUSED uint32_t arch_unmap(struct arch_space *space, uint64_t user_address);

// An empty address space, whose pages out->quota pays for: a root page from the pool, the kernel's
// half shared. Errors: STATUS_NO_SPACE.
WARN_UNUSED enum status arch_space_create(struct kernel *kernel, uint32_t asid,
                                          struct arch_space *out);

// Returns up to `page_budget` pages (owned ones and tables) to the pool, starting where the last
// call stopped; true once nothing is left, the root included, which is then PAGE_NUMBER_NONE. No
// hart may be using the space.
WARN_UNUSED bool arch_space_reclaim(struct kernel *kernel, struct arch_space *space,
                                    uint32_t page_budget);

// The pages that the space's quota pays for: tables, and owned ones. Bounded by what is mapped; for
// an audit. No hart changes the space.
WARN_UNUSED uint32_t arch_space_pages(const struct arch_space *space);

// Forgets every translation with this tag on each hart of the mask; returns when all have done so.
// (SBI RFENCE.)
void arch_tlb_shootdown(uint64_t hart_mask, uint32_t asid);

// Makes code just written by this hart fetchable on every online hart. (fence.i, SBI RFENCE.)
void arch_code_written(uint64_t hart_mask);

// This hart stops using any user address space: before one that it may hold is reclaimed.
void arch_space_leave(void);

// Writes bytes to the console, whole, in order. Waits for the transmitter, a bounded time a byte.
void arch_console_write(const char *bytes, size_t count);

// Whether the last byte written was no line feed, or one is being written. In a panic, without the
// lock.
WARN_UNUSED bool arch_console_open(void);

// Takes what the console's receiver holds, at most `max` bytes; how many.
WARN_UNUSED uint32_t arch_console_read(uint8_t *bytes, uint32_t max);

// Interrupt lines (RISC-V PLIC). Each is off until it is enabled for one hart, which then takes
// what the device asserts. Called under device_lock.
void arch_irq_enable(uint32_t line, uint32_t hart_index);
void arch_irq_disable(uint32_t line, uint32_t hart_index);

// Takes an interrupt that waits for this hart: its line, or 0. The line is silent until it is
// completed, which works only while it is enabled for that hart.
WARN_UNUSED uint32_t arch_irq_claim(void);
void arch_irq_complete(uint32_t line, uint32_t hart_index);

uint64_t arch_entropy(void);

// Ends the machine: status 0 to the outside, or a failure. Does not return.
NORETURN void arch_power_off(bool failed);

// Starts the machine anew, as after power-on: memory is gone. Does not return.
NORETURN void arch_reboot(void);

// Prints registers and a backtrace for a panic, stops the other harts, and ends the machine with
// failure.
NORETURN void arch_panic_stop(void);

// Each port's arch_inline.h defines:
//   static inline struct task *arch_resume(struct hart *hart, struct task *next, uint64_t a1,
//     uint64_t a2); the last step of the fast path of a call: `next`, which waited in a system
//     call, returns from it with STATUS_OK, a1, a2 and 0. First its space is in use, then it is
//     stored as hart->current: who was current may be taken by another hart, and end there, from
//     then on. The port goes to user mode at once and never returns here, or stores the results and
//     returns `next`
//   static inline uint64_t arch_time_ns(void); the same clock on every hart, never backwards
//   static inline void *arch_page(struct page_number page); the kernel's own map of a page; valid
//     for the kernel's life
//   static inline struct page_number arch_page_number(const void *page);  the inverse
//   static inline void arch_words_copy(void *to, const void *from, uint64_t word_count); at most 64
//     words of 8 bytes, both sides aligned and apart
//   static inline void arch_spin_hint(void);                        inside a spin loop
//   static inline void arch_page_poison(struct page_number page); the page went back to the pool:
//     nobody may touch it (simulation; else nothing)
//   static inline void arch_page_unpoison(struct page_number page); the page was taken
#include "kernel/core/arch_inline.h"
