// services/init/service.c: init's loop: one wait at its endpoint, where services say that they are
// ready and exits of children are notified.
#include "services/init/service.h"

#include "images/markers.h"
#include "ipc/crash.h"
#include "ipc/types.h"
#include "kernel/abi/elf_reject.h"
#include "kernel/abi/layout.h"
#include "services/init/report.h"
#include "services/init/state.h"
#include "services/init/sync.h"

// How long a service may take, loading included, to say that it is ready; and how long init waits
// at most when nothing happens.
#define START_DEADLINE_NS UINT64_C(10000000000)
#define IDLE_DEADLINE_NS UINT64_C(60000000000)

static void fail_step(struct init *init, const char *what, const struct launch_result *result) {
    log_line(init->runtime, "init: cannot go on with %s: %s: %s %s", what, result->step,
             status_name(result->status),
             result->status == STATUS_BAD_IMAGE ? elf_reject_name(result->reason) : "");
    init->outcome = INIT_FAILURE;
}

// Before it runs, so that this line stands before the service's own.
static void print_start(const struct init *init, uint32_t service, uint32_t number) {
    if (number == 1) {
        marker(init->runtime, MARKER_INIT_START, init_name_of(init, service));
    } else {
        marker(init->runtime, MARKER_INIT_RESTART, init_name_of(init, service), number);
    }
}

// Starts the next service if it is time.
static void start_next(struct init *init, uint64_t now_ns) {
    uint32_t service = supervisor_next(&init->supervisor, now_ns);
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
        fail_step(init, init_name_of(init, service), &started);
        return;
    }
    supervisor_started(&init->supervisor, service, loaded.instance, now_ns);
    init->start_deadline_ns[service] = now_ns + START_DEADLINE_NS;
}

static void print_end(const struct init *init, uint32_t service, const struct log_crash *crash,
                      enum supervisor_verdict verdict) {
    const char *name = init_name_of(init, service);
    const uint32_t wait_ms = init->supervisor.services[service].backoff_ms;
    if (verdict == VERDICT_SUCCESS) {
        return;
    }
    crash_say(init->runtime, "init", name, crash);
    marker(init->runtime, MARKER_INIT_EXIT, name, crash->start);
    if (verdict != VERDICT_RESTART && init->manifest.services[service].restart_budget != 0) {
        marker(init->runtime, MARKER_INIT_GAVE_UP, name);
    } else if (verdict == VERDICT_RESTART && wait_ms != 0) {
        log_line(init->runtime, "init: %s fails again and again: it is started again in %u ms",
                 name, wait_ms);
    }
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
    enum supervisor_verdict verdict =
        supervisor_ended(&init->supervisor, service, reason, detail, sys_clock_get());
    print_end(init, service, &crash, verdict);
    for (uint32_t i = 0; i < MANIFEST_SERVICE_MAX; i++) {
        init->offered[i] = init->offered[i] && i != service && service != init->samgrd;
    }
    struct launch_result result =
        launch_forget(&init->launcher, service, verdict == VERDICT_RESTART);
    if (result.status != STATUS_OK) {
        fail_step(init, init_name_of(init, service), &result);
        return;
    }
    if (verdict != VERDICT_SUCCESS && init->logd != SERVICE_INDEX_NONE) {
        report_end(&init->client, &crash);
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
static void end_late(struct init *init, uint32_t service) {
    log_line(init->runtime, "init: %s did not say that it is ready in time",
             init_name_of(init, service));
    status_ignore(sys_task_kill(init->launcher.services[service].task),
                  "if it has just ended, its exit notice follows too");
    init->start_deadline_ns[service] = UINT64_MAX;
}

// Looks at those that start, before each wait: who calls without a pause does not hide them. Until
// when to wait.
static uint64_t look_at_starts(struct init *init, uint64_t now_ns) {
    uint64_t next_ns = now_ns + IDLE_DEADLINE_NS;
    const uint64_t due_ns = supervisor_due_ns(&init->supervisor, now_ns);
    if (due_ns < next_ns) {
        next_ns = due_ns;
    }
    if (init->watch_deadline_ns != 0 && init->watch_deadline_ns < next_ns) {
        next_ns = init->watch_deadline_ns;
    }
    for (uint32_t i = 0; i < init->manifest.service_count; i++) {
        if (init->supervisor.services[i].state != SERVICE_STARTING) {
            continue;
        }
        if (init->start_deadline_ns[i] <= now_ns) {
            end_late(init, i);
        }
        if (init->start_deadline_ns[i] < next_ns) {
            next_ns = init->start_deadline_ns[i];
        }
    }
    return next_ns;
}

static void wait_once(struct init *init, uint64_t now_ns) {
    struct recv_result event =
        sys_ipc_recv(init->launcher.own_endpoint, look_at_starts(init, now_ns));
    if (event.status == STATUS_TIMED_OUT) {
        return;
    }
    if (event.status != STATUS_OK) {
        log_line(init->runtime, "init: cannot receive: %s", status_name(event.status));
        init->outcome = INIT_FAILURE;
    } else if (event.received == RECEIVED_CALL) {
        init_serve_call(init, event.reply);
    } else if (event.received == RECEIVED_SEND) {  // None is served, all are counted.
        ipc_server_send(&init->server);
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
    if (!init_requests_begin(&init)) {
        return 1;
    }
    ipc_client_init(&init.client, runtime, launch_resolve, &init.launcher, slot_at(CAP_SLOT_NONE));
    // Its capability table has two slots for each service and none to keep routes in.
    init.client.reuse = false;
    init.samgrd = manifest_find_service(&init.manifest, service_id_named("samgrd").value);
    init.logd = manifest_find_service(&init.manifest, service_id_named("logd").value);
    struct launch_result prepared = launch_prepare(&init.launcher, &init.manifest);
    if (prepared.status != STATUS_OK) {
        fail_step(&init, "the endpoints", &prepared);
    }
    while (init.outcome == INIT_RUNNING) {  // For the life of the system.
        const uint64_t now_ns = sys_clock_get();
        start_next(&init, now_ns);
        if (init.outcome == INIT_RUNNING) {
            wait_once(&init, now_ns);
        }
        look_at_watch(&init);
    }
    if (init.outcome == INIT_SUCCESS || init.outcome == INIT_REBOOT) {
        sync_all(&init.client, &init.supervisor);
    }
    return exit_code(init.outcome);
}
