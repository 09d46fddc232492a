// kernel/core/image.c: see image.h.
#include "kernel/core/image.h"

#include "base/checked.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/core/panic.h"

static const struct boot_image_entry *image_entries(const struct kernel *kernel) {
    return (const struct boot_image_entry *)(const void *)(kernel->image + 1);
}

static void check_entry(const struct kernel *kernel, uint32_t index) {
    const struct boot_image_entry *entry = &image_entries(kernel)[index];
    size_t length = 0;
    uint64_t id = fnv1a_64_text(entry->name, BOOT_IMAGE_NAME_BYTES, &length) & ~SERVICE_ID_TOP_BIT;
    if (length == 0 || length == BOOT_IMAGE_NAME_BYTES) {
        kernel_panic("boot image: entry %u has no proper name", index);
    }
    if (entry->offset % BOOT_IMAGE_ALIGN != 0 || entry->offset == 0 ||
        !range_within(entry->offset, entry->bytes, kernel->image_bytes)) {
        kernel_panic("boot image: %s lies outside the image", entry->name);
    }
    uint64_t seen = image_bytes_seen(kernel, 0);
    if (entry->offset < seen && entry->bytes > seen - entry->offset) {
        kernel_panic("boot image: %s is secret in part", entry->name);
    }
    if (entry->kind < BOOT_IMAGE_PROGRAM || entry->kind > BOOT_IMAGE_DATA) {
        kernel_panic("boot image: %s has unknown kind %u", entry->name, entry->kind);
    }
    bool is_program = entry->kind == BOOT_IMAGE_PROGRAM;
    if (entry->service_id != (is_program ? id : 0)) {
        kernel_panic("boot image: %s has a wrong service_id", entry->name);
    }
}

static void check_manifest(struct kernel *kernel) {
    const struct boot_image_entry *entry = image_find(kernel, BOOT_IMAGE_MANIFEST, 0);
    if (!entry || entry->bytes < sizeof(struct manifest_header)) {
        kernel_panic("boot image: no manifest");
    }
    const struct manifest_header *manifest =
        (const struct manifest_header *)(const void *)((const char *)kernel->image + entry->offset);
    uint64_t needed = sizeof(*manifest) +
                      (uint64_t)manifest->service_count * sizeof(struct manifest_service) +
                      (uint64_t)manifest->grant_count * sizeof(struct manifest_grant);
    if (manifest->magic != MANIFEST_MAGIC || manifest->service_count > MANIFEST_SERVICE_MAX ||
        manifest->grant_count > MANIFEST_GRANT_MAX || needed > entry->bytes) {
        kernel_panic("boot image: malformed manifest");
    }
    kernel->manifest = manifest;
}

void image_check(struct kernel *kernel, const struct boot_info *info) {
    const struct boot_image_header *image =
        (const struct boot_image_header *)arch_page(info->image_first);
    if (info->image_bytes < sizeof(*image) || image->magic != BOOT_IMAGE_MAGIC) {
        kernel_panic("boot image: missing or not one (%lu bytes)",
                     (unsigned long)info->image_bytes);
    }
    if (image->abi_version != ABI_VERSION) {
        kernel_panic("boot image: ABI version %u, kernel has %u", image->abi_version, ABI_VERSION);
    }
    uint64_t table_bytes =
        sizeof(*image) + (uint64_t)image->entry_count * sizeof(struct boot_image_entry);
    if (image->entry_count > BOOT_IMAGE_ENTRY_MAX || image->bytes % BOOT_IMAGE_ALIGN != 0 ||
        image->bytes > info->image_bytes || table_bytes > image->bytes ||
        image->bytes > USER_DEVICES - USER_BOOT_IMAGE) {
        kernel_panic("boot image: %u entries in %lu of %lu bytes", image->entry_count,
                     (unsigned long)image->bytes, (unsigned long)info->image_bytes);
    }
    if (image->hart_count != info->hart_count) {
        kernel_panic("boot image is for %u harts, the machine has %u", image->hart_count,
                     info->hart_count);
    }
    if (image->secret_pages > (image->bytes - table_bytes) / BOOT_IMAGE_ALIGN) {
        kernel_panic("boot image: %u of %lu bytes are secret pages", image->secret_pages,
                     (unsigned long)image->bytes);
    }
    kernel->image = image;
    kernel->image_first = info->image_first;
    kernel->image_bytes = image->bytes;
    for (uint32_t i = 0; i < image->entry_count; i++) {
        check_entry(kernel, i);
    }
    check_manifest(kernel);
}

uint64_t image_bytes_seen(const struct kernel *kernel, uint32_t rights) {
    uint64_t hidden = (uint64_t)kernel->image->secret_pages * BOOT_IMAGE_ALIGN;
    return kernel->image_bytes - ((rights & RIGHT_SECRET) != 0 ? 0 : hidden);
}

static bool same_name(const char *a, const char *b) {
    uint32_t i = 0;
    while (i < BOOT_IMAGE_NAME_BYTES && a[i] == b[i] && a[i] != 0) {
        i++;
    }
    return i < BOOT_IMAGE_NAME_BYTES && a[i] == b[i];
}

const struct boot_image_entry *image_find(const struct kernel *kernel, enum boot_image_kind kind,
                                          const char *name) {
    const struct boot_image_entry *entries = image_entries(kernel);
    for (uint32_t i = 0; i < kernel->image->entry_count; i++) {
        if (entries[i].kind == (uint32_t)kind && (!name || same_name(entries[i].name, name))) {
            return &entries[i];
        }
    }
    return 0;
}

static const struct manifest_service *services_of(const struct manifest_header *manifest) {
    return (const struct manifest_service *)(const void *)(manifest + 1);
}

const struct manifest_grant *image_grants(const struct kernel *kernel, uint32_t *count) {
    const struct manifest_header *manifest = kernel->manifest;
    *count = manifest->grant_count;
    return (const struct manifest_grant *)(const void *)(services_of(manifest) +
                                                         manifest->service_count);
}

bool image_has_service(const struct kernel *kernel, uint64_t service_id) {
    const struct manifest_header *manifest = kernel->manifest;
    const struct manifest_service *services = services_of(manifest);
    for (uint32_t i = 0; i < manifest->service_count; i++) {
        if (services[i].service_id == service_id) {
            return (service_id & SERVICE_ID_TOP_BIT) == 0;
        }
    }
    return false;
}
