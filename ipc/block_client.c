// ipc/block_client.c: see block_client.h.
#include "ipc/block_client.h"

#include "ipc/plant.h"
#include "ipc/wire/block_wire.h"

enum {
    TRIES_MAX = 4,  // A service that is started anew during each of them is in trouble.
};

void block_client_init(struct block_client *client, struct ipc_client *ipc,
                       struct service_id target, struct slot factory) {
    *client = (struct block_client){.ipc = ipc, .target = target, .factory = factory};
}

static struct ipc_question question_of(const struct block_client *client, struct slot carried,
                                       struct deadline deadline) {
    return (struct ipc_question){.target = client->target,
                                 .protocol = &block_rows,
                                 .deadline = deadline,
                                 .carried = carried};
}

static bool disk_valid(const struct block_message *answer) {
    uint32_t bytes = answer->sector_bytes;
    return bytes >= BLOCK_SECTOR_BYTES_MIN && bytes <= BLOCK_SECTOR_BYTES_MAX &&
           (bytes & (bytes - 1)) == 0 && answer->channel != 0 && answer->epoch != 0;
}

static enum block_result opened(struct block_client *client, const struct block_message *answer) {
    switch (answer->header.status) {
        case WIRE_OK:
            break;
        case WIRE_OVERLOAD:
            return BLOCK_BUSY;
        default:
            return BLOCK_NO_SERVICE;
    }
    if (!disk_valid(answer)) {
        return BLOCK_NO_SERVICE;
    }
    client->disk = (struct block_disk){.sectors = answer->sectors,
                                       .sector_bytes = answer->sector_bytes,
                                       .read_only = answer->read_only != 0};
    client->channel = answer->channel;
    client->opened++;
    return BLOCK_OK;
}

// A window is lent with each try: the capability is gone with the request, answered or not.
static enum block_result open_channel(struct block_client *client, struct deadline deadline) {
    client->channel = 0;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct block_message message = {.header = {.op = BLOCK_OP_OPEN}};
        struct slot lent = slot_at(CAP_SLOT_NONE);
        if (bulk_window_lend(&client->window, &lent) != BULK_OK) {
            return BLOCK_NO_MEMORY;
        }
        const struct ipc_question question = question_of(client, lent, deadline);
        switch (ipc_ask(client->ipc, &question, &message).error) {
            case IPC_OK:
                return opened(client, &message);
            case IPC_DENIED:
            case IPC_TOO_LARGE:
            case IPC_BAD_REQUEST:
            case IPC_ERROR_COUNT:
                return BLOCK_NO_SERVICE;
            case IPC_TIMED_OUT:
                return BLOCK_CUT_OFF;
            case IPC_REJECTED:
            case IPC_UNKNOWN_OUTCOME:  // It died with the request, or the deadline has passed.
                break;
        }
    }
    return BLOCK_CUT_OFF;
}

enum block_result block_open(struct block_client *client, uint64_t bytes,
                             struct deadline deadline) {
    if (!client->window.bytes) {
        if (bytes == 0 || bytes > BLOCK_WINDOW_BYTES_MAX) {
            return BLOCK_BAD_WINDOW;
        }
        if (bulk_window_create(&client->window, client->factory, bytes) != BULK_OK) {
            return BLOCK_NO_MEMORY;
        }
    }
    return open_channel(client, deadline);
}

static enum block_result all(struct block_item *items, uint32_t count, enum block_result result) {
    for (uint32_t i = 0; i < count; i++) {
        items[i].result = (uint8_t)result;
    }
    return result;
}

// What the service said of each, and what follows for the next flush. `again`: an instance before
// may have done what this one has not.
static enum block_result take_results(struct block_client *client, struct block_item *items,
                                      uint32_t count, const struct block_message *answer,
                                      bool again) {
    enum block_result first = BLOCK_OK;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t result = answer->results.data[i];
        if (result >= BLOCK_RESULT_WIRE_END || (result == BLOCK_NOT_DONE && again)) {
            result = BLOCK_UNKNOWN;
        }
        items[i].result = result;
        if (result == BLOCK_OK && items[i].op == BLOCK_WRITE && client->unflushed == 0) {
            client->unflushed = answer->epoch;
        }
        if (result == BLOCK_LOST || (result == BLOCK_OK && items[i].op == BLOCK_FLUSH)) {
            client->unflushed = 0;
        }
        if (result != BLOCK_OK && (first == BLOCK_OK || first == BLOCK_NOT_DONE)) {
            first = (enum block_result)result;
        }
    }
    return first;
}

// Nobody knows what the service does now, and with the window.
static enum block_result cut_off(struct block_client *client, struct block_item *items,
                                 uint32_t count) {
    client->channel = 0;
    return all(items, count, BLOCK_CUT_OFF);
}

static struct ipc_outcome submit(struct block_client *client, const struct block_item *items,
                                 uint32_t count, struct deadline deadline,
                                 struct block_message *message) {
    uint8_t packed[BLOCK_ITEMS_MAX * BLOCK_ITEM_WIRE_BYTES];
    struct wire_writer writer = wire_writer_of(packed, sizeof(packed));
    for (uint32_t i = 0; i < count; i++) {
        block_item_put(&writer, &items[i]);
    }
    *message = (struct block_message){
        .header = {.op = BLOCK_OP_SUBMIT},
        .channel = client->channel,
        .items = {.data = packed, .count = wire_writer_bytes(&writer)},
        .epoch = plant_fires(PLANT_FORGET_UNFLUSHED) ? 0 : client->unflushed,
    };
    const struct ipc_question question = question_of(client, slot_at(CAP_SLOT_NONE), deadline);
    return ipc_ask(client->ipc, &question, message);
}

enum block_result block_run(struct block_client *client, struct block_item *items, uint32_t count,
                            struct deadline deadline) {
    if (count == 0 || count > BLOCK_ITEMS_MAX) {
        return all(items, count, BLOCK_BAD_ITEM);
    }
    if (client->channel == 0) {
        return all(items, count, BLOCK_CLOSED);
    }
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        struct block_message answer;
        bool again = i > 0;
        if (submit(client, items, count, deadline, &answer).error != IPC_OK) {
            break;
        }
        if (answer.header.status == WIRE_OK && answer.results.count == count) {
            return take_results(client, items, count, &answer, again);
        }
        if (answer.header.status == WIRE_ABSENT) {  // Another instance, or the place was needed.
            if (open_channel(client, deadline) != BLOCK_OK) {
                break;
            }
        } else if (answer.header.status == WIRE_OVERLOAD) {
            return all(items, count, again ? BLOCK_UNKNOWN : BLOCK_BUSY);
        } else {
            break;
        }
    }
    return cut_off(client, items, count);
}

// One operation as items that the service takes: as many as a window holds are few enough.
static enum block_result run_split(struct block_client *client, struct block_item whole,
                                   uint32_t count, struct deadline deadline) {
    struct block_item items[BLOCK_ITEMS_MAX];
    if (client->channel == 0) {
        return BLOCK_CLOSED;
    }
    uint32_t sector_bytes = client->disk.sector_bytes;
    if (count == 0) {
        return BLOCK_BAD_ITEM;
    }
    const struct bulk_range range = {.offset = whole.offset,
                                     .bytes = (uint64_t)count * sector_bytes};
    if (!bulk_range_is_within(range, client->window.size)) {
        return BLOCK_BAD_WINDOW;
    }
    uint32_t used = 0;
    const uint32_t most = BLOCK_ITEM_BYTES_MAX / sector_bytes;
    while (count > 0 && used < BLOCK_ITEMS_MAX) {
        uint32_t part = count < most ? count : most;
        items[used] = whole;
        items[used].count = (uint16_t)part;
        whole.sector += part;
        whole.offset += part * sector_bytes;
        count -= part;
        used++;
    }
    return block_run(client, items, used, deadline);
}

enum block_result block_read(struct block_client *client, uint64_t sector, uint32_t count,
                             uint32_t offset, struct deadline deadline) {
    const struct block_item whole = {.sector = sector, .offset = offset, .op = BLOCK_READ};
    return run_split(client, whole, count, deadline);
}

enum block_result block_write(struct block_client *client, uint64_t sector, uint32_t count,
                              uint32_t offset, struct deadline deadline) {
    const struct block_item whole = {.sector = sector, .offset = offset, .op = BLOCK_WRITE};
    return run_split(client, whole, count, deadline);
}

enum block_result block_flush(struct block_client *client, struct deadline deadline) {
    struct block_item item = {.op = BLOCK_FLUSH};
    return block_run(client, &item, 1, deadline);
}

void block_close(struct block_client *client) {
    bulk_window_close(&client->window);
    client->channel = 0;
}
