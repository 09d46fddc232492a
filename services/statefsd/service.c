// services/statefsd/service.c: connects the journal (statefs.h) with the disk and with who asks.
//
// Calls that change something are kept until their batch is durable: those that come within
// GROUP_NS share one flush; what was only sent waits for the next of them, or for LAZY_NS. What
// reads sees only what is durable: it commits first.
#include "services/statefsd/service.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/plant.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/state_wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "services/statefsd/quotas.h"
#include "services/statefsd/statefs.h"
#include "services/statefsd/transactions.h"
#include "services/statefsd/volume_number.h"
#include "services/statefsd/window_disk.h"

enum {
    SLOT_FACTORY = SLOT_FIRST_OWN,
    SLOT_IMAGE,  // Where there are quotas of its own for some.
};

// How long a batch waits for more: while somebody waits for it, and while nobody does.
#define GROUP_NS UINT64_C(50000)
#define LAZY_NS UINT64_C(1000000000)

struct statefsd_service {
    struct ipc_server server;
    struct ipc_client *client;   // What disk and rngd are called with, or null.
    struct state_report report;  // Of the mount.
    struct state_transactions transactions;
    uint32_t waiting_count;
    struct kept_call waiting[IPC_KEPT_MAX];  // For the batch that is staged.
    uint64_t due_ns;                         // When that is committed.
    uint8_t page[STATE_LIST_BYTES_MAX];
    struct statefs fs;
};

static enum wire_status wire_of(enum state_status status) {
    switch (status) {
        case STATE_OK:
            return WIRE_OK;
        case STATE_ABSENT:
            return WIRE_ABSENT;
        case STATE_BAD_KEY:
            return WIRE_MALFORMED;
        case STATE_TOO_LARGE:
            return WIRE_TOO_LARGE;
        case STATE_OVER_QUOTA:
        case STATE_NO_ROOM:
        case STATE_BATCH_FULL:
            return WIRE_OVERLOAD;
        case STATE_FAILED:
            return WIRE_UNAVAILABLE;
    }
    return WIRE_UNAVAILABLE;
}

// What became of the batch is not known here: its callers learn that from their end of the call,
// and the next start from the disk.
static void give_up(const struct statefsd_service *service) {
    log_line(service->server.runtime, "statefsd: the disk failed");
    sys_task_exit(1);
}

// Makes durable what is staged, and answers who waits for it.
static void commit(struct statefsd_service *service) {
    if (statefs_commit(&service->fs) != STATE_OK) {
        give_up(service);
    }
    const uint32_t count = service->waiting_count;
    service->waiting_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct state_message message;
        memset(&message, 0, sizeof(message));
        (void)ipc_answer(&service->server, &service->waiting[i], WIRE_OK, &message,
                         slot_at(CAP_SLOT_NONE));
    }
}

// The kernel's words.
static struct state_caller caller_of(const struct ipc_exchange *exchange) {
    return (struct state_caller){.id = exchange->request->meta.service_id,
                                 .instance = exchange->request->meta.instance};
}

// Stages the changes; the caller is answered when they are durable.
static enum wire_status change(struct statefsd_service *service, struct ipc_exchange *exchange,
                               const struct state_change *changes, uint32_t count) {
    const uint64_t space = exchange->request->meta.service_id;
    enum state_status status = statefs_stage(&service->fs, space, changes, count);
    if (status == STATE_BATCH_FULL) {
        commit(service);
        status = statefs_stage(&service->fs, space, changes, count);
    }
    if (status == STATE_FAILED) {
        give_up(service);
    }
    if (status != STATE_OK) {
        return wire_of(status);
    }
    const bool waits = exchange->call.reply.value != REPLY_HANDLE_NONE.value;
    const uint64_t due_ns = sys_clock_get() + (waits ? GROUP_NS : LAZY_NS);
    if (service->fs.staged_changes == count || due_ns < service->due_ns) {
        service->due_ns = due_ns;
    }
    if (!waits) {
        return WIRE_OK;
    }
    if (plant_fires(PLANT_ANSWER_STAGED)) {
        return WIRE_OK;
    }
    const struct kept_call *call = ipc_keep(exchange);
    if (call) {
        service->waiting[service->waiting_count++] = *call;
    } else {
        commit(service);
    }
    return WIRE_OK;
}

static enum wire_status change_one(struct statefsd_service *service, struct ipc_exchange *exchange,
                                   bool erase) {
    const struct state_message *message = exchange->message;
    const struct state_change one = {.erase = erase,
                                     .key = message->key,
                                     .value = erase ? (struct wire_bytes){0} : message->value};
    if (message->transaction != 0) {
        return wire_of(state_transaction_add(&service->transactions, caller_of(exchange),
                                             message->transaction, &one));
    }
    return change(service, exchange, &one, 1);
}

static enum wire_status on_put(void *state, struct ipc_exchange *exchange) {
    return change_one(state, exchange, false);
}

static enum wire_status on_delete(void *state, struct ipc_exchange *exchange) {
    return change_one(state, exchange, true);
}

static enum wire_status on_get(void *state, struct ipc_exchange *exchange) {
    struct statefsd_service *service = state;
    struct state_message *message = exchange->message;
    if (!plant_fires(PLANT_READ_STAGED)) {
        commit(service);
    }
    const struct state_entry *entry =
        state_table_find(&service->fs.table, exchange->request->meta.service_id, message->key);
    if (!entry) {
        return WIRE_ABSENT;
    }
    message->value = (struct wire_bytes){.data = entry->value, .count = entry->value_count};
    return WIRE_OK;
}

static enum wire_status on_list(void *state, struct ipc_exchange *exchange) {
    struct statefsd_service *service = state;
    struct state_message *message = exchange->message;
    const uint64_t space = exchange->request->meta.service_id;
    struct wire_writer out = wire_writer_of(service->page, sizeof(service->page));
    commit(service);
    message->more = 0;
    const struct state_entry *entry = state_table_next(&service->fs.table, space, message->key);
    while (entry) {  // At most as many as fit a page.
        const struct state_item item = {.key = {.data = entry->key, .count = entry->key_count},
                                        .value_count = entry->value_count};
        if (state_item_bytes(&item) > sizeof(service->page) - out.count) {
            message->more = 1;
            break;
        }
        state_item_put(&out, &item);
        entry = state_table_next(&service->fs.table, space, item.key);
    }
    message->items = (struct wire_bytes){.data = service->page, .count = out.count};
    return WIRE_OK;
}

static enum wire_status on_sync(void *state, struct ipc_exchange *exchange) {
    (void)exchange;
    commit(state);
    return WIRE_OK;
}

static enum wire_status on_begin(void *state, struct ipc_exchange *exchange) {
    struct statefsd_service *service = state;
    struct state_message *message = exchange->message;
    return wire_of(state_transaction_begin(&service->transactions, caller_of(exchange),
                                           sys_clock_get(), &message->transaction));
}

static enum wire_status on_commit(void *state, struct ipc_exchange *exchange) {
    struct statefsd_service *service = state;
    const struct state_message *message = exchange->message;
    struct state_change changes[STATE_CHANGES_MAX];
    uint32_t count = 0;
    enum state_status status = state_transaction_end(&service->transactions, caller_of(exchange),
                                                     message->transaction, changes, &count);
    if (status != STATE_OK || count == 0) {
        return wire_of(status);
    }
    if (count > 1 && plant_fires(PLANT_SPLIT_TRANSACTION) &&
        statefs_stage(&service->fs, exchange->request->meta.service_id, changes, 1) == STATE_OK) {
        commit(service);
    }
    return change(service, exchange, changes, count);
}

static enum wire_status on_abort(void *state, struct ipc_exchange *exchange) {
    struct statefsd_service *service = state;
    const struct state_message *message = exchange->message;
    struct state_change changes[STATE_CHANGES_MAX];
    uint32_t count = 0;
    return wire_of(state_transaction_end(&service->transactions, caller_of(exchange),
                                         message->transaction, changes, &count));
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct statefsd_service *service = state;
    const struct statefs *fs = &service->fs;
    struct state_message *message = exchange->message;
    const uint64_t space = exchange->request->meta.service_id;
    const struct state_space *used = state_table_space(&fs->table, space);
    const struct state_quota *quota = statefs_quota(fs, space);
    message->entries = used ? used->entries : 0;
    message->bytes = used ? used->bytes : 0;
    message->entries_max = quota ? quota->entries : 0;
    message->bytes_max = quota ? quota->bytes : 0;
    message->generation = fs->super.generation;
    message->epoch = fs->super.epoch;
    message->end = (uint8_t)service->report.end;
    message->replayed = service->report.batches;
    message->commits = fs->counts.commits;
    message->changes = fs->counts.changes;
    message->compactions = fs->counts.compactions;
    message->lost = fs->counts.lost;
    return WIRE_OK;
}

// Nobody waits for this one any more; the change stays.
static void on_left(void *state, struct reply_handle reply) {
    struct statefsd_service *service = state;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < service->waiting_count; i++) {
        if (service->waiting[i].reply.value != reply.value) {
            service->waiting[kept++] = service->waiting[i];
        }
    }
    service->waiting_count = kept;
}

static uint64_t next_deadline(const void *state) {
    const struct statefsd_service *service = state;
    if (statefs_has_staged(&service->fs)) {
        return service->due_ns;
    }
    return service->fs.compaction.due ? 0 : IPC_NEVER;
}

static void on_wake(void *state, uint64_t now_ns) {
    struct statefsd_service *service = state;
    if (statefs_has_staged(&service->fs) && service->due_ns <= now_ns) {
        commit(service);
    }
    statefs_maintain(&service->fs);
}

static const struct ipc_client *client_of(const void *state) {
    const struct statefsd_service *service = state;
    return service->client;
}

// A blank disk becomes an empty journal; nothing else is ever written over.
static bool mount(struct statefsd_service *service, const struct statefs_config *config) {
    static const char *const ends[] = {"clean", "torn", "damaged"};
    enum state_mount result = statefs_mount(&service->fs, config, &service->report);
    if (result == MOUNT_BLANK &&
        statefs_format(config, volume_number(service->server.runtime, service->client)) ==
            MOUNT_OK) {
        log_line(service->server.runtime, "statefsd: a blank disk: made an empty journal");
        result = statefs_mount(&service->fs, config, &service->report);
    }
    const struct state_report *report = &service->report;
    log_line(service->server.runtime,
             "statefsd: mount %u, generation %u, epoch %u, %u batches, then %s at sector %lu",
             (uint32_t)result, report->super.generation, report->super.epoch, report->batches,
             ends[report->end], report->end_sector);
    return result == MOUNT_OK;
}

// The manifest's argument: fewer entries, for a smaller disk.
static uint32_t entries_of(const struct runtime *runtime) {
    const uint32_t asked = runtime_argument(runtime);
    return asked == 0 || asked > STATE_ENTRIES_MAX ? STATE_ENTRIES_MAX : asked;
}

static int serve_with(struct runtime *runtime, const struct disk *disk, struct ipc_client *client,
                      const struct state_quotas *quotas) {
    static const struct ipc_row rows[] = {
        [STATE_OP_PUT] = {.call = on_put, .send = on_put},
        [STATE_OP_GET] = {.call = on_get},
        [STATE_OP_DELETE] = {.call = on_delete, .send = on_delete},
        [STATE_OP_LIST] = {.call = on_list},
        [STATE_OP_SYNC] = {.call = on_sync},
        [STATE_OP_BEGIN] = {.call = on_begin},
        [STATE_OP_COMMIT] = {.call = on_commit},
        [STATE_OP_ABORT] = {.call = on_abort},
        [STATE_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service description = {.name = "statefsd",
                                            .ready = MARKER_STATEFSD_READY,
                                            .protocol = &state_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .left = on_left,
                                            .next_deadline = next_deadline,
                                            .wake = on_wake,
                                            .client = client_of};
    const struct statefs_config config = {.disk = *disk,
                                          .entries = entries_of(runtime),
                                          .quotas = quotas->rows,
                                          .quota_count = quotas->count,
                                          .plant = (enum state_plant)plant_journal()};
    struct statefsd_service service;
    service.server.runtime = runtime;
    service.client = client;
    service.waiting_count = 0;
    service.due_ns = 0;
    state_transactions_init(&service.transactions, runtime_start_number(runtime));
    return mount(&service, &config) ? ipc_serve(&service.server, runtime, &description, &service)
                                    : 1;
}

int statefsd_serve(struct runtime *runtime, const struct disk *disk, struct ipc_client *client) {
    struct state_quotas quotas;
    state_quotas_none(&quotas);
    return serve_with(runtime, disk, client, &quotas);
}

// init has checked the image's table before it started anything. False: what is there is no table.
static bool find_quotas(const struct runtime *runtime, struct state_quotas *quotas) {
    const struct query_result slot = sys_cap_query(slot_at(SLOT_IMAGE));
    state_quotas_none(quotas);
    if (slot.status != STATUS_OK || cap_query_kind(slot.kind_rights) != CAP_IMAGE) {
        return true;
    }
    const uint8_t *image = (const uint8_t *)USER_BOOT_IMAGE;
    const struct boot_image_header *header = (const struct boot_image_header *)(const void *)image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, STATE_QUOTAS_NAME) == 0 &&
            !state_quotas_read(image + entries[i].offset, entries[i].bytes, quotas)) {
            log_line(runtime, "statefsd: '%s' is no table of quotas", STATE_QUOTAS_NAME);
            return false;
        }
    }
    return true;
}

int statefsd_main(struct runtime *runtime) {
    struct state_quotas quotas;
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct block_client block;
    struct window_disk window;
    struct disk disk;
    if (!runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd") ||
        !runtime_expect(runtime, slot_at(SLOT_FACTORY), CAP_FACTORY, RIGHT_MAKE_VMO,
                        "the factory for the window") ||
        !find_quotas(runtime, &quotas)) {
        return 1;
    }
    ipc_resolver_init(&resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client, runtime, ipc_resolver_ask, &resolver, slot_at(CAP_SLOT_NONE));
    block_client_init(&block, &client, service_id_named("virtioblkd"), slot_at(SLOT_FACTORY));
    enum block_result result = window_disk_open(&window, &block, &disk);
    if (result != BLOCK_OK) {
        log_line(runtime, "statefsd: no disk: %u", (uint32_t)result);
        return 1;
    }
    return serve_with(runtime, &disk, &client, &quotas);
}
