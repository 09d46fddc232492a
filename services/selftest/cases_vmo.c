// services/selftest/cases_vmo.c: memory that two tasks share, and what its seal and the page tables
// refuse.
#include <string.h>

#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

#define READ UINT64_C(1)
#define READ_WRITE UINT64_C(3)
#define READ_EXECUTE UINT64_C(5)
#define REMAP_ADDRESS (USER_MAP_MAX - 4 * (uint64_t)PAGE_BYTES)
#define KEY UINT64_C(0x9e3779b97f4a7c15)

enum {
    LARGE_PAGES = 4096,        // 16 MiB.
    STRIDE = 37,               // Pages that are looked at; no divisor of a large page's 512.
    CODE_RETURN = 0x00008067,  // ret (RISC-V Unprivileged, jalr x0, 0(ra)).
};

struct memory {
    struct slot slot;
    uint64_t pages;
    uint64_t address;
};

static bool make(struct selftest *selftest, uint64_t pages, struct memory *out) {
    struct slot_result made = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), pages);
    *out = (struct memory){.slot = made.slot, .pages = pages};
    return selftest_expect_status(selftest, "vmo_create", made.status, STATUS_OK);
}

static bool map(struct selftest *selftest, struct memory *memory, uint64_t access) {
    struct vmo_map_result got = sys_vmo_map(memory->slot, 0, memory->pages, access);
    memory->address = got.address;
    return selftest_expect_status(selftest, "vmo_map", got.status, STATUS_OK);
}

static bool refuses(struct selftest *selftest, const struct memory *memory, uint64_t access,
                    enum status wanted) {
    struct vmo_map_result got = sys_vmo_map(memory->slot, 0, memory->pages, access);
    return selftest_expect_status(selftest, "vmo_map", got.status, wanted);
}

static bool unmap(struct selftest *selftest, struct memory *memory) {
    return selftest_expect_status(selftest, "vmo_unmap",
                                  sys_vmo_unmap(memory->slot, memory->address), STATUS_OK);
}

static bool drop(struct selftest *selftest, const struct memory *memory) {
    return selftest_expect_status(selftest, "cap_close of a VMO", sys_cap_close(memory->slot),
                                  STATUS_OK);
}

static uint64_t *word_at(const struct memory *memory, uint64_t page) {
    return (uint64_t *)(memory->address + page * PAGE_BYTES + 8 * (page % 512));
}

// A peer that has the memory mapped with that access; where, in *address.
static bool lend(struct selftest *selftest, const struct memory *memory, uint64_t access,
                 struct peer *peer, uint64_t *address) {
    uint64_t hart = selftest->image->hart_count - 1;
    selftest->lent_vmo = memory->slot;
    bool started = peer_start(selftest, hart, peer);
    selftest->lent_vmo = slot_at(CAP_SLOT_NONE);
    if (!started || !peer_ask(selftest, peer, PROBE_MAP_VMO, access) ||
        !selftest_expect(selftest, "a peer's vmo_map", peer_reply_word(selftest, 0), STATUS_OK)) {
        return false;
    }
    *address = peer_reply_word(selftest, 1);
    return true;
}

// The peer touches its mapping and must end by that fault there.
static bool peer_faults_at(struct selftest *selftest, const struct peer *peer, uint16_t op,
                           uint64_t address, enum exit_reason reason) {
    struct peer_exit end = {.reason = EXIT_NONE};
    struct call_result result = peer_call(selftest, peer, op, address);
    return selftest_expect_status(selftest, "a call whose receiver faults", result.status,
                                  STATUS_PEER_CLOSED) &&
           peer_await_exit(selftest, peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, reason) &&
           selftest_expect(selftest, "the fault's address", end.detail, address) &&
           peer_close(selftest, peer);
}

// What one task writes, on each page, the other reads, on another hart if there is one.
static bool peer_sees(struct selftest *selftest, const struct memory *memory) {
    struct peer peer;
    uint64_t at = 0;
    if (!lend(selftest, memory, READ, &peer, &at)) {
        return false;
    }
    for (uint64_t page = 0; page < memory->pages; page += STRIDE) {
        *word_at(memory, page) ^= page;  // After the peer has mapped it.
        uint64_t offset = (uint64_t)(uintptr_t)word_at(memory, page) - memory->address;
        if (!peer_ask(selftest, &peer, PROBE_READ, at + offset) ||
            !selftest_expect(selftest, "a page of a peer", peer_reply_word(selftest, 0),
                             (page * KEY) ^ page)) {
            return false;
        }
    }
    return peer_end(selftest, &peer);
}

bool case_vmo_share_16mib(struct selftest *selftest) {
    for (uint32_t round = 0; round < 2; round++) {  // The second time of pages that were used.
        struct memory memory;
        if (!make(selftest, LARGE_PAGES, &memory) || !map(selftest, &memory, READ_WRITE)) {
            return false;
        }
        for (uint64_t page = 0; page < memory.pages; page++) {
            if (!selftest_expect(selftest, "a fresh page", *word_at(&memory, page), 0)) {
                return false;
            }
            *word_at(&memory, page) = page * KEY;
        }
        if (!peer_sees(selftest, &memory) || !unmap(selftest, &memory) ||
            !drop(selftest, &memory)) {
            return false;
        }
    }
    return true;
}

// Writes to the memory where another was mapped a moment ago; it must be as fresh as it was made.
static bool use_at(struct selftest *selftest, struct memory *memory, uint64_t address) {
    if (!map(selftest, memory, address | READ_WRITE) ||
        !selftest_expect(selftest, "the address asked for", memory->address, address) ||
        !selftest_expect(selftest, "a page mapped where another was", *word_at(memory, 1), 0)) {
        return false;
    }
    *word_at(memory, 1) = KEY;
    return unmap(selftest, memory);
}

// A translation that outlived vmo_unmap would show the first memory where the second is.
bool case_vmo_remap(struct selftest *selftest) {
    struct memory first;
    struct memory second;
    return make(selftest, 2, &first) && make(selftest, 2, &second) &&
           use_at(selftest, &first, REMAP_ADDRESS) && use_at(selftest, &second, REMAP_ADDRESS) &&
           drop(selftest, &first) && drop(selftest, &second);
}

bool case_vmo_reject_seal_mapped(struct selftest *selftest) {
    struct memory memory;
    return make(selftest, 1, &memory) && map(selftest, &memory, READ_WRITE) &&
           selftest_expect_status(selftest, "vmo_seal while mapped writable",
                                  sys_vmo_seal(memory.slot), STATUS_BUSY) &&
           unmap(selftest, &memory) &&
           selftest_expect_status(selftest, "vmo_seal", sys_vmo_seal(memory.slot), STATUS_OK) &&
           drop(selftest, &memory);
}

bool case_vmo_reject_write_sealed(struct selftest *selftest) {
    struct memory memory;
    struct peer peer;
    uint64_t at = 0;
    return make(selftest, 1, &memory) &&
           selftest_expect_status(selftest, "vmo_seal", sys_vmo_seal(memory.slot), STATUS_OK) &&
           refuses(selftest, &memory, READ_WRITE, STATUS_DENIED) &&
           lend(selftest, &memory, READ, &peer, &at) &&
           peer_faults_at(selftest, &peer, PROBE_WRITE, at, EXIT_FAULT_WRITE) &&
           drop(selftest, &memory);
}

bool case_vmo_reject_write_execute(struct selftest *selftest) {
    struct memory memory;
    return make(selftest, 1, &memory) &&
           refuses(selftest, &memory, READ_WRITE | READ_EXECUTE, STATUS_BAD_ARG) &&
           refuses(selftest, &memory, READ_EXECUTE, STATUS_BUSY) && drop(selftest, &memory);
}

// Code that was just written is executed where it is mapped so, and only there.
bool case_vmo_execute_sealed(struct selftest *selftest) {
    struct memory memory;
    struct peer peer;
    uint64_t at = 0;
    const uint32_t code = CODE_RETURN;
    if (!make(selftest, 1, &memory) || !map(selftest, &memory, READ_WRITE)) {
        return false;
    }
    memcpy((void *)memory.address, &code, sizeof(code));
    return unmap(selftest, &memory) &&
           selftest_expect_status(selftest, "vmo_seal", sys_vmo_seal(memory.slot), STATUS_OK) &&
           lend(selftest, &memory, READ_EXECUTE, &peer, &at) &&
           peer_ask(selftest, &peer, PROBE_EXECUTE, at) && peer_end(selftest, &peer) &&
           lend(selftest, &memory, READ, &peer, &at) &&
           peer_faults_at(selftest, &peer, PROBE_EXECUTE, at, EXIT_FAULT_EXEC) &&
           drop(selftest, &memory);
}

// A probe whose program is in a VMO: nothing of it comes from the boot image.
bool case_vmo_run_program(struct selftest *selftest) {
    const struct boot_image_entry *program = selftest->probe_program;
    struct memory memory;
    struct peer peer;
    if (!make(selftest, (program->bytes + PAGE_BYTES - 1) / PAGE_BYTES, &memory) ||
        !map(selftest, &memory, READ_WRITE)) {
        return false;
    }
    memcpy((void *)memory.address, (const char *)selftest->image + program->offset, program->bytes);
    if (!unmap(selftest, &memory) ||
        !selftest_expect_status(selftest, "vmo_seal", sys_vmo_seal(memory.slot), STATUS_OK)) {
        return false;
    }
    selftest->program_vmo = memory.slot;
    bool started = peer_start(selftest, selftest->image->hart_count - 1, &peer);
    selftest->program_vmo = slot_at(CAP_SLOT_NONE);
    return started && drop(selftest, &memory) && peer_ask(selftest, &peer, PROBE_ECHO, KEY) &&
           selftest_expect(selftest, "an echo", peer_reply_word(selftest, 0),
                           KEY ^ (UINT64_C(0x0101010101010101) * PROBE_ECHO_KEY)) &&
           peer_end(selftest, &peer);
}
