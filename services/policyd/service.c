// services/policyd/service.c: connects the logic (policyd.h) with the kernel's calls.
#include "services/policyd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/boot_resolver.h"
#include "ipc/plant.h"
#include "ipc/server.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_wire.h"
#include "kernel/abi/boot_image.h"
#include "services/policyd/audit.h"
#include "services/policyd/policyd.h"

// How long init may take to keep or give a word.
#define INIT_DEADLINE_NS UINT64_C(1000000000)

struct policyd_service {
    struct ipc_server server;
    struct ipc_boot_resolver resolver;
    struct ipc_client client;
    struct policyd policyd;
    struct audit audit;
    struct policy_learned page[POLICY_LEARNED_PAGE];
};

static uint64_t sender_of(const struct ipc_exchange *exchange) {
    return exchange->request->meta.service_id;
}

static enum wire_status on_ask(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (sender_of(exchange) != service_id_named("samgrd").value) {
        return WIRE_DENIED;
    }
    const struct policyd_question question = {
        .subject = message->subject, .object = message->object, .action = message->action};
    struct policyd_verdict verdict = policyd_ask(&service->policyd, &question);
    message->line = verdict.line;
    if (!verdict.allowed) {
        if (!plant_fires(PLANT_SKIP_AUDIT)) {
            audit_denied(&service->audit, &question, verdict.line);
        }
        return WIRE_DENIED;
    }
    if (verdict.learned) {
        audit_learned(&service->audit, &question);
    }
    struct slot_result copy = sys_cap_clone(slot_at(POLICYD_SLOT_FAMILY), RIGHT_MINT_UNDER);
    if (copy.status != STATUS_OK) {
        return WIRE_OVERLOAD;
    }
    exchange->lend = copy.slot;
    return WIRE_OK;
}

static enum wire_status on_check(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (sender_of(exchange) != service_id_named("execd").value) {
        return WIRE_DENIED;
    }
    const struct policyd_question question = {
        .subject = message->subject, .object = message->object, .action = message->action};
    struct policyd_verdict verdict = policyd_check(&service->policyd, &question);
    message->line = verdict.line;
    if (!verdict.allowed) {
        audit_denied(&service->audit, &question, verdict.line);
        return WIRE_DENIED;
    }
    return WIRE_OK;
}

// Asks init about the word that it keeps. False: it does not answer as it should.
static bool ask_init(struct policyd_service *service, enum init_op op, uint64_t *word) {
    struct init_message message = {.header = {.op = (uint8_t)op}, .word = *word};
    const struct ipc_question question = {.target = service_id_named("init"),
                                          .protocol = &init_rows,
                                          .deadline = {.ns = sys_clock_get() + INIT_DEADLINE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    bool good = ipc_ask(&service->client, &question, &message).error == IPC_OK &&
                message.header.status == WIRE_OK;
    *word = message.word;
    return good;
}

static bool may_manage(struct policyd_service *service, const struct ipc_exchange *exchange) {
    const struct policyd_question asked = {.subject = sender_of(exchange),
                                           .object = service_id_named("policyd").value,
                                           .action = POLICY_MANAGE};
    if (policyd_may_manage(&service->policyd, asked.subject)) {
        return true;
    }
    audit_denied(&service->audit, &asked, 0);
    return false;
}

// Before anything else is answered. A family that the kernel does not revoke must not stay in use:
// policyd ends rather than say so.
static uint32_t revoke_all(struct policyd_service *service) {
    // Thrice, so always: it is rare.
    bool skipped = plant_fires(PLANT_SKIP_REVOKE) || plant_fires(PLANT_SKIP_REVOKE) ||
                   plant_fires(PLANT_SKIP_REVOKE);
    enum status status = skipped ? STATUS_OK : sys_grant_revoke(slot_at(POLICYD_SLOT_FAMILY));
    if (status != STATUS_OK) {
        log_line(service->server.runtime, "policyd: cannot revoke: %s", status_name(status));
        sys_task_exit(1);
    }
    policyd_revoked(&service->policyd);
    return 1;
}

// init keeps the number first: whatever ends policyd from here on, its next instance decides by
// that policy, and init has revoked all that this one gave.
static enum wire_status on_select(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policyd *policyd = &service->policyd;
    struct policy_message *message = exchange->message;
    uint64_t number = message->policy;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    if (!policyd_has_policy(policyd, message->policy)) {
        return WIRE_ABSENT;
    }
    if (!ask_init(service, INIT_OP_KEEP, &number)) {
        return WIRE_UNAVAILABLE;
    }
    bool learned = policyd->learn.on;
    message->revoked = policyd_select(policyd, message->policy) ? revoke_all(service) : 0;
    if (learned) {
        audit_learning(&service->audit, sender_of(exchange), false);
    }
    return WIRE_OK;
}

static enum wire_status on_learn(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    if (message->learning > 1) {
        return WIRE_MALFORMED;
    }
    message->revoked =
        policyd_learn(&service->policyd, message->learning != 0) ? revoke_all(service) : 0;
    audit_learning(&service->audit, sender_of(exchange), message->learning != 0);
    return WIRE_OK;
}

static enum wire_status on_learned(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    uint32_t count = learn_page(&service->policyd.learn, message->first, service->page);
    message->known = service->policyd.learn.count;
    message->learned = (struct wire_bytes){.data = (const uint8_t *)service->page,
                                           .count = count * (uint32_t)sizeof(service->page[0])};
    return WIRE_OK;
}

static enum wire_status on_subject(void *state, struct ipc_exchange *exchange) {
    struct policyd_service *service = state;
    struct policy_message *message = exchange->message;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    const struct audit_subject *of = audit_book_find(&service->audit.book, message->subject);
    if (!of) {
        return WIRE_ABSENT;
    }
    message->object = of->last.object;
    message->action = (uint8_t)of->last.action;
    message->denied = of->denied;
    message->unsaid = of->unsaid;
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct policyd_service *service = state;
    const struct policyd *policyd = &service->policyd;
    struct policy_message *message = exchange->message;
    message->policy = (uint8_t)policyd->selected;
    message->allowed = policyd->stats.allowed;
    message->denied = policyd->stats.denied;
    message->revocations = policyd->stats.revocations;
    message->learning = policyd->learn.on;
    message->known = policyd->learn.count;
    message->missed = policyd->learn.missed;
    message->unaudited = (uint32_t)service->audit.lost;
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

// The policy that an instance before was told to decide by.
static bool take_up(struct policyd_service *service, const struct runtime *runtime) {
    struct policyd *policyd = &service->policyd;
    uint64_t number = 0;
    if (!ask_init(service, INIT_OP_KEPT, &number)) {
        log_line(runtime, "policyd: init does not say which policy decides");
        return false;
    }
    if (number == 0) {
        return true;  // Also without any policy.
    }
    if (number >= policyd->policy_count) {
        log_line(runtime, "policyd: there is no policy %lu", number);
        return false;
    }
    policyd->selected = (uint32_t)number;
    return true;
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct policyd_service *)state)->client;
}

static void trace_hits(void *state, bool on) {
    route_cache_trace_hits(&((struct policyd_service *)state)->client.routes, on);
}

int policyd_main(struct runtime *runtime, const void *image) {
    static const struct ipc_row rows[] = {
        [POLICY_OP_ASK] = {.call = on_ask},         [POLICY_OP_SELECT] = {.call = on_select},
        [POLICY_OP_STATS] = {.call = on_stats},     [POLICY_OP_LEARN] = {.call = on_learn},
        [POLICY_OP_LEARNED] = {.call = on_learned}, [POLICY_OP_SUBJECT] = {.call = on_subject},
        [POLICY_OP_CHECK] = {.call = on_check},
    };
    const struct ipc_service service = {.name = "policyd",
                                        .ready = MARKER_POLICYD_READY,
                                        .protocol = &policy_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows),
                                        .client = client_of,
                                        .trace_hits = trace_hits};
    static const struct ipc_boot_route_row routes[] = {
        {"logd", POLICY_SEND, POLICYD_SLOT_LOGD},
        {"init", POLICY_CALL, SLOT_INIT},
    };
    struct policyd_service state;
    state.resolver = (struct ipc_boot_resolver){.runtime = runtime, IPC_BOOT_ROWS(routes)};
    ipc_boot_client_init(&state.client, &state.resolver);
    policyd_init(&state.policyd);
    audit_init(&state.audit, &state.client);
    if (!runtime_expect(runtime, slot_at(POLICYD_SLOT_FAMILY), CAP_GRANT, RIGHTS_GRANT,
                        "the family of routes") ||
        !read_policies(&state.policyd, runtime, image) || !take_up(&state, runtime)) {
        return 1;
    }
    return ipc_serve(&state.server, runtime, &service, &state);
}
