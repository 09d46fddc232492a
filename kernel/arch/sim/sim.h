// kernel/arch/sim/sim.h: a whole machine in one test process: virtual harts, virtual time,
// simulated RAM, and a scheduler that decides everything by a seed.
//
// One seed is one execution: every decision comes from sim_options.seed, and nothing depends on an
// address, on real time or on other processes. The trace hash covers every decision, system call,
// result and event; two runs of one seed have the same hash. User tasks are C functions: each
// program of the boot image is a small valid ELF file whose entry is USER_IMAGE_MIN +
// SIM_ENTRY_FIRST + 4 * (index in `programs`), so that the kernel loads it as it loads any program,
// and the simulation knows from the entry which function to run (kernel/arch/sim/user.h).
// Units:     nanoseconds of virtual time.
// Ownership: the caller owns options, programs and result. One simulation at a time in a process;
//            its memory is kept for the next one.
// Errors:    what goes wrong inside ends the run and is described in the result.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kernel/abi/message.h"
#include "kernel/core/fault_point.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kernel;

enum {
    SIM_ENTRY_FIRST = 0x800,  // Offset of the first entry in a program's text segment.
    SIM_PROGRAM_MAX = 60,
    SIM_AUDIT_STEPS = 256,  // Kernel entries between two full audits.
    SIM_WAITS_STEPS = 4,    // Between two looks at every wait.
};

// A user program. Its function must not own anything that needs cleaning up: a task that is killed
// is abandoned where it stands. Returning is task_exit(0).
struct sim_program {
    const char *name;
    void (*run)(struct message_page *page, uint64_t argument, uint32_t instance);
    const uint8_t *file;  // Null: an ELF file is made. Otherwise these bytes are the file, whatever
                          // they are.
    size_t file_bytes;
};

// A device that a test brings, behind the window, line and arena of SIM_DEVICE_WITH_ARENA
// (kernel/arch/sim/device.h). Its functions are called between two instructions of the machine.
struct sim_device_model {
    void *context;
    uint32_t (*read)(void *context, uint32_t offset);  // A register of 4 bytes.
    void (*write)(void *context, uint32_t offset, uint32_t value);
    // Does what is due now, and after each write; when it is to be called again, or UINT64_MAX.
    uint64_t (*run)(void *context, uint64_t now_ns);
    bool (*line)(void *context);  // Whether its interrupt line is up.
};

struct sim_options {
    uint64_t seed;
    uint32_t hart_count;
    uint32_t page_count;                 // Of RAM, boot image included.
    uint64_t step_max;                   // Kernel entries after which the run counts as endless.
    const struct sim_program *programs;  // programs[0] is named init.
    uint32_t program_count;
    uint32_t fault_rate[FAULT_POINT_COUNT];  // Chances in 65536; what is a planted bug is 0 unless
                                             // --plant asks for it.
    const char *input;                       // What the console's receiver gets. Null: nothing.
    const struct sim_device_model *model;    // Null: the device of device.h.
    uint32_t arena_pages;                    // Of the device's arena; 0: SIM_ARENA_PAGES.
    // Where a program has memory mapped it is told an address of the host at which the very pages
    // are, with its rights: for services that use it by pointers. kernel/arch/sim/native.c.
    bool native;
    // May spoil the boot image before the kernel sees it. Null: nobody does.
    void (*spoil)(uint8_t *image);
    bool sums_off;           // The full audit alone counts (kernel/arch/sim/sums.h).
    uint64_t cpu_period_ns;  // How long a period of CPU budgets is; 0: as the kernel says.
    FILE *trace;             // Null: no text.
};

enum sim_end {
    SIM_RUNNING,
    SIM_POWER_OFF,  // init ended with code 0.
    SIM_PANIC,      // kernel_panic; the message is its line.
    SIM_STUCK,      // Nothing can ever happen again, and tasks wait: a deadlock or a lost wake-up.
    SIM_ENDLESS,    // step_max was reached.
    SIM_CHECK_FAILED,  // An invariant does not hold.
    SIM_POWER_CUT,     // sim_power_cut.
};

struct sim_result {
    enum sim_end end;
    uint64_t trace_hash;
    uint64_t steps;  // Kernel entries.
    uint64_t syscalls;
    uint64_t direct_switches;  // Of them, calls and replies done by the fast path.
    uint64_t switches;         // Changes from one hart to another.
    uint64_t sums;             // Kernel entries after which the running sums were looked at.
    uint64_t audits;
    uint64_t faults_fired;
    uint64_t planted_step;  // The kernel entry in which a planted bug fired first; 0: none did.
    uint64_t preemptions;   // Of all harts: kernel/core/hart.h.
    uint64_t raises;
    uint64_t steals;
    uint64_t ipis_sent;
    uint64_t ipis_spared;
    uint64_t now_ns;
    uint32_t pages_at_start;  // Free pages when init started,
    uint32_t pages_at_end;    // and at the end.
    uint32_t tasks_at_end;    // Taken task objects.
    char message[256];        // Why it ended, in a line.
};

// Options for a run without faults or planted bugs.
struct sim_options sim_options_make(uint64_t seed, uint32_t hart_count,
                                    const struct sim_program *programs, uint32_t program_count);

void sim_run(const struct sim_options *options, struct sim_result *out);

// Boots the machine of `options` (harts, pages, programs), for which no seed matters. The next
// sim_run of the same machine goes on from there: what it does is the same, and each fork() of a
// process that has booted can run a seed of its own.
void sim_boot(const struct sim_options *options);

// Of the last run: what the console got; the state of every task and hart, and the last trace
// records.
const char *sim_console(void);
void sim_report(FILE *to);

const char *sim_end_name(enum sim_end end);

// For a device: ends the run here and now, whatever the machine is doing. Does not return.
void sim_power_cut(void);

// The arena of SIM_DEVICE_WITH_ARENA, as the machine that was booted has it.
struct sim_arena {
    uint8_t *bytes;
    uint64_t physical;
    uint32_t byte_count;
};
struct sim_arena sim_arena(void);

// The kernel of the run: for checks from a test, also between two system calls of a user function.
struct kernel *sim_kernel(void);

#ifdef __cplusplus
}
#endif
