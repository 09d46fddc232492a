// services/rngd/service.c: connects the device (device.h), the generator (rngd.h) and who asks.
#include "services/rngd/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/entropy_wire.h"
#include "services/rngd/device.h"
#include "services/rngd/rngd.h"

enum {
    SLOT_DEVICE = SLOT_FIRST_OWN,
    START_ROUNDS_MAX = 6000,
};

// The device may give a byte at a time, and take as long as this for it. Short, for a machine that
// counts time in instructions jumps to the deadline of who waits, while its devices do not.
#define DEVICE_PATIENCE_NS UINT64_C(1000000)

struct rngd_service {
    struct ipc_server server;
    struct rngd rngd;
    struct entropy_device device;
    uint8_t answer[RNGD_REQUEST_MAX];
};

static enum wire_status on_bytes(void *state, struct ipc_exchange *exchange) {
    struct rngd_service *service = state;
    struct entropy_message *message = exchange->message;
    enum wire_status status = rngd_give(&service->rngd, message->count, service->answer);
    if (rngd_wants(&service->rngd)) {
        entropy_device_ask(&service->device);
    }
    message->bytes = (struct wire_bytes){.data = service->answer, .count = message->count};
    return status;
}

static enum wire_status on_state(void *state, struct ipc_exchange *exchange) {
    const struct rngd_service *service = state;
    struct entropy_message *message = exchange->message;
    message->state = (uint8_t)service->rngd.state;
    message->given = service->rngd.given;
    message->raw = service->rngd.raw_total;
    message->seeds = service->rngd.seeds;
    return WIRE_OK;
}

static void on_interrupt(struct rngd_service *service) {
    const uint8_t *bytes = 0;
    uint32_t count = entropy_device_take(&service->device, &bytes);
    enum rngd_state before = service->rngd.state;
    rngd_take_raw(&service->rngd, bytes, count);
    if (service->device.broken) {
        rngd_fail(&service->rngd);
    }
    if (service->rngd.state == RNGD_FAILED && before != RNGD_FAILED) {
        log_line(service->server.runtime, "rngd: the device is broken or fails its tests: no more");
    }
    if (rngd_wants(&service->rngd)) {
        entropy_device_ask(&service->device);
    }
}

static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    (void)kernel_bits;
    if ((badge_bits >> ENTROPY_IRQ_BIT & 1) != 0) {
        on_interrupt(state);
    }
}

// A message comes from who did not wait until rngd is ready: its call is dropped.
static void on_early_event(struct rngd_service *service, const struct recv_result *event) {
    if (event->received == RECEIVED_NOTIFICATION) {
        on_notified(service, event->kernel_bits, event->badge_bits);
        return;
    }
    if (event->received == RECEIVED_CALL) {
        status_ignore(sys_reply_close(event->reply), "the caller may have left");
    }
    slot_release(slot_at(service->server.runtime->page->request_in.meta.slot));
}

// Until the first seed is there. By name nobody comes before init knows that rngd is ready; by a
// route of the manifest somebody may.
static bool start(struct rngd_service *service, struct runtime *runtime) {
    service->server.runtime = runtime;
    entropy_device_ask(&service->device);
    for (uint32_t round = 0; round < START_ROUNDS_MAX && service->rngd.state == RNGD_STARTING;
         round++) {
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + DEVICE_PATIENCE_NS);
        if (event.status == STATUS_OK) {
            on_early_event(service, &event);
        } else if (event.status != STATUS_TIMED_OUT) {
            log_line(runtime, "rngd: waiting for the device: %s", status_name(event.status));
            return false;
        }
    }
    if (service->rngd.state == RNGD_STARTING) {
        log_line(runtime, "rngd: the device gave %lu bytes, too few", service->rngd.raw_total);
    }
    return service->rngd.state == RNGD_READY;
}

static bool open(struct rngd_service *service, struct runtime *runtime) {
    enum status status = STATUS_OK;
    enum virtio_result result = entropy_device_open(&service->device, slot_at(SLOT_DEVICE),
                                                    slot_at(SLOT_ENDPOINT), &status);
    if (result == VIRTIO_OK) {
        return true;
    }
    if (result == VIRTIO_LEGACY) {
        marker_text(runtime, MARKER_RNGD_LEGACY);
    } else {
        log_line(runtime, "rngd: no device: %s, %s", virtio_result_text(result),
                 status_name(status));
    }
    return false;
}

int rngd_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [ENTROPY_OP_BYTES] = {.call = on_bytes},
        [ENTROPY_OP_STATE] = {.call = on_state},
    };
    const struct ipc_service description = {.name = "rngd",
                                            .ready = MARKER_RNGD_READY,
                                            .protocol = &entropy_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .notified = on_notified};
    struct rngd_service service;
    rngd_init(&service.rngd);
    if (!runtime_expect(runtime, slot_at(SLOT_DEVICE), CAP_DEVICE, RIGHTS_DEVICE, "the device") ||
        !open(&service, runtime) || !start(&service, runtime)) {
        return 1;
    }
    return ipc_serve(&service.server, runtime, &description, &service);
}
