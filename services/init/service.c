// services/init/service.c: init's loop: one wait at its endpoint, where services say that they are
// ready and exits of children are notified.
#include "services/init/service.h"

#include "images/markers.h"
#include "ipc/crash.h"
#include "ipc/frame.h"
#include "ipc/plant.h"
#include "ipc/types.h"
#include "ipc/wire/init_wire.h"
#include "kernel/abi/elf_reject.h"
#include "kernel/abi/layout.h"
#include "services/init/launch.h"
#include "services/init/report.h"
#include "services/init/supervisor.h"
#include "services/init/sync.h"

// How long a service may take to say that it is ready, and how long init waits at most when nothing
// happens.
#define START_DEADLINE_NS UINT64_C(10000000000)
#define IDLE_DEADLINE_NS UINT64_C(60000000000)

enum init_outcome {
    INIT_RUNNING,
    INIT_SUCCESS,
    INIT_FAILURE,
    INIT_REBOOT,
};

struct init {
    struct runtime *runtime;
    enum init_outcome outcome;
    uint64_t watch_deadline_ns;  // When the system is started anew; 0: nobody watches it.
    struct manifest_view manifest;
    struct supervisor supervisor;
    struct launcher launcher;
    uint32_t samgrd;                               // Its index, or SERVICE_INDEX_NONE.
    uint32_t logd;                                 // The same.
    uint64_t start_deadline_ns[INIT_SERVICE_MAX];  // Of those that are starting.
    bool offered[INIT_SERVICE_MAX];                // samgrd has a capability to this instance.
    uint64_t kept[INIT_SERVICE_MAX];               // A word of the service's own, over its end.
};

static const char *name_of(const struct init *init, uint32_t service) {
    return init->manifest.services[service].name;
}

static void fail_step(struct init *init, const char *what, const struct launch_result *result) {
    log_line(init->runtime, "init: cannot go on with %s: %s: %s %s", what, result->step,
             status_name(result->status),
             result->status == STATUS_BAD_IMAGE ? elf_reject_name(result->reason) : "");
    init->outcome = INIT_FAILURE;
}

// Before it runs, so that this line stands before the service's own.
static void print_start(const struct init *init, uint32_t service, uint32_t number) {
    if (number == 1) {
        marker(init->runtime, MARKER_INIT_START, name_of(init, service));
    } else {
        marker(init->runtime, MARKER_INIT_START_AGAIN, name_of(init, service), number);
    }
}

static void print_up(const struct init *init, uint32_t service, uint32_t number) {
    if (number == 1) {
        marker(init->runtime, MARKER_INIT_UP, name_of(init, service));
    } else {
        marker(init->runtime, MARKER_INIT_UP_AGAIN, name_of(init, service), number);
    }
}

// Starts the next service if it is time.
static void start_next(struct init *init) {
    uint32_t service = supervisor_next(&init->supervisor);
    if (service == SERVICE_INDEX_NONE || init->outcome != INIT_RUNNING) {
        return;
    }
    struct launch_result loaded = launch_load(&init->launcher, service);
    struct launch_result started = loaded;
    if (loaded.status == STATUS_OK) {
        uint32_t number = init->supervisor.services[service].start_count + 1;
        print_start(init, service, number);
        started = launch_start(&init->launcher, service, number);
    }
    if (started.status != STATUS_OK) {
        fail_step(init, name_of(init, service), &started);
        return;
    }
    supervisor_started(&init->supervisor, service, loaded.instance);
    init->start_deadline_ns[service] = sys_clock_get() + START_DEADLINE_NS;
}

// What goes back to a caller.
struct init_answer {
    struct init_message message;
    struct slot carried;  // Minted for it, or CAP_SLOT_NONE.
    uint32_t offered;     // The service that it offers, or SERVICE_INDEX_NONE.
};

// samgrd comes and asks for what it has not been told of.
static void call_samgrd(struct init *init) {
    if (init->samgrd != SERVICE_INDEX_NONE &&
        init->supervisor.services[init->samgrd].state == SERVICE_UP) {
        status_ignore(sys_ipc_notify(init->launcher.services[init->samgrd].endpoint),
                      "one that has just ended asks when it is started again");
    }
}

// A READY call of a starting service's task. The markers come before the answer lets the service
// go on.
static enum wire_status serve_ready(struct init *init, uint32_t instance) {
    uint32_t service = supervisor_ready(&init->supervisor, instance);
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

// The next service that is up and that samgrd has not been told of.
static enum wire_status serve_offer(struct init *init, uint32_t sender,
                                    struct init_answer *answer) {
    if (sender == SERVICE_INDEX_NONE || sender != init->samgrd) {
        return WIRE_DENIED;
    }
    for (uint32_t i = 0; i < init->manifest.service_count; i++) {
        if (i == sender || init->offered[i] || init->supervisor.services[i].state != SERVICE_UP ||
            !manifest_endpoint_grant(&init->manifest, i)) {
            continue;
        }
        struct slot_result made = launch_offer(&init->launcher, i);
        if (made.status != STATUS_OK) {
            return WIRE_OVERLOAD;
        }
        answer->carried = made.slot;
        answer->offered = i;
        answer->message.service = init->manifest.services[i].service_id;
        return WIRE_OK;
    }
    return WIRE_ABSENT;
}

static enum wire_status serve_route(struct init *init, uint32_t sender,
                                    struct init_answer *answer) {
    const struct manifest_grant *grant =
        sender != SERVICE_INDEX_NONE
            ? manifest_route_grant(&init->manifest, sender, answer->message.slot)
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
    answer->carried = made.slot;
    return WIRE_OK;
}

// Ends a service for who holds a route with the badge for that. What follows is as after any other
// end.
static enum wire_status serve_end(struct init *init, uint64_t badge,
                                  const struct init_message *message) {
    if (badge != INIT_BADGE_OPERATOR) {
        return WIRE_DENIED;
    }
    uint32_t service = manifest_find_service(&init->manifest, message->service);
    if (service == SERVICE_INDEX_NONE ||
        init->launcher.services[service].task.value == CAP_SLOT_NONE) {
        return WIRE_ABSENT;
    }
    status_ignore(sys_task_kill(init->launcher.services[service].task),
                  "if it has just ended, its exit notice follows too");
    return WIRE_OK;
}

// A service's own word, for whichever of its instances runs.
static enum wire_status serve_word(struct init *init, uint32_t sender,
                                   struct init_message *message) {
    if (sender == SERVICE_INDEX_NONE) {
        return WIRE_DENIED;
    }
    if (message->header.op == INIT_OP_KEEP) {
        // Thrice, so always: it is rare that policyd ends just then.
        bool lost = plant_fires(PLANT_FORGET_WORD) || plant_fires(PLANT_FORGET_WORD) ||
                    plant_fires(PLANT_FORGET_WORD);
        init->kept[sender] = lost ? 0 : message->word;
    } else {
        message->word = init->kept[sender];
    }
    return WIRE_OK;
}

// The time begins now: a WATCH after it has run out comes too late.
static enum wire_status serve_watch(struct init *init, uint64_t badge,
                                    const struct init_message *message) {
    if (badge != INIT_BADGE_WATCHER) {
        return WIRE_DENIED;
    }
    const uint64_t now_ns = sys_clock_get();
    const uint64_t most_ns = UINT64_MAX - now_ns;
    const uint64_t within_ns = message->within < most_ns ? message->within : most_ns;
    init->watch_deadline_ns = within_ns == 0 ? 0 : now_ns + within_ns;
    return WIRE_OK;
}

static enum wire_status serve(struct init *init, const struct message_area *in,
                              struct init_answer *answer) {
    enum wire_status status =
        init_decode(WIRE_REQUEST, in->payload, in->header.len, &answer->message);
    if (status != WIRE_OK || wire_type_protocol(in->header.type) != WIRE_PROTOCOL_INIT) {
        return status != WIRE_OK ? status : WIRE_MALFORMED;
    }
    uint32_t sender = supervisor_find(&init->supervisor, in->meta.instance);
    switch ((enum init_op)answer->message.header.op) {
        case INIT_OP_READY:
            return serve_ready(init, in->meta.instance);
        case INIT_OP_OFFER:
            return serve_offer(init, sender, answer);
        case INIT_OP_ROUTE:
            return serve_route(init, sender, answer);
        case INIT_OP_END:
            return serve_end(init, in->meta.badge, &answer->message);
        case INIT_OP_WATCH:
            return serve_watch(init, in->meta.badge, &answer->message);
        case INIT_OP_KEEP:
        case INIT_OP_KEPT:
            return serve_word(init, sender, &answer->message);
    }
    return WIRE_UNKNOWN_OP;
}

static void on_call(struct init *init, struct reply_handle reply) {
    struct message_area *out = &init->runtime->page->reply_out;
    struct init_answer answer = {.carried = slot_at(CAP_SLOT_NONE), .offered = SERVICE_INDEX_NONE};
    answer.message.header.status = (uint8_t)serve(init, &init->runtime->page->request_in, &answer);
    frame_finish(out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REPLY, &answer.message, out->payload, sizeof(out->payload)));
    if (frame_answer(out, reply, answer.carried) == STATUS_OK &&
        answer.offered != SERVICE_INDEX_NONE) {
        init->offered[answer.offered] = true;
    }
}

// To the instance of logd that is there now, or will be.
static void tell_logd(const struct init *init, const struct log_crash *crash) {
    struct slot logd = init->logd != SERVICE_INDEX_NONE
                           ? init->launcher.services[init->logd].endpoint
                           : slot_at(CAP_SLOT_NONE);
    report_end(init->runtime, logd, crash);
}

static void on_exit(struct init *init, uint32_t service, enum exit_reason reason, uint64_t detail) {
    const struct supervised *life = &init->supervisor.services[service];
    const struct crash_place place =
        crash_place_of(init->runtime, slot_at(INIT_SLOT_STATS), life->instance);
    const struct log_crash crash = {.subject = init->manifest.services[service].service_id,
                                    .detail = detail,
                                    .instance = life->instance,
                                    .start = life->start_count,
                                    .reason = (uint8_t)reason,
                                    .pc = place.pc,
                                    .ra = place.ra};
    enum supervisor_verdict verdict = supervisor_ended(&init->supervisor, service, reason, detail);
    if (verdict != VERDICT_SUCCESS) {
        crash_say(init->runtime, "init", name_of(init, service), &crash);
        marker(init->runtime, MARKER_INIT_EXIT, name_of(init, service),
               init->supervisor.services[service].start_count);
    }
    for (uint32_t i = 0; i < INIT_SERVICE_MAX; i++) {
        init->offered[i] = init->offered[i] && i != service && service != init->samgrd;
    }
    struct launch_result result =
        launch_forget(&init->launcher, service, verdict == VERDICT_RESTART);
    if (result.status != STATUS_OK) {
        fail_step(init, name_of(init, service), &result);
        return;
    }
    if (verdict != VERDICT_SUCCESS) {
        tell_logd(init, &crash);
    }
    switch (verdict) {
        case VERDICT_SUCCESS:
            init->outcome = INIT_SUCCESS;
            return;
        case VERDICT_FAILURE:
            init->outcome = INIT_FAILURE;
            return;
        case VERDICT_RESTART:
        case VERDICT_GO_ON:
            return;
    }
}

// The notification only says look: every task that runs is asked.
static void look_at_children(struct init *init) {
    for (uint32_t i = 0; i < init->manifest.service_count && init->outcome == INIT_RUNNING; i++) {
        struct slot task = init->launcher.services[i].task;
        if (task.value == CAP_SLOT_NONE) {
            continue;
        }
        struct query_result found = sys_cap_query(task);
        if (found.status == STATUS_OK && task_query_state(found.value) == TASK_DEAD) {
            on_exit(init, i, task_query_reason(found.value), found.detail);
        }
    }
}

static bool is_late(const struct init *init, uint32_t service, uint64_t now_ns) {
    return init->supervisor.services[service].state == SERVICE_STARTING &&
           now_ns >= init->start_deadline_ns[service];
}

// A service that does not say that it is ready is ended; its exit counts against its budget.
static void on_timeout(struct init *init) {
    const uint64_t now_ns = sys_clock_get();
    for (uint32_t i = 0; i < init->manifest.service_count; i++) {
        if (is_late(init, i, now_ns)) {
            log_line(init->runtime, "init: %s did not say that it is ready in time",
                     name_of(init, i));
            status_ignore(sys_task_kill(init->launcher.services[i].task),
                          "if it has just ended, its exit notice follows too");
            init->start_deadline_ns[i] = UINT64_MAX;
        }
    }
}

static uint64_t wait_deadline(const struct init *init) {
    uint64_t next_ns = sys_clock_get() + IDLE_DEADLINE_NS;
    if (init->watch_deadline_ns != 0 && init->watch_deadline_ns < next_ns) {
        next_ns = init->watch_deadline_ns;
    }
    for (uint32_t i = 0; i < init->manifest.service_count; i++) {
        bool earlier = init->supervisor.services[i].state == SERVICE_STARTING &&
                       init->start_deadline_ns[i] < next_ns;
        next_ns = earlier ? init->start_deadline_ns[i] : next_ns;
    }
    return next_ns;
}

static void wait_once(struct init *init) {
    struct recv_result event = sys_ipc_recv(init->launcher.own_endpoint, wait_deadline(init));
    if (event.status == STATUS_TIMED_OUT) {
        on_timeout(init);
    } else if (event.status != STATUS_OK) {
        log_line(init->runtime, "init: cannot receive: %s", status_name(event.status));
        init->outcome = INIT_FAILURE;
    } else if (event.received == RECEIVED_CALL) {
        on_call(init, event.reply);
    } else if (event.received == RECEIVED_NOTIFICATION &&
               (event.kernel_bits & NOTIFY_CHILD_EXIT) != 0) {
        look_at_children(init);
    }
}

// A system that is watched is started anew when its time is up, and when it fails: what comes next
// is for the next boot to decide.
static void look_at_watch(struct init *init) {
    if (init->watch_deadline_ns == 0 || init->outcome == INIT_SUCCESS) {
        return;
    }
    if (init->outcome == INIT_FAILURE || sys_clock_get() >= init->watch_deadline_ns) {
        marker_text(init->runtime, MARKER_INIT_REBOOT);
        init->outcome = INIT_REBOOT;
    }
}

static int exit_code(enum init_outcome outcome) {
    switch (outcome) {
        case INIT_SUCCESS:
            return 0;
        case INIT_REBOOT:
            return INIT_EXIT_REBOOT;
        case INIT_RUNNING:
        case INIT_FAILURE:
            return 1;
    }
    return 1;
}

int init_main(struct runtime *runtime, const void *image) {
    struct init init = {.runtime = runtime, .outcome = INIT_RUNNING};
    enum manifest_flaw flaw = manifest_open(image, &init.manifest);
    if (flaw != MANIFEST_FLAW_NONE) {
        log_line(runtime, "init: boot manifest refused: %s", manifest_flaw_text(flaw));
        return 1;
    }
    marker(runtime, MARKER_INIT_MANIFEST, init.manifest.service_count);
    supervisor_init(&init.supervisor, &init.manifest);
    init.samgrd = manifest_find_service(&init.manifest, service_id_named("samgrd").value);
    init.logd = manifest_find_service(&init.manifest, service_id_named("logd").value);
    struct launch_result prepared = launch_prepare(&init.launcher, &init.manifest);
    if (prepared.status != STATUS_OK) {
        fail_step(&init, "the endpoints", &prepared);
    }
    while (init.outcome == INIT_RUNNING) {  // For the life of the system.
        start_next(&init);
        if (init.outcome == INIT_RUNNING) {
            wait_once(&init);
        }
        look_at_watch(&init);
    }
    if (init.outcome == INIT_SUCCESS || init.outcome == INIT_REBOOT) {
        sync_all(runtime, &init.supervisor, &init.launcher);
    }
    return exit_code(init.outcome);
}
