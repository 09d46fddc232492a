// services/rngd/health.c: see health.h.
#include "services/rngd/health.h"

void health_init(struct health *health) {
    *health = (struct health){.seen = 0};
}

static bool repetition_count(struct health *health, uint8_t byte) {
    health->repeated = health->seen != 0 && byte == health->last ? health->repeated + 1 : 1;
    health->last = byte;
    return health->repeated < HEALTH_REPEATED_MAX;
}

static bool adaptive_proportion(struct health *health, uint8_t byte) {
    if (health->window == 0) {
        health->first = byte;
        health->same = 0;
    }
    health->same += byte == health->first;
    health->window = (health->window + 1) % HEALTH_WINDOW;
    return health->same < HEALTH_SAME_MAX;
}

bool health_take(struct health *health, uint8_t byte) {
    bool not_stuck = repetition_count(health, byte);
    bool not_lopsided = adaptive_proportion(health, byte);
    health->failed = health->failed || !not_stuck || !not_lopsided;
    health->seen += health->seen < HEALTH_STARTUP;
    return !health->failed;
}
