// services/keystored/service.c: connects the logic (keystored.h) with its store and who asks.
#include "services/keystored/service.h"

#include <sodium/utils.h>
#include <string.h>

#include "images/markers.h"
#include "kernel/abi/boot_image.h"
#include "services/keystored/state.h"

// The kernel's word.
static uint64_t owner_of(const struct ipc_exchange *exchange) {
    return exchange->request->meta.service_id;
}

// Of the sender, as the request says.
static struct keystored_name name_of(const struct ipc_exchange *exchange) {
    const struct keys_message *message = exchange->message;
    return (struct keystored_name){owner_of(exchange), message->name};
}

// Of what the request names.
static uint64_t uses_of(const struct keystored_service *service,
                        const struct ipc_exchange *exchange) {
    return keystored_uses(&service->keystored, name_of(exchange));
}

static enum wire_status on_identity(void *state, struct ipc_exchange *exchange) {
    const struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    return keystored_identity(&service->keystored, &message->public_key);
}

static struct wire_bytes signature_in(const struct keystored_service *service) {
    return (struct wire_bytes){service->scratch, KEYS_SIGNATURE_BYTES};
}

static enum wire_status on_attest(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    enum wire_status status = keystored_attest(&service->keystored, owner_of(exchange),
                                               message->message, service->scratch);
    message->signature = signature_in(service);
    return audit_use(service, exchange, "attest", service->keystored.attested, status);
}

static enum wire_status on_verify(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    const struct keys_message *message = exchange->message;
    enum wire_status status =
        keystored_verify(message->public_key, message->message, message->signature);
    return audit_use(service, exchange, "verify", 0, status);
}

// Stores the change, then does it.
static enum wire_status change(struct keystored_service *service, struct ipc_exchange *exchange,
                               const struct keystored_change *change, const char *what,
                               enum wire_status status) {
    if (status == WIRE_OK) {
        status = store_change(service, change);
    }
    if (status == WIRE_OK) {
        keystored_done(&service->keystored, change);
        if (change->none) {
            return WIRE_OK;
        }
        service->made += !change->erase;
    }
    return audit_change(service, exchange, what, status);
}

static enum wire_status on_make(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    struct keystored_change made = {.none = true};
    uint8_t random[KEYSTORED_MAKE_RANDOM] = {0};
    enum wire_status status = store_is_fresh(service)
                                  ? keystored_may_make(&service->keystored, name_of(exchange))
                                  : WIRE_UNAVAILABLE;
    if (status == WIRE_OK) {
        const bool ready = keystored_find(&service->keystored, name_of(exchange)) ||
                           store_random(service, random, sizeof(random));
        status = ready ? keystored_make(&service->keystored, name_of(exchange), random, &made,
                                        service->scratch)
                       : WIRE_UNAVAILABLE;
    }
    sodium_memzero(random, sizeof(random));
    message->public_key = (struct wire_bytes){service->scratch, KEYS_PUBLIC_BYTES};
    return change(service, exchange, &made, "make", status);
}

static enum wire_status on_sign(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    enum wire_status status = WIRE_UNAVAILABLE;
    if (store_is_fresh(service)) {
        status = keystored_sign(&service->keystored, name_of(exchange), message->message,
                                service->scratch);
    }
    message->signature = signature_in(service);
    return audit_use(service, exchange, "sign", uses_of(service, exchange), status);
}

static enum wire_status on_keep(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    const struct keys_message *message = exchange->message;
    struct keystored_change kept = {.none = true};
    uint8_t salt[SEAL_SALT_BYTES];
    enum wire_status status =
        store_is_fresh(service)
            ? keystored_may_keep(&service->keystored, name_of(exchange), message->secret)
            : WIRE_UNAVAILABLE;
    service->dirty = true;
    if (status == WIRE_OK) {
        status = store_random(service, salt, sizeof(salt))
                     ? keystored_keep(&service->keystored, name_of(exchange), message->secret, salt,
                                      &kept)
                     : WIRE_UNAVAILABLE;
    }
    return change(service, exchange, &kept, "keep", status);
}

static enum wire_status on_give(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    enum wire_status status = WIRE_UNAVAILABLE;
    service->dirty = true;
    if (store_is_fresh(service)) {
        status = keystored_give(&service->keystored, name_of(exchange), service->scratch,
                                &message->secret);
    }
    return audit_use(service, exchange, "give", uses_of(service, exchange), status);
}

static enum wire_status on_erase(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keystored_change erased = {.none = true};
    enum wire_status status = WIRE_UNAVAILABLE;
    if (store_is_fresh(service)) {
        status = keystored_erase(&service->keystored, name_of(exchange), &erased);
    }
    return change(service, exchange, &erased, "erase", status);
}

static enum wire_status on_next(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    if (!store_is_fresh(service) || service->keystored.state != KEYS_READY) {
        return WIRE_UNAVAILABLE;
    }
    const struct keystored_entry *entry = keystored_next(&service->keystored, name_of(exchange));
    if (!entry) {
        return WIRE_ABSENT;
    }
    message->name = (struct wire_bytes){entry->name, entry->name_count};
    message->kind = entry->kind;
    message->uses = entry->uses;
    return WIRE_OK;
}

static enum wire_status on_seal(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    uint8_t salt[SEAL_SALT_BYTES];
    const struct keystored_content plain = {message->context, message->plain};
    enum wire_status status = keystored_may_seal(&service->keystored, plain);
    service->dirty = true;
    store_begin(service);
    if (status == WIRE_OK) {
        status = store_random(service, salt, sizeof(salt))
                     ? keystored_seal(&service->keystored, owner_of(exchange), plain, salt,
                                      service->scratch)
                     : WIRE_UNAVAILABLE;
    }
    message->sealed = (struct wire_bytes){service->scratch, message->plain.count + KEYS_SEAL_BYTES};
    return audit_use(service, exchange, "seal", service->keystored.sealed, status);
}

static enum wire_status on_open(void *state, struct ipc_exchange *exchange) {
    struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    uint32_t count = 0;
    service->dirty = true;
    enum wire_status status = keystored_open(
        &service->keystored, owner_of(exchange),
        (struct keystored_content){message->context, message->sealed}, service->scratch, &count);
    message->plain = (struct wire_bytes){service->scratch, count};
    return audit_use(service, exchange, "open", service->keystored.sealed, status);
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct keystored_service *service = state;
    struct keys_message *message = exchange->message;
    message->uses = service->uses;
    message->state = (uint8_t)service->keystored.state;
    message->entries = keystored_owned(&service->keystored, owner_of(exchange));
    message->entries_max = KEYSTORED_OWNER_MAX;
    message->flawed = service->keystored.flawed;
    message->made = service->made;
    message->refused = service->refused;
    message->told = service->told;
    message->untold = service->untold;
    return WIRE_OK;
}

// What the last answer left in the clear is wiped before the next wait.
static uint64_t next_deadline(const void *state) {
    return ((const struct keystored_service *)state)->dirty ? 0 : IPC_NEVER;
}

static void on_wake(void *state, uint64_t now_ns) {
    (void)now_ns;
    struct keystored_service *service = state;
    struct message_page *page = service->server.runtime->page;
    sodium_memzero(service->scratch, sizeof(service->scratch));
    sodium_memzero(page->request_in.payload, sizeof(page->request_in.payload));
    sodium_memzero(page->reply_out.payload, sizeof(page->reply_out.payload));
    sodium_memzero(page->call_out.payload, sizeof(page->call_out.payload));
    sodium_memzero(page->reply_in.payload, sizeof(page->reply_in.payload));
    service->dirty = false;
}

static const struct ipc_client *client_of(const void *state) {
    return &((const struct keystored_service *)state)->client;
}

struct wire_bytes keystored_secret_of(const void *image) {
    const struct boot_image_header *header = image;
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, "device_secret") == 0) {
            return (struct wire_bytes){(const uint8_t *)image + entries[i].offset,
                                       (uint32_t)entries[i].bytes};
        }
    }
    return (struct wire_bytes){.count = 0};
}

static bool prepare(struct keystored_service *service, struct runtime *runtime) {
    if (!runtime_expect(runtime, slot_at(KEYSTORED_SLOT_FACTORY), CAP_FACTORY, RIGHT_MAKE_ENDPOINT,
                        "a factory for an endpoint") ||
        !runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd")) {
        return false;
    }
    if (service->secret.count < KEYSTORED_SECRET_MIN) {
        log_line(runtime, "keystored: no device secret, or a short one");
        return false;
    }
    struct slot_result pause = sys_endpoint_create(slot_at(KEYSTORED_SLOT_FACTORY));
    if (pause.status != STATUS_OK) {
        log_line(runtime, "keystored: no endpoint to pause at: %s", status_name(pause.status));
        return false;
    }
    service->server.runtime = runtime;
    ipc_resolver_init(&service->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&service->client, runtime, ipc_resolver_ask, &service->resolver, pause.slot);
    keystored_init(&service->keystored);
    service->until_ns = sys_clock_get() + START_PATIENCE_NS;
    if (!store_load(service)) {
        log_line(runtime, "keystored: statefsd or rngd does not answer");
        return false;
    }
    if (service->keystored.state != KEYS_READY) {
        marker_text(runtime, MARKER_KEYSTORED_LOCKED);
    }
    if (service->keystored.flawed > 0) {
        log_line(runtime, "keystored: %u records do not open", service->keystored.flawed);
    }
    return true;
}

int keystored_main(struct runtime *runtime, struct wire_bytes secret) {
    static const struct ipc_row rows[] = {
        [KEYS_OP_IDENTITY] = {.call = on_identity}, [KEYS_OP_ATTEST] = {.call = on_attest},
        [KEYS_OP_VERIFY] = {.call = on_verify},     [KEYS_OP_MAKE] = {.call = on_make},
        [KEYS_OP_SIGN] = {.call = on_sign},         [KEYS_OP_KEEP] = {.call = on_keep},
        [KEYS_OP_GIVE] = {.call = on_give},         [KEYS_OP_ERASE] = {.call = on_erase},
        [KEYS_OP_NEXT] = {.call = on_next},         [KEYS_OP_SEAL] = {.call = on_seal},
        [KEYS_OP_OPEN] = {.call = on_open},         [KEYS_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service description = {.name = "keystored",
                                            .ready = MARKER_KEYSTORED_READY,
                                            .protocol = &keys_rows,
                                            .rows = rows,
                                            .row_count = ARRAY_LEN(rows),
                                            .next_deadline = next_deadline,
                                            .wake = on_wake,
                                            .client = client_of};
    struct keystored_service service = {.secret = secret};
    int code = 1;
    if (prepare(&service, runtime)) {
        code = ipc_serve(&service.server, runtime, &description, &service);
    }
    sodium_memzero(&service, sizeof(service));
    return code;
}
