// testing/sim/workload.c: the workload's record and frames.
#include "testing/sim/workload.h"

#include <string.h>

#include "testing/sim/workload_state.h"

struct workload *workload_now;

const struct sim_program workload_programs[WORKLOAD_PROGRAM_COUNT] = {
    {"init", workload_init, 0, 0},     {"server", workload_server, 0, 0},
    {"client", workload_client, 0, 0}, {"manager", workload_manager, 0, 0},
    {"driver", workload_driver, 0, 0}, {"watcher", workload_watcher, 0, 0},
};

void workload_begin(struct workload *workload) {
    *workload = (struct workload){.rounds = workload->rounds};
    workload_now = workload;
}

void workload_expect(bool holds, const char *what, uint64_t value) {
    if (!holds && atomic_claim_u32(&workload_now->failed, 0, 1)) {
        workload_now->failure = what;
        workload_now->failure_value = value;
    }
}

void workload_revoke(struct slot grant, uint32_t family) {
    enum status status = sys_grant_revoke(grant);
    workload_expect(status == STATUS_OK, "grant_revoke failed", status);
    uint32_t before = atomic_add_u32(&workload_now->revokes, 1);
    if (atomic_load_u64(&workload_now->revoked_at[family]) == 0) {
        atomic_store_u64(&workload_now->revoked_at[family], before + 1);
    }
}

static uint32_t length_of(uint64_t number) {
    uint32_t length = (uint32_t)(number * 37 % (FRAME_PAYLOAD_MAX - sizeof(number) + 1)) +
                      (uint32_t)sizeof(number);
    return (number & 3) != 0 ? (uint32_t)sizeof(number) + length % 16 : length;  // Mostly short.
}

void frame_write(struct message_area *area, uint16_t type, uint64_t number) {
    uint32_t length = length_of(number);
    area->header.src = 0xdeadbeef;  // Forged: to be ignored.
    area->header.dst = 0xdeadbeef;
    area->header.type = type;
    area->header.flags = 0;
    area->header.len = length;
    memcpy(area->payload, &number, sizeof(number));
    memset(area->payload + sizeof(number), (int)(number & 0xff), length - sizeof(number));
}

uint64_t frame_check(const struct message_area *area, uint16_t type) {
    uint64_t number = 0;
    memcpy(&number, area->payload, sizeof(number));
    uint32_t length = length_of(number);
    workload_expect(area->header.type == type, "a frame of another type arrived",
                    area->header.type);
    workload_expect(area->header.len == length, "a frame of another length arrived",
                    area->header.len);
    workload_expect(area->header.src == area->meta.instance && area->header.dst == 0,
                    "src or dst is not the kernel's", area->header.src);
    workload_expect(area->payload[length - 1] ==
                        (uint8_t)(length > sizeof(number) ? number & 0xff : number >> 56),
                    "a frame's last byte is wrong", number);
    for (uint32_t i = length; i % 8 != 0; i++) {
        workload_expect(area->payload[i] == 0, "a frame's last word is not zero beyond its length",
                        i);
    }
    return number;
}
