// testing/hostile/suspect.c: see suspect.h.
#include "testing/hostile/suspect.h"

// It may make something of each kind, so that what a factory allows succeeds.
static const struct task_plan limits = {
    .limits = {.pages = 64, .tasks = 2, .endpoints = 2, .vmos = 2, .slots = 63},
    .ceiling = QOS_DEFAULT,
    .shares = {.grants = 2},
};

bool suspect_ok(const struct runtime *runtime, const char *what, enum status status) {
    if (status != STATUS_OK) {
        log_line(runtime, "hostile: %s: %s", what, status_name(status));
    }
    return status == STATUS_OK;
}

bool suspect_start(const struct runtime *runtime, const struct suspect_plan *plan,
                   struct suspect *out) {
    struct task_result made = sys_task_create_as(plan->factory, plan->program->service_id, limits);
    out->task = made.slot;
    out->instance = made.instance;
    if (!suspect_ok(runtime, "task_create", made.status)) {
        return false;
    }
    if (plan->capability.value != CAP_SLOT_NONE &&
        !suspect_ok(runtime, "task_grant",
                    sys_task_grant(made.slot, plan->capability, plan->to, plan->rights))) {
        return false;
    }
    struct load_result loaded = sys_task_load(made.slot, slot_at(KEEPER_SLOT_IMAGE),
                                              plan->program->offset, plan->program->bytes);
    return suspect_ok(runtime, "task_load", loaded.status) &&
           suspect_ok(runtime, "task_start", sys_task_start(made.slot, plan->argument, plan->hart));
}

bool suspect_ended(const struct runtime *runtime, const struct suspect *suspect,
                   struct suspect_end *end) {
    struct query_result found = sys_cap_query(suspect->task);
    if (!suspect_ok(runtime, "cap_query", found.status) ||
        task_query_state(found.value) != TASK_DEAD ||
        task_query_instance(found.value) != suspect->instance) {
        return false;
    }
    end->reason = task_query_reason(found.value);
    end->detail = found.detail;
    return true;
}
