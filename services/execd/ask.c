// services/execd/ask.c: what execd asks of others: policyd about each start, samgrd's route, and
// what it tells logd.
#include "ipc/wire/policy_wire.h"
#include "services/execd/state.h"

static struct deadline ask_deadline(void) {
    return (struct deadline){.ns = sys_clock_get() + ASK_DEADLINE_NS};
}

enum wire_status ask_may(struct execd_service *service, uint64_t subject, enum policy_action action,
                         uint64_t object) {
    struct policy_message message = {.header = {.op = POLICY_OP_CHECK},
                                     .subject = subject,
                                     .object = object,
                                     .action = (uint8_t)action};
    const struct ipc_question question = {.target = service_id_named("policyd"),
                                          .protocol = &policy_rows,
                                          .deadline = ask_deadline(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (ipc_ask(&service->client, &question, &message).error != IPC_OK) {
        return WIRE_UNAVAILABLE;
    }
    enum wire_status status = (enum wire_status)message.header.status;
    service->execd.stats.denied += status == WIRE_DENIED;
    return status == WIRE_OK || status == WIRE_DENIED ? status : WIRE_UNAVAILABLE;
}

enum wire_status ask_may_manage(struct execd_service *service, uint64_t subject) {
    return ask_may(service, subject, POLICY_MANAGE, service_id_named("execd").value);
}

enum status ask_give_samgrd(struct execd_service *service, struct slot task) {
    const struct ipc_grantee program = {.task = task, .slot = SLOT_SAMGRD};
    const enum ipc_error error =
        ipc_client_grant(&service->client, service_id_named("samgrd"), &program, ask_deadline())
            .error;
    if (error == IPC_DENIED) {
        return STATUS_DENIED;
    }
    if (error == IPC_BAD_REQUEST) {
        return STATUS_BAD_ARG;
    }
    return error == IPC_OK ? STATUS_OK : STATUS_PEER_CLOSED;
}

void ask_tell_logd(struct execd_service *service, const struct log_crash *crash) {
    struct log_message message = crash_message(crash);
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = ask_deadline(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (ipc_tell(&service->client, &question, &message).error != IPC_OK) {
        log_line(service->server.runtime, "execd: logd was not told of that");
    }
}
