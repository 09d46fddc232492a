// services/selftest/service.c: the ladder: one case after the other, each marker after what it
// names was seen.
#include "images/markers.h"
#include "services/selftest/cases.h"
#include "services/selftest/slots.h"

static const struct rung ladder[] = {
    {MARKER_SELFTEST_IPC_CALL_REPLY, case_ipc_call_reply, 1},
    {MARKER_SELFTEST_IPC_FRAME_512, case_ipc_frame_512, 1},
    {MARKER_SELFTEST_IPC_REJECT_FRAME_513, case_ipc_reject_frame_513, 1},
    {MARKER_SELFTEST_IPC_REJECT_DEADLINE_PASSED, case_ipc_reject_deadline_passed, 1},
    {MARKER_SELFTEST_IPC_REPLY_DROPPED, case_ipc_reply_dropped, 1},
    {MARKER_SELFTEST_IPC_PEER_DEAD, case_ipc_peer_dead, 1},
    {MARKER_SELFTEST_IPC_REJECT_FORGED_IDENTITY, case_ipc_reject_forged_identity, 1},
    {MARKER_SELFTEST_IPC_REJECT_MISSING_RIGHT, case_ipc_reject_missing_right, 1},
    {MARKER_SELFTEST_IPC_ASYNC_REPLY, case_ipc_async_reply, 1},
    {MARKER_SELFTEST_IPC_ASYNC_DROPPED, case_ipc_async_dropped, 1},
    {MARKER_SELFTEST_IPC_REJECT_ASYNC_QUOTA, case_ipc_reject_async_quota, 1},
    {MARKER_SELFTEST_IPC_TIMER, case_ipc_timer, 1},
    {MARKER_SELFTEST_IPC_NO_SENDERS, case_ipc_no_senders, 1},
    {MARKER_SELFTEST_CAP_MOVE, case_cap_move, 1},
    {MARKER_SELFTEST_CAP_REJECT_REVOKED, case_cap_reject_revoked, 1},
    {MARKER_SELFTEST_CONSOLE_REJECT_MARKER, case_console_reject_marker, 1},
    {MARKER_SELFTEST_FAULT_KERNEL_MEMORY, case_fault_kernel_memory, 1},
    {MARKER_SELFTEST_FAULT_OTHER_MEMORY, case_fault_other_memory, 1},
    {MARKER_SELFTEST_FAULT_EXECUTE_DATA, case_fault_execute_data, 1},
    {MARKER_SELFTEST_FAULT_WRITE_TEXT, case_fault_write_text, 1},
    {MARKER_SELFTEST_FAULT_STACK_GUARD, case_fault_stack_guard, 1},
    {MARKER_SELFTEST_FAULT_INSTRUCTION, case_fault_instruction, 1},
    {MARKER_SELFTEST_DEVICE_REJECT_EXECUTE, case_device_reject_execute, 1},
    {MARKER_SELFTEST_DEVICE_REJECT_OUTSIDE_WINDOW, case_device_reject_outside_window, 1},
    {MARKER_SELFTEST_DEVICE_VIRTIO_RNG, case_device_virtio_rng, 1},
    {MARKER_SELFTEST_DEVICE_REJECT_SECOND_HOLDER, case_device_reject_second_holder, 1},
    {MARKER_SELFTEST_VMO_SHARE_16MIB, case_vmo_share_16mib, 1},
    {MARKER_SELFTEST_VMO_REMAP, case_vmo_remap, 1},
    {MARKER_SELFTEST_VMO_REJECT_SEAL_MAPPED, case_vmo_reject_seal_mapped, 1},
    {MARKER_SELFTEST_VMO_REJECT_WRITE_SEALED, case_vmo_reject_write_sealed, 1},
    {MARKER_SELFTEST_VMO_REJECT_WRITE_EXECUTE, case_vmo_reject_write_execute, 1},
    {MARKER_SELFTEST_VMO_EXECUTE_SEALED, case_vmo_execute_sealed, 1},
    {MARKER_SELFTEST_VMO_RUN_PROGRAM, case_vmo_run_program, 1},
    {MARKER_SELFTEST_BULK_REUSE, case_bulk_reuse, 1},
    {MARKER_SELFTEST_BULK_REJECT_RANGE, case_bulk_reject_range, 1},
    {MARKER_SELFTEST_BULK_REJECT_UNSEALED, case_bulk_reject_unsealed, 1},
    {MARKER_SELFTEST_BULK_RING, case_bulk_ring, 1},
    {MARKER_SELFTEST_TASK_PREEMPT, case_task_preempt, 1},
    {MARKER_SELFTEST_QOS_HIGHER_FIRST, case_qos_higher_first, 1},
    {MARKER_SELFTEST_QOS_REJECT_ABOVE_CEILING, case_qos_reject_above_ceiling, 1},
    {MARKER_SELFTEST_SMP_CROSS_HART_CALL, case_smp_cross_hart_call, 2},
    {MARKER_SELFTEST_SMP_STEAL, case_smp_steal, 2},
    {MARKER_SELFTEST_SMP_REJECT_STEAL_PINNED, case_smp_reject_steal_pinned, 2},
    {MARKER_SELFTEST_TIMED_CLOCK, case_timed_clock, 1},
    {MARKER_SELFTEST_TIMED_SLEEP_ORDER, case_timed_sleep_order, 1},
    {MARKER_SELFTEST_TIMED_COALESCED, case_timed_coalesced, 1},
    {MARKER_SELFTEST_TIMED_TICK, case_timed_tick, 1},
    {MARKER_SELFTEST_TIMED_REJECT_WISH, case_timed_reject_wish, 1},
    {MARKER_SELFTEST_TIMED_SLEEP_CANCELLED, case_timed_sleep_cancelled, 1},
    {MARKER_SELFTEST_TIMED_LATENCY, case_timed_latency, 1},
    {MARKER_SELFTEST_TIMED_REJECT_MALFORMED, case_timed_reject_malformed, 1},
    {MARKER_SELFTEST_TIMED_REBOUND, case_timed_rebound, 1},
    {MARKER_SELFTEST_ROUTE_HIT, case_route_hit, 1},
    {MARKER_SELFTEST_ROUTE_ASYNC, case_route_async, 1},
    {MARKER_SELFTEST_ROUTE_REJECT_DENIED, case_route_reject_denied, 1},
    {MARKER_SELFTEST_ROUTE_REBOUND, case_route_rebound, 1},
    {MARKER_SELFTEST_ROUTE_REVOKED_THEN_DENIED, case_route_revoked_then_denied, 1},
    {MARKER_SELFTEST_ROUTE_DEGRADED_THEN_BOUND, case_route_degraded_then_bound, 1},
    {MARKER_SELFTEST_ROUTE_POLICYD_RESTARTED, case_route_policyd_restarted, 1},
    {MARKER_SELFTEST_ROUTE_SAMGRD_RESTARTED, case_route_samgrd_restarted, 1},
    {MARKER_SELFTEST_ROUTE_REJECT_ACTION, case_route_reject_action, 1},
    {MARKER_SELFTEST_ROUTE_REJECT_MALFORMED, case_route_reject_malformed, 1},
    {MARKER_SELFTEST_POLICY_STATS, case_policy_stats, 1},
    {MARKER_SELFTEST_POLICY_LEARN, case_policy_learn, 1},
    {MARKER_SELFTEST_POLICY_REJECT_SELECT, case_policy_reject_select, 1},
    {MARKER_SELFTEST_POLICY_REJECT_ASK, case_policy_reject_ask, 1},
    {MARKER_SELFTEST_POLICY_REJECT_MALFORMED, case_policy_reject_malformed, 1},
    {MARKER_SELFTEST_LOG_APPEND_QUERY, case_log_append_query, 1},
    {MARKER_SELFTEST_LOG_PAGES, case_log_pages, 1},
    {MARKER_SELFTEST_LOG_EXPORT, case_log_export, 1},
    {MARKER_SELFTEST_LOG_REJECT_EXPORT, case_log_reject_export, 1},
    {MARKER_SELFTEST_LOG_REJECT_TOO_LARGE, case_log_reject_too_large, 1},
    {MARKER_SELFTEST_LOG_REJECT_MALFORMED, case_log_reject_malformed, 1},
    {MARKER_SELFTEST_LOG_REJECT_OVER_RATE, case_log_reject_over_rate, 1},
    {MARKER_SELFTEST_LOG_SENDER_COUNTS, case_log_sender_counts, 1},
    {MARKER_SELFTEST_LOG_DENIAL_AUDITED, case_log_denial_audited, 1},
    {MARKER_SELFTEST_LOG_CRASH_REPORT, case_log_crash_report, 1},
    {MARKER_SELFTEST_LOG_REJECT_CRASH_REPORT, case_log_reject_crash_report, 1},
    {MARKER_SELFTEST_LOG_REJECT_DENIED, case_log_reject_denied, 1},
    {MARKER_SELFTEST_INIT_REJECT_END, case_init_reject_end, 1},
    {MARKER_SELFTEST_INIT_STATE, case_init_state, 1},
    {MARKER_SELFTEST_INIT_REJECT_STATE, case_init_reject_state, 1},
    {MARKER_SELFTEST_INIT_REJECT_FOREIGN, case_init_reject_foreign, 1},
    {MARKER_SELFTEST_INIT_REJECT_MALFORMED, case_init_reject_malformed, 1},
    {MARKER_SELFTEST_LOG_REBOUND, case_log_rebound, 1},
    {MARKER_SELFTEST_LOG_AUDIT_REBOUND, case_log_audit_rebound, 1},
    {MARKER_SELFTEST_METRICS_COUNTER, case_metrics_counter, 1},
    {MARKER_SELFTEST_METRICS_GAUGE, case_metrics_gauge, 1},
    {MARKER_SELFTEST_METRICS_HISTOGRAM, case_metrics_histogram, 1},
    {MARKER_SELFTEST_METRICS_SPAN, case_metrics_span, 1},
    {MARKER_SELFTEST_METRICS_SNAPSHOT, case_metrics_snapshot, 1},
    {MARKER_SELFTEST_METRICS_REJECT_SNAPSHOT, case_metrics_reject_snapshot, 1},
    {MARKER_SELFTEST_METRICS_RETAINED, case_metrics_retained, 1},
    {MARKER_SELFTEST_METRICS_REJECT_NAME, case_metrics_reject_name, 1},
    {MARKER_SELFTEST_METRICS_REJECT_OVER_SPANS, case_metrics_reject_over_spans, 1},
    {MARKER_SELFTEST_METRICS_REJECT_OVER_SERIES, case_metrics_reject_over_series, 1},
    {MARKER_SELFTEST_METRICS_REJECT_DENIED, case_metrics_reject_denied, 1},
    {MARKER_SELFTEST_METRICS_REBOUND, case_metrics_rebound, 1},
    {MARKER_SELFTEST_METRICS_LOGD_REBOUND, case_metrics_logd_rebound, 1},
    {MARKER_SELFTEST_ENTROPY_BYTES, case_entropy_bytes, 1},
    {MARKER_SELFTEST_ENTROPY_RESEEDED, case_entropy_reseeded, 1},
    {MARKER_SELFTEST_ENTROPY_REJECT_COUNT, case_entropy_reject_count, 1},
    {MARKER_SELFTEST_ENTROPY_REJECT_DENIED, case_entropy_reject_denied, 1},
    {MARKER_SELFTEST_ENTROPY_REBOUND, case_entropy_rebound, 1},
    {MARKER_SELFTEST_EXEC_START, case_exec_start, 1},
    {MARKER_SELFTEST_EXEC_EXIT_STATUS, case_exec_exit_status, 1},
    {MARKER_SELFTEST_EXEC_KILLED, case_exec_killed, 1},
    {MARKER_SELFTEST_EXEC_ROUTES, case_exec_routes, 1},
    {MARKER_SELFTEST_EXEC_CRASH_REPORTED, case_exec_crash_reported, 1},
    {MARKER_SELFTEST_EXEC_BUNDLE, case_exec_bundle, 1},
    {MARKER_SELFTEST_EXEC_REJECT_IMAGE, case_exec_reject_image, 1},
    {MARKER_SELFTEST_EXEC_REJECT_UNSEALED, case_exec_reject_unsealed, 1},
    {MARKER_SELFTEST_EXEC_REJECT_OVER_QUOTA, case_exec_reject_over_quota, 1},
    {MARKER_SELFTEST_EXEC_REJECT_START, case_exec_reject_start, 1},
    {MARKER_SELFTEST_EXEC_REJECT_DENIED, case_exec_reject_denied, 1},
    {MARKER_SELFTEST_EXEC_REBOUND, case_exec_rebound, 1},
};

// Of an image with a disk.
static const struct rung storage[] = {
    {MARKER_SELFTEST_DISK_READ_WRITE, case_disk_read_write, 1},
    {MARKER_SELFTEST_DISK_BARRIER, case_disk_barrier, 1},
    {MARKER_SELFTEST_DISK_REJECT_RANGE, case_disk_reject_range, 1},
    {MARKER_SELFTEST_DISK_REJECT_INLINE, case_disk_reject_inline, 1},
    {MARKER_SELFTEST_DISK_REJECT_FOREIGN_WINDOW, case_disk_reject_foreign_window, 1},
    {MARKER_SELFTEST_DISK_REJECT_DENIED, case_disk_reject_denied, 1},
    {MARKER_SELFTEST_DISK_REBOUND, case_disk_rebound, 1},
    {MARKER_SELFTEST_STATE_PUT_GET, case_state_put_get, 1},
    {MARKER_SELFTEST_STATE_LIST, case_state_list, 1},
    {MARKER_SELFTEST_STATE_DELETE, case_state_delete, 1},
    {MARKER_SELFTEST_STATE_TRANSACTION, case_state_transaction, 1},
    {MARKER_SELFTEST_STATE_SYNC, case_state_sync, 1},
    {MARKER_SELFTEST_STATE_REJECT_TRANSACTION, case_state_reject_transaction, 1},
    {MARKER_SELFTEST_STATE_REJECT_TOO_LARGE, case_state_reject_too_large, 1},
    {MARKER_SELFTEST_STATE_QUOTA, case_state_quota, 1},
    {MARKER_SELFTEST_STATE_REJECT_OVER_QUOTA, case_state_reject_over_quota, 1},
    {MARKER_SELFTEST_STATE_REJECT_FOREIGN, case_state_reject_foreign, 1},
    {MARKER_SELFTEST_STATE_REJECT_DENIED, case_state_reject_denied, 1},
    {MARKER_SELFTEST_STATE_DISK_REBOUND, case_state_disk_rebound, 1},
    {MARKER_SELFTEST_STATE_REBOUND, case_state_rebound, 1},
};

// Of one with keystored on it.
static const struct rung keys[] = {
    {MARKER_SELFTEST_KEYS_IDENTITY, case_keys_identity, 1},
    {MARKER_SELFTEST_KEYS_SIGN, case_keys_sign, 1},
    {MARKER_SELFTEST_KEYS_SECRET, case_keys_secret, 1},
    {MARKER_SELFTEST_KEYS_SEAL, case_keys_seal, 1},
    {MARKER_SELFTEST_KEYS_REJECT_TAMPERED, case_keys_reject_tampered, 1},
    {MARKER_SELFTEST_KEYS_REJECT_EXPORT, case_keys_reject_export, 1},
    {MARKER_SELFTEST_KEYS_REJECT_NAME, case_keys_reject_name, 1},
    {MARKER_SELFTEST_KEYS_REJECT_FORGED, case_keys_reject_forged, 1},
    {MARKER_SELFTEST_KEYS_REJECT_OVER_QUOTA, case_keys_reject_over_quota, 1},
    {MARKER_SELFTEST_KEYS_REJECT_DENIED, case_keys_reject_denied, 1},
    {MARKER_SELFTEST_KEYS_AUDITED, case_keys_audited, 1},
    {MARKER_SELFTEST_KEYS_REBOUND, case_keys_rebound, 1},
};

static const struct rung ending[] = {
    {MARKER_SELFTEST_KERNEL_STATS, case_kernel_stats, 1},
    {MARKER_SELFTEST_KERNEL_TRACE, case_kernel_trace, 1},
    {MARKER_SELFTEST_KERNEL_REJECT_STATS, case_kernel_reject_stats, 1},
    {MARKER_SELFTEST_KERNEL_AUDIT, case_kernel_audit, 1},
};

// Rungs that an image has if it has that program; null: always.
static const struct {
    const struct rung *rungs;
    uint32_t count;
    const char *program;
} sections[] = {
    {ladder, ARRAY_LEN(ladder), 0},
    {storage, ARRAY_LEN(storage), "statefsd"},
    {keys, ARRAY_LEN(keys), "keystored"},
    {ending, ARRAY_LEN(ending), 0},
};

static bool climb(struct selftest *selftest) {
    bool good = true;
    for (uint32_t i = 0; i < ARRAY_LEN(sections) && good; i++) {
        good = (sections[i].program && !selftest_program(selftest->image, sections[i].program)) ||
               selftest_climb(selftest, sections[i].rungs, sections[i].count);
    }
    return good;
}

int selftest_main(struct runtime *runtime, const void *image) {
    struct selftest selftest = {.runtime = runtime,
                                .name = "selftest",
                                .timed = slot_at(SELFTEST_SLOT_TIMED),
                                .image = image};
    if (!runtime_expect(runtime, selftest.timed, CAP_ENDPOINT, RIGHT_CALL, "the route to timed") ||
        !runtime_expect(runtime, slot_at(SELFTEST_SLOT_RNG), CAP_DEVICE, RIGHTS_DEVICE,
                        "the entropy device") ||
        !runtime_expect(runtime, slot_at(SELFTEST_SLOT_STATS), CAP_STATS, RIGHTS_STATS,
                        "the statistics") ||
        !runtime_expect(runtime, slot_at(SELFTEST_SLOT_OPERATOR), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to init that may end services") ||
        !runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd") ||
        // What its class may be is for its peers; it runs as the services do that it calls.
        !selftest_expect_status(&selftest, "its own class",
                                sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_NORMAL), STATUS_OK) ||
        !selftest_begin(&selftest, MARKER_SELFTEST_READY) || !climb(&selftest)) {
        return 1;
    }
    marker_text(runtime, MARKER_SELFTEST_END);
    return 0;
}
