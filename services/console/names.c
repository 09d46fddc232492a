// services/console/names.c: see names.h.
#include "services/console/names.h"

#include <string.h>

#include "base/checked.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/identity.h"

static const struct boot_image_entry *find_manifest(const struct boot_image_header *image) {
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count && i < BOOT_IMAGE_ENTRY_MAX; i++) {
        if (entries[i].kind == BOOT_IMAGE_MANIFEST &&
            range_within(entries[i].offset, entries[i].bytes, image->bytes)) {
            return &entries[i];
        }
    }
    return 0;
}

void names_init(struct names *names, const void *image) {
    const struct boot_image_entry *entry = find_manifest(image);
    *names = (struct names){0};
    if (!entry || entry->bytes < sizeof(struct manifest_header)) {
        return;
    }
    const struct manifest_header *header =
        (const struct manifest_header *)(const void *)((const uint8_t *)image + entry->offset);
    uint64_t room = (entry->bytes - sizeof(*header)) / sizeof(struct manifest_service);
    if (header->magic != MANIFEST_MAGIC || header->service_count > MANIFEST_SERVICE_MAX ||
        header->service_count > room) {
        return;
    }
    names->services = (const struct manifest_service *)(const void *)(header + 1);
    names->count = header->service_count;
}

static const struct names_program *find_program(const struct names *names, uint64_t service_id) {
    for (uint32_t i = 0; i < names->program_count; i++) {
        if (names->programs[i].service_id == service_id) {
            return &names->programs[i];
        }
    }
    return 0;
}

static bool is_proper(const uint8_t *name, uint32_t name_bytes) {
    for (uint32_t i = 0; i < name_bytes; i++) {
        bool letter = name[i] >= 'a' && name[i] <= 'z';
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!letter && !digit && name[i] != '_') {
            return false;
        }
    }
    return name_bytes != 0 && name_bytes < NAMES_PROGRAM_BYTES;
}

void names_learn(struct names *names, const uint8_t *name, uint32_t name_bytes) {
    if (!is_proper(name, name_bytes) || names->program_count == NAMES_PROGRAM_MAX) {
        return;
    }
    struct names_program learned = {.service_id = program_id_of((const char *)name, name_bytes)};
    memcpy(learned.name, name, name_bytes);
    if (!find_program(names, learned.service_id)) {
        names->programs[names->program_count++] = learned;
    }
}

uint64_t names_find_program(const struct names *names, const char *name) {
    name += *name == '@';
    const struct names_program *found = find_program(names, program_id_of(name, strlen(name)));
    return found && strcmp(found->name, name) == 0 ? found->service_id : 0;
}

const char *names_of(const struct names *names, uint64_t service_id) {
    const struct names_program *program = find_program(names, service_id);
    if (program) {
        return program->name;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        if (names->services[i].service_id == service_id) {
            return names->services[i].name;
        }
    }
    return service_id == service_id_of(BOOT_IMAGE_INIT_NAME, sizeof(BOOT_IMAGE_INIT_NAME) - 1)
               ? BOOT_IMAGE_INIT_NAME
               : 0;
}

const char *names_mark(uint64_t service_id) {
    return (service_id & SERVICE_ID_TOP_BIT) != 0 ? "@" : "";
}

uint64_t names_find(const struct names *names, const char *name) {
    uint64_t service_id = service_id_of(name, strlen(name));
    const char *known = names_of(names, service_id);
    return known && strcmp(known, name) == 0 ? service_id : 0;
}
