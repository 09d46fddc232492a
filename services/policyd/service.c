// services/policyd/service.c: connects the logic (policyd.h) with the kernel's calls.
#include "services/policyd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/policy_wire.h"
#include "kernel/abi/boot_image.h"
#include "runtime/service.h"
#include "services/policyd/policyd.h"

struct policyd_service {
    struct runtime *runtime;
    struct policyd policyd;
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

static enum wire_status on_ask(struct policyd_service *service, uint64_t sender,
                               struct policy_message *message, struct slot *lent) {
    if (sender != service_id_named("samgrd").value) {
        return WIRE_DENIED;
    }
    const struct policyd_question question = {
        .subject = message->subject, .object = message->object, .action = message->action};
    struct policyd_verdict verdict = policyd_ask(&service->policyd, &question);
    message->line = verdict.line;
    return verdict.status == WIRE_OK ? lend_grant(verdict.grant, lent) : verdict.status;
}

// Revokes what the policy of now does not allow, before anything else is answered. A grant that the
// kernel does not revoke must not stay in use: policyd ends rather than say so.
static enum wire_status on_select(struct policyd_service *service, uint64_t sender,
                                  struct policy_message *message) {
    struct policyd *policyd = &service->policyd;
    if (!policyd_may_manage(policyd, sender)) {
        return WIRE_DENIED;
    }
    if (!policyd_select(policyd, message->policy)) {
        return WIRE_ABSENT;
    }
    message->revoked = 0;
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        struct policyd_grant *stale = policyd_next_stale(policyd);
        if (!stale) {
            break;
        }
        bool made = stale->slot.value != CAP_SLOT_NONE;
        enum status status = made ? sys_grant_revoke(stale->slot) : STATUS_OK;
        if (status != STATUS_OK) {
            log_line(service->runtime, "policyd: cannot revoke: %s", status_name(status));
            sys_task_exit(1);
        }
        policyd_revoked(policyd, stale);
        message->revoked++;
    }
    return WIRE_OK;
}

static void on_stats(const struct policyd *policyd, struct policy_message *message) {
    message->policy = (uint8_t)policyd->selected;
    message->allowed = policyd->stats.allowed;
    message->denied = policyd->stats.denied;
    message->grants = policyd_grant_count(policyd);
}

static enum wire_status serve(struct policyd_service *service, const struct message_area *in,
                              struct policy_message *message, struct slot *lent) {
    enum wire_status status = policy_decode(WIRE_REQUEST, in->payload, in->header.len, message);
    if (status != WIRE_OK) {
        return status;
    }
    switch ((enum policy_op)message->header.op) {
        case POLICY_OP_ASK:
            return on_ask(service, in->meta.service_id, message, lent);
        case POLICY_OP_SELECT:
            return on_select(service, in->meta.service_id, message);
        case POLICY_OP_STATS:
            on_stats(&service->policyd, message);
            return WIRE_OK;
    }
    return WIRE_UNKNOWN_OP;
}

static enum service_outcome on_call(void *state, const struct message_area *request,
                                    struct reply_handle reply, struct message_area *answer) {
    struct policyd_service *service = state;
    struct policy_message message = {0};
    struct slot lent = slot_at(CAP_SLOT_NONE);
    message.header.status = (uint8_t)serve(service, request, &message, &lent);
    frame_finish(answer, WIRE_PROTOCOL_POLICY,
                 policy_encode(WIRE_REPLY, &message, answer->payload, sizeof(answer->payload)));
    if (lent.value == CAP_SLOT_NONE) {
        return SERVICE_ANSWER;
    }
    frame_carry(answer, lent);
    if (sys_ipc_reply(reply) != STATUS_OK) {
        frame_keep(reply, lent);
    }
    return SERVICE_KEEP;
}

static bool is_policy(const struct boot_image_entry *entry) {
    return entry->kind == BOOT_IMAGE_DATA &&
           strncmp(entry->name, POLICY_NAME_START, sizeof(POLICY_NAME_START) - 1) == 0;
}

// init has checked the image's table before it started anything.
static bool read_policies(struct policyd_service *service, const void *image) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        const void *bytes = (const uint8_t *)image + entries[i].offset;
        if (is_policy(&entries[i]) &&
            !policyd_add_policy(&service->policyd, bytes, entries[i].bytes)) {
            log_line(service->runtime, "policyd: '%s' is no policy, or one too many",
                     entries[i].name);
            return false;
        }
    }
    return true;
}

int policyd_main(struct runtime *runtime, const void *image) {
    struct policyd_service service = {.runtime = runtime};
    policyd_init(&service.policyd);
    const struct service_handlers handlers = {.call = on_call};
    if (!runtime_expect(runtime, slot_at(SLOT_ENDPOINT), CAP_ENDPOINT, RIGHT_RECV,
                        "policyd's endpoint") ||
        !runtime_expect(runtime, slot_at(POLICYD_SLOT_FACTORY), CAP_FACTORY, RIGHT_MAKE_GRANT,
                        "a factory of grants") ||
        !read_policies(&service, image)) {
        return 1;
    }
    if (runtime_start_number(runtime) > 1) {
        marker(runtime, MARKER_POLICYD_READY_AGAIN, runtime_start_number(runtime));
    } else {
        marker_text(runtime, MARKER_POLICYD_READY);
    }
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = service_run(runtime, slot_at(SLOT_ENDPOINT), &handlers, &service);
    }
    log_line(runtime, "policyd: ends: %s", status_name(status));
    return 1;
}
