// services/init/requests.c: what services ask of init: operations of its protocol, on the server
// that every service has (ipc/server.h), in init's own loop.
#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/plant.h"
#include "ipc/wire/init_wire.h"
#include "services/init/service.h"
#include "services/init/state.h"

// The service whose task asks; SERVICE_INDEX_NONE if it is none that runs.
static uint32_t sender_of(const struct init *init, const struct ipc_exchange *exchange) {
    return supervisor_find(&init->supervisor, exchange->request->meta.instance);
}

static bool is_operator(const struct message_area *request) {
    return request->meta.badge == INIT_BADGE_OPERATOR;
}

static void print_up(const struct init *init, uint32_t service, uint32_t number) {
    if (number == 1) {
        marker(init->runtime, MARKER_INIT_UP, init_name_of(init, service));
    } else {
        marker(init->runtime, MARKER_INIT_UP_AGAIN, init_name_of(init, service), number);
    }
}

// samgrd comes and asks for what it has not been told of.
static void call_samgrd(struct init *init) {
    if (init->samgrd != SERVICE_INDEX_NONE &&
        init->supervisor.services[init->samgrd].state == SERVICE_UP) {
        status_ignore(sys_ipc_notify(init->launcher.services[init->samgrd].endpoint),
                      "one that has just ended asks when it is started again");
    }
}

// Of a starting service's task. The markers come before the answer lets the service go on.
static enum wire_status on_ready(void *state, struct ipc_exchange *exchange) {
    struct init *init = state;
    uint32_t service = supervisor_ready(&init->supervisor, exchange->request->meta.instance);
    if (service == SERVICE_INDEX_NONE) {
        return WIRE_DENIED;
    }
    print_up(init, service, init->supervisor.services[service].start_count);
    if (supervisor_announce(&init->supervisor)) {
        marker_text(init->runtime, MARKER_INIT_READY);
    }
    call_samgrd(init);
    return WIRE_OK;
}

// The next service that is up and that samgrd has not been told of: the call is kept until the
// handler is over, for only then it can be told whether the offer was taken.
static enum wire_status on_offer(void *state, struct ipc_exchange *exchange) {
    struct init *init = state;
    const uint32_t sender = sender_of(init, exchange);
    if (sender == SERVICE_INDEX_NONE || sender != init->samgrd) {
        return WIRE_DENIED;
    }
    for (uint32_t i = 0; i < init->manifest.service_count; i++) {
        if (i == sender || init->offered[i] || init->supervisor.services[i].state != SERVICE_UP ||
            !manifest_endpoint_grant(&init->manifest, i)) {
            continue;
        }
        struct slot_result made = launch_offer(&init->launcher, i);
        const struct kept_call *call = made.status == STATUS_OK ? ipc_keep(exchange) : 0;
        if (!call) {
            slot_release(made.slot);
            return WIRE_OVERLOAD;
        }
        init->offer = (struct init_offer){.call = *call, .slot = made.slot, .service = i};
        return WIRE_OK;
    }
    return WIRE_ABSENT;
}

static enum wire_status on_route(void *state, struct ipc_exchange *exchange) {
    const struct init *init = state;
    const struct init_message *message = exchange->message;
    const uint32_t sender = sender_of(init, exchange);
    const struct manifest_grant *grant =
        sender != SERVICE_INDEX_NONE ? manifest_route_grant(&init->manifest, sender, message->slot)
                                     : 0;
    if (!grant) {
        return WIRE_DENIED;
    }
    if (grant->target != MANIFEST_TARGET_INIT &&
        init->supervisor.services[grant->target].state != SERVICE_UP) {
        return WIRE_ABSENT;
    }
    struct slot_result made = launch_route(&init->launcher, grant);
    if (made.status != STATUS_OK) {
        return WIRE_OVERLOAD;
    }
    exchange->lend = made.slot;
    return WIRE_OK;
}

// Ends a service for who holds a route with the badge for that. What follows is as after any other
// end.
static enum wire_status on_end(void *state, struct ipc_exchange *exchange) {
    struct init *init = state;
    const struct init_message *message = exchange->message;
    if (!is_operator(exchange->request)) {
        return WIRE_DENIED;
    }
    uint32_t service = manifest_find_service(&init->manifest, message->service);
    if (service == SERVICE_INDEX_NONE ||
        init->launcher.services[service].task.value == CAP_SLOT_NONE) {
        return WIRE_ABSENT;
    }
    supervisor_asked(&init->supervisor, service);
    status_ignore(sys_task_kill(init->launcher.services[service].task),
                  "if it has just ended, its exit notice follows too");
    return WIRE_OK;
}

static enum wire_status on_state(void *state, struct ipc_exchange *exchange) {
    const struct init *init = state;
    struct init_message *message = exchange->message;
    if (!is_operator(exchange->request)) {
        return WIRE_DENIED;
    }
    uint32_t service = manifest_find_service(&init->manifest, message->service);
    if (service == SERVICE_INDEX_NONE) {
        return WIRE_ABSENT;
    }
    const struct supervised *life = &init->supervisor.services[service];
    message->state = (uint8_t)life->state;
    message->instance = life->instance;
    message->starts = life->start_count;
    message->left = supervisor_restarts_left(&init->supervisor, service);
    message->reason = (uint8_t)life->ended;
    message->detail = life->ended_detail;
    return WIRE_OK;
}

// A service's own word, for whichever of its instances runs.
static enum wire_status on_keep(void *state, struct ipc_exchange *exchange) {
    struct init *init = state;
    const struct init_message *message = exchange->message;
    const uint32_t sender = sender_of(init, exchange);
    if (sender == SERVICE_INDEX_NONE) {
        return WIRE_DENIED;
    }
    // Thrice, so always: it is rare that policyd ends just then.
    bool lost = plant_fires(PLANT_FORGET_WORD) || plant_fires(PLANT_FORGET_WORD) ||
                plant_fires(PLANT_FORGET_WORD);
    init->kept[sender] = lost ? 0 : message->word;
    return WIRE_OK;
}

static enum wire_status on_kept(void *state, struct ipc_exchange *exchange) {
    const struct init *init = state;
    struct init_message *message = exchange->message;
    const uint32_t sender = sender_of(init, exchange);
    if (sender == SERVICE_INDEX_NONE) {
        return WIRE_DENIED;
    }
    message->word = init->kept[sender];
    return WIRE_OK;
}

// The time begins now: a WATCH after it has run out comes too late.
static enum wire_status on_watch(void *state, struct ipc_exchange *exchange) {
    struct init *init = state;
    const struct init_message *message = exchange->message;
    if (exchange->request->meta.badge != INIT_BADGE_WATCHER) {
        return WIRE_DENIED;
    }
    const uint64_t now_ns = sys_clock_get();
    const uint64_t most_ns = UINT64_MAX - now_ns;
    const uint64_t within_ns = message->within < most_ns ? message->within : most_ns;
    init->watch_deadline_ns = within_ns == 0 ? 0 : now_ns + within_ns;
    return WIRE_OK;
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct init *)state)->client;
}

bool init_requests_begin(struct init *init) {
    static const struct ipc_row rows[] = {
        [INIT_OP_READY] = {.call = on_ready}, [INIT_OP_OFFER] = {.call = on_offer},
        [INIT_OP_ROUTE] = {.call = on_route}, [INIT_OP_END] = {.call = on_end},
        [INIT_OP_KEEP] = {.call = on_keep},   [INIT_OP_KEPT] = {.call = on_kept},
        [INIT_OP_WATCH] = {.call = on_watch}, [INIT_OP_STATE] = {.call = on_state},
    };
    static const struct ipc_service service = {.name = "init",
                                               .protocol = &init_rows,
                                               .rows = rows,
                                               .row_count = ARRAY_LEN(rows),
                                               .client = client_of,
                                               .may_look = is_operator};
    init->offer.service = SERVICE_INDEX_NONE;
    return ipc_server_init(&init->server, init->runtime, &service, init);
}

// An offer counts as made once its answer was handed over.
static void make_offer(struct init *init) {
    const struct init_offer offer = init->offer;
    if (offer.service == SERVICE_INDEX_NONE) {
        return;
    }
    struct init_message message = {.service = init->manifest.services[offer.service].service_id};
    init->offer.service = SERVICE_INDEX_NONE;
    init->offered[offer.service] =
        ipc_answer(&init->server, &offer.call, WIRE_OK, &message, offer.slot);
}

void init_serve_call(struct init *init, struct reply_handle reply) {
    if (ipc_server_call(&init->server, reply)) {
        const enum status sent =
            frame_answer(&init->runtime->page->reply_out, reply, slot_at(CAP_SLOT_NONE));
        init->server.counts.left += sent != STATUS_OK;
    }
    make_offer(init);
}
