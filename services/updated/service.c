// services/updated/service.c: connects the logic (updated.h) with the disk, with others (outside.h)
// and with who asks. What runs is chosen and started before the first request is served.
#include "services/updated/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/plant.h"
#include "ipc/server.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/update_wire.h"
#include "kernel/abi/boot_image.h"
#include "services/statefsd/window_disk.h"
#include "services/updated/outside.h"

#define TRIAL_NS UINT64_C(30000000000)
#define NS_PER_MS UINT64_C(1000000)
#define AT_ONCE_NS UINT64_C(1)

struct updated_counts {
    uint64_t staged;
    uint64_t switched;
    uint64_t confirmed;
    uint64_t rolled_back;
    uint64_t refused;
    uint64_t denied;
};

struct updated_service {
    struct ipc_server server;
    struct outside outside;
    struct block_client block;
    struct window_disk window;
    struct updated_counts counts;
    struct updated updated;
};

// What the disk holds is not known any more: the next instance reads it.
static void end_if_broken(const struct updated_service *service, enum update_result result) {
    if (result == UPDATE_DISK_FAILED) {
        log_line(service->server.runtime, "updated: the disk failed");
        sys_task_exit(1);
    }
}

static enum wire_status answer(struct updated_service *service, struct ipc_exchange *exchange,
                               enum update_result result, uint64_t *count) {
    struct update_message *message = exchange->message;
    end_if_broken(service, result);
    message->result = (uint8_t)result;
    *count += result == UPDATE_OK;
    service->counts.refused += result != UPDATE_OK;
    return WIRE_OK;
}

// The badge comes with a route that policy gave for managing.
static bool may_manage(struct updated_service *service, const struct ipc_exchange *exchange) {
    bool may = exchange->request->meta.badge == POLICY_BADGE_MANAGER;
    service->counts.denied += !may;
    return may;
}

// Of memory that is sealed: nobody changes it while it is checked and written.
static enum update_result stage(struct updated_service *service, const struct bulk_sealed *bulk,
                                const struct update_message *message) {
    const struct bulk_range range = {.offset = message->offset, .bytes = message->bytes};
    const uint8_t *bytes = bulk_sealed_at(bulk, range);
    if (!bytes || message->offset % SYSTEM_PAGE_BYTES != 0) {
        return UPDATE_BAD_RANGE;
    }
    return updated_stage(&service->updated, message->slot, bytes, message->bytes);
}

static enum wire_status on_stage(void *state, struct ipc_exchange *exchange) {
    struct updated_service *service = state;
    struct bulk_sealed bulk;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    if (exchange->came.value == CAP_SLOT_NONE) {
        return WIRE_MALFORMED;
    }
    const struct slot came = exchange->came;
    exchange->came = slot_at(CAP_SLOT_NONE);
    enum bulk_error error =
        bulk_sealed_open(&bulk, came, SYSTEM_PAYLOAD_BYTES_MAX + SYSTEM_PAGE_BYTES);
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    enum update_result result = stage(service, &bulk, exchange->message);
    bulk_sealed_close(&bulk);
    return answer(service, exchange, result, &service->counts.staged);
}

static enum wire_status on_switch(void *state, struct ipc_exchange *exchange) {
    struct updated_service *service = state;
    const struct update_message *message = exchange->message;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    enum update_result result = updated_switch(&service->updated, message->slot, message->tries);
    outside_drop_memory(&service->outside);
    return answer(service, exchange, result, &service->counts.switched);
}

static enum wire_status on_confirm(void *state, struct ipc_exchange *exchange) {
    struct updated_service *service = state;
    const bool trial = service->updated.running.trial;
    enum update_result result =
        updated_confirm(&service->updated, exchange->request->meta.service_id);
    if (result == UPDATE_NOT_THE_HEALTH_PROGRAM) {
        service->counts.denied++;
        return WIRE_DENIED;
    }
    uint64_t again = 0;
    const bool confirmed = result == UPDATE_OK || result == UPDATE_NO_FLOOR;
    if (confirmed && !service->updated.running.trial && !outside_watch(&service->outside, 0)) {
        return WIRE_UNAVAILABLE;  // It is confirmed; but init would still start it anew.
    }
    if (confirmed && trial && !service->updated.running.trial) {
        marker(service->server.runtime, MARKER_UPDATED_CONFIRMED,
               (uint32_t)service->updated.running.version);
    }
    return answer(service, exchange, result, trial ? &service->counts.confirmed : &again);
}

static enum wire_status on_roll_back(void *state, struct ipc_exchange *exchange) {
    struct updated_service *service = state;
    bool reboot = false;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    enum update_result result = updated_roll_back(&service->updated, &reboot);
    if (result == UPDATE_OK && reboot && !outside_watch(&service->outside, AT_ONCE_NS)) {
        return WIRE_UNAVAILABLE;  // It is given up; the trial's time runs on.
    }
    return answer(service, exchange, result, &service->counts.rolled_back);
}

static enum wire_status on_reboot(void *state, struct ipc_exchange *exchange) {
    struct updated_service *service = state;
    if (!may_manage(service, exchange)) {
        return WIRE_DENIED;
    }
    return outside_watch(&service->outside, AT_ONCE_NS) ? WIRE_OK : WIRE_UNAVAILABLE;
}

static enum wire_status on_status(void *state, struct ipc_exchange *exchange) {
    const struct updated_service *service = state;
    const struct update_running *running = &service->updated.running;
    const struct update_control *control = &service->updated.control.now;
    struct update_message *message = exchange->message;
    message->slot = running->slot;
    message->trial = running->trial;
    message->version = running->version;
    message->floor = service->updated.floor;
    message->current = control->current;
    message->next = control->trial;
    message->tries = control->tries;
    message->failed = running->failed_version;
    return WIRE_OK;
}

static enum wire_status on_slot(void *state, struct ipc_exchange *exchange) {
    const struct updated_service *service = state;
    struct update_message *message = exchange->message;
    if (message->slot >= UPDATE_SLOTS) {
        return WIRE_ABSENT;
    }
    const struct update_slot *slot = &service->updated.control.now.slots[message->slot];
    message->bytes = slot->bytes;
    message->version = slot->version;
    message->state = slot->state;
    message->room = updated_slot_bytes(&service->updated);
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct updated_service *service = state;
    const struct updated_counts *counts = &service->counts;
    struct update_message *message = exchange->message;
    message->staged = counts->staged;
    message->switched = counts->switched;
    message->confirmed = counts->confirmed;
    message->rolled_back = counts->rolled_back;
    message->refused = counts->refused;
    message->denied = counts->denied;
    return WIRE_OK;
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct updated_service *)state)->outside.client;
}

static bool find_key(const void *image, struct system_key *key) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, UPDATE_KEY_NAME) == 0 &&
            entries[i].bytes == sizeof(key->bytes)) {
            memcpy(key->bytes, (const uint8_t *)image + entries[i].offset, sizeof(key->bytes));
            return true;
        }
    }
    return false;
}

static bool open(struct updated_service *service, struct runtime *runtime, const void *image) {
    struct outside *outside = &service->outside;
    struct updated_config config = {.plant = (enum update_plant)plant_update()};
    if (!outside_open(outside, runtime)) {
        return false;
    }
    if (!find_key(image, &config.key)) {
        log_line(runtime, "updated: the boot image has no key");
        return false;
    }
    block_client_init(&service->block, &outside->client, service_id_named("virtioblkd"),
                      slot_at(UPDATED_SLOT_FACTORY));
    enum block_result disk = window_disk_open(&service->window, &service->block, &config.disk);
    if (disk != BLOCK_OK) {
        log_line(runtime, "updated: no disk: %u", (uint32_t)disk);
        return false;
    }
    config.memory = outside_memory(outside);
    config.floor = outside_floor(outside);
    enum update_result result = updated_open(&service->updated, &config);
    if (result != UPDATE_OK) {
        log_line(runtime, "updated: %s", update_result_text(result));
    }
    return result == UPDATE_OK;
}

static void say_what_runs(const struct updated_service *service) {
    const struct runtime *runtime = service->server.runtime;
    const struct update_running *running = &service->updated.running;
    if (running->passed_over != UPDATE_OK) {
        log_line(runtime, "updated: a slot is passed over: %s",
                 update_result_text(running->passed_over));
    }
    if (running->failed_version != 0) {
        marker(runtime, MARKER_UPDATED_GAVE_UP, (uint32_t)running->failed_version);
    }
    if (running->slot == UPDATE_SLOT_NONE) {
        marker_text(runtime, MARKER_UPDATED_NOTHING);
    } else if (running->trial) {
        marker(runtime, MARKER_UPDATED_TRIES, (uint32_t)running->slot, (uint32_t)running->version);
    } else {
        marker(runtime, MARKER_UPDATED_RUNS, (uint32_t)running->slot, (uint32_t)running->version);
    }
}

// The first of this boot: the time of a trial begins before its try is taken, and the choice is
// kept for the next instance, which makes none. What is not on trial is not watched, whatever an
// instance before this one had asked for.
static bool choose(struct updated_service *service, const struct runtime *runtime) {
    uint64_t within_ns = runtime_argument(runtime) * NS_PER_MS;
    within_ns = within_ns != 0 ? within_ns : TRIAL_NS;
    if (service->updated.control.now.trial != UPDATE_SLOT_NONE &&
        !outside_watch(&service->outside, within_ns)) {
        return false;
    }
    enum update_result result = updated_boot(&service->updated);
    if (result != UPDATE_OK && result != UPDATE_NOTHING_RUNS) {
        log_line(runtime, "updated: nothing is chosen: %s", update_result_text(result));
        return false;
    }
    uint64_t word = updated_word(&service->updated);
    if (!outside_watch(&service->outside, service->updated.running.trial ? within_ns : 0) ||
        !outside_word(&service->outside, INIT_OP_KEEP, &word)) {
        return false;
    }
    say_what_runs(service);
    return true;
}

// Whoever confirmed it may have been answered before the watch was ended.
static bool go_on(struct updated_service *service, const struct runtime *runtime, uint64_t word) {
    enum update_result result = updated_resume(&service->updated, word);
    log_line(runtime, "updated: goes on: %s", update_result_text(result));
    if (result != UPDATE_OK && result != UPDATE_NOTHING_RUNS) {
        return false;
    }
    return service->updated.running.trial || outside_watch(&service->outside, 0);
}

// False: the next instance tries again. On trial, what execd refuses is confirmed by nobody: a
// program of that name would be another's.
static bool start(struct updated_service *service, bool resumes) {
    struct update_running *running = &service->updated.running;
    if (running->slot == UPDATE_SLOT_NONE) {
        return true;
    }
    enum outside_started started = outside_start(&service->outside, running, resumes);
    if (started == OUTSIDE_NO_ANSWER) {
        return false;
    }
    if (started == OUTSIDE_REFUSED && running->trial) {
        running->health = 0;
    }
    if (started != OUTSIDE_STARTED) {
        log_line(service->server.runtime, "updated: not all of it runs");
    }
    return true;
}

static bool begin(struct updated_service *service, struct runtime *runtime) {
    uint64_t word = 0;
    service->server.runtime = runtime;
    if (!outside_word(&service->outside, INIT_OP_KEPT, &word)) {
        log_line(runtime, "updated: init does not say whether this boot has chosen");
        return false;
    }
    if (word == 0 ? !choose(service, runtime) : !go_on(service, runtime, word)) {
        return false;
    }
    if (!start(service, word != 0)) {
        return false;
    }
    service->updated.running.bytes = 0;
    outside_drop_memory(&service->outside);
    outside_is_up(&service->outside);
    return true;
}

int updated_main(struct runtime *runtime, const void *image) {
    static const struct ipc_row rows[] = {
        [UPDATE_OP_STAGE] = {.call = on_stage},     [UPDATE_OP_SWITCH] = {.call = on_switch},
        [UPDATE_OP_CONFIRM] = {.call = on_confirm}, [UPDATE_OP_ROLL_BACK] = {.call = on_roll_back},
        [UPDATE_OP_REBOOT] = {.call = on_reboot},   [UPDATE_OP_STATUS] = {.call = on_status},
        [UPDATE_OP_SLOT] = {.call = on_slot},       [UPDATE_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service description = {.name = "updated",
                                            .ready = MARKER_UPDATED_READY,
                                            .protocol = &update_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .client = client_of};
    struct updated_service service;
    memset(&service, 0, sizeof(service));
    if (!open(&service, runtime, image) || !begin(&service, runtime)) {
        return 1;
    }
    return ipc_serve(&service.server, runtime, &description, &service);
}
