// kernel/core/image.h: the boot image, checked as a whole before anything in it is used.
#pragma once

#include "kernel/abi/manifest.h"
#include "kernel/core/kernel.h"

// Panics with the reason if the image is malformed, of another ABI version, or made for another
// number of harts.
void image_check(struct kernel *kernel, const struct boot_info *info);

// The entry of that kind and name; null if there is none. A null name matches any.
WARN_UNUSED const struct boot_image_entry *image_find(const struct kernel *kernel,
                                                      enum boot_image_kind kind, const char *name);

// How much of it is seen with those rights: all but its secret pages, or all.
WARN_UNUSED uint64_t image_bytes_seen(const struct kernel *kernel, uint32_t rights);

// Whether the boot manifest has a service with this id: what init's factory may assign.
WARN_UNUSED bool image_has_service(const struct kernel *kernel, uint64_t service_id);

// Every grant of the boot manifest, whatever it holds: only the table's length is checked.
WARN_UNUSED const struct manifest_grant *image_grants(const struct kernel *kernel, uint32_t *count);
