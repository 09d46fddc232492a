// services/execd/launch.c: see launch.h.
#include "services/execd/launch.h"

#include "kernel/abi/task.h"
#include "services/execd/service.h"

// A program finds its start number where a service does (runtime/runtime.h); each start is the
// first.
#define FIRST_START (UINT64_C(1) << 32)

static enum status give(struct execd_service *service, const struct launch_order *order,
                        struct slot task) {
    const uint32_t flags = order->program->flags;
    enum status status = STATUS_OK;
    if ((flags & BUNDLE_CONSOLE) != 0) {
        status = sys_task_grant(task, slot_at(SLOT_CONSOLE), SLOT_CONSOLE, RIGHT_WRITE);
    }
    if (status == STATUS_OK && (flags & BUNDLE_FACTORY) != 0) {
        status = sys_task_grant(task, slot_at(EXECD_SLOT_FACTORY), SLOT_FIRST_OWN,
                                RIGHT_MAKE_ENDPOINT | RIGHT_MAKE_VMO);
    }
    if (status == STATUS_OK && (flags & BUNDLE_ROUTES) != 0) {
        status = ask_give_samgrd(service, task);
    }
    return status;
}

// Its capabilities, its program, and off it goes.
static enum status complete(struct execd_service *service, const struct launch_order *order,
                            struct slot task, const char **step) {
    const struct bundle_program *program = order->program;
    enum status status = give(service, order, task);
    *step = "task_grant";
    if (status == STATUS_OK) {
        status = sys_task_load(task, order->bundle->memory, order->bundle->offset + program->offset,
                               program->bytes)
                     .status;
        *step = "task_load";
    }
    if (status == STATUS_OK) {
        status = sys_task_start(task, order->argument | FIRST_START, TASK_HART_ANY);
        *step = "task_start";
    }
    return status;
}

struct launched launch_program(struct execd_service *service, const struct launch_order *order) {
    const struct bundle_program *program = order->program;
    struct launched launched = {.step = "task_create", .task = slot_at(CAP_SLOT_NONE)};
    const struct task_plan plan = {
        .limits = task_limits_unpack(program->limits),
        .ceiling = (enum qos)task_ceiling_unpack(program->limits),
        .shares = task_shares_unpack(program->shares),
    };
    struct task_result made =
        sys_task_create_as(slot_at(EXECD_SLOT_FACTORY), program->service_id, plan);
    launched.status = made.status;
    if (made.status != STATUS_OK) {
        return launched;
    }
    launched.status = complete(service, order, made.slot, &launched.step);
    if (launched.status != STATUS_OK) {
        status_ignore(sys_cap_close(made.slot), "the step that failed is what matters");
        return launched;
    }
    launched.task = made.slot;
    launched.instance = made.instance;
    return launched;
}
