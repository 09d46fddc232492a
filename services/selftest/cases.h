// services/selftest/cases.h: the cases of the ladder. Each returns true if what its marker says was
// seen; otherwise it has printed what was not. A case starts the peers that it needs and ends them:
// nothing is left for the next one.
#pragma once

#include "services/selftest/selftest.h"

WARN_UNUSED bool case_ipc_call_reply(struct selftest *selftest);
WARN_UNUSED bool case_ipc_frame_512(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reject_frame_513(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reject_deadline_passed(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reply_dropped(struct selftest *selftest);
WARN_UNUSED bool case_ipc_peer_dead(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reject_forged_identity(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reject_missing_right(struct selftest *selftest);
WARN_UNUSED bool case_ipc_async_reply(struct selftest *selftest);
WARN_UNUSED bool case_ipc_async_dropped(struct selftest *selftest);
WARN_UNUSED bool case_ipc_reject_async_quota(struct selftest *selftest);
WARN_UNUSED bool case_ipc_timer(struct selftest *selftest);
WARN_UNUSED bool case_ipc_no_senders(struct selftest *selftest);
WARN_UNUSED bool case_cap_move(struct selftest *selftest);
WARN_UNUSED bool case_cap_reject_revoked(struct selftest *selftest);
WARN_UNUSED bool case_console_reject_marker(struct selftest *selftest);
WARN_UNUSED bool case_fault_kernel_memory(struct selftest *selftest);
WARN_UNUSED bool case_fault_other_memory(struct selftest *selftest);
WARN_UNUSED bool case_fault_execute_data(struct selftest *selftest);
WARN_UNUSED bool case_fault_write_text(struct selftest *selftest);
WARN_UNUSED bool case_fault_stack_guard(struct selftest *selftest);
WARN_UNUSED bool case_fault_instruction(struct selftest *selftest);
WARN_UNUSED bool case_device_reject_execute(struct selftest *selftest);
WARN_UNUSED bool case_device_reject_outside_window(struct selftest *selftest);
WARN_UNUSED bool case_device_virtio_rng(struct selftest *selftest);
WARN_UNUSED bool case_device_reject_second_holder(struct selftest *selftest);
WARN_UNUSED bool case_vmo_share_16mib(struct selftest *selftest);
WARN_UNUSED bool case_vmo_remap(struct selftest *selftest);
WARN_UNUSED bool case_vmo_reject_seal_mapped(struct selftest *selftest);
WARN_UNUSED bool case_vmo_reject_write_sealed(struct selftest *selftest);
WARN_UNUSED bool case_vmo_reject_write_execute(struct selftest *selftest);
WARN_UNUSED bool case_vmo_execute_sealed(struct selftest *selftest);
WARN_UNUSED bool case_vmo_run_program(struct selftest *selftest);
WARN_UNUSED bool case_bulk_reuse(struct selftest *selftest);
WARN_UNUSED bool case_bulk_reject_range(struct selftest *selftest);
WARN_UNUSED bool case_bulk_reject_unsealed(struct selftest *selftest);
WARN_UNUSED bool case_task_preempt(struct selftest *selftest);
WARN_UNUSED bool case_smp_cross_hart_call(struct selftest *selftest);
WARN_UNUSED bool case_qos_higher_first(struct selftest *selftest);
WARN_UNUSED bool case_qos_reject_above_ceiling(struct selftest *selftest);
WARN_UNUSED bool case_smp_steal(struct selftest *selftest);
WARN_UNUSED bool case_smp_reject_steal_pinned(struct selftest *selftest);
WARN_UNUSED bool case_route_hit(struct selftest *selftest);
WARN_UNUSED bool case_route_async(struct selftest *selftest);
WARN_UNUSED bool case_route_reject_denied(struct selftest *selftest);
WARN_UNUSED bool case_route_rebound(struct selftest *selftest);
WARN_UNUSED bool case_route_revoked_then_denied(struct selftest *selftest);
WARN_UNUSED bool case_route_degraded_then_bound(struct selftest *selftest);
WARN_UNUSED bool case_log_append_query(struct selftest *selftest);
WARN_UNUSED bool case_log_reject_too_large(struct selftest *selftest);
WARN_UNUSED bool case_log_reject_over_rate(struct selftest *selftest);
WARN_UNUSED bool case_log_denial_audited(struct selftest *selftest);
WARN_UNUSED bool case_kernel_stats(struct selftest *selftest);
WARN_UNUSED bool case_kernel_trace(struct selftest *selftest);
WARN_UNUSED bool case_kernel_reject_stats(struct selftest *selftest);
WARN_UNUSED bool case_kernel_audit_busy(struct selftest *selftest);
WARN_UNUSED bool case_kernel_audit(struct selftest *selftest);
WARN_UNUSED bool case_timed_clock(struct selftest *selftest);
WARN_UNUSED bool case_timed_sleep_order(struct selftest *selftest);
WARN_UNUSED bool case_timed_coalesced(struct selftest *selftest);
WARN_UNUSED bool case_timed_tick(struct selftest *selftest);
WARN_UNUSED bool case_timed_reject_wish(struct selftest *selftest);
WARN_UNUSED bool case_timed_sleep_cancelled(struct selftest *selftest);
WARN_UNUSED bool case_timed_latency(struct selftest *selftest);
WARN_UNUSED bool case_timed_reject_malformed(struct selftest *selftest);
