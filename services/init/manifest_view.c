// services/init/manifest_view.c: see manifest_view.h.
#include "services/init/manifest_view.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/task.h"
#include "services/init/slots.h"

const char *manifest_flaw_text(enum manifest_flaw flaw) {
    static const char *const texts[] = {
        [MANIFEST_FLAW_NONE] = "nothing is wrong",
        [MANIFEST_FLAW_IMAGE] = "the boot image's header or table is malformed",
        [MANIFEST_FLAW_MISSING] = "the boot image has no manifest",
        [MANIFEST_FLAW_SIZE] = "magic, counts and length do not fit together",
        [MANIFEST_FLAW_NAME] =
            "a name is empty, has no end or stands twice, or a service_id is not its hash",
        [MANIFEST_FLAW_PROGRAM] = "a program is not in the boot image",
        [MANIFEST_FLAW_HART] = "a service wants a hart that does not exist",
        [MANIFEST_FLAW_LIMITS] = "a service may hold nothing, or more than a task can",
        [MANIFEST_FLAW_GRANT_RANGE] =
            "grants lie outside the table, or belong to a program that init does not start",
        [MANIFEST_FLAW_GRANT_SLOT] =
            "a grant's slot is outside the capability table or taken twice",
        [MANIFEST_FLAW_GRANT_KIND] =
            "a grant has an unknown kind or rights that its kind does not have",
        [MANIFEST_FLAW_GRANT_TARGET] = "a grant's target does not exist or has no endpoint",
        [MANIFEST_FLAW_FINAL] = "no service's exit ends the system",
        [MANIFEST_FLAW_TOO_MANY] = "its services take more slots than init has",
    };
    BASE_STATIC_ASSERT(ARRAY_LEN(texts) == MANIFEST_FLAW_COUNT, "a text for each flaw");
    return (uint32_t)flaw < MANIFEST_FLAW_COUNT ? texts[flaw] : "?";
}

static const struct boot_image_entry *entries_of(const struct boot_image_header *image) {
    return (const struct boot_image_entry *)(const void *)(image + 1);
}

static bool name_ends(const char *name, size_t bytes) {
    return name[0] != 0 && memchr(name, 0, bytes) != 0;
}

static bool image_flawed(const struct boot_image_header *image) {
    if (image->magic != BOOT_IMAGE_MAGIC || image->abi_version != ABI_VERSION ||
        image->entry_count > BOOT_IMAGE_ENTRY_MAX ||
        image->bytes < sizeof(*image) + image->entry_count * sizeof(struct boot_image_entry)) {
        return true;
    }
    const struct boot_image_entry *entries = entries_of(image);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (!name_ends(entries[i].name, sizeof(entries[i].name)) ||
            entries[i].offset % BOOT_IMAGE_ALIGN != 0 ||
            !range_within(entries[i].offset, entries[i].bytes, image->bytes)) {
            return true;
        }
    }
    return false;
}

static const struct boot_image_entry *find(const struct boot_image_header *image,
                                           enum boot_image_kind kind, const char *name) {
    const struct boot_image_entry *entries = entries_of(image);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == (uint32_t)kind && (!name || strcmp(entries[i].name, name) == 0)) {
            return &entries[i];
        }
    }
    return 0;
}

const struct boot_image_entry *manifest_find_program(const struct boot_image_header *image,
                                                     const char *name) {
    return find(image, BOOT_IMAGE_PROGRAM, name);
}

// The service's first grant of that kind; null if it has none.
static const struct manifest_grant *find_grant(const struct manifest_view *view, uint32_t service,
                                               enum manifest_grant_kind kind) {
    const struct manifest_service *of = &view->services[service];
    for (uint32_t i = of->grant_first; i < of->grant_first + of->grant_count; i++) {
        if (view->grants[i].kind == (uint32_t)kind) {
            return &view->grants[i];
        }
    }
    return 0;
}

const struct manifest_grant *manifest_endpoint_grant(const struct manifest_view *view,
                                                     uint32_t service) {
    return find_grant(view, service, MANIFEST_GRANT_ENDPOINT);
}

const struct manifest_grant *manifest_route_grant(const struct manifest_view *view,
                                                  uint32_t service, uint32_t slot) {
    const struct manifest_service *of = &view->services[service];
    for (uint32_t i = of->grant_first; i < of->grant_first + of->grant_count; i++) {
        if (view->grants[i].kind == MANIFEST_GRANT_ROUTE && view->grants[i].slot == slot) {
            return &view->grants[i];
        }
    }
    return 0;
}

uint32_t manifest_find_service(const struct manifest_view *view, uint64_t service_id) {
    for (uint32_t i = 0; i < view->service_count; i++) {
        if (view->services[i].service_id == service_id) {
            return i;
        }
    }
    return SERVICE_INDEX_NONE;
}

// The records' places, from counts that fit the entry's length.
static enum manifest_flaw locate(const struct boot_image_header *image,
                                 struct manifest_view *view) {
    const struct boot_image_entry *entry = find(image, BOOT_IMAGE_MANIFEST, 0);
    if (!entry) {
        return MANIFEST_FLAW_MISSING;
    }
    const uint8_t *bytes = (const uint8_t *)image + entry->offset;
    const struct manifest_header *header = (const struct manifest_header *)(const void *)bytes;
    if (entry->bytes < sizeof(*header) || header->magic != MANIFEST_MAGIC ||
        header->service_count == 0 || header->service_count > MANIFEST_SERVICE_MAX ||
        header->grant_count > MANIFEST_GRANT_MAX) {
        return MANIFEST_FLAW_SIZE;
    }
    uint64_t services_bytes = header->service_count * sizeof(struct manifest_service);
    uint64_t grants_bytes = header->grant_count * sizeof(struct manifest_grant);
    if (entry->bytes != sizeof(*header) + services_bytes + grants_bytes) {
        return MANIFEST_FLAW_SIZE;
    }
    view->image = image;
    view->services = (const struct manifest_service *)(const void *)(bytes + sizeof(*header));
    view->grants =
        (const struct manifest_grant *)(const void *)(bytes + sizeof(*header) + services_bytes);
    view->service_count = header->service_count;
    view->grant_count = header->grant_count;
    return MANIFEST_FLAW_NONE;
}

static enum manifest_flaw check_service(const struct manifest_view *view, uint32_t index) {
    const struct manifest_service *service = &view->services[index];
    if (!name_ends(service->name, sizeof(service->name)) ||
        !name_ends(service->program, sizeof(service->program)) ||
        service->service_id != service_id_of(service->name, strlen(service->name))) {
        return MANIFEST_FLAW_NAME;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (view->services[i].service_id == service->service_id) {
            return MANIFEST_FLAW_NAME;
        }
    }
    if (!manifest_find_program(view->image, service->program)) {
        return MANIFEST_FLAW_PROGRAM;
    }
    if (service->hart != MANIFEST_HART_ANY && service->hart >= view->image->hart_count) {
        return MANIFEST_FLAW_HART;
    }
    bool started = (service->flags & MANIFEST_AUTOSTART) != 0;
    const struct task_limits limits = task_limits_unpack(service->limits);
    if (started && (service->limits >> TASK_LIMIT_BITS != 0 || limits.pages == 0 ||
                    limits.slots == 0 || task_ceiling_unpack(service->limits) >= QOS_COUNT ||
                    service->shares >> TASK_SHARE_BITS != 0 ||
                    task_shares_unpack(service->shares).cpu > TASK_SHARE_CPU_MAX)) {
        return MANIFEST_FLAW_LIMITS;
    }
    if (!range_within(service->grant_first, service->grant_count, view->grant_count) ||
        (!started && service->grant_count != 0)) {
        return MANIFEST_FLAW_GRANT_RANGE;
    }
    return MANIFEST_FLAW_NONE;
}

static uint32_t rights_of_kind(uint32_t kind) {
    switch (kind) {
        case MANIFEST_GRANT_CONSOLE:
            return RIGHTS_CONSOLE;
        case MANIFEST_GRANT_ENDPOINT:
            return RIGHTS_ENDPOINT | MANIFEST_ACCEPT_CAPS;
        case MANIFEST_GRANT_ROUTE:
            return RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY;
        case MANIFEST_GRANT_FACTORY:
            return RIGHTS_FACTORY;
        case MANIFEST_GRANT_IMAGE:
            return RIGHTS_IMAGE;
        case MANIFEST_GRANT_DEVICE:
            return RIGHTS_DEVICE;
        case MANIFEST_GRANT_STATS:
            return RIGHTS_STATS;
        case MANIFEST_GRANT_FAMILY:
            return RIGHTS_GRANT;
        default:
            return 0;
    }
}

static bool target_exists(const struct manifest_view *view, const struct manifest_grant *grant) {
    switch (grant->kind) {
        case MANIFEST_GRANT_ROUTE:
            return grant->target == MANIFEST_TARGET_INIT ||
                   (grant->target < view->service_count &&
                    manifest_endpoint_grant(view, grant->target));
        case MANIFEST_GRANT_FACTORY:
            return grant->target < view->service_count ||
                   grant->target == MANIFEST_TARGET_PROGRAMS ||
                   (grant->target == MANIFEST_HART_ANY && (grant->rights & RIGHT_MAKE_TASK) == 0);
        case MANIFEST_GRANT_DEVICE:
            return (grant->target & MANIFEST_DEVICE_ID_MASK) != DEVICE_ID_NONE &&
                   grant->target >> MANIFEST_DEVICE_NUMBER_SHIFT < DEVICE_MAX &&
                   grant->badge <= DEVICE_ARENA_PAGES_MAX;
        default:
            return true;
    }
}

static enum manifest_flaw check_grants(const struct manifest_view *view, uint32_t index) {
    const struct manifest_service *service = &view->services[index];
    uint64_t taken = UINT64_C(1) << CAP_SLOT_NONE;
    uint32_t endpoint_count = 0;
    for (uint32_t i = service->grant_first; i < service->grant_first + service->grant_count; i++) {
        const struct manifest_grant *grant = &view->grants[i];
        if (grant->slot >= CAP_SLOT_COUNT || ((taken >> grant->slot) & 1) != 0) {
            return MANIFEST_FLAW_GRANT_SLOT;
        }
        taken |= UINT64_C(1) << grant->slot;
        endpoint_count += grant->kind == MANIFEST_GRANT_ENDPOINT;
        if (grant->rights == 0 || (grant->rights & ~rights_of_kind(grant->kind)) != 0 ||
            endpoint_count > 1) {
            return MANIFEST_FLAW_GRANT_KIND;
        }
        if (!target_exists(view, grant)) {
            return MANIFEST_FLAW_GRANT_TARGET;
        }
    }
    return MANIFEST_FLAW_NONE;
}

// What init holds once all of it runs.
static bool fits_slots(const struct manifest_view *view) {
    uint32_t slots = 0;
    for (uint32_t i = 0; i < view->service_count; i++) {
        slots += (view->services[i].flags & MANIFEST_AUTOSTART) != 0;
        slots += find_grant(view, i, MANIFEST_GRANT_ENDPOINT) != 0;
        slots += find_grant(view, i, MANIFEST_GRANT_FAMILY) != 0;
    }
    return slots <= INIT_SLOTS_SERVICES;
}

enum manifest_flaw manifest_open(const void *image, struct manifest_view *out) {
    struct manifest_view view = {0};
    const struct boot_image_header *header = image;
    enum manifest_flaw flaw = image_flawed(header) ? MANIFEST_FLAW_IMAGE : locate(header, &view);
    bool has_final = false;
    for (uint32_t i = 0; i < view.service_count && flaw == MANIFEST_FLAW_NONE; i++) {
        flaw = check_service(&view, i);
        uint32_t both = MANIFEST_FINAL | MANIFEST_AUTOSTART;
        has_final = has_final || (view.services[i].flags & both) == both;
    }
    // After all services: a route may go to a later one.
    for (uint32_t i = 0; i < view.service_count && flaw == MANIFEST_FLAW_NONE; i++) {
        flaw = check_grants(&view, i);
    }
    if (flaw == MANIFEST_FLAW_NONE && !has_final) {
        flaw = MANIFEST_FLAW_FINAL;
    }
    if (flaw == MANIFEST_FLAW_NONE && !fits_slots(&view)) {
        flaw = MANIFEST_FLAW_TOO_MANY;
    }
    if (flaw == MANIFEST_FLAW_NONE) {
        *out = view;
    }
    return flaw;
}
