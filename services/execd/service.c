// services/execd/service.c: connects the logic (execd.h) with the kernel's calls, with policyd, who
// is asked about each start, and with logd, who is told of each end that is no success.
#include "services/execd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/boot_route.h"
#include "ipc/bulk_sealed.h"
#include "ipc/crash.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/policy_wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/task.h"
#include "services/execd/execd.h"
#include "services/execd/launch.h"

// How long policyd may take to answer, and logd's route to come.
#define ANSWER_DEADLINE_NS UINT64_C(1000000000)

struct execd_service {
    struct ipc_server server;
    struct ipc_resolver resolver;
    struct ipc_client client;  // To policyd and logd.
    struct execd execd;
};

static struct deadline answer_deadline(void) {
    return (struct deadline){.ns = sys_clock_get() + ANSWER_DEADLINE_NS};
}

// What policy says of it now. WIRE_UNAVAILABLE: policyd does not answer, and nothing is done.
static enum wire_status may(struct execd_service *service, uint64_t subject,
                            enum policy_action action, uint64_t object) {
    struct policy_message message = {.header = {.op = POLICY_OP_CHECK},
                                     .subject = subject,
                                     .object = object,
                                     .action = (uint8_t)action};
    const struct ipc_question question = {.target = service_id_named("policyd"),
                                          .protocol = &policy_rows,
                                          .deadline = answer_deadline(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (ipc_ask(&service->client, &question, &message).error != IPC_OK) {
        return WIRE_UNAVAILABLE;
    }
    enum wire_status status = (enum wire_status)message.header.status;
    service->execd.stats.denied += status == WIRE_DENIED;
    return status == WIRE_OK || status == WIRE_DENIED ? status : WIRE_UNAVAILABLE;
}

static enum wire_status may_manage(struct execd_service *service, uint64_t subject) {
    return may(service, subject, POLICY_MANAGE, service_id_named("execd").value);
}

// Programs get a route to the samgrd of now.
static struct slot samgrd_of_now(struct execd_service *service) {
    struct ipc_resolver *resolver = &service->resolver;
    struct query_result found = sys_cap_query(resolver->samgrd);
    if (found.status == STATUS_OK && (found.detail & CAP_QUERY_CLOSED) == 0) {
        return resolver->samgrd;
    }
    struct slot_result again =
        ipc_boot_route(service->server.runtime, SLOT_SAMGRD, answer_deadline());
    if (again.status == STATUS_OK) {
        slot_release(resolver->samgrd);
        resolver->samgrd = again.slot;
    }
    return resolver->samgrd;
}

static enum wire_status start(struct execd_service *service, const struct launch_order *order,
                              uint64_t owner, uint32_t *instance) {
    struct execd_record *record = execd_room(&service->execd, owner, order->program);
    if (!record) {
        return WIRE_OVERLOAD;
    }
    struct launched launched = launch_program(order);
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
    enum wire_status allowed = may(service, owner, POLICY_START, message->program);
    if (allowed != WIRE_OK) {
        return allowed;
    }
    struct launch_order order = {.argument = message->argument};
    order.bundle = execd_find_program(&service->execd, message->program, &order.program);
    if (!order.bundle) {
        return WIRE_ABSENT;
    }
    order.samgrd = samgrd_of_now(service);
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
    return (*out)->owner == sender ? WIRE_OK : may_manage(service, sender);
}

static void put_ending(struct exec_message *message, const struct execd_record *record) {
    const bool ended = record->state == EXECD_ENDED;
    message->reason = ended ? record->ending.reason : (uint8_t)EXIT_NONE;
    message->detail = ended ? record->ending.detail : 0;
    message->pc = ended ? record->ending.pc : 0;
    message->ra = ended ? record->ending.ra : 0;
}

static enum wire_status on_status(void *state, struct ipc_exchange *exchange) {
    struct exec_message *message = exchange->message;
    struct execd_record *record = 0;
    enum wire_status status = find_record(state, exchange, &record);
    if (status == WIRE_OK) {
        message->program = record->program;
        message->state = (uint8_t)record->state;
        message->owner = record->owner;
        put_ending(message, record);
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
        put_ending(exchange->message, record);
        execd_collected(record);
        return WIRE_OK;
    }
    const struct kept_call *call = ipc_keep(exchange);
    return call && execd_wait(&service->execd, record->instance, call) ? WIRE_OK : WIRE_OVERLOAD;
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

static void release_bundle(const struct execd_bundle *bundle) {
    if (bundle->view.program_count != 0 && bundle->owner != 0) {
        struct bulk_sealed bulk = {.vmo = bundle->memory, .bytes = bundle->view.bytes, .size = 1};
        bulk_sealed_close(&bulk);
    }
}

// Looks at all of it before it is used; what is refused is closed.
static enum wire_status take_bundle(struct execd *execd, uint64_t owner,
                                    const struct bulk_sealed *bulk, struct exec_message *message) {
    struct execd_bundle bundle = {.owner = owner, .memory = bulk->vmo};
    struct execd_bundle replaced = {.owner = 0};
    enum wire_status status = WIRE_OK;
    const struct bundle_verdict verdict = bundle_open(bulk->bytes, bulk->size, &bundle.view);
    enum bundle_flaw flaw = verdict.flaw;
    if (flaw == BUNDLE_FLAW_NONE) {
        flaw = execd_add_bundle(execd, &bundle, &status, &replaced);
    }
    execd->stats.flawed += flaw != BUNDLE_FLAW_NONE;
    message->flaw = (uint8_t)flaw;
    message->elf = (uint8_t)verdict.elf;
    message->count = flaw == BUNDLE_FLAW_NONE ? bundle.view.program_count : verdict.program;
    if (flaw == BUNDLE_FLAW_NONE && status == WIRE_OK) {
        release_bundle(&replaced);
    } else {
        struct bulk_sealed refused = *bulk;
        bulk_sealed_close(&refused);
    }
    return status;
}

static enum wire_status on_load(void *state, struct ipc_exchange *exchange) {
    struct execd_service *service = state;
    const uint64_t owner = exchange->request->meta.service_id;
    const struct slot came = exchange->came;
    const uint32_t needed = RIGHT_VMO_READ | RIGHT_VMO_EXECUTE;
    struct bulk_sealed bulk;
    enum wire_status allowed = may_manage(service, owner);
    if (allowed != WIRE_OK) {
        return allowed;
    }
    struct query_result found = sys_cap_query(came);
    if (came.value == CAP_SLOT_NONE || found.status != STATUS_OK ||
        (cap_query_rights(found.kind_rights) & needed) != needed) {
        return WIRE_MALFORMED;
    }
    exchange->came = slot_at(CAP_SLOT_NONE);
    enum bulk_error error = bulk_sealed_open(&bulk, came, BUNDLE_BYTES_MAX);
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    return take_bundle(&service->execd, owner, &bulk, exchange->message);
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

// A program that exits with 0 has done what it was started for; everything else is a record.
static bool is_told(const struct log_crash *crash) {
    return crash->reason != EXIT_CODE || crash->detail != 0;
}

static void tell(struct execd_service *service, const struct log_crash *crash) {
    struct log_message message = crash_message(crash);
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = answer_deadline(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    if (ipc_tell(&service->client, &question, &message).error != IPC_OK) {
        log_line(service->server.runtime, "execd: logd was not told of that");
    }
}

static void answer_waiters(struct execd_service *service, struct execd_record *record) {
    struct kept_call call;
    bool told = false;
    for (uint32_t i = 0; i < EXECD_WAITER_MAX; i++) {
        struct exec_message message = {.header = {.op = EXEC_OP_WAIT}};
        if (!execd_take_waiter(&service->execd, record->instance, &call)) {
            break;
        }
        put_ending(&message, record);
        told =
            ipc_answer(&service->server, &call, WIRE_OK, &message, slot_at(CAP_SLOT_NONE)) || told;
    }
    if (told) {
        execd_collected(record);
    }
}

// Who waits is answered before logd is told, which may take as long as logd is down.
static void on_end(struct execd_service *service, struct execd_record *record,
                   const struct query_result *found) {
    const struct runtime *runtime = service->server.runtime;
    const struct crash_place place =
        crash_place_of(runtime, slot_at(EXECD_SLOT_STATS), record->instance);
    const struct log_crash crash = {.subject = record->program,
                                    .detail = found->detail,
                                    .instance = record->instance,
                                    .reason = (uint8_t)task_query_reason(found->value),
                                    .pc = place.pc,
                                    .ra = place.ra};
    const struct execd_ending ending = {
        .detail = crash.detail, .pc = crash.pc, .ra = crash.ra, .reason = crash.reason};
    slot_release(record->task);
    execd_ended(&service->execd, record, &ending);
    if (is_told(&crash)) {
        crash_say(runtime, "execd", record->name, &crash);
    }
    answer_waiters(service, record);
    if (is_told(&crash)) {
        tell(service, &crash);
    }
}

// The notification only says look: every program that runs is asked.
static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    struct execd_service *service = state;
    (void)badge_bits;
    if ((kernel_bits & NOTIFY_CHILD_EXIT) == 0) {
        return;
    }
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        struct execd_record *record = &service->execd.records[i];
        if (record->state != EXECD_RUNS) {
            continue;
        }
        struct query_result found = sys_cap_query(record->task);
        if (found.status == STATUS_OK && task_query_state(found.value) == TASK_DEAD) {
            on_end(service, record, &found);
        }
    }
}

static void on_left(void *state, struct reply_handle reply) {
    struct execd_service *service = state;
    execd_left(&service->execd, reply);
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct execd_service *)state)->client;
}

struct execd_boot execd_boot_of(const void *image) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, BUNDLE_NAME) == 0) {
            return (struct execd_boot){.bytes = (const uint8_t *)image + entries[i].offset,
                                       .count = entries[i].bytes,
                                       .offset = entries[i].offset};
        }
    }
    return (struct execd_boot){.count = 0};
}

// A bundle of the image that is flawed is an image that was not made by our tools.
static bool take_boot_bundle(struct execd_service *service, const struct runtime *runtime,
                             struct execd_boot boot) {
    struct execd_bundle bundle = {.memory = slot_at(EXECD_SLOT_IMAGE), .offset = boot.offset};
    struct execd_bundle replaced = {.owner = 0};
    enum wire_status status = WIRE_OK;
    if (boot.count == 0) {
        return true;
    }
    const struct bundle_verdict verdict = bundle_open(boot.bytes, boot.count, &bundle.view);
    if (verdict.flaw != BUNDLE_FLAW_NONE) {
        log_line(runtime, "execd: the boot image's bundle: %s: %s", bundle_flaw_text(verdict.flaw),
                 elf_reject_name(verdict.elf));
        return false;
    }
    return execd_add_bundle(&service->execd, &bundle, &status, &replaced) == BUNDLE_FLAW_NONE;
}

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
    ipc_client_init(&service->client, runtime, ipc_resolver_ask, &service->resolver, pause.slot);
    return take_boot_bundle(service, runtime, boot);
}

int execd_main(struct runtime *runtime, struct execd_boot boot) {
    static const struct ipc_row rows[] = {
        [EXEC_OP_START] = {.call = on_start}, [EXEC_OP_STATUS] = {.call = on_status},
        [EXEC_OP_WAIT] = {.call = on_wait},   [EXEC_OP_KILL] = {.call = on_kill},
        [EXEC_OP_LIST] = {.call = on_list},   [EXEC_OP_PROGRAM] = {.call = on_program},
        [EXEC_OP_LOAD] = {.call = on_load},   [EXEC_OP_STATS] = {.call = on_stats},
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
