// services/execd/endings.c: programs that have ended: who waits is told, and the journal.
#include "ipc/plant.h"
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/task.h"
#include "services/execd/state.h"

void endings_put(struct exec_message *message, const struct execd_record *record) {
    const bool ended = record->state == EXECD_ENDED;
    message->reason = ended ? record->ending.reason : (uint8_t)EXIT_NONE;
    message->detail = ended ? record->ending.detail : 0;
    message->pc = ended ? record->ending.pc : 0;
    message->ra = ended ? record->ending.ra : 0;
}

// A program that exits with 0 has done what it was started for; everything else is a record.
static bool is_told(const struct log_crash *crash) {
    return crash->reason != EXIT_CODE || crash->detail != 0;
}

static void answer_waiters(struct execd_service *service, struct execd_record *record) {
    struct kept_call call;
    for (uint32_t i = 0; i < EXECD_WAITER_MAX; i++) {
        struct exec_message message = {.header = {.op = EXEC_OP_WAIT}};
        if (!execd_take_waiter(&service->execd, record->instance, &call)) {
            break;
        }
        endings_put(&message, record);
        bool handed =
            ipc_answer(&service->server, &call, WIRE_OK, &message, slot_at(CAP_SLOT_NONE));
        record->told = record->told || handed;
    }
}

// Who waits is answered before logd is told, which may take as long as logd is down.
static void on_end(struct execd_service *service, struct execd_record *record,
                   const struct query_result *found) {
    const struct runtime *runtime = service->server.runtime;
    const struct crash_place place =
        crash_place_of(runtime, slot_at(EXECD_SLOT_STATS), record->instance);
    const struct log_crash crash = {.subject = record->program,
                                    .detail = found->detail,
                                    .instance = record->instance,
                                    .reason = (uint8_t)task_query_reason(found->value),
                                    .pc = place.pc,
                                    .ra = place.ra};
    const struct execd_ending ending = {
        .detail = crash.detail, .pc = crash.pc, .ra = crash.ra, .reason = crash.reason};
    slot_release(record->task);
    execd_ended(&service->execd, record, &ending);
    if (is_told(&crash)) {
        crash_say(runtime, "execd", record->name, &crash);
    }
    answer_waiters(service, record);
    if (is_told(&crash) && !plant_fires(PLANT_LOSE_CRASH)) {
        ask_tell_logd(service, &crash);
    }
}

void endings_look(struct execd_service *service) {
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        struct execd_record *record = &service->execd.records[i];
        if (record->state != EXECD_RUNS) {
            continue;
        }
        struct query_result found = sys_cap_query(record->task);
        if (found.status == STATUS_OK && task_query_state(found.value) == TASK_DEAD) {
            on_end(service, record, &found);
        }
    }
}
