// services/execd/service.c: connects the logic (execd.h) with those who ask.
#include "services/execd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/plant.h"
#include "ipc/wire/exec_wire.h"
#include "kernel/abi/task.h"
#include "services/execd/launch.h"
#include "services/execd/state.h"

static enum wire_status start(struct execd_service *service, const struct launch_order *order,
                              uint64_t owner, uint32_t *instance) {
    struct execd_record *record = execd_room(&service->execd, owner, order->program);
    if (!record) {
        return WIRE_OVERLOAD;
    }
    struct launched launched = launch_program(service, order);
    if (launched.status != STATUS_OK) {
        log_line(service->server.runtime, "execd: %s: %s: %s", order->program->name, launched.step,
                 status_name(launched.status));
        bool full = launched.status == STATUS_NO_SPACE;
        service->execd.stats.overloaded += full;
        return full ? WIRE_OVERLOAD : WIRE_UNAVAILABLE;
    }
    struct execd_record what = {.instance = launched.instance,
                                .program = order->program->service_id,
                                .owner = owner,
                                .task = launched.task};
    memcpy(what.name, order->program->name, sizeof(what.name));
    execd_started(&service->execd, record, &what);
    *instance = launched.instance;
    return WIRE_OK;
}

static enum wire_status on_start(void *state, struct ipc_exchange *exchange) {
    struct execd_service *service = state;
    struct exec_message *message = exchange->message;
    const uint64_t owner = exchange->request->meta.service_id;
    enum wire_status allowed = ask_may(service, owner, POLICY_START, message->program);
    if (allowed != WIRE_OK) {
        return allowed;
    }
    struct launch_order order = {.argument = message->argument};
    order.bundle = execd_find_program(&service->execd, message->program, &order.program);
    if (!order.bundle) {
        return WIRE_ABSENT;
    }
    return start(service, &order, owner, &message->instance);
}

// The record that a request names, if it is the sender's own or the sender may manage execd.
static enum wire_status find_record(struct execd_service *service,
                                    const struct ipc_exchange *exchange,
                                    struct execd_record **out) {
    const struct exec_message *message = exchange->message;
    *out = execd_find(&service->execd, message->instance);
    if (!*out) {
        return WIRE_ABSENT;
    }
    const uint64_t sender = exchange->request->meta.service_id;
    if (plant_fires(PLANT_TELL_OTHERS)) {
        return WIRE_OK;
    }
    return (*out)->owner == sender ? WIRE_OK : ask_may_manage(service, sender);
}

static enum wire_status on_status(void *state, struct ipc_exchange *exchange) {
    struct exec_message *message = exchange->message;
    struct execd_record *record = 0;
    enum wire_status status = find_record(state, exchange, &record);
    if (status == WIRE_OK) {
        message->program = record->program;
        message->state = (uint8_t)record->state;
        message->owner = record->owner;
        endings_put(message, record);
    }
    return status;
}

// Answers now, or keeps the call until the program has ended.
static enum wire_status on_wait(void *state, struct ipc_exchange *exchange) {
    struct execd_service *service = state;
    struct execd_record *record = 0;
    enum wire_status status = find_record(service, exchange, &record);
    if (status != WIRE_OK) {
        return status;
    }
    if (record->state == EXECD_ENDED) {
        endings_put(exchange->message, record);
        record->told = true;  // Also who has left by now: the ending is there for a while.
        return WIRE_OK;
    }
    const struct kept_call *call = ipc_keep(exchange);
    const struct execd_waiter waiter = {.instance = record->instance,
                                        .client = exchange->request->meta.service_id,
                                        .call = call ? *call : (struct kept_call){.op = 0}};
    return call && execd_wait(&service->execd, &waiter) ? WIRE_OK : WIRE_OVERLOAD;
}

static enum wire_status on_kill(void *state, struct ipc_exchange *exchange) {
    struct execd_record *record = 0;
    enum wire_status status = find_record(state, exchange, &record);
    if (status == WIRE_OK && record->state == EXECD_RUNS) {
        status_ignore(sys_task_kill(record->task),
                      "if it has just ended, its exit notice follows too");
    }
    return status;
}

static struct wire_bytes name_bytes(const char *name) {
    return (struct wire_bytes){.data = (const uint8_t *)name, .count = (uint32_t)strlen(name)};
}

static enum wire_status on_list(void *state, struct ipc_exchange *exchange) {
    const struct execd_service *service = state;
    struct exec_message *message = exchange->message;
    uint32_t index = message->index;
    const struct execd_record *record = execd_record_from(&service->execd, &index);
    if (!record) {
        return WIRE_ABSENT;
    }
    message->program = record->program;
    message->instance = record->instance;
    message->state = (uint8_t)record->state;
    message->owner = record->owner;
    message->name = name_bytes(record->name);
    message->next = index + 1;
    return WIRE_OK;
}

static enum wire_status on_program(void *state, struct ipc_exchange *exchange) {
    const struct execd_service *service = state;
    struct exec_message *message = exchange->message;
    const struct bundle_program *program = execd_program_at(&service->execd, message->index);
    if (!program) {
        return WIRE_ABSENT;
    }
    message->program = program->service_id;
    message->name = name_bytes(program->name);
    message->next = message->index + 1;
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct execd_service *service = state;
    const struct execd_stats *stats = &service->execd.stats;
    struct exec_message *message = exchange->message;
    message->running = execd_running_count(&service->execd);
    message->started = stats->started;
    message->ended = stats->ended;
    message->crashed = stats->crashed;
    message->denied = stats->denied;
    message->overloaded = stats->overloaded;
    message->forgotten = stats->forgotten;
    message->loaded = stats->loaded;
    message->flawed = stats->flawed;
    return WIRE_OK;
}

static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    (void)badge_bits;
    if ((kernel_bits & NOTIFY_CHILD_EXIT) != 0) {
        endings_look(state);
    }
}

static void on_left(void *state, struct reply_handle reply) {
    struct execd_service *service = state;
    execd_left(&service->execd, reply);
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct execd_service *)state)->client;
}

// What is not found by name, but by the manifest's route.
enum { ROUTE_SAMGRD };
static const struct ipc_boot_route_row routes[] = {
    [ROUTE_SAMGRD] = {"samgrd", POLICY_CALL, SLOT_SAMGRD},
};

static bool prepare(struct execd_service *service, struct runtime *runtime,
                    struct execd_boot boot) {
    if (!runtime_expect(runtime, slot_at(EXECD_SLOT_FACTORY), CAP_FACTORY,
                        RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT | RIGHT_MAKE_VMO,
                        "a factory of programs") ||
        !runtime_expect(runtime, slot_at(EXECD_SLOT_IMAGE), CAP_IMAGE, RIGHT_READ,
                        "the boot image") ||
        !runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd")) {
        return false;
    }
    struct slot_result pause = sys_endpoint_create(slot_at(EXECD_SLOT_FACTORY));
    if (pause.status != STATUS_OK) {
        log_line(runtime, "execd: no endpoint to pause at: %s", status_name(pause.status));
        return false;
    }
    execd_init(&service->execd);
    ipc_resolver_init(&service->resolver, runtime, SLOT_SAMGRD);
    service->boot = (struct ipc_boot_resolver){.runtime = runtime,
                                               IPC_BOOT_ROWS(routes),
                                               // The slot is the resolver's, who may close it.
                                               .begun = UINT32_C(1) << ROUTE_SAMGRD,
                                               .others = ipc_resolver_ask,
                                               .context = &service->resolver};
    ipc_client_init(&service->client, runtime, ipc_boot_resolve, &service->boot, pause.slot);
    return bundles_take_boot(service, runtime, boot);
}

int execd_main(struct runtime *runtime, struct execd_boot boot) {
    static const struct ipc_row rows[] = {
        [EXEC_OP_START] = {.call = on_start},       [EXEC_OP_STATUS] = {.call = on_status},
        [EXEC_OP_WAIT] = {.call = on_wait},         [EXEC_OP_KILL] = {.call = on_kill},
        [EXEC_OP_LIST] = {.call = on_list},         [EXEC_OP_PROGRAM] = {.call = on_program},
        [EXEC_OP_LOAD] = {.call = bundles_on_load}, [EXEC_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service description = {.name = "execd",
                                            .ready = MARKER_EXECD_READY,
                                            .protocol = &exec_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .notified = on_notified,
                                            .left = on_left,
                                            .client = client_of};
    struct execd_service service;
    if (!prepare(&service, runtime, boot)) {
        return 1;
    }
    return ipc_serve(&service.server, runtime, &description, &service);
}
