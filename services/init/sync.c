// services/init/sync.c: see sync.h.
#include "services/init/sync.h"

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/block_item.h"
#include "ipc/wire/block_wire.h"
#include "ipc/wire/state_wire.h"

static bool is_answered(struct ipc_client *client, const char *name,
                        const struct wire_protocol_rows *protocol, void *message) {
    const struct wire_header *header = message;
    const struct ipc_question question = {.target = service_id_named(name),
                                          .protocol = protocol,
                                          .deadline = {.ns = sys_clock_get() + SYNC_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    return ipc_ask(client, &question, message).error == IPC_OK && header->status == WIRE_OK;
}

static bool state_is_synced(struct ipc_client *client, const char *name) {
    struct state_message message = {.header = {.op = STATE_OP_SYNC}};
    return is_answered(client, name, &state_rows, &message);
}

static bool block_is_synced(struct ipc_client *client, const char *name) {
    struct block_message message = {.header = {.op = BLOCK_OP_SYNC}};
    return is_answered(client, name, &block_rows, &message) && message.results.count == 1 &&
           message.results.data[0] == BLOCK_OK;
}

struct keeper {
    const char *name;
    bool (*is_synced)(struct ipc_client *client, const char *name);
};

static const struct keeper keepers[] = {
    {"statefsd", state_is_synced},
    {"virtioblkd", block_is_synced},
};

// Why it was not synced.
static const char *state_text(enum service_state state) {
    switch (state) {
        case SERVICE_UNUSED:
            return "init does not start it";
        case SERVICE_PENDING:
            return "it was to be started again";
        case SERVICE_STARTING:
            return "it was starting";
        case SERVICE_UP:
            return "it failed";
        case SERVICE_GIVEN_UP:
            return "it stays down";
    }
    return "?";
}

void sync_all(struct ipc_client *client, const struct supervisor *supervisor) {
    for (uint32_t i = 0; i < ARRAY_LEN(keepers); i++) {
        const char *name = keepers[i].name;
        const uint32_t service =
            manifest_find_service(supervisor->manifest, service_id_named(name).value);
        if (service == SERVICE_INDEX_NONE) {
            continue;
        }
        const enum service_state state = supervisor->services[service].state;
        const bool synced = state == SERVICE_UP && keepers[i].is_synced(client, name);
        if (!synced) {
            log_line(client->runtime, "init: %s: %s", name, state_text(state));
        }
        marker(client->runtime, synced ? MARKER_INIT_SYNCED : MARKER_INIT_NOT_SYNCED, name);
    }
}
