// services/selftest/cases_device.c: a device in user mode: what its holder cannot do, who else
// cannot, and a driver that gets bytes from a virtio entropy device by interrupts.
#include <string.h>

#include "kernel/abi/device.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "services/virtio/transport.h"

enum {
    OWN_HART = 0,  // Where the boot manifest puts selftest.
    IRQ_BIT = 7,
    QUEUE = 0,  // Virtual I/O Device 1.2, section 5.4.2: requestq.
    QUEUE_SIZE = 8,
    BUFFER_OFFSET = 2048,  // In the arena, which is a page; the queue is before it.
    BYTES = 64,
    WAITS_MAX = 6000,
    NS_A_WAIT = 1000000,
};

struct rng {
    struct virtio_device device;
    struct virtqueue queue;
    struct slot endpoint;
    uint8_t *arena;
    uint64_t physical;
};

static bool start_with_device(struct selftest *selftest, struct peer *out) {
    selftest->lends_device = true;
    bool started = peer_start(selftest, TASK_HART_ANY, out);
    selftest->lends_device = false;
    return started;
}

// A peer maps the device, touches `offset` from the window and ends; the device is free after that.
static bool holder_faults(struct selftest *selftest, uint16_t op, uint64_t offset,
                          enum exit_reason reason) {
    struct peer peer;
    struct peer_exit end = {.reason = EXIT_NONE};
    if (!start_with_device(selftest, &peer) || !peer_ask(selftest, &peer, PROBE_MAP_DEVICE, 0) ||
        !selftest_expect_status(selftest, "a peer's mmio_map",
                                (enum status)peer_reply_word(selftest, 0), STATUS_OK)) {
        return false;
    }
    uint64_t address = peer_reply_word(selftest, 1) + offset;
    struct call_result result = peer_call(selftest, &peer, op, address);
    return selftest_expect_status(selftest, "a call whose receiver faults", result.status,
                                  STATUS_PEER_CLOSED) &&
           peer_await_exit(selftest, &peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, reason) &&
           selftest_expect(selftest, "the fault's address", end.detail, address) &&
           peer_close(selftest, &peer);
}

bool case_device_reject_execute(struct selftest *selftest) {
    return holder_faults(selftest, PROBE_EXECUTE, 0, EXIT_FAULT_EXEC) &&
           holder_faults(selftest, PROBE_EXECUTE, USER_DEVICE_ARENA, EXIT_FAULT_EXEC);
}

bool case_device_reject_outside_window(struct selftest *selftest) {
    struct query_result device = sys_cap_query(slot_at(SELFTEST_SLOT_RNG));
    uint64_t arena_bytes = (uint64_t)device_query_arena_pages(device.value) * PAGE_BYTES;
    uint64_t behind_arena = USER_DEVICE_ARENA + arena_bytes;
    return selftest_expect(selftest, "a device without an arena", arena_bytes == 0, false) &&
           holder_faults(selftest, PROBE_READ, behind_arena, EXIT_FAULT_READ) &&
           holder_faults(selftest, PROBE_WRITE, behind_arena, EXIT_FAULT_WRITE) &&
           holder_faults(selftest, PROBE_READ, PAGE_BYTES, EXIT_FAULT_READ) &&
           holder_faults(selftest, PROBE_WRITE, UINT64_MAX - 7, EXIT_FAULT_WRITE);
}

static bool set_up(struct selftest *selftest, struct rng *rng) {
    struct slot slot = slot_at(SELFTEST_SLOT_RNG);
    struct map_result map = sys_mmio_map(slot);
    struct query_result told = sys_cap_query(slot);
    struct slot_result endpoint = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    if (!selftest_expect_status(selftest, "mmio_map", map.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "cap_query of a device", told.status, STATUS_OK) ||
        !selftest_expect(selftest, "an arena without an address", told.detail == 0, false) ||
        !selftest_expect_status(selftest, "endpoint_create", endpoint.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "irq_bind", sys_irq_bind(slot, endpoint.slot, IRQ_BIT),
                                STATUS_OK)) {
        return false;
    }
    rng->endpoint = endpoint.slot;
    rng->arena = (uint8_t *)map.arena;
    rng->physical = told.detail;
    const struct virtio_wish wish = {.device_id = DEVICE_ID_ENTROPY};
    enum virtio_result result = virtio_begin(&rng->device, map.window, &wish);
    if (!selftest_expect(selftest, virtio_result_text(result), result, VIRTIO_OK) ||
        !selftest_expect(selftest, "virtqueue_init",
                         virtqueue_init(&rng->queue, rng->arena, rng->physical, QUEUE_SIZE),
                         VIRTQUEUE_OK)) {
        return false;
    }
    result = virtio_set_queue(&rng->device, QUEUE, &rng->queue);
    virtio_go(&rng->device);
    return selftest_expect(selftest, virtio_result_text(result), result, VIRTIO_OK);
}

// In short waits: a machine that counts time in instructions jumps to the deadline of who waits,
// while its devices do not.
static struct recv_result next_event(const struct rng *rng) {
    struct recv_result event = {.status = STATUS_TIMED_OUT};
    for (uint32_t i = 0; i < WAITS_MAX && event.status == STATUS_TIMED_OUT; i++) {
        event = sys_ipc_recv(rng->endpoint, sys_clock_get() + NS_A_WAIT);
    }
    return event;
}

static bool wait_interrupt(struct selftest *selftest, struct rng *rng) {
    struct recv_result event = next_event(rng);
    if (!selftest_expect_status(selftest, "the interrupt", event.status, STATUS_OK) ||
        !selftest_expect(selftest, "what arrived", event.received, RECEIVED_NOTIFICATION) ||
        !selftest_expect(selftest, "its bits", event.badge_bits, UINT64_C(1) << IRQ_BIT) ||
        !selftest_expect(selftest, "the device's reason", virtio_reasons_take(&rng->device),
                         VIRTIO_USED_BUFFER)) {
        return false;
    }
    struct ack_result acked = sys_irq_ack(slot_at(SELFTEST_SLOT_RNG));
    return selftest_expect_status(selftest, "irq_ack", acked.status, STATUS_OK) &&
           selftest_expect(selftest, "interrupts since the last", acked.count, 1);
}

// Section 5.4.6: at least one byte comes for each buffer.
static bool read_some(struct selftest *selftest, struct rng *rng, uint32_t offset, uint32_t *got) {
    const struct virtqueue_buffer buffer = {.physical = rng->physical + BUFFER_OFFSET + offset,
                                            .bytes = BYTES - offset,
                                            .device_writes = true};
    uint16_t sent = 0;
    uint16_t back = 0;
    if (!selftest_expect(selftest, "virtqueue_add", virtqueue_add(&rng->queue, &buffer, 1, &sent),
                         VIRTQUEUE_OK)) {
        return false;
    }
    virtio_notify(&rng->device, QUEUE);
    return wait_interrupt(selftest, rng) &&
           selftest_expect(selftest, "virtqueue_take", virtqueue_take(&rng->queue, &back, got),
                           VIRTQUEUE_OK) &&
           selftest_expect(selftest, "the chain", back, sent) &&
           selftest_expect(selftest, "no byte", *got == 0, false);
}

static bool read_bytes(struct selftest *selftest, struct rng *rng, uint8_t out[BYTES]) {
    memset(rng->arena + BUFFER_OFFSET, 0, BYTES);
    uint32_t offset = 0;
    while (offset < BYTES) {  // Each round brings a byte at least.
        uint32_t got = 0;
        if (!read_some(selftest, rng, offset, &got)) {
            return false;
        }
        offset += got;
    }
    memcpy(out, rng->arena + BUFFER_OFFSET, BYTES);
    return true;
}

// The interrupt comes while another task computes on the hart that takes it. That one is of a lower
// class, so that this task need not wait for the end of its quantum.
static bool read_past_busy_task(struct selftest *selftest, struct rng *rng, uint8_t out[BYTES]) {
    struct peer peer;
    return peer_start_as(selftest, OWN_HART, QOS_IDLE, &peer) &&
           peer_ask(selftest, &peer, PROBE_SPIN, 0) && read_bytes(selftest, rng, out) &&
           peer_end(selftest, &peer);
}

bool case_device_virtio_rng(struct selftest *selftest) {
    const uint8_t zeros[BYTES] = {0};
    uint8_t first[BYTES];
    uint8_t second[BYTES];
    struct rng rng;
    if (!set_up(selftest, &rng) || !read_bytes(selftest, &rng, first) ||
        !read_past_busy_task(selftest, &rng, second)) {
        return false;
    }
    return selftest_expect(selftest, "zeros for chance", memcmp(first, zeros, BYTES) == 0, false) &&
           selftest_expect(selftest, "the same twice", memcmp(first, second, BYTES) == 0, false) &&
           selftest_expect(selftest, "virtio_reset", virtio_reset(&rng.device), VIRTIO_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(rng.endpoint), STATUS_OK);
}

// After case_device_virtio_rng: selftest holds the device.
bool case_device_reject_second_holder(struct selftest *selftest) {
    struct peer peer;
    return start_with_device(selftest, &peer) && peer_ask(selftest, &peer, PROBE_MAP_DEVICE, 0) &&
           selftest_expect_status(selftest, "mmio_map of another's device",
                                  (enum status)peer_reply_word(selftest, 0), STATUS_BUSY) &&
           peer_end(selftest, &peer);
}
