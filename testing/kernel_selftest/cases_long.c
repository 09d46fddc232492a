// testing/kernel_selftest/cases_long.c: long system calls where their entries are longest: while
// the hart still has memory to return that nobody waits for, and with pages that are copied
// (//images:entries measures).
#include <string.h>

#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

enum {
    OWED_PAGES = 400,  // Ten steps to return them.
    PAGES = 60,        // Several steps to make them, and to map them.
    READ_WRITE = 3,
};

// Below two tables that there are not yet.
#define ADDRESS (USER_MAP_MAX - UINT64_C(0x10000000) - 30 * (uint64_t)PAGE_BYTES)

// The last capability to memory rides on a message that is taken without it.
static bool owe(struct selftest *selftest, struct slot door) {
    struct slot_result memory = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), OWED_PAGES);
    struct message_area *out = &selftest->runtime->page->call_out;
    out->header = (struct frame_header){.flags = FRAME_CAP_MOVE};
    out->meta.slot = (uint32_t)memory.slot.value;
    return selftest_expect_status(selftest, "vmo_create", memory.status, STATUS_OK) &&
           selftest_expect_status(selftest, "ipc_send", sys_ipc_send(door, 0).status, STATUS_OK) &&
           selftest_expect_status(selftest, "a receive that takes no capability",
                                  sys_ipc_recv_drop_cap(door, 0).status, STATUS_OK);
}

static bool use(struct selftest *selftest, struct slot memory) {
    struct vmo_map_result got = sys_vmo_map(memory, 0, PAGES, ADDRESS | READ_WRITE);
    if (!selftest_expect_status(selftest, "vmo_map", got.status, STATUS_OK)) {
        return false;
    }
    uint64_t found = 0;
    for (uint32_t i = 0; i < PAGES; i++) {
        uint64_t word = 0;
        memcpy(&word, (const char *)ADDRESS + i * (uint64_t)PAGE_BYTES, sizeof(word));
        found |= word;
    }
    return selftest_expect(selftest, "what new memory holds", found, 0);
}

bool case_memory_owed(struct selftest *selftest) {
    struct slot_result door = sys_endpoint_create_accepting(slot_at(SELFTEST_SLOT_FACTORY));
    if (!selftest_expect_status(selftest, "endpoint_create", door.status, STATUS_OK) ||
        !owe(selftest, door.slot)) {
        return false;
    }
    struct slot_result memory = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), PAGES);
    return selftest_expect_status(selftest, "vmo_create", memory.status, STATUS_OK) &&
           owe(selftest, door.slot) && use(selftest, memory.slot) && owe(selftest, door.slot) &&
           selftest_expect_status(selftest, "vmo_unmap", sys_vmo_unmap(memory.slot, ADDRESS),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(memory.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(door.slot), STATUS_OK);
}

// The fields of an ELF file that are changed: where its program headers are; of one of them.
enum {
    ELF_HEADERS_AT = 32,
    ELF_HEADER_BYTES = 56,
    ELF_HEADER_STACK = 3,  // Of a probe: what says how large its stack is.
    FILE_PAGES = 64,
    DATA_PAGES = 20,  // Several steps to copy them.
};

struct elf_load {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_bytes;
    uint64_t memory_bytes;
};

// A probe in memory of its own, whose first pages are its data too.
static bool make_program(struct selftest *selftest, struct slot *out) {
    const struct boot_image_entry *program = selftest->probe_program;
    struct slot_result made = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), FILE_PAGES);
    if (!selftest_expect(selftest, "room for a probe",
                         program->bytes <= FILE_PAGES * (uint64_t)PAGE_BYTES, true) ||
        !selftest_expect_status(selftest, "vmo_create", made.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "vmo_map",
                                sys_vmo_map(made.slot, 0, FILE_PAGES, ADDRESS | READ_WRITE).status,
                                STATUS_OK)) {
        return false;
    }
    char *file = (char *)ADDRESS;
    memcpy(file, (const char *)selftest->image + program->offset, program->bytes);
    uint64_t headers = 0;
    memcpy(&headers, file + ELF_HEADERS_AT, sizeof(headers));
    const struct elf_load data = {.type = 1,
                                  .flags = 6,
                                  .address = USER_IMAGE_MAX - DATA_PAGES * (uint64_t)PAGE_BYTES,
                                  .file_bytes = DATA_PAGES * (uint64_t)PAGE_BYTES,
                                  .memory_bytes = DATA_PAGES * (uint64_t)PAGE_BYTES};
    memcpy(file + headers + (uint64_t)ELF_HEADER_STACK * ELF_HEADER_BYTES, &data, sizeof(data));
    *out = made.slot;
    return selftest_expect_status(selftest, "vmo_unmap", sys_vmo_unmap(made.slot, ADDRESS),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "vmo_seal", sys_vmo_seal(made.slot), STATUS_OK);
}

bool case_memory_load_data(struct selftest *selftest) {
    const struct boot_image_entry *program = selftest->probe_program;
    const struct task_limits limits = {.pages = 2 * DATA_PAGES + 32, .slots = 4};
    struct slot file;
    if (!make_program(selftest, &file)) {
        return false;
    }
    struct task_result made =
        sys_task_create_limited(slot_at(SELFTEST_SLOT_FACTORY), program->service_id, limits);
    return selftest_expect_status(selftest, "task_create", made.status, STATUS_OK) &&
           selftest_expect_status(
               selftest, "task_load",
               sys_task_load(made.slot, file, 0, FILE_PAGES * (uint64_t)PAGE_BYTES).status,
               STATUS_OK) &&
           selftest_expect_status(selftest, "task_kill", sys_task_kill(made.slot), STATUS_OK) &&
           kernel_selftest_settle(selftest, 2 * SELFTEST_MS) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(made.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(file), STATUS_OK);
}
