// services/execd/execd.c: see execd.h.
#include "services/execd/execd.h"

#include "ipc/plant.h"
#include "kernel/abi/task.h"

void execd_init(struct execd *execd) {
    *execd = (struct execd){.order = 0};
}

// Whether a bundle other than `except` has a program of the view.
static bool knows_one(const struct execd *execd, const struct bundle_view *view,
                      const struct execd_bundle *except) {
    for (uint32_t i = 0; i < EXECD_BUNDLE_MAX; i++) {
        const struct execd_bundle *other = &execd->bundles[i];
        for (uint32_t k = 0; k < view->program_count && other != except; k++) {
            if (bundle_find(&other->view, view->programs[k].service_id)) {
                return true;
            }
        }
    }
    return false;
}

// The owner's place, or a free one, or null.
static struct execd_bundle *bundle_place(struct execd *execd, uint64_t owner) {
    struct execd_bundle *free = 0;
    for (uint32_t i = 0; i < EXECD_BUNDLE_MAX; i++) {
        struct execd_bundle *one = &execd->bundles[i];
        bool taken = one->view.program_count != 0;
        if (taken && one->owner == owner) {
            return one;
        }
        free = !taken && !free ? one : free;
    }
    return free;
}

enum bundle_flaw execd_add_bundle(struct execd *execd, const struct execd_bundle *bundle,
                                  enum wire_status *status, struct execd_bundle *replaced) {
    struct execd_bundle *place = bundle_place(execd, bundle->owner);
    *status = WIRE_OK;
    if (!place) {
        *status = WIRE_OVERLOAD;
        execd->stats.overloaded++;
        return BUNDLE_FLAW_NONE;
    }
    if (knows_one(execd, &bundle->view, place)) {
        return BUNDLE_FLAW_KNOWN;
    }
    *replaced = *place;
    *place = *bundle;
    execd->stats.loaded++;
    return BUNDLE_FLAW_NONE;
}

struct execd_bundle *execd_find_program(struct execd *execd, uint64_t program,
                                        const struct bundle_program **out) {
    for (uint32_t i = 0; i < EXECD_BUNDLE_MAX; i++) {
        *out = bundle_find(&execd->bundles[i].view, program);
        if (*out) {
            return &execd->bundles[i];
        }
    }
    return 0;
}

const struct bundle_program *execd_program_at(const struct execd *execd, uint32_t index) {
    for (uint32_t i = 0; i < EXECD_BUNDLE_MAX; i++) {
        const struct bundle_view *view = &execd->bundles[i].view;
        if (index < view->program_count) {
            return &view->programs[index];
        }
        index -= view->program_count;
    }
    return 0;
}

uint32_t execd_running_count(const struct execd *execd) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        count += execd->records[i].state == EXECD_RUNS;
    }
    return count;
}

// What has ended counts no more.
static bool counts(const struct execd_record *record) {
    return record->state == EXECD_RUNS ||
           (record->state == EXECD_ENDED && record->ending.reason == EXIT_KILLED &&
            plant_fires(PLANT_KEEP_QUOTA));
}

static bool within_quotas(const struct execd *execd, uint64_t owner,
                          const struct bundle_program *program) {
    uint32_t owned = 0;
    uint32_t same = 0;
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        const struct execd_record *record = &execd->records[i];
        owned += counts(record) && record->owner == owner;
        same += counts(record) && record->program == program->service_id;
    }
    return owned < EXECD_OWNED_MAX && same < program->at_once &&
           execd_running_count(execd) < EXECD_RUNNING_MAX;
}

// More records than programs run, so one is free or has ended.
BASE_STATIC_ASSERT(EXECD_RUNNING_MAX < EXECD_RECORD_MAX, "a place for the next one");

// Of two that have ended.
static bool makes_room_before(const struct execd_record *one, const struct execd_record *other) {
    return one->told != other->told ? one->told : one->order < other->order;
}

struct execd_record *execd_room(struct execd *execd, uint64_t owner,
                                const struct bundle_program *program) {
    if (!within_quotas(execd, owner, program)) {
        execd->stats.overloaded++;
        return 0;
    }
    struct execd_record *first = 0;
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        struct execd_record *record = &execd->records[i];
        if (record->state == EXECD_FREE) {
            return record;
        }
        if (record->state == EXECD_ENDED && (!first || makes_room_before(record, first))) {
            first = record;
        }
    }
    return first;
}

void execd_started(struct execd *execd, struct execd_record *record,
                   const struct execd_record *what) {
    execd->stats.forgotten += record->state == EXECD_ENDED && !record->told;
    *record = *what;
    record->state = EXECD_RUNS;
    execd->stats.started++;
}

struct execd_record *execd_find(struct execd *execd, uint32_t instance) {
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        struct execd_record *record = &execd->records[i];
        if (record->state != EXECD_FREE && record->instance == instance) {
            return record;
        }
    }
    return 0;
}

const struct execd_record *execd_record_from(const struct execd *execd, uint32_t *index) {
    for (; *index < EXECD_RECORD_MAX; (*index)++) {
        if (execd->records[*index].state != EXECD_FREE) {
            return &execd->records[*index];
        }
    }
    return 0;
}

void execd_ended(struct execd *execd, struct execd_record *record,
                 const struct execd_ending *ending) {
    record->state = EXECD_ENDED;
    record->order = execd->order++;
    record->ending = *ending;
    execd->stats.ended++;
    execd->stats.crashed += ending->reason >= EXIT_FAULT_READ;
}

bool execd_wait(struct execd *execd, const struct execd_waiter *waiter) {
    struct execd_waiter *free = 0;
    uint32_t own = 0;
    for (uint32_t i = 0; i < EXECD_WAITER_MAX; i++) {
        struct execd_waiter *one = &execd->waiters[i];
        own += one->instance != 0 && one->client == waiter->client;
        free = one->instance == 0 && !free ? one : free;
    }
    if (!free || own >= EXECD_WAITS_MAX) {
        execd->stats.overloaded++;
        return false;
    }
    *free = *waiter;
    return true;
}

bool execd_take_waiter(struct execd *execd, uint32_t instance, struct kept_call *out) {
    for (uint32_t i = 0; i < EXECD_WAITER_MAX; i++) {
        if (execd->waiters[i].instance == instance) {
            *out = execd->waiters[i].call;
            execd->waiters[i].instance = 0;
            return true;
        }
    }
    return false;
}

static void forget(struct execd *execd, uint32_t instance) {
    struct execd_record *record = execd_find(execd, instance);
    if (record) {
        record->state = EXECD_FREE;
    }
}

void execd_left(struct execd *execd, struct reply_handle reply) {
    for (uint32_t i = 0; i < EXECD_WAITER_MAX; i++) {
        struct execd_waiter *waiter = &execd->waiters[i];
        if (waiter->instance != 0 && waiter->call.reply.value == reply.value) {
            if (plant_fires(PLANT_FORGET_ENDING)) {
                forget(execd, waiter->instance);
            }
            waiter->instance = 0;
        }
    }
}
