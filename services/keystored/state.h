// services/keystored/state.h: keystored's one state, and what its files do for each other.
// Ownership: one struct, on the stack of keystored_main, which wipes it.
// Blocking:  all that one request asks statefsd and rngd together, at most STORE_PATIENCE_NS; all
//            that a start asks, START_PATIENCE_NS, which is less than init gives it; what tells
//            logd, at most AUDIT_PATIENCE_NS for a route.
#pragma once

#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/keys_wire.h"
#include "services/keystored/keystored.h"
#include "services/keystored/service.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STORE_PATIENCE_NS UINT64_C(5000000000)
#define START_PATIENCE_NS UINT64_C(8000000000)
#define AUDIT_PATIENCE_NS UINT64_C(20000000)

enum { RANDOM_BYTES = 256 };  // As many as rngd gives at a time.

struct keystored_service {
    struct ipc_server server;
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct wire_bytes secret;  // The device's.
    uint64_t until_ns;         // For what statefsd and rngd are asked now; 0: nothing yet.
    bool stale;                // Nobody said what became of a change: what is kept is read again
                               // before anything else of it is used.
    bool dirty;  // Something in the clear is in `scratch` or the message page: wiped once the
                 // answer has left.
    uint64_t uses;
    uint64_t made;
    uint64_t refused;
    uint64_t told;
    uint64_t untold;
    uint32_t random_left;
    uint8_t random[RANDOM_BYTES];
    uint8_t scratch[STATE_VALUE_BYTES_MAX];
    struct keystored keystored;
    struct keystored fresh;  // While all is read again.
};

// A request begins, with all of its time. store_is_fresh does it too.
void store_begin(struct keystored_service *service);

// Random bytes, at most RANDOM_BYTES. False: rngd does not answer, or has none.
WARN_UNUSED bool store_random(struct keystored_service *service, uint8_t *out, uint32_t count);

// Stores what is to be changed, durably. With another status than WIRE_OK it may have been done,
// and what is kept is stale.
WARN_UNUSED enum wire_status store_change(struct keystored_service *service,
                                          const struct keystored_change *change);

// Reads all that is kept; the first time it finds nothing at all, it makes and stores a root.
// False: statefsd or rngd does not answer.
WARN_UNUSED bool store_load(struct keystored_service *service);

// The same if what is kept is stale.
WARN_UNUSED bool store_is_fresh(struct keystored_service *service);

// Counts what came of a request, and tells logd of what is to be told: each change, and of uses and
// of refusals the first, second, fourth, .. Returns the status.
enum wire_status audit_use(struct keystored_service *service, const struct ipc_exchange *exchange,
                           const char *what, uint64_t uses, enum wire_status status);
enum wire_status audit_change(struct keystored_service *service,
                              const struct ipc_exchange *exchange, const char *what,
                              enum wire_status status);
// That this device is to have another identity than before, if it had one.
void audit_new_identity(struct keystored_service *service);

#ifdef __cplusplus
}
#endif
