// services/init/sync.c: see sync.h.
#include "services/init/sync.h"

#include "images/markers.h"
#include "ipc/block_item.h"
#include "ipc/frame.h"
#include "ipc/types.h"
#include "ipc/wire/block_wire.h"
#include "ipc/wire/state_wire.h"

static void put_state(struct message_area *out) {
    const struct state_message message = {.header = {.op = STATE_OP_SYNC}};
    frame_finish(out, WIRE_PROTOCOL_STATE,
                 state_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload)));
}

static bool state_is_synced(const struct message_area *in) {
    struct state_message message;
    return state_decode(WIRE_REPLY, in->payload, in->header.len, &message) == WIRE_OK &&
           message.header.op == STATE_OP_SYNC && message.header.status == WIRE_OK;
}

static void put_block(struct message_area *out) {
    const struct block_message message = {.header = {.op = BLOCK_OP_SYNC}};
    frame_finish(out, WIRE_PROTOCOL_BLOCK,
                 block_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload)));
}

static bool block_is_synced(const struct message_area *in) {
    struct block_message message;
    return block_decode(WIRE_REPLY, in->payload, in->header.len, &message) == WIRE_OK &&
           message.header.op == BLOCK_OP_SYNC && message.header.status == WIRE_OK &&
           message.results.count == 1 && message.results.data[0] == BLOCK_OK;
}

struct keeper {
    const char *name;
    void (*put)(struct message_area *out);
    bool (*is_synced)(const struct message_area *in);
};

static const struct keeper keepers[] = {
    {"statefsd", put_state, state_is_synced},
    {"virtioblkd", put_block, block_is_synced},
};

static void sync_one(struct runtime *runtime, const struct keeper *keeper, struct slot endpoint) {
    keeper->put(&runtime->page->call_out);
    const enum status status = sys_ipc_call(endpoint, sys_clock_get() + SYNC_NS).status;
    if (status != STATUS_OK) {
        log_line(runtime, "init: %s was not synced: %s", keeper->name, status_name(status));
    } else if (!keeper->is_synced(&runtime->page->reply_in)) {
        log_line(runtime, "init: %s was not synced: it failed", keeper->name);
    } else {
        marker(runtime, MARKER_INIT_SYNCED, keeper->name);
    }
}

void sync_all(struct runtime *runtime, const struct supervisor *supervisor,
              const struct launcher *launcher) {
    for (uint32_t i = 0; i < ARRAY_LEN(keepers); i++) {
        const uint32_t service =
            manifest_find_service(supervisor->manifest, service_id_named(keepers[i].name).value);
        if (service == SERVICE_INDEX_NONE) {
            continue;
        }
        if (supervisor->services[service].state == SERVICE_UP) {
            sync_one(runtime, &keepers[i], launcher->services[service].endpoint);
        } else {
            log_line(runtime, "init: %s was not synced: it is not up", keepers[i].name);
        }
    }
}
