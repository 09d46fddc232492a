// services/init/manifest_view.h: the boot manifest as init reads it: checked as a whole before
// anything of it is used. Knows no system calls.
// Ownership: a view points into the boot image, which outlives it.
// Errors:    enum manifest_flaw; the view is untouched unless it is MANIFEST_FLAW_NONE.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SERVICE_INDEX_NONE UINT32_MAX

enum manifest_flaw {
    MANIFEST_FLAW_NONE,
    MANIFEST_FLAW_IMAGE,    // Boot image header or table.
    MANIFEST_FLAW_MISSING,  // No manifest in the boot image.
    MANIFEST_FLAW_SIZE,     // Magic, counts or length do not fit together.
    MANIFEST_FLAW_NAME,  // Empty, without an end, or twice; or a service_id that is not its hash.
    MANIFEST_FLAW_PROGRAM,       // Not in the boot image.
    MANIFEST_FLAW_HART,          // There is no such hart.
    MANIFEST_FLAW_LIMITS,        // More than a task can be given, or no page or slot.
    MANIFEST_FLAW_GRANT_RANGE,   // Grants outside the table, or of a program that init does not
                                 // start.
    MANIFEST_FLAW_GRANT_SLOT,    // Outside the capability table, or twice.
    MANIFEST_FLAW_GRANT_KIND,    // Unknown kind, or rights that it does not have.
    MANIFEST_FLAW_GRANT_TARGET,  // A route to a service without an endpoint, or a target that does
                                 // not exist.
    MANIFEST_FLAW_FINAL,         // No service's exit ends the system.
    MANIFEST_FLAW_TOO_MANY,      // Services with more slots than init has (slots.h).
    MANIFEST_FLAW_COUNT
};

struct manifest_view {
    const struct boot_image_header *image;
    const struct manifest_service *services;
    const struct manifest_grant *grants;
    uint32_t service_count;
    uint32_t grant_count;
};

WARN_UNUSED enum manifest_flaw manifest_open(const void *image, struct manifest_view *out);

// For people.
const char *manifest_flaw_text(enum manifest_flaw flaw);

// The boot image entry of a program; null if there is none.
const struct boot_image_entry *manifest_find_program(const struct boot_image_header *image,
                                                     const char *name);

// The service's endpoint grant; null if it has none.
const struct manifest_grant *manifest_endpoint_grant(const struct manifest_view *view,
                                                     uint32_t service);

// The route that the manifest puts into that slot of the service; null if it puts none there.
const struct manifest_grant *manifest_route_grant(const struct manifest_view *view,
                                                  uint32_t service, uint32_t slot);

// The index of the service with that id; SERVICE_INDEX_NONE if there is none.
uint32_t manifest_find_service(const struct manifest_view *view, uint64_t service_id);

#ifdef __cplusplus
}
#endif
