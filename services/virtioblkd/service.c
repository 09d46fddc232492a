// services/virtioblkd/service.c: connects the device and its interrupts, the windows of callers
// (channels.h), and what lies between (virtioblkd.h).
#include "services/virtioblkd/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/block_wire.h"
#include "kernel/abi/device.h"
#include "services/virtioblkd/channels.h"
#include "services/virtioblkd/parts.h"
#include "services/virtioblkd/virtioblkd.h"

enum {
    SLOT_DEVICE = SLOT_FIRST_OWN,
    SLOT_IMAGE,   // RIGHT_READ, if the disk is divided: the boot image says how.
    IRQ_BIT = 5,  // Of the badges' bits at the endpoint.
    EPOCH_SHIFT = 32,
};

// A request that is out for two whole rounds is too late (VIRTIOBLKD_ROUNDS). The manifest's
// argument is another length of a round, in milliseconds, for a test that does not want to wait.
#define ROUND_NS UINT64_C(5000000000)
#define NS_PER_MS UINT64_C(1000000)

struct virtioblkd_service {
    struct ipc_server server;
    struct channels channels;
    struct disk_parts parts;
    uint64_t interrupts;
    uint64_t round_ns;
    bool ticking;  // The endpoint's timer is set.
    struct virtioblkd_answer answer;
    struct virtioblkd_answer own;  // Of the call that is being served.
    struct virtioblkd blk;
};

// The part of the disk of who sends.
static bool part_of(const struct virtioblkd_service *service, const struct ipc_exchange *exchange,
                    struct disk_part *part) {
    return parts_find(&service->parts, exchange->request->meta.service_id,
                      service->blk.disk.facts.sectors, part);
}

static enum wire_status on_open(void *state, struct ipc_exchange *exchange) {
    struct virtioblkd_service *service = state;
    struct block_message *message = exchange->message;
    struct disk_part part;
    if (!part_of(service, exchange, &part)) {
        return WIRE_DENIED;
    }
    if (exchange->came.value == CAP_SLOT_NONE) {
        return WIRE_MALFORMED;
    }
    struct slot came = exchange->came;
    exchange->came = slot_at(CAP_SLOT_NONE);
    const struct disk_facts *facts = &service->blk.disk.facts;
    message->epoch = service->blk.epoch;
    message->sectors = part.sectors;
    message->sector_bytes = facts->sector_bytes;
    message->read_only = facts->read_only;
    const struct channel_owner owner = {.service_id = exchange->request->meta.service_id,
                                        .instance = exchange->request->meta.instance};
    return channels_open(&service->channels, &service->blk, owner, came, &message->channel);
}

static void put_results(struct block_message *message, const struct virtioblkd_answer *answer) {
    message->epoch = answer->epoch;
    message->results = (struct wire_bytes){.data = answer->results, .count = answer->count};
}

// Answers kept calls. True: the call that is being served is over too, and its results are in
// `own`. Without such a call the last answer leaves with the next receive.
static bool answer_what_is_over(struct virtioblkd_service *service, struct reply_handle served) {
    struct virtioblkd_answer *answer = &service->answer;
    const bool serves = served.value != REPLY_HANDLE_NONE.value;
    bool over = false;
    while (virtioblkd_take_answer(&service->blk, answer)) {
        struct block_message message = {.epoch = 0};
        if (answer->call.reply.value == served.value) {
            service->own = *answer;
            over = true;
        } else if (!answer->gone && (serves || service->blk.dead)) {
            put_results(&message, answer);
            (void)ipc_answer(&service->server, &answer->call, WIRE_OK, &message,
                             slot_at(CAP_SLOT_NONE));
        } else if (!answer->gone) {
            put_results(&message, answer);
            ipc_answer_next(&service->server, &answer->call, &message);
        }
    }
    return over;
}

// The next instance finds the device as it is, and resets it.
static void end_if_dead(struct virtioblkd_service *service) {
    if (!service->blk.dead) {
        return;
    }
    (void)answer_what_is_over(service, REPLY_HANDLE_NONE);
    log_line(service->server.runtime, "virtioblkd: the device does not come back: ends");
    sys_task_exit(1);
}

// While requests are out a tick is to come, and one that ends the service if its device is lost.
static void keep_ticking(struct virtioblkd_service *service) {
    if (service->ticking || (service->blk.disk.out == 0 && !service->blk.dead)) {
        return;
    }
    struct timer_result set =
        sys_timer_set(slot_at(SLOT_ENDPOINT), sys_clock_get() + service->round_ns);
    service->ticking = set.status == STATUS_OK;
}

static enum wire_status submit(struct virtioblkd_service *service, struct ipc_exchange *exchange,
                               struct virtioblkd_request *request) {
    const struct kept_call *call = ipc_keep(exchange);
    if (!call) {
        return WIRE_OVERLOAD;
    }
    request->call = *call;
    request->owner = exchange->request->meta.instance;
    bool over = false;
    enum wire_status status = virtioblkd_submit(&service->blk, request, &over, &service->own);
    if (status != WIRE_OK) {
        return status;
    }
    if (!over) {  // A device that is done before it is asked to interrupt does not.
        virtioblkd_work(&service->blk);
        over = answer_what_is_over(service, call->reply);
        keep_ticking(service);
    }
    exchange->kept = !over;
    if (over) {
        put_results(exchange->message, &service->own);
    }
    return WIRE_OK;
}

static enum wire_status on_submit(void *state, struct ipc_exchange *exchange) {
    struct virtioblkd_service *service = state;
    const struct block_message *message = exchange->message;
    const struct channel *channel =
        channels_find(&service->channels, exchange->request->meta.instance, message->channel);
    struct disk_part part;
    if (!channel || !part_of(service, exchange, &part)) {
        return WIRE_ABSENT;
    }
    struct virtioblkd_request request = {.channel = channel->number,
                                         .window = channel->window.bytes,
                                         .window_bytes = channel->window.size,
                                         .unflushed = message->epoch,
                                         .first = part.first,
                                         .sectors = part.sectors,
                                         .items = message->items};
    return submit(service, exchange, &request);
}

// Of nobody's window: one without a byte, on a channel that nobody can open.
static enum wire_status on_sync(void *state, struct ipc_exchange *exchange) {
    static const uint8_t flush[BLOCK_ITEM_WIRE_BYTES] = {BLOCK_FLUSH};
    struct virtioblkd_service *service = state;
    struct virtioblkd_request request = {.window = service->own.results,
                                         .items = {.data = flush, .count = sizeof(flush)}};
    return submit(service, exchange, &request);
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct virtioblkd_service *service = state;
    const struct virtioblkd_counts *counts = &service->blk.counts;
    struct block_message *message = exchange->message;
    message->epoch = service->blk.epoch;
    message->submissions = counts->submissions;
    message->requests = counts->requests;
    message->flushes = counts->flushes;
    message->read_bytes = counts->read_bytes;
    message->written_bytes = counts->written_bytes;
    message->failed = counts->failed;
    message->unknown = counts->unknown;
    message->refused = counts->refused;
    message->interrupts = service->interrupts;
    message->bells = counts->bells;
    message->deepest = counts->deepest;
    return WIRE_OK;
}

// The device's line goes down, then the kernel's; what came back after that interrupts again.
static void on_interrupt(struct virtioblkd_service *service) {
    (void)virtio_reasons_take(&service->blk.disk.device);
    struct ack_result acked = sys_irq_ack(slot_at(SLOT_DEVICE));
    service->interrupts += acked.count;
}

static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    struct virtioblkd_service *service = state;
    if ((badge_bits >> IRQ_BIT & 1) != 0) {
        on_interrupt(service);
    }
    if ((kernel_bits & NOTIFY_TIMER) != 0) {
        service->ticking = false;
        virtioblkd_tick(&service->blk);
    } else {
        virtioblkd_work(&service->blk);
    }
    (void)answer_what_is_over(service, REPLY_HANDLE_NONE);
    keep_ticking(service);
    end_if_dead(service);
}

static void on_left(void *state, struct reply_handle reply) {
    struct virtioblkd_service *service = state;
    virtioblkd_left(&service->blk, reply);
}

static bool place_of(struct disk_place *place, enum status *status) {
    struct map_result map = sys_mmio_map(slot_at(SLOT_DEVICE));
    struct query_result told = sys_cap_query(slot_at(SLOT_DEVICE));
    *status = map.status != STATUS_OK ? map.status : told.status;
    if (*status == STATUS_OK) {
        *status = sys_irq_bind(slot_at(SLOT_DEVICE), slot_at(SLOT_ENDPOINT), IRQ_BIT);
    }
    *place = (struct disk_place){.window = map.window,
                                 .arena = (uint8_t *)map.arena,
                                 .physical = told.detail,
                                 .pages = device_query_arena_pages(told.value)};
    return *status == STATUS_OK;
}

// A second start has a higher instance, and so epochs above all that came before.
static bool open(struct virtioblkd_service *service, struct runtime *runtime) {
    struct disk_place place;
    enum status status = STATUS_OK;
    if (!place_of(&place, &status)) {
        log_line(runtime, "virtioblkd: the device: %s", status_name(status));
        return false;
    }
    const uint64_t epoch = ((uint64_t)runtime->instance << EPOCH_SHIFT) + 1;
    enum disk_result result = virtioblkd_init(&service->blk, &place, epoch);
    if (result == DISK_NO_DEVICE && service->blk.disk.refusal == VIRTIO_LEGACY) {
        marker_text(runtime, MARKER_VIRTIOBLKD_LEGACY);
    } else if (result != DISK_OK) {
        log_line(runtime, "virtioblkd: no disk: %s: %s", disk_result_text(result),
                 virtio_result_text(service->blk.disk.refusal));
    }
    return result == DISK_OK;
}

// A manifest that gives the service the boot image says that the disk is divided; then it is, or
// nobody gets any of it.
static bool divide(struct virtioblkd_service *service, struct runtime *runtime, const void *image) {
    if (!image) {
        return true;
    }
    if (!parts_open(&service->parts, image, service->blk.disk.facts.sectors)) {
        log_line(runtime, "virtioblkd: no sound parts for a disk of %lu sectors",
                 service->blk.disk.facts.sectors);
        return false;
    }
    return true;
}

const void *virtioblkd_image(const void *at) {
    struct query_result found = sys_cap_query(slot_at(SLOT_IMAGE));
    return found.status == STATUS_OK && cap_query_kind(found.kind_rights) == CAP_IMAGE ? at : 0;
}

int virtioblkd_main(struct runtime *runtime, const void *image) {
    static const struct ipc_row rows[] = {
        [BLOCK_OP_OPEN] = {.call = on_open},
        [BLOCK_OP_SUBMIT] = {.call = on_submit},
        [BLOCK_OP_STATS] = {.call = on_stats},
        [BLOCK_OP_SYNC] = {.call = on_sync},
    };
    const struct ipc_service description = {.name = "virtioblkd",
                                            .ready = MARKER_VIRTIOBLKD_READY,
                                            .protocol = &block_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .notified = on_notified,
                                            .left = on_left};
    struct virtioblkd_service service = {.round_ns = runtime_argument(runtime) * NS_PER_MS};
    if (service.round_ns == 0) {
        service.round_ns = ROUND_NS;
    }
    if (!runtime_expect(runtime, slot_at(SLOT_DEVICE), CAP_DEVICE, RIGHTS_DEVICE, "the device") ||
        !open(&service, runtime) || !divide(&service, runtime, image)) {
        return 1;
    }
    return ipc_serve(&service.server, runtime, &description, &service);
}
