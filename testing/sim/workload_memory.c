// testing/sim/workload_memory.c: memory of a client's own, and a window that clients share: made,
// mapped, written, read back, sealed, given up.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    PAGES_MAX = 24,
    WINDOW_INDEX_MASK = 0xff,
    KEEP_ONE_IN = 8,
};

#define READ UINT64_C(1)
#define READ_WRITE UINT64_C(3)
#define READ_EXECUTE UINT64_C(5)

static bool has_slot(uint64_t slot) {
    return sys_cap_query(slot_at(slot)).status == STATUS_OK;
}

static uint64_t place_of(const struct memory *memory, uint32_t page) {
    return memory->address + (uint64_t)page * PAGE_BYTES + 8 * (uint64_t)(page % 512);
}

static void make(struct memory *memory) {
    uint32_t pages = 1 + sim_user_random(PAGES_MAX);
    struct slot_result made = sys_vmo_create(slot_at(CLIENT_SLOT_FACTORY), pages);
    if (workload_made(made.status, "vmo_create gave another status")) {
        *memory = (struct memory){.vmo = made.slot, .pages = pages};
        workload_count(&workload_now->vmos);
    }
}

static bool map(struct memory *memory, uint64_t access) {
    struct vmo_map_result got = sys_vmo_map(memory->vmo, 0, memory->pages, access);
    if (!workload_made(got.status, "vmo_map gave another status")) {
        return false;
    }
    memory->address = got.address;
    workload_count(&workload_now->maps);
    return true;
}

static void unmap(struct memory *memory) {
    enum status status = sys_vmo_unmap(memory->vmo, memory->address);
    workload_expect(status == STATUS_OK, "vmo_unmap failed", status);
    memory->address = 0;
}

// Each page says what was written last, or nothing yet.
static void check(const struct memory *memory) {
    uint32_t page = sim_user_random(memory->pages);
    uint64_t got = sim_user_load(place_of(memory, page));
    uint64_t wanted = page == memory->page ? memory->number : 0;
    workload_expect(got == wanted, "a page holds something else than what was written", got);
}

static void write(struct memory *memory) {
    if (memory->number == 0) {
        memory->page = sim_user_random(memory->pages);
    }
    memory->number += 1 + sim_user_random(1000);
    sim_user_store(place_of(memory, memory->page), memory->number);
    check(memory);
    enum status status = sys_vmo_seal(memory->vmo);
    workload_expect(status == STATUS_BUSY, "sealed while mapped writable", status);
}

static void seal(struct memory *memory) {
    enum status status = sys_vmo_seal(memory->vmo);
    workload_expect(status == STATUS_OK, "vmo_seal failed", status);
    memory->sealed = true;
    status = sys_vmo_map(memory->vmo, 0, 1, READ_WRITE).status;
    workload_expect(status == STATUS_DENIED, "a sealed VMO is mapped writable", status);
}

static void give_up(struct memory *memory) {
    workload_close(&memory->vmo);
    if (memory->address != 0) {
        check(memory);  // A mapping outlives the capability.
    }
    *memory = (struct memory){.vmo = {0}};
}

static void own_round(struct memory *memory) {
    if (memory->vmo.value == 0) {
        make(memory);
    } else if (memory->address != 0) {
        check(memory);
        if (sim_user_random(KEEP_ONE_IN) == 0) {
            give_up(memory);
        } else {
            unmap(memory);
        }
    } else if (memory->sealed) {
        if (map(memory, READ_EXECUTE)) {
            sim_user_fetch(memory->address);
            check(memory);
            unmap(memory);
        }
        give_up(memory);
    } else if (sim_user_random(3) == 0) {
        seal(memory);
    } else if (map(memory, READ_WRITE)) {
        write(memory);
    }
}

// Many write: what stands in a page names the page.
static void window_round(void) {
    struct memory window = {.vmo = slot_at(CLIENT_SLOT_WINDOW), .pages = WORKLOAD_WINDOW_PAGES};
    if (!map(&window, sim_user_random(2) == 0 ? READ : READ_WRITE)) {
        return;
    }
    uint32_t page = sim_user_random(WORKLOAD_WINDOW_PAGES);
    uint64_t got = sim_user_load(place_of(&window, page));
    workload_expect(got == 0 || (got & WINDOW_INDEX_MASK) == page,
                    "a page of the window holds what belongs to another", got);
    unmap(&window);
    if (map(&window, READ_WRITE)) {
        sim_user_store(place_of(&window, page), ((uint64_t)sim_user_random(1000) << 8) | page);
        enum status status = sys_vmo_seal(window.vmo);
        workload_expect(status == STATUS_BUSY, "the window is sealed while mapped writable",
                        status);
        unmap(&window);
    }
}

void workload_memory_round(struct memory *memory) {
    if (has_slot(CLIENT_SLOT_FACTORY)) {
        own_round(memory);
    }
    if (has_slot(CLIENT_SLOT_WINDOW) && sim_user_random(2) == 0) {
        window_round();
    }
}
