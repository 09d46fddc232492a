// testing/statefs/unflushed.c: statefsd, but that its disk never flushes: it says that all is
// durable when all is written. Power cuts must find that.
#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "runtime/main.h"
#include "services/statefsd/service.h"
#include "services/statefsd/window_disk.h"

enum { SLOT_FACTORY = SLOT_FIRST_OWN };

struct unflushed {
    struct disk disk;
    uint8_t sector[DISK_SECTOR_BYTES];
};

static enum disk_status lazy_read(void *context, uint64_t sector, uint32_t count, uint8_t *bytes) {
    const struct unflushed *state = context;
    return state->disk.read(state->disk.context, sector, count, bytes);
}

static enum disk_status lazy_write(void *context, uint64_t sector, uint32_t count,
                                   const uint8_t *bytes) {
    const struct unflushed *state = context;
    return state->disk.write(state->disk.context, sector, count, bytes);
}

// What was collected is written before anything is read.
static enum disk_status lazy_flush(void *context) {
    struct unflushed *state = context;
    return state->disk.read(state->disk.context, 0, 1, state->sector);
}

int service_main(struct runtime *runtime) {
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct block_client block;
    struct window_disk window;
    struct unflushed state;
    ipc_resolver_init(&resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client, runtime, ipc_resolver_ask, &resolver, slot_at(CAP_SLOT_NONE));
    block_client_init(&block, &client, service_id_named("virtioblkd"), slot_at(SLOT_FACTORY));
    if (window_disk_open(&window, &block, &state.disk) != BLOCK_OK) {
        return 1;
    }
    const struct disk disk = {.context = &state,
                              .sectors = state.disk.sectors,
                              .read = lazy_read,
                              .write = lazy_write,
                              .flush = lazy_flush};
    return statefsd_serve(runtime, &disk, &client);
}
