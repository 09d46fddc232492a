// testing/update/update.c: a client that updates the system: five boots on one disk. Which boot it
// is, updated says: nothing runs, version 1, 2 or 3 is on trial, or 3 was given up.
#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/block_client.h"
#include "ipc/bulk_sealed.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/update_wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "runtime/main.h"
#include "services/updated/control.h"
#include "services/updated/system.h"

enum {
    SLOT_FACTORY = 4,   // Endpoints and memory.
    SLOT_OPERATOR = 9,  // To init, with the badge of who ends services.
    ROUNDS_MAX = 3000,
};

#define PATIENCE_NS UINT64_C(60000000000)
#define ROUND_NS UINT64_C(10000000)

struct update_test {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct slot pause;
    bool unprivileged;  // As who may only call.
};

static struct deadline patience(void) {
    return (struct deadline){.ns = sys_clock_get() + PATIENCE_NS};
}

static bool expect(const struct update_test *test, const char *what, uint64_t got,
                   uint64_t wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(test->runtime, "update: %s: got %lu, expected %lu", what, got, wanted);
    return false;
}

static bool asks_with(struct update_test *test, struct slot carried, struct update_message *message,
                      enum wire_status wanted) {
    const struct ipc_question question = {.target = service_id_named("updated"),
                                          .protocol = &update_rows,
                                          .deadline = patience(),
                                          .carried = carried};
    struct ipc_outcome outcome = test->unprivileged ? ipc_ask(&test->ipc, &question, message)
                                                    : ipc_manage(&test->ipc, &question, message);
    return expect(test, "the call", outcome.error, IPC_OK) &&
           expect(test, "the status", message->header.status, wanted);
}

static bool asks(struct update_test *test, struct update_message *message,
                 enum update_result wanted) {
    return asks_with(test, slot_at(CAP_SLOT_NONE), message, WIRE_OK) &&
           expect(test, "the result", message->result, wanted);
}

static bool status(struct update_test *test, struct update_message *message) {
    *message = (struct update_message){.header = {.op = UPDATE_OP_STATUS}};
    return asks_with(test, slot_at(CAP_SLOT_NONE), message, WIRE_OK);
}

static const struct boot_image_entry *find(const char *name) {
    const struct boot_image_header *image = (const void *)USER_BOOT_IMAGE;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, name) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

// What is brought: a file of the image, a part of it, and a byte that is another than it was.
struct brought {
    const char *name;
    uint64_t offset;
    uint64_t less;  // Bytes of the end that the request leaves out.
    uint64_t spoiled;
    uint8_t slot;
    bool open;  // Not sealed.
};

static bool copy_in(struct update_test *test, const struct brought *what,
                    struct bulk_window *window, uint64_t *bytes) {
    const struct boot_image_entry *entry = find(what->name);
    if (!expect(test, "the file", entry != 0, true) ||
        !expect(test, "memory",
                bulk_window_create(window, slot_at(SLOT_FACTORY), what->offset + entry->bytes),
                BULK_OK)) {
        return false;
    }
    memcpy(window->bytes + what->offset, (const uint8_t *)USER_BOOT_IMAGE + entry->offset,
           entry->bytes);
    window->bytes[what->spoiled] ^= what->spoiled != 0;
    *bytes = entry->bytes;
    return true;
}

static bool stages(struct update_test *test, const struct brought *what, enum wire_status wanted,
                   enum update_result result) {
    struct bulk_window window;
    uint64_t bytes = 0;
    struct slot sent = slot_at(CAP_SLOT_NONE);
    if (!copy_in(test, what, &window, &bytes)) {
        return false;
    }
    struct update_message message = {.header = {.op = UPDATE_OP_STAGE},
                                     .slot = what->slot,
                                     .offset = what->offset,
                                     .bytes = bytes - what->less};
    enum bulk_error error =
        what->open ? bulk_window_share(&window, &sent) : bulk_seal(&window, &sent);
    bool good = expect(test, "what is sent", error, BULK_OK) &&
                asks_with(test, sent, &message, wanted) &&
                (wanted != WIRE_OK || expect(test, "the result", message.result, result));
    if (what->open) {
        bulk_window_close(&window);
    }
    return good;
}

static bool refuses(struct update_test *test, const char *name, uint8_t slot,
                    enum update_result result) {
    const struct brought what = {.name = name, .slot = slot};
    return stages(test, &what, WIRE_OK, result);
}

static bool switches(struct update_test *test, uint8_t slot, uint8_t tries,
                     enum update_result wanted) {
    struct update_message message = {
        .header = {.op = UPDATE_OP_SWITCH}, .slot = slot, .tries = tries};
    return asks(test, &message, wanted);
}

static bool holds(struct update_test *test, uint8_t slot, enum update_slot_state state,
                  uint64_t version) {
    struct update_message message = {.header = {.op = UPDATE_OP_SLOT}, .slot = slot};
    return asks_with(test, slot_at(CAP_SLOT_NONE), &message, WIRE_OK) &&
           expect(test, "the slot's state", message.state, state) &&
           expect(test, "the slot's version", message.version, version);
}

// Nothing on the disk.

static bool case_reject_unsigned(struct update_test *test) {
    return refuses(test, "unsigned", 0, UPDATE_UNSIGNED);
}

static bool case_reject_wrong_key(struct update_test *test) {
    return refuses(test, "other", 0, UPDATE_WRONG_KEY);
}

static bool case_reject_tampered(struct update_test *test) {
    const struct brought version = {.name = "two", .spoiled = 8};
    const struct brought contents = {.name = "one", .spoiled = SYSTEM_PAGE_BYTES + 5000};
    return stages(test, &version, WIRE_OK, UPDATE_BAD_SIGNATURE) &&
           stages(test, &contents, WIRE_OK, UPDATE_BAD_CONTENTS);
}

static bool case_reject_too_large(struct update_test *test) {
    return refuses(test, "large", 0, UPDATE_TOO_LARGE) &&
           refuses(test, "one", 2, UPDATE_NO_SUCH_SLOT);
}

static bool case_reject_range(struct update_test *test) {
    const struct brought shorter = {.name = "one", .less = SYSTEM_PAGE_BYTES};
    const struct brought odd = {.name = "one", .offset = 512};
    const struct brought longer = {.name = "one", .less = UINT64_MAX - SYSTEM_PAGE_BYTES};
    return stages(test, &shorter, WIRE_OK, UPDATE_BAD_RANGE) &&
           stages(test, &odd, WIRE_OK, UPDATE_BAD_RANGE) &&
           stages(test, &longer, WIRE_OK, UPDATE_BAD_RANGE);
}

static bool case_reject_unsealed(struct update_test *test) {
    const struct brought open = {.name = "one", .open = true};
    struct update_message nothing = {.header = {.op = UPDATE_OP_STAGE}};
    return stages(test, &open, WIRE_MALFORMED, UPDATE_OK) &&
           asks_with(test, slot_at(CAP_SLOT_NONE), &nothing, WIRE_MALFORMED);
}

// Policy lets it call; what changes the system asks for more.
static bool case_reject_unprivileged(struct update_test *test) {
    static const enum update_op ops[] = {UPDATE_OP_SWITCH, UPDATE_OP_CONFIRM, UPDATE_OP_ROLL_BACK,
                                         UPDATE_OP_REBOOT};
    const struct brought what = {.name = "one"};
    test->unprivileged = true;
    bool good = stages(test, &what, WIRE_DENIED, UPDATE_OK);
    for (uint32_t i = 0; i < ARRAY_LEN(ops) && good; i++) {
        struct update_message message = {.header = {.op = (uint8_t)ops[i]}, .tries = 1};
        good = asks_with(test, slot_at(CAP_SLOT_NONE), &message, WIRE_DENIED);
    }
    test->unprivileged = false;
    return good && switches(test, 0, 1, UPDATE_NOT_STAGED) && holds(test, 0, UPDATE_SLOT_EMPTY, 0);
}

// Policy lets it call virtioblkd, and no part of the disk is its.
static bool case_reject_no_part(struct update_test *test) {
    struct block_client block;
    block_client_init(&block, &test->ipc, service_id_named("virtioblkd"), slot_at(SLOT_FACTORY));
    bool good =
        expect(test, "the disk", block_open(&block, PAGE_BYTES, patience()), BLOCK_NO_SERVICE);
    block_close(&block);
    return good;
}

static bool case_staged(struct update_test *test) {
    // Behind a page that is not its.
    const struct brought what = {.name = "one", .offset = PAGE_BYTES};
    return stages(test, &what, WIRE_OK, UPDATE_OK) && holds(test, 0, UPDATE_SLOT_STAGED, 1);
}

static bool case_switched(struct update_test *test) {
    return switches(test, 0, 0, UPDATE_BAD_TRIES) && switches(test, 0, 2, UPDATE_OK);
}

// The service ends and is found again: it has chosen once in this boot.
static bool ends_updated(struct update_test *test) {
    struct message_page *page = test->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named("updated").value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    return expect(test, "asking init to end it",
                  sys_ipc_call(slot_at(SLOT_OPERATOR), patience().ns).status, STATUS_OK) &&
           expect(
               test, "the answer",
               init_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, &message),
               WIRE_OK) &&
           expect(test, "its status", message.header.status, WIRE_OK);
}

static bool case_rebound(struct update_test *test) {
    struct update_message before;
    struct update_message after;
    return status(test, &before) && ends_updated(test) && status(test, &after) &&
           expect(test, "version", after.version, before.version) &&
           expect(test, "on trial", after.trial, before.trial) &&
           expect(test, "tries", after.tries, before.tries);
}

// A system that says that it is well.

static bool is_confirmed(struct update_test *test, uint64_t version) {
    struct update_message message = {.trial = 1};
    bool good = true;
    for (uint32_t i = 0; i < ROUNDS_MAX && good && message.trial != 0; i++) {
        struct recv_result event = sys_ipc_recv(test->pause, sys_clock_get() + ROUND_NS);
        good = expect(test, "the pause", event.status, STATUS_TIMED_OUT) && status(test, &message);
    }
    return good && expect(test, "on trial", message.trial, 0) &&
           expect(test, "version", message.version, version) &&
           expect(test, "floor", message.floor, version) &&
           expect(test, "current", message.current, message.slot);
}

static bool case_one_confirmed(struct update_test *test) {
    return is_confirmed(test, 1) && holds(test, 0, UPDATE_SLOT_GOOD, 1);
}

static bool case_reject_running(struct update_test *test) {
    return refuses(test, "two", 0, UPDATE_SLOT_RUNS) && switches(test, 0, 1, UPDATE_SLOT_RUNS);
}

static bool case_reject_confirm(struct update_test *test) {
    struct update_message message = {.header = {.op = UPDATE_OP_CONFIRM}};
    return asks_with(test, slot_at(CAP_SLOT_NONE), &message, WIRE_DENIED);
}

static bool case_two_staged(struct update_test *test) {
    return refuses(test, "two", 1, UPDATE_OK) && holds(test, 1, UPDATE_SLOT_STAGED, 2) &&
           switches(test, 1, 3, UPDATE_OK);
}

// The next one, after which the first is below the floor.

static bool case_two_confirmed(struct update_test *test) {
    return is_confirmed(test, 2) && holds(test, 1, UPDATE_SLOT_GOOD, 2);
}

static bool case_reject_downgrade(struct update_test *test) {
    return refuses(test, "one", 0, UPDATE_BELOW_FLOOR) &&
           switches(test, 0, 1, UPDATE_BELOW_FLOOR) && holds(test, 0, UPDATE_SLOT_GOOD, 1);
}

static bool case_three_staged(struct update_test *test) {
    return refuses(test, "three", 0, UPDATE_OK) && switches(test, 0, 1, UPDATE_OK);
}

// One that never says it. It cannot be helped, and is not confirmed by others.

static bool case_on_trial(struct update_test *test) {
    struct update_message message;
    return status(test, &message) && expect(test, "on trial", message.trial, 1) &&
           expect(test, "tries", message.tries, 0) &&
           refuses(test, "two", 1, UPDATE_SLOT_IS_FALLBACK) && case_reject_confirm(test);
}

static bool case_fell_back(struct update_test *test) {
    struct update_message message;
    return status(test, &message) && expect(test, "on trial", message.trial, 0) &&
           expect(test, "version", message.version, 2) && expect(test, "slot", message.slot, 1) &&
           expect(test, "floor", message.floor, 2) && holds(test, 0, UPDATE_SLOT_FAILED, 3) &&
           switches(test, 0, 1, UPDATE_NOT_STAGED);
}

struct rung {
    uint32_t boot;
    const char *marker;
    bool (*run)(struct update_test *test);
};

enum { BOOT_NONE, BOOT_EMPTY, BOOT_FIRST, BOOT_SECOND, BOOT_SILENT, BOOT_FALLBACK };

static const struct rung rungs[] = {
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_UNSIGNED, case_reject_unsigned},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_WRONG_KEY, case_reject_wrong_key},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_TAMPERED, case_reject_tampered},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_TOO_LARGE, case_reject_too_large},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_RANGE, case_reject_range},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_UNSEALED, case_reject_unsealed},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_UNPRIVILEGED, case_reject_unprivileged},
    {BOOT_EMPTY, MARKER_UPDATE_REJECT_NO_PART, case_reject_no_part},
    {BOOT_EMPTY, MARKER_UPDATE_STAGED, case_staged},
    {BOOT_EMPTY, MARKER_UPDATE_SWITCHED, case_switched},
    {BOOT_FIRST, MARKER_UPDATE_CONFIRMED, case_one_confirmed},
    {BOOT_FIRST, MARKER_UPDATE_REBOUND, case_rebound},
    {BOOT_FIRST, MARKER_UPDATE_REJECT_RUNNING, case_reject_running},
    {BOOT_FIRST, MARKER_UPDATE_REJECT_CONFIRM, case_reject_confirm},
    {BOOT_FIRST, MARKER_UPDATE_SWITCHED, case_two_staged},
    {BOOT_SECOND, MARKER_UPDATE_CONFIRMED, case_two_confirmed},
    {BOOT_SECOND, MARKER_UPDATE_REJECT_DOWNGRADE, case_reject_downgrade},
    {BOOT_SECOND, MARKER_UPDATE_SWITCHED, case_three_staged},
    {BOOT_SILENT, MARKER_UPDATE_ON_TRIAL, case_on_trial},
    {BOOT_SILENT, MARKER_UPDATE_REBOUND, case_rebound},
    {BOOT_FALLBACK, MARKER_UPDATE_FELL_BACK, case_fell_back},
};

static uint32_t boot_of(struct update_test *test) {
    struct update_message message;
    if (!status(test, &message)) {
        return BOOT_NONE;
    }
    if (message.failed == 3) {
        return BOOT_FALLBACK;
    }
    return message.version <= 3 ? BOOT_EMPTY + (uint32_t)message.version : BOOT_NONE;
}

// The machine goes before anybody answers; a trial ends by itself.
static void wait_for_the_end(struct update_test *test, uint32_t boot) {
    struct update_message message = {.header = {.op = UPDATE_OP_REBOOT}};
    if (boot != BOOT_SILENT) {
        (void)asks_with(test, slot_at(CAP_SLOT_NONE), &message, WIRE_OK);
    }
    struct recv_result event = sys_ipc_recv(test->pause, patience().ns);
    log_line(test->runtime, "update: not started anew: %s", status_name(event.status));
}

int service_main(struct runtime *runtime) {
    struct update_test test = {.runtime = runtime};
    struct slot_result pause = sys_endpoint_create(slot_at(SLOT_FACTORY));
    test.pause = pause.slot;
    ipc_resolver_init(&test.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&test.ipc, runtime, ipc_resolver_ask, &test.resolver, pause.slot);
    if (pause.status != STATUS_OK || ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    const uint32_t boot = boot_of(&test);
    for (uint32_t i = 0; i < ARRAY_LEN(rungs); i++) {
        if (rungs[i].boot != boot) {
            continue;
        }
        if (!rungs[i].run(&test)) {
            log_line(runtime, "update: no '%s'", rungs[i].marker);
            return 1;
        }
        marker_text(runtime, rungs[i].marker);
    }
    if (boot == BOOT_NONE || boot == BOOT_FALLBACK) {
        return boot == BOOT_FALLBACK ? 0 : 1;
    }
    wait_for_the_end(&test, boot);
    return 1;
}
