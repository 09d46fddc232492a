// testing/kernel_selftest/main.c: the kernel's contract on the real architecture: one case after
// the other, each marker after what it names was seen.
#include "runtime/main.h"

#include "images/markers.h"
#include "kernel/abi/layout.h"
#include "services/selftest/cases.h"
#include "testing/kernel_selftest/cases.h"

static const struct rung ladder[] = {
    {MARKER_KERNEL_SELFTEST_MEMORY_KERNEL, case_fault_kernel_memory, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_OTHER, case_fault_other_memory, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_TEXT, case_fault_write_text, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_CONSTANTS, case_memory_constants, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_MESSAGE_PAGE, case_fault_execute_data, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_STACK, case_memory_stack, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_STACK_GUARD, case_fault_stack_guard, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_BOOT_IMAGE, case_memory_boot_image, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_DEVICES, case_memory_devices, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_OWED, case_memory_owed, 1},
    {MARKER_KERNEL_SELFTEST_MEMORY_LOAD_DATA, case_memory_load_data, 1},
    {MARKER_KERNEL_SELFTEST_TRAP_INSTRUCTION, case_fault_instruction, 1},
    {MARKER_KERNEL_SELFTEST_TRAP_MISALIGNED, case_trap_misaligned, 1},
    {MARKER_KERNEL_SELFTEST_TRAP_BREAK, case_trap_break, 1},
    {MARKER_KERNEL_SELFTEST_TRAP_REGISTERS, case_trap_registers, 1},
    {MARKER_KERNEL_SELFTEST_TIME_PREEMPT, case_task_preempt, 1},
    {MARKER_KERNEL_SELFTEST_TIME_SHARED_HART, case_time_shared_hart, 1},
    {MARKER_KERNEL_SELFTEST_TIME_DEADLINE, case_time_deadline, 1},
    {MARKER_KERNEL_SELFTEST_TIME_DEADLINE_BUSY, case_time_deadline_busy, 1},
    {MARKER_KERNEL_SELFTEST_TIME_CPU_BUDGET, case_time_cpu_budget, 1},
    {MARKER_KERNEL_SELFTEST_TIME_REJECT_CPU_BUDGET, case_time_reject_cpu_budget, 1},
    {MARKER_KERNEL_SELFTEST_IPC_CALL_REPLY, case_ipc_call_reply, 1},
    {MARKER_KERNEL_SELFTEST_IPC_FRAME_512, case_ipc_frame_512, 1},
    {MARKER_KERNEL_SELFTEST_IPC_REJECT_FRAME_513, case_ipc_reject_frame_513, 1},
    {MARKER_KERNEL_SELFTEST_IPC_REJECT_DEADLINE_PASSED, case_ipc_reject_deadline_passed, 1},
    {MARKER_KERNEL_SELFTEST_IPC_REPLY_DROPPED, case_ipc_reply_dropped, 1},
    {MARKER_KERNEL_SELFTEST_IPC_PEER_DEAD, case_ipc_peer_dead, 1},
    {MARKER_KERNEL_SELFTEST_IPC_REJECT_FORGED_IDENTITY, case_ipc_reject_forged_identity, 1},
    {MARKER_KERNEL_SELFTEST_IPC_ASYNC_REPLY, case_ipc_async_reply, 1},
    {MARKER_KERNEL_SELFTEST_IPC_ASYNC_DROPPED, case_ipc_async_dropped, 1},
    {MARKER_KERNEL_SELFTEST_IPC_REJECT_ASYNC_QUOTA, case_ipc_reject_async_quota, 1},
    {MARKER_KERNEL_SELFTEST_CAPS_REJECT_MISSING_RIGHT, case_ipc_reject_missing_right, 1},
    {MARKER_KERNEL_SELFTEST_CAPS_REJECT_FULL_TABLE, case_caps_reject_full_table, 1},
    {MARKER_KERNEL_SELFTEST_CONSOLE_REJECT_MARKER, case_console_reject_marker, 1},
    {MARKER_KERNEL_SELFTEST_KILL_UNSTARTED, case_kill_unstarted, 1},
    {MARKER_KERNEL_SELFTEST_KILL_RUNNING, case_kill_running, 1},
    {MARKER_KERNEL_SELFTEST_KILL_WAITING, case_kill_waiting, 1},
    {MARKER_KERNEL_SELFTEST_KILL_CALLERS, case_kill_callers, 1},
    {MARKER_KERNEL_SELFTEST_KILL_MIDDLE, case_kill_middle, 1},
    {MARKER_KERNEL_SELFTEST_KILL_RECEIVER, case_kill_receiver, 1},
    {MARKER_KERNEL_SELFTEST_KILL_ASYNC_SENDER, case_kill_async_sender, 1},
    {MARKER_KERNEL_SELFTEST_KILL_ONE_NOTICE, case_kill_one_notice, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_CLOSED, case_crowd_closed, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_GIVEN, case_crowd_given, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_REVOKED, case_crowd_revoked, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_HELD, case_crowd_held, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_TIMES_OUT, case_crowd_times_out, 1},
    {MARKER_KERNEL_SELFTEST_CROWD_DUE_AT_ONCE, case_crowd_due_at_once, 1},
    {MARKER_KERNEL_SELFTEST_VMO_SHARE_16MIB, case_vmo_share_16mib, 1},
    {MARKER_KERNEL_SELFTEST_VMO_RUN_PROGRAM, case_vmo_run_program, 1},
    {MARKER_KERNEL_SELFTEST_TASK_LIFECYCLES, case_task_lifecycles, 1},
    {MARKER_KERNEL_SELFTEST_TASK_REJECT_HART, case_task_reject_hart, 1},
    {MARKER_KERNEL_SELFTEST_SMP_CROSS_HART_CALL, case_smp_cross_hart_call, 2},
    {MARKER_KERNEL_SELFTEST_SMP_CALLS, case_smp_calls, 2},
    {MARKER_KERNEL_SELFTEST_STATS_COUNTS, case_kernel_stats, 1},
    {MARKER_KERNEL_SELFTEST_STATS_TRACE, case_kernel_trace, 1},
    {MARKER_KERNEL_SELFTEST_STATS_REJECT_STATS, case_kernel_reject_stats, 1},
    {MARKER_KERNEL_SELFTEST_STATS_AUDIT_BUSY, case_kernel_audit_busy, 1},
    {MARKER_KERNEL_SELFTEST_STATS_AUDIT, case_kernel_audit, 1},
};

int service_main(struct runtime *runtime) {
    struct selftest selftest = {.runtime = runtime,
                                .name = "kernel_selftest",
                                .timed = slot_at(CAP_SLOT_NONE),
                                .tells_time = true,
                                .image = (const void *)USER_BOOT_IMAGE};
    if (!selftest_begin(&selftest, MARKER_KERNEL_SELFTEST_READY) ||
        !selftest_climb(&selftest, ladder, ARRAY_LEN(ladder))) {
        return 1;
    }
    marker_text(runtime, MARKER_KERNEL_SELFTEST_END);
    return 0;
}
