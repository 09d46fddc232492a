// services/init/service.c: init's loop: one wait at its endpoint, where services say that they are
// ready and exits of children are notified.
#include "services/init/service.h"

#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"
#include "kernel/abi/elf_reject.h"
#include "services/init/launch.h"
#include "services/init/supervisor.h"

// How long a service may take to say that it is ready, and how long init waits at most when nothing
// happens.
#define START_DEADLINE_NS UINT64_C(10000000000)
#define IDLE_DEADLINE_NS UINT64_C(60000000000)

enum init_outcome {
    INIT_RUNNING,
    INIT_SUCCESS,
    INIT_FAILURE,
};

struct init {
    struct runtime *runtime;
    enum init_outcome outcome;
    uint64_t start_deadline_ns;
    struct manifest_view manifest;
    struct supervisor supervisor;
    struct launcher launcher;
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
    init->start_deadline_ns = sys_clock_get() + START_DEADLINE_NS;
}

// The answer to a frame: what a READY call of the starting service's task means. The markers come
// before the answer lets the service go on.
static enum wire_status serve_ready(struct init *init, const struct message_area *in,
                                    struct init_message *request) {
    enum wire_status status = init_decode(WIRE_REQUEST, in->payload, in->header.len, request);
    if (status != WIRE_OK) {
        return status;
    }
    uint32_t service = supervisor_ready(&init->supervisor, in->meta.instance);
    if (service == SERVICE_INDEX_NONE) {
        return WIRE_DENIED;
    }
    marker(init->runtime, MARKER_INIT_UP, name_of(init, service));
    if (supervisor_announce(&init->supervisor)) {
        marker_text(init->runtime, MARKER_INIT_READY);
    }
    return WIRE_OK;
}

static void on_call(struct init *init, struct reply_handle reply) {
    struct message_area *out = &init->runtime->page->reply_out;
    struct init_message message = {0};
    message.header.status = (uint8_t)serve_ready(init, &init->runtime->page->request_in, &message);
    frame_finish(out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REPLY, &message, out->payload, sizeof(out->payload)));
    status_ignore(sys_ipc_reply(reply), "a caller that left needs no answer");
}

static void on_exit(struct init *init, uint32_t service, enum exit_reason reason, uint64_t detail) {
    enum supervisor_verdict verdict = supervisor_ended(&init->supervisor, service, reason, detail);
    if (verdict != VERDICT_SUCCESS) {
        log_line(init->runtime, "init: %s ended: %s %#lx", name_of(init, service),
                 exit_reason_name(reason), detail);
        marker(init->runtime, MARKER_INIT_EXIT, name_of(init, service),
               init->supervisor.services[service].start_count);
    }
    struct launch_result result =
        launch_forget(&init->launcher, service, verdict == VERDICT_RESTART);
    if (result.status != STATUS_OK) {
        fail_step(init, name_of(init, service), &result);
        return;
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

// A service that does not say that it is ready is ended; its exit counts against its budget.
static void on_timeout(struct init *init) {
    uint32_t service = init->supervisor.starting;
    if (service == SERVICE_INDEX_NONE || sys_clock_get() < init->start_deadline_ns) {
        return;
    }
    log_line(init->runtime, "init: %s did not say that it is ready in time",
             name_of(init, service));
    status_ignore(sys_task_kill(init->launcher.services[service].task),
                  "if it has just ended, its exit notice follows too");
    init->start_deadline_ns = UINT64_MAX;
}

static uint64_t wait_deadline(const struct init *init) {
    uint64_t idle_ns = sys_clock_get() + IDLE_DEADLINE_NS;
    bool starting = init->supervisor.starting != SERVICE_INDEX_NONE;
    return starting && init->start_deadline_ns < idle_ns ? init->start_deadline_ns : idle_ns;
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

int init_main(struct runtime *runtime, const void *image) {
    struct init init = {.runtime = runtime, .outcome = INIT_RUNNING};
    enum manifest_flaw flaw = manifest_open(image, &init.manifest);
    if (flaw != MANIFEST_FLAW_NONE) {
        log_line(runtime, "init: boot manifest refused: %s", manifest_flaw_text(flaw));
        return 1;
    }
    marker(runtime, MARKER_INIT_MANIFEST, init.manifest.service_count);
    supervisor_init(&init.supervisor, &init.manifest);
    struct launch_result prepared = launch_prepare(&init.launcher, &init.manifest);
    if (prepared.status != STATUS_OK) {
        fail_step(&init, "the endpoints", &prepared);
    }
    while (init.outcome == INIT_RUNNING) {  // For the life of the system.
        start_next(&init);
        if (init.outcome == INIT_RUNNING) {
            wait_once(&init);
        }
    }
    return init.outcome == INIT_SUCCESS ? 0 : 1;
}
