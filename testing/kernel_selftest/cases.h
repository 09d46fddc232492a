// testing/kernel_selftest/cases.h: cases of the kernel's contract beyond those that selftest climbs
// too (services/selftest/cases.h). Each returns true if what its marker says was seen; otherwise it
// has printed what was not. A case ends what it starts.
#pragma once

#include "services/selftest/selftest.h"

// What a wait may take longer than it should: a task that computes keeps its hart for up to two of
// the kernel's time slices of 10 ms (the tick need not fall on the end of its slice), and QEMU's
// turn of the other harts comes on top.
#define SLICES_NS (31 * SELFTEST_MS)

// Waits until nothing is pending at the own endpoint for so long.
WARN_UNUSED bool kernel_selftest_settle(struct selftest *selftest, uint64_t quiet_ns);

WARN_UNUSED bool case_memory_constants(struct selftest *selftest);
WARN_UNUSED bool case_memory_stack(struct selftest *selftest);
WARN_UNUSED bool case_memory_boot_image(struct selftest *selftest);
WARN_UNUSED bool case_memory_devices(struct selftest *selftest);
WARN_UNUSED bool case_memory_owed(struct selftest *selftest);
WARN_UNUSED bool case_memory_load_data(struct selftest *selftest);
WARN_UNUSED bool case_trap_misaligned(struct selftest *selftest);
WARN_UNUSED bool case_trap_break(struct selftest *selftest);
WARN_UNUSED bool case_trap_registers(struct selftest *selftest);
WARN_UNUSED bool case_time_deadline(struct selftest *selftest);
WARN_UNUSED bool case_time_deadline_busy(struct selftest *selftest);
WARN_UNUSED bool case_time_cpu_budget(struct selftest *selftest);
WARN_UNUSED bool case_time_reject_cpu_budget(struct selftest *selftest);
WARN_UNUSED bool case_time_shared_hart(struct selftest *selftest);
WARN_UNUSED bool case_kill_unstarted(struct selftest *selftest);
WARN_UNUSED bool case_kill_running(struct selftest *selftest);
WARN_UNUSED bool case_kill_waiting(struct selftest *selftest);
WARN_UNUSED bool case_kill_callers(struct selftest *selftest);
WARN_UNUSED bool case_kill_middle(struct selftest *selftest);
WARN_UNUSED bool case_kill_receiver(struct selftest *selftest);
WARN_UNUSED bool case_kill_async_sender(struct selftest *selftest);
WARN_UNUSED bool case_kill_one_notice(struct selftest *selftest);
WARN_UNUSED bool case_crowd_closed(struct selftest *selftest);
WARN_UNUSED bool case_crowd_given(struct selftest *selftest);
WARN_UNUSED bool case_crowd_revoked(struct selftest *selftest);
WARN_UNUSED bool case_crowd_held(struct selftest *selftest);
WARN_UNUSED bool case_crowd_times_out(struct selftest *selftest);
WARN_UNUSED bool case_crowd_due_at_once(struct selftest *selftest);
WARN_UNUSED bool case_task_lifecycles(struct selftest *selftest);
WARN_UNUSED bool case_task_reject_hart(struct selftest *selftest);
WARN_UNUSED bool case_caps_reject_full_table(struct selftest *selftest);
WARN_UNUSED bool case_smp_calls(struct selftest *selftest);
