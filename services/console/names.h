// services/console/names.h: the services of the boot manifest by name and by service_id, as the
// boot image has them.
// Ownership: names point into the image, which outlives them.
// Blocking:  never; looks at each service once.
// Errors:    of an image without a manifest, or with one that does not fit, there are no names.
#pragma once

#include <stdbool.h>

#include "kernel/abi/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

struct names {
    const struct manifest_service *services;
    uint32_t count;
};

void names_init(struct names *names, const void *image);

// The name of a service, init included; null if it is none of the image's.
const char *names_of(const struct names *names, uint64_t service_id);

// The service_id of a name of the image; 0 if there is none.
uint64_t names_find(const struct names *names, const char *name);

#ifdef __cplusplus
}
#endif
