// kernel/arch/sim/image.c: the boot image of a simulation, in the first pages of RAM: a manifest
// that names every program, and an ELF file for each. A made file has a read-execute page with
// headers, ABI note and entries, and a writable segment of two pages of which 16 bytes come from
// the file.
#include "kernel/arch/sim/image.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/arch/sim/device.h"
#include "kernel/arch/sim/user.h"
#include "kernel/core/arch.h"

enum {
    ELF_TEXT_BYTES = 4096,
    ELF_DATA_FILE_BYTES = 16,
    ELF_DATA_MEMORY_BYTES = 8192,
    ELF_FILE_BYTES = ELF_TEXT_BYTES + ELF_DATA_FILE_BYTES,
    ELF_STACK_BYTES = 8192,
    ELF_HEADER_COUNT = 4,
    ELF_NOTE_OFFSET = 512,
};

// ELF-64 (System V ABI), as words: 64-byte header, 56-byte program headers.
struct elf_head {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t sizes[6];
};
BASE_STATIC_ASSERT(sizeof(struct elf_head) == 64, "ELF-64");

struct elf_segment_head {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t align;
};
BASE_STATIC_ASSERT(sizeof(struct elf_segment_head) == 56, "ELF-64");

static void write_elf(uint8_t *file, uint32_t index) {
    struct elf_head head = {.ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
                            .type = 2,
                            .machine = 243,
                            .version = 1,
                            .entry = USER_IMAGE_MIN + SIM_ENTRY_FIRST + 4 * (uint64_t)index,
                            .program_headers = sizeof(struct elf_head),
                            .sizes = {64, 56, ELF_HEADER_COUNT, 0, 0, 0}};
    memcpy(file, &head, sizeof(head));
    const struct elf_segment_head segments[ELF_HEADER_COUNT] = {
        {1, 4 | 1, 0, USER_IMAGE_MIN, 0, ELF_TEXT_BYTES, ELF_TEXT_BYTES, 4096},
        {1, 4 | 2, ELF_TEXT_BYTES, USER_IMAGE_MIN + ELF_TEXT_BYTES, 0, ELF_DATA_FILE_BYTES,
         ELF_DATA_MEMORY_BYTES, 4096},
        {4, 4, ELF_NOTE_OFFSET, 0, 0, 24, 24, 4},
        {0x6474e551, 4 | 2, 0, 0, 0, 0, ELF_STACK_BYTES, 16},
    };
    memcpy(file + sizeof(head), segments, sizeof(segments));
    const uint32_t note[3] = {sizeof(ABI_NOTE_NAME), 4, ABI_NOTE_TYPE};
    const uint32_t version = ABI_VERSION;
    memcpy(file + ELF_NOTE_OFFSET, note, sizeof(note));
    memcpy(file + ELF_NOTE_OFFSET + sizeof(note), ABI_NOTE_NAME, sizeof(ABI_NOTE_NAME));
    memcpy(file + ELF_NOTE_OFFSET + sizeof(note) + 8, &version, sizeof(version));
    memset(file + ELF_TEXT_BYTES, 0x5a, ELF_DATA_FILE_BYTES);
}

static struct boot_image_entry *image_table(void) {
    return (struct boot_image_entry *)(void *)(sim_ram.bytes + sizeof(struct boot_image_header));
}

static uint64_t align_page(uint64_t bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

// Puts `bytes` at the image's end, with a table entry; returns where.
static uint8_t *append(struct boot_image_header *header, enum boot_image_kind kind,
                       const char *name, uint64_t bytes) {
    struct boot_image_entry *entry = &image_table()[header->entry_count++];
    *entry =
        (struct boot_image_entry){.offset = header->bytes, .bytes = bytes, .kind = (uint32_t)kind};
    strncpy(entry->name, name, BOOT_IMAGE_NAME_BYTES - 1);
    entry->service_id = kind == BOOT_IMAGE_PROGRAM ? service_id_of(name, strlen(name)) : 0;
    uint8_t *place = sim_ram.bytes + header->bytes;
    header->bytes += align_page(bytes);
    if (header->bytes > (uint64_t)sim_ram.page_count * PAGE_BYTES) {
        fprintf(stderr, "sim: RAM is too small for the boot image\n");
        exit(2);
    }
    memset(place, 0, align_page(bytes));
    return place;
}

static void write_manifest(uint8_t *place, const struct sim_image *what) {
    const struct manifest_grant arena = {
        .kind = MANIFEST_GRANT_DEVICE,
        .slot = 1,
        .rights = RIGHTS_DEVICE,
        .target = DEVICE_ID_BLOCK,
        .badge = what->arena_pages != 0 ? what->arena_pages : SIM_ARENA_PAGES};
    struct manifest_header head = {.magic = MANIFEST_MAGIC, .grant_count = 1};
    for (uint32_t i = 1; i < what->program_count && head.service_count < MANIFEST_SERVICE_MAX;
         i++) {
        const char *name = what->programs[i].name;
        struct manifest_service service = {.service_id = service_id_of(name, strlen(name)),
                                           .hart = MANIFEST_HART_ANY};
        strncpy(service.name, name, sizeof(service.name) - 1);
        strncpy(service.program, name, sizeof(service.program) - 1);
        memcpy(place + sizeof(head) + head.service_count * sizeof(service), &service,
               sizeof(service));
        head.service_count++;
    }
    memcpy(place + sizeof(head) + head.service_count * sizeof(struct manifest_service), &arena,
           sizeof(arena));
    memcpy(place, &head, sizeof(head));
}

uint32_t sim_image_build(const struct sim_image *what) {
    memset(
        sim_ram.bytes, 0,
        sizeof(struct boot_image_header) + BOOT_IMAGE_ENTRY_MAX * sizeof(struct boot_image_entry));
    struct boot_image_header *header = (struct boot_image_header *)(void *)sim_ram.bytes;
    *header = (struct boot_image_header){
        .magic = BOOT_IMAGE_MAGIC, .abi_version = ABI_VERSION, .hart_count = what->hart_count};
    header->bytes =
        align_page(sizeof(*header) + BOOT_IMAGE_ENTRY_MAX * sizeof(struct boot_image_entry));
    write_manifest(append(header, BOOT_IMAGE_MANIFEST, "manifest",
                          sizeof(struct manifest_header) +
                              MANIFEST_SERVICE_MAX * sizeof(struct manifest_service) +
                              sizeof(struct manifest_grant)),
                   what);
    for (uint32_t i = 0; i < what->program_count; i++) {
        const struct sim_program *program = &what->programs[i];
        uint8_t *place = append(header, BOOT_IMAGE_PROGRAM, program->name,
                                program->file ? program->file_bytes : ELF_FILE_BYTES);
        if (program->file) {
            memcpy(place, program->file, program->file_bytes);
        } else {
            write_elf(place, i);
        }
    }
    return (uint32_t)(header->bytes / PAGE_BYTES);
}

bool sim_program_find(const char *name, uint64_t *offset, uint64_t *bytes) {
    const struct boot_image_header *header =
        (const struct boot_image_header *)(const void *)sim_ram.bytes;
    for (uint32_t i = 0; i < header->entry_count; i++) {
        const struct boot_image_entry *entry = &image_table()[i];
        if (entry->kind == BOOT_IMAGE_PROGRAM && strcmp(entry->name, name) == 0) {
            *offset = entry->offset;
            *bytes = entry->bytes;
            return true;
        }
    }
    return false;
}

void sim_image_devices(struct boot_info *out) {
    static const uint32_t ids[SIM_DEVICE_COUNT] = {DEVICE_ID_ENTROPY, DEVICE_ID_BLOCK,
                                                   DEVICE_ID_NONE};
    for (uint32_t i = 0; i < SIM_DEVICE_COUNT; i++) {
        out->devices[i] = (struct boot_device){.window = {SIM_DEVICE_FIRST_PAGE + i},
                                               .window_pages = 1,
                                               .line = SIM_LINE_FIRST + i,
                                               .id = ids[i]};
    }
    out->device_count = SIM_DEVICE_COUNT;
    out->input_line = SIM_LINE_FIRST + DEVICE_INPUT;
}
