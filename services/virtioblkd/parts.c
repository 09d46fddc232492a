// services/virtioblkd/parts.c: see parts.h.
#include "services/virtioblkd/parts.h"

#include <string.h>

#include "base/checked.h"
#include "kernel/abi/boot_image.h"

static const struct boot_image_entry *find_file(const struct boot_image_header *image) {
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_DATA && strcmp(entries[i].name, PARTS_NAME) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

static bool overlap(const struct disk_part *one, const struct disk_part *other) {
    return one->first < other->first + other->sectors && other->first < one->first + one->sectors;
}

static bool is_sound(const struct disk_parts *parts, uint32_t index, uint64_t disk_sectors) {
    const struct disk_part *part = &parts->rows[index];
    bool sound = part->sectors != 0 && range_within(part->first, part->sectors, disk_sectors);
    for (uint32_t i = 0; i < index && sound; i++) {
        sound = parts->rows[i].service_id != part->service_id && !overlap(&parts->rows[i], part);
    }
    return sound;
}

bool parts_open(struct disk_parts *parts, const void *image, uint64_t disk_sectors) {
    struct parts_header header;
    struct disk_parts made = {.divided = true};
    const struct boot_image_entry *file = find_file(image);
    if (!file || file->bytes < sizeof(header)) {
        return false;
    }
    const uint8_t *bytes = (const uint8_t *)image + file->offset;
    memcpy(&header, bytes, sizeof(header));
    if (header.magic != PARTS_MAGIC || header.count == 0 || header.count > PARTS_MAX ||
        file->bytes != sizeof(header) + header.count * sizeof(made.rows[0])) {
        return false;
    }
    made.count = (uint32_t)header.count;
    memcpy(made.rows, bytes + sizeof(header), made.count * sizeof(made.rows[0]));
    for (uint32_t i = 0; i < made.count; i++) {
        if (!is_sound(&made, i, disk_sectors)) {
            return false;
        }
    }
    *parts = made;
    return true;
}

bool parts_find(const struct disk_parts *parts, uint64_t service_id, uint64_t disk_sectors,
                struct disk_part *out) {
    if (!parts->divided) {
        *out = (struct disk_part){.service_id = service_id, .sectors = disk_sectors};
        return true;
    }
    for (uint32_t i = 0; i < parts->count; i++) {
        if (parts->rows[i].service_id == service_id) {
            *out = parts->rows[i];
            return true;
        }
    }
    return false;
}
