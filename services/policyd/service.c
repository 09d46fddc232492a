// services/policyd/service.c: connects the logic (policyd.h) with the kernel's calls.
#include "services/policyd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/policy_wire.h"
#include "kernel/abi/boot_image.h"
#include "services/policyd/audit.h"
#include "services/policyd/policyd.h"

struct policyd_service {
    struct ipc_server server;
    struct policyd policyd;
    struct audit audit;
};

// Its grant, made when it is first wanted, as a copy that may be minted under.
static enum wire_status lend_grant(struct policyd_grant *grant, struct slot *lent) {
    if (grant->slot.value == CAP_SLOT_NONE) {
        struct slot_result made = sys_grant_create(slot_at(POLICYD_SLOT_FACTORY));
        if (made.status != STATUS_OK) {
            return WIRE_OVERLOAD;
        }
        grant->slot = made.slot;
    }
    struct slot_result copy = sys_cap_clone(grant->slot, RIGHT_MINT_UNDER);
    if (copy.status != STATUS_OK) {
        return WIRE_OVERLOAD;
    }
    *lent = copy.slot;
    return WIRE_OK;
}

static enum wire_status on_ask(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (exchange->request->meta.service_id != service_id_named("samgrd").value) {
        return WIRE_DENIED;
    }
    const struct policyd_question question = {
        .subject = message->subject, .object = message->object, .action = message->action};
    struct policyd_verdict verdict = policyd_ask(&service->policyd, &question);
    message->line = verdict.line;
    if (verdict.status == WIRE_DENIED) {
        audit_denied(&service->audit, &question, verdict.line);
    }
    return verdict.status == WIRE_OK ? lend_grant(verdict.grant, &exchange->lend) : verdict.status;
}

static enum wire_status on_check(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (exchange->request->meta.service_id != service_id_named("execd").value) {
        return WIRE_DENIED;
    }
    const struct policyd_question question = {
        .subject = message->subject, .object = message->object, .action = message->action};
    struct policyd_verdict verdict = policyd_check(&service->policyd, &question);
    message->line = verdict.line;
    if (verdict.status == WIRE_DENIED) {
        audit_denied(&service->audit, &question, verdict.line);
    }
    return verdict.status;
}

// Revokes what the policy of now does not allow, before anything else is answered. A grant that the
// kernel does not revoke must not stay in use: policyd ends rather than say so.
static enum wire_status on_select(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policyd *policyd = &service->policyd;
    struct policy_message *message = exchange->message;
    const uint64_t sender = exchange->request->meta.service_id;
    if (!policyd_may_manage(policyd, sender)) {
        const struct policyd_question asked = {.subject = sender,
                                               .object = service_id_named("policyd").value,
                                               .action = POLICY_MANAGE};
        audit_denied(&service->audit, &asked, 0);
        return WIRE_DENIED;
    }
    if (!policyd_select(policyd, message->policy)) {
        return WIRE_ABSENT;
    }
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        struct policyd_grant *stale = policyd_next_stale(policyd);
        if (!stale) {
            break;
        }
        bool made = stale->slot.value != CAP_SLOT_NONE;
        enum status status = made ? sys_grant_revoke(stale->slot) : STATUS_OK;
        if (status != STATUS_OK) {
            log_line(service->server.runtime, "policyd: cannot revoke: %s", status_name(status));
            sys_task_exit(1);
        }
        policyd_revoked(policyd, stale);
        message->revoked++;
    }
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct policyd_service *service = state;
    const struct policyd *policyd = &service->policyd;
    struct policy_message *message = exchange->message;
    message->policy = (uint8_t)policyd->selected;
    message->allowed = policyd->stats.allowed;
    message->denied = policyd->stats.denied;
    message->grants = policyd_grant_count(policyd);
    return WIRE_OK;
}

static bool is_policy(const struct boot_image_entry *entry) {
    return entry->kind == BOOT_IMAGE_DATA &&
           strncmp(entry->name, POLICY_NAME_START, sizeof(POLICY_NAME_START) - 1) == 0;
}

// init has checked the image's table before it started anything.
static bool read_policies(struct policyd *policyd, const struct runtime *runtime,
                          const void *image) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        const void *bytes = (const uint8_t *)image + entries[i].offset;
        if (is_policy(&entries[i]) && !policyd_add_policy(policyd, bytes, entries[i].bytes)) {
            log_line(runtime, "policyd: '%s' is no policy, or one too many", entries[i].name);
            return false;
        }
    }
    return true;
}

int policyd_main(struct runtime *runtime, const void *image) {
    static const struct ipc_row rows[] = {
        [POLICY_OP_ASK] = {.call = on_ask},
        [POLICY_OP_SELECT] = {.call = on_select},
        [POLICY_OP_STATS] = {.call = on_stats},
        [POLICY_OP_CHECK] = {.call = on_check},
    };
    const struct ipc_service service = {.name = "policyd",
                                        .ready = MARKER_POLICYD_READY,
                                        .protocol = &policy_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows)};
    struct policyd_service state;
    policyd_init(&state.policyd);
    audit_init(&state.audit, runtime, slot_at(POLICYD_SLOT_LOGD));
    if (!runtime_expect(runtime, slot_at(POLICYD_SLOT_FACTORY), CAP_FACTORY, RIGHT_MAKE_GRANT,
                        "a factory of grants") ||
        !read_policies(&state.policyd, runtime, image)) {
        return 1;
    }
    return ipc_serve(&state.server, runtime, &service, &state);
}
