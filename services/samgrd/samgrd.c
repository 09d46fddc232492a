// services/samgrd/samgrd.c: see samgrd.h.
#include "services/samgrd/samgrd.h"

void samgrd_init(struct samgrd *samgrd) {
    *samgrd = (struct samgrd){.stats = {0}};
}

// The place of a service; of id 0 a free one; -1 if there is none.
static int place_of(const struct samgrd *samgrd, struct service_id id) {
    for (int i = 0; i < SAMGRD_SERVICE_MAX; i++) {
        if (samgrd->services[i].id.value == id.value) {
            return i;
        }
    }
    return -1;
}

struct slot samgrd_offered(struct samgrd *samgrd, struct service_id id, struct slot slot) {
    const struct service_id nobody = {.value = 0};
    int place = place_of(samgrd, id);
    place = place >= 0 ? place : place_of(samgrd, nobody);
    if (place < 0 || id.value == 0) {
        return slot;
    }
    struct slot before = samgrd->services[place].slot;
    samgrd->services[place] = (struct samgrd_service){.id = id, .slot = slot};
    return before;
}

struct slot samgrd_find(const struct samgrd *samgrd, struct service_id id) {
    int place = id.value != 0 ? place_of(samgrd, id) : -1;
    return place >= 0 ? samgrd->services[place].slot : slot_at(CAP_SLOT_NONE);
}

struct slot samgrd_forget(struct samgrd *samgrd, struct service_id id) {
    struct slot slot = samgrd_find(samgrd, id);
    if (slot.value != CAP_SLOT_NONE) {
        samgrd->services[place_of(samgrd, id)] = (struct samgrd_service){.slot = {0}};
    }
    return slot;
}

uint32_t samgrd_service_count(const struct samgrd *samgrd) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < SAMGRD_SERVICE_MAX; i++) {
        count += samgrd->services[i].id.value != 0;
    }
    return count;
}

bool samgrd_wait(struct samgrd *samgrd, const struct samgrd_waiting *waiting) {
    for (uint32_t i = 0; i < SAMGRD_WAITING_MAX; i++) {
        if (samgrd->waiting[i].subject == 0) {
            samgrd->waiting[i] = *waiting;
            return true;
        }
    }
    return false;
}

bool samgrd_take(struct samgrd *samgrd, struct service_id target, struct samgrd_waiting *out) {
    for (uint32_t i = 0; i < SAMGRD_WAITING_MAX; i++) {
        struct samgrd_waiting *one = &samgrd->waiting[i];
        if (one->subject != 0 && one->target.value == target.value) {
            *out = *one;
            one->subject = 0;
            return true;
        }
    }
    return false;
}

void samgrd_left(struct samgrd *samgrd, struct reply_handle reply) {
    for (uint32_t i = 0; i < SAMGRD_WAITING_MAX; i++) {
        struct samgrd_waiting *one = &samgrd->waiting[i];
        if (one->subject != 0 && one->call.reply.value == reply.value) {
            one->subject = 0;
        }
    }
}
