// testing/sim/workload_driver.c: drives a device that raises interrupts, acknowledges in any order,
// binds again, and dies in the middle of it.
#include "kernel/arch/sim/device.h"
#include "testing/sim/workload_state.h"

enum {
    ROUNDS_MAX = 400,
    PERIOD_MAX_NS = 3000,
    WAIT_NS = 20000,
    BIT = 5,
};

static const struct slot device = {DRIVER_SLOT_DEVICE};
static const struct slot endpoint = {SERVER_SLOT_ENDPOINT};

// False if another task holds the device, or there was no page for a table.
static bool take_device(struct map_result *mapped) {
    *mapped = sys_mmio_map(device);
    if (mapped->status == STATUS_BUSY) {
        workload_count(&workload_now->device_refusals);
        enum status status = sys_irq_bind(device, endpoint, BIT);
        // It may have died meanwhile.
        workload_expect(
            status == STATUS_BUSY || status == STATUS_OK || status == STATUS_PEER_CLOSED,
            "irq_bind gave another status", status);
        return false;
    }
    return workload_made(mapped->status, "mmio_map gave another status");
}

// What a driver does once it has been notified. Either order of the two is a driver's.
static void handle(const struct map_result *mapped) {
    uint32_t draw = sim_user_random(16);
    uint64_t status_word = mapped->window + SIM_DEVICE_STATUS;
    if (draw == 0) {
        return;  // It forgets: the line stays silent.
    }
    if (draw < 8) {
        sim_user_store(status_word, 0);
    }
    struct ack_result acked = sys_irq_ack(device);
    workload_expect(acked.status == STATUS_OK && acked.count <= 1,
                    "an interrupt came before the last was acknowledged", acked.count);
    workload_add(&workload_now->interrupts, acked.count);
    if (draw >= 8) {
        sim_user_store(status_word, 0);
    }
}

static void use_arena(const struct map_result *mapped, uint64_t value) {
    if (mapped->arena != 0) {
        sim_user_store(mapped->arena, value);
        workload_expect(sim_user_load(mapped->arena) == value, "another wrote to the arena", value);
    }
}

void workload_driver(struct message_page *page, uint64_t argument, uint32_t instance) {
    (void)page;
    (void)argument;
    struct map_result mapped = {.status = STATUS_OK};
    if (!take_device(&mapped)) {
        return;
    }
    sim_user_store(mapped.window + SIM_DEVICE_PERIOD, 1 + sim_user_random(PERIOD_MAX_NS));
    bool bound = false;
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        if (!bound || sim_user_random(32) == 0) {
            enum status status = sys_irq_bind(device, endpoint, BIT);
            workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                            "the holder's irq_bind gave another status", status);
            bound = status == STATUS_OK;
        }
        struct recv_result got = sys_ipc_recv(endpoint, sys_clock_get() + WAIT_NS);
        if (got.status == STATUS_PEER_CLOSED || !bound) {
            return;
        }
        if (got.status == STATUS_OK) {
            workload_expect(got.received == RECEIVED_NOTIFICATION && got.badge_bits == UINT64_C(1)
                                                                                           << BIT,
                            "a driver heard something else", got.badge_bits);
            handle(&mapped);
        }
        use_arena(&mapped, ((uint64_t)instance << 32) | round);
    }
}
