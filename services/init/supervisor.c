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

uint32_t supervisor_next(const struct supervisor *supervisor) {
    for (uint32_t i = 0; i < supervisor->manifest->service_count; i++) {
        if (supervisor->services[i].state == SERVICE_PENDING) {
            return i;
        }
        if (supervisor->services[i].state == SERVICE_STARTING) {
            break;
        }
    }
    return SERVICE_INDEX_NONE;
}

void supervisor_started(struct supervisor *supervisor, uint32_t service, uint32_t instance) {
    supervisor->services[service].state = SERVICE_STARTING;
    supervisor->services[service].instance = instance;
    supervisor->services[service].start_count++;
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

enum supervisor_verdict supervisor_ended(struct supervisor *supervisor, uint32_t service,
                                         enum exit_reason reason, uint64_t detail) {
    struct supervised *life = &supervisor->services[service];
    enum supervisor_verdict verdict =
        judge(&supervisor->manifest->services[service], life, reason, detail);
    life->instance = 0;
    life->ended = reason;
    life->ended_detail = detail;
    life->state = verdict == VERDICT_RESTART ? SERVICE_PENDING : SERVICE_GIVEN_UP;
    return verdict;
}
