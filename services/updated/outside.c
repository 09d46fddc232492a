// services/updated/outside.c: see outside.h.
#include "services/updated/outside.h"

#include "ipc/wire/exec_wire.h"
#include "ipc/wire/state_wire.h"
#include "services/execd/bundle.h"
#include "services/execd/execd.h"
#include "services/updated/service.h"

BASE_STATIC_ASSERT((int)SYSTEM_PROGRAM_MAX == (int)EXECD_OWNED_MAX,
                   "what a bundle may have is what execd runs for updated");

// init ends who is not ready in time: all questions before that share one time.
static struct deadline patience(const struct outside *outside) {
    const uint64_t own_ns = sys_clock_get() + OUTSIDE_DEADLINE_NS;
    const bool starts = outside->start_deadline_ns != 0 && outside->start_deadline_ns < own_ns;
    return (struct deadline){.ns = starts ? outside->start_deadline_ns : own_ns};
}

void outside_is_up(struct outside *outside) {
    outside->start_deadline_ns = 0;
}

// Who is not found by name, but by the manifest's routes.
static const struct ipc_boot_route_row routes[] = {
    {"init", POLICY_CALL, SLOT_INIT},
    {"init", POLICY_MANAGE, UPDATED_SLOT_WATCH},
};

bool outside_open(struct outside *outside, struct runtime *runtime) {
    *outside = (struct outside){.runtime = runtime,
                                .start_deadline_ns = sys_clock_get() + OUTSIDE_START_NS};
    ipc_resolver_init(&outside->resolver, runtime, SLOT_SAMGRD);
    outside->boot = (struct ipc_boot_resolver){.runtime = runtime,
                                               IPC_BOOT_ROWS(routes),
                                               .others = ipc_resolver_ask,
                                               .context = &outside->resolver};
    ipc_client_init(&outside->client, runtime, ipc_boot_resolve, &outside->boot,
                    slot_at(CAP_SLOT_NONE));
    return runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                          "the route to samgrd") &&
           runtime_expect(runtime, slot_at(UPDATED_SLOT_FACTORY), CAP_FACTORY, RIGHT_MAKE_VMO,
                          "the factory for memory") &&
           runtime_expect(runtime, slot_at(UPDATED_SLOT_IMAGE), CAP_IMAGE, RIGHT_READ,
                          "the boot image") &&
           runtime_expect(runtime, slot_at(UPDATED_SLOT_WATCH), CAP_ENDPOINT, RIGHT_CALL,
                          "the route to init's watch");
}

void outside_drop_memory(struct outside *outside) {
    bulk_sealed_close(&outside->sealed);
    if (outside->window.bytes) {
        bulk_window_close(&outside->window);
    } else {
        slot_release(outside->window.vmo);
    }
    outside->window = (struct bulk_window){.size = 0};
}

static uint8_t *open_memory(void *context, uint64_t bytes) {
    struct outside *outside = context;
    outside_drop_memory(outside);
    return bulk_window_create(&outside->window, slot_at(UPDATED_SLOT_FACTORY), bytes) == BULK_OK
               ? outside->window.bytes
               : 0;
}

// Of the capability to it a copy to read is mapped; the rest is for execd, which executes it.
static const uint8_t *seal_memory(void *context) {
    struct outside *outside = context;
    struct bulk_window *window = &outside->window;
    enum status status = sys_vmo_unmap(window->vmo, (uint64_t)(uintptr_t)window->bytes);
    window->bytes = 0;
    if (status == STATUS_OK) {
        status = sys_vmo_seal(window->vmo);
    }
    if (status != STATUS_OK) {
        return 0;
    }
    struct slot_result copy = sys_cap_clone(window->vmo, RIGHT_VMO_READ);
    if (copy.status != STATUS_OK ||
        bulk_sealed_open(&outside->sealed, copy.slot, SYSTEM_PAYLOAD_BYTES_MAX) != BULK_OK) {
        outside->sealed = (struct bulk_sealed){.size = 0};
        return 0;
    }
    return outside->sealed.bytes;
}

struct update_memory outside_memory(struct outside *outside) {
    return (struct update_memory){.context = outside, .open = open_memory, .seal = seal_memory};
}

static const char floor_key[] = "floor";
enum { FLOOR_BYTES = 8 };

static bool ask_state(struct outside *outside, struct state_message *message) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = patience(outside),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    message->key =
        (struct wire_bytes){.data = (const uint8_t *)floor_key, .count = sizeof(floor_key) - 1};
    return ipc_ask(&outside->client, &question, message).error == IPC_OK;
}

// A floor that was never raised is 0; one that is not read is none.
static bool get_floor(void *context, uint64_t *version) {
    struct state_message message = {.header = {.op = STATE_OP_GET}};
    if (!ask_state(context, &message)) {
        return false;
    }
    if (message.header.status == WIRE_ABSENT) {
        *version = 0;
        return true;
    }
    if (message.header.status != WIRE_OK || message.value.count != FLOOR_BYTES) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(message.value.data, message.value.count);
    *version = wire_get_u64(&reader);
    return true;
}

// OK says that it survives power loss.
static bool raise_floor(void *context, uint64_t version) {
    uint8_t bytes[FLOOR_BYTES];
    struct wire_writer writer = wire_writer_of(bytes, sizeof(bytes));
    wire_put_u64(&writer, version);
    struct state_message message = {.header = {.op = STATE_OP_PUT},
                                    .value = {.data = bytes, .count = sizeof(bytes)}};
    return ask_state(context, &message) && message.header.status == WIRE_OK;
}

struct update_floor outside_floor(struct outside *outside) {
    return (struct update_floor){.context = outside, .get = get_floor, .raise = raise_floor};
}

// As who may have the system watched, or as any service.
static bool ask_init(struct outside *outside, enum policy_action action,
                     struct init_message *message) {
    const struct ipc_question question = {.target = service_id_named("init"),
                                          .protocol = &init_rows,
                                          .deadline = patience(outside),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    const struct ipc_outcome outcome = action == POLICY_MANAGE
                                           ? ipc_manage(&outside->client, &question, message)
                                           : ipc_ask(&outside->client, &question, message);
    return outcome.error == IPC_OK && message->header.status == WIRE_OK;
}

bool outside_watch(struct outside *outside, uint64_t within_ns) {
    struct init_message message = {.header = {.op = INIT_OP_WATCH}, .within = within_ns};
    return ask_init(outside, POLICY_MANAGE, &message);
}

bool outside_word(struct outside *outside, enum init_op op, uint64_t *word) {
    struct init_message message = {.header = {.op = (uint8_t)op}, .word = *word};
    bool good = ask_init(outside, POLICY_CALL, &message);
    if (good && op == INIT_OP_KEPT) {
        *word = message.word;
    }
    return good;
}

static bool ask_execd(struct outside *outside, struct slot carried, struct exec_message *message) {
    const struct ipc_question question = {.target = service_id_named("execd"),
                                          .protocol = &exec_rows,
                                          .deadline = patience(outside),
                                          .carried = carried};
    struct ipc_outcome outcome = message->header.op == EXEC_OP_LOAD
                                     ? ipc_manage(&outside->client, &question, message)
                                     : ipc_ask(&outside->client, &question, message);
    return outcome.error == IPC_OK;
}

static enum outside_started load(struct outside *outside) {
    struct exec_message message = {.header = {.op = EXEC_OP_LOAD}};
    struct slot_result copy =
        sys_cap_clone(outside->window.vmo, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE);
    if (copy.status != STATUS_OK || !ask_execd(outside, copy.slot, &message) ||
        message.header.status == WIRE_UNAVAILABLE) {
        log_line(outside->runtime, "updated: execd does not answer");
        return OUTSIDE_NO_ANSWER;
    }
    if (message.header.status != WIRE_OK || message.flaw != BUNDLE_FLAW_NONE) {
        log_line(outside->runtime, "updated: execd refuses the bundle: %u, flaw %u",
                 message.header.status, message.flaw);
        return OUTSIDE_REFUSED;
    }
    return OUTSIDE_STARTED;
}

static bool runs_already(struct outside *outside, uint64_t program) {
    struct exec_message message = {.next = 0};
    // Each a question of its own.
    for (uint32_t i = 0; i < EXECD_RECORD_MAX; i++) {
        message = (struct exec_message){.header = {.op = EXEC_OP_LIST}, .index = message.next};
        if (!ask_execd(outside, slot_at(CAP_SLOT_NONE), &message) ||
            message.header.status != WIRE_OK) {
            return false;
        }
        if (message.program == program && message.state == EXECD_RUNS) {
            return true;
        }
    }
    return false;
}

static bool start_one(struct outside *outside, const struct bundle_program *program) {
    struct exec_message message = {.header = {.op = EXEC_OP_START}, .program = program->service_id};
    bool good =
        ask_execd(outside, slot_at(CAP_SLOT_NONE), &message) && message.header.status == WIRE_OK;
    if (!good) {
        log_line(outside->runtime, "updated: %s is not started: %u", program->name,
                 message.header.status);
    }
    return good;
}

// The table is in sealed memory, and execd has looked at all of it.
enum outside_started outside_start(struct outside *outside, const struct update_running *running,
                                   bool resumes) {
    enum outside_started result = load(outside);
    if (result != OUTSIDE_STARTED) {
        return result;
    }
    const struct bundle_header *header = (const struct bundle_header *)(const void *)running->bytes;
    const struct bundle_program *programs =
        (const struct bundle_program *)(const void *)(header + 1);
    // Each a question of its own.
    for (uint32_t i = 0; i < header->program_count && i < BUNDLE_PROGRAM_MAX; i++) {
        bool runs = (resumes && runs_already(outside, programs[i].service_id)) ||
                    start_one(outside, &programs[i]);
        result = runs ? result : OUTSIDE_PARTLY;
    }
    return result;
}
