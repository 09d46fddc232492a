// services/init/supervisor.c: see supervisor.h.
#include "services/init/supervisor.h"

#include "ipc/plant.h"

void supervisor_init(struct supervisor *supervisor, const struct manifest_view *manifest) {
    supervisor->manifest = manifest;
    supervisor->announced = false;
    for (uint32_t i = 0; i < MANIFEST_SERVICE_MAX; i++) {
        bool started =
            i < manifest->service_count && (manifest->services[i].flags & MANIFEST_AUTOSTART) != 0;
        struct supervised service = {.state = started ? SERVICE_PENDING : SERVICE_UNUSED};
        supervisor->services[i] = service;
    }
}

uint32_t supervisor_next(const struct supervisor *supervisor, uint64_t now_ns) {
    bool waits = false;
    for (uint32_t i = 0; i < supervisor->manifest->service_count; i++) {
        const struct supervised *life = &supervisor->services[i];
        if (life->state == SERVICE_STARTING) {
            break;
        }
        if (life->state != SERVICE_PENDING || (waits && life->start_count == 0)) {
            continue;
        }
        if (life->not_before_ns <= now_ns) {
            return i;
        }
        waits = true;
    }
    return SERVICE_INDEX_NONE;
}

uint64_t supervisor_due_ns(const struct supervisor *supervisor, uint64_t now_ns) {
    uint64_t due_ns = UINT64_MAX;
    for (uint32_t i = 0; i < supervisor->manifest->service_count; i++) {
        const struct supervised *life = &supervisor->services[i];
        if (life->state == SERVICE_PENDING && life->not_before_ns > now_ns &&
            life->not_before_ns < due_ns) {
            due_ns = life->not_before_ns;
        }
    }
    return due_ns;
}

void supervisor_started(struct supervisor *supervisor, uint32_t service, uint32_t instance,
                        uint64_t now_ns) {
    struct supervised *life = &supervisor->services[service];
    life->state = SERVICE_STARTING;
    life->instance = instance;
    life->start_count++;
    life->started_ns = now_ns;
    life->is_asked = false;
}

void supervisor_asked(struct supervisor *supervisor, uint32_t service) {
    supervisor->services[service].is_asked = true;
}

uint32_t supervisor_ready(struct supervisor *supervisor, uint32_t instance) {
    uint32_t service = supervisor_find(supervisor, instance);
    if (service == SERVICE_INDEX_NONE || supervisor->services[service].state != SERVICE_STARTING) {
        return SERVICE_INDEX_NONE;
    }
    supervisor->services[service].state = SERVICE_UP;
    if (plant_fires(PLANT_START_TWICE)) {
        supervisor->services[service].state = SERVICE_PENDING;
    }
    return service;
}

uint32_t supervisor_find(const struct supervisor *supervisor, uint32_t instance) {
    for (uint32_t i = 0; i < supervisor->manifest->service_count && instance != 0; i++) {
        if (supervisor->services[i].instance == instance) {
            return i;
        }
    }
    return SERVICE_INDEX_NONE;
}

bool supervisor_announce(struct supervisor *supervisor) {
    if (supervisor->announced) {
        return false;
    }
    for (uint32_t i = 0; i < supervisor->manifest->service_count; i++) {
        enum service_state state = supervisor->services[i].state;
        if (state == SERVICE_PENDING || state == SERVICE_STARTING) {
            return false;
        }
    }
    supervisor->announced = true;
    return true;
}

uint32_t supervisor_restarts_left(const struct supervisor *supervisor, uint32_t service) {
    const uint32_t budget = supervisor->manifest->services[service].restart_budget;
    const uint32_t starts = supervisor->services[service].start_count;
    const uint32_t again = starts != 0 ? starts - 1 : 0;
    return again < budget ? budget - again : 0;
}

static enum supervisor_verdict judge(const struct manifest_service *service,
                                     const struct supervised *life, enum exit_reason reason,
                                     uint64_t detail) {
    bool is_final = (service->flags & MANIFEST_FINAL) != 0;
    if (is_final && reason == EXIT_CODE && detail == 0) {
        return VERDICT_SUCCESS;
    }
    if (life->start_count <= service->restart_budget || plant_fires(PLANT_IGNORE_BUDGET)) {
        return VERDICT_RESTART;
    }
    bool is_critical = (service->flags & MANIFEST_CRITICAL) != 0;
    return is_final || is_critical ? VERDICT_FAILURE : VERDICT_GO_ON;
}

// After the second failure in a row the first wait, then twice as long each time.
static uint32_t backoff_ms(uint32_t failures) {
    uint32_t wait_ms = failures > 1 ? SUPERVISOR_BACKOFF_MS : 0;
    for (uint32_t i = 2; i < failures && wait_ms < SUPERVISOR_BACKOFF_MAX_MS; i++) {
        wait_ms *= 2;
    }
    return wait_ms < SUPERVISOR_BACKOFF_MAX_MS ? wait_ms : SUPERVISOR_BACKOFF_MAX_MS;
}

static void note_end(struct supervised *life, uint64_t now_ns) {
    if (now_ns - life->started_ns >= SUPERVISOR_STEADY_NS) {
        life->failures = 0;
    }
    if (!life->is_asked) {
        life->failures++;
    }
    life->backoff_ms = life->is_asked ? 0 : backoff_ms(life->failures);
    life->not_before_ns = now_ns + (uint64_t)life->backoff_ms * 1000000U;
}

enum supervisor_verdict supervisor_ended(struct supervisor *supervisor, uint32_t service,
                                         enum exit_reason reason, uint64_t detail,
                                         uint64_t now_ns) {
    struct supervised *life = &supervisor->services[service];
    enum supervisor_verdict verdict =
        judge(&supervisor->manifest->services[service], life, reason, detail);
    life->instance = 0;
    life->ended = reason;
    life->ended_detail = detail;
    note_end(life, now_ns);
    life->state = verdict == VERDICT_RESTART ? SERVICE_PENDING : SERVICE_GIVEN_UP;
    return verdict;
}
