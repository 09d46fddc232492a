// kernel/core/elf.c: see elf.h. Every offset is compared with the file's size before it is used.
#include "kernel/core/elf.h"

#include <stdbool.h>

#include "base/checked.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "kernel/core/arch.h"

enum {
    ELF_TYPE_EXEC = 2,
    ELF_MACHINE_RISCV = 243,
    ELF_PT_LOAD = 1,
    ELF_PT_NOTE = 4,
    ELF_PT_GNU_STACK = 0x6474e551,
    ELF_PF_X = 1,
    ELF_PF_W = 2,
    ELF_PF_R = 4,
    ELF_PROGRAM_HEADER_MAX = 16,
    ELF_NOTE_MAX = 8,
};

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers;
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_bytes;
    uint16_t program_header_bytes;
    uint16_t program_header_count;
    uint16_t section_header_bytes;
    uint16_t section_header_count;
    uint16_t section_names;
};
BASE_STATIC_ASSERT(sizeof(struct elf_header) == 64, "ELF-64");

struct elf_program_header {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t virtual_address;
    uint64_t physical_address;
    uint64_t file_bytes;
    uint64_t memory_bytes;
    uint64_t align;
};
BASE_STATIC_ASSERT(sizeof(struct elf_program_header) == 56, "ELF-64");

struct elf_note {
    uint32_t name_bytes;
    uint32_t desc_bytes;
    uint32_t type;
};

static enum elf_reject check_header(const struct elf_header *header, uint64_t head_bytes) {
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    if (head_bytes < sizeof(*header)) {
        return ELF_REJECT_SHORT;
    }
    for (uint32_t i = 0; i < sizeof(ident); i++) {
        if (header->ident[i] != ident[i]) {
            return ELF_REJECT_MAGIC;
        }
    }
    if (header->type != ELF_TYPE_EXEC || header->machine != ELF_MACHINE_RISCV) {
        return ELF_REJECT_MACHINE;
    }
    if (header->program_header_bytes != sizeof(struct elf_program_header) ||
        header->program_header_count == 0 ||
        header->program_header_count > ELF_PROGRAM_HEADER_MAX) {
        return ELF_REJECT_SEGMENTS;
    }
    uint64_t table_bytes =
        (uint64_t)header->program_header_count * sizeof(struct elf_program_header);
    if (header->program_headers % 8 != 0 ||
        !range_within(header->program_headers, table_bytes, head_bytes)) {
        return ELF_REJECT_SHORT;
    }
    return ELF_REJECT_NONE;
}

static enum elf_reject check_segment(const struct elf_program_header *header, uint64_t bytes,
                                     uint32_t access) {
    if (!range_within(header->offset, header->file_bytes, bytes) ||
        header->file_bytes > header->memory_bytes) {
        return ELF_REJECT_BOUNDS;
    }
    if ((access & ARCH_WRITE) == 0 && header->file_bytes != header->memory_bytes) {
        return ELF_REJECT_BOUNDS;
    }
    if (header->virtual_address < USER_IMAGE_MIN ||
        !range_within(header->virtual_address, header->memory_bytes, USER_IMAGE_MAX)) {
        return ELF_REJECT_ADDRESS;
    }
    if (header->virtual_address % PAGE_BYTES != header->offset % PAGE_BYTES) {
        return ELF_REJECT_ALIGNMENT;
    }
    if ((access & ARCH_WRITE) != 0 && (access & ARCH_EXECUTE) != 0) {
        return ELF_REJECT_WRITE_EXECUTE;
    }
    return ELF_REJECT_NONE;
}

// Rising order and no shared page, so that each page has one segment's rights.
static bool follows_previous(const struct elf_program *program, uint64_t address) {
    if (program->segment_count == 0) {
        return true;
    }
    const struct elf_segment *last = &program->segments[program->segment_count - 1];
    uint64_t last_page = align_down_u64(last->address + last->memory_bytes - 1, PAGE_BYTES);
    return align_down_u64(address, PAGE_BYTES) > last_page;
}

static enum elf_reject add_segment(struct elf_program *program,
                                   const struct elf_program_header *header, uint64_t bytes) {
    if (header->memory_bytes == 0) {
        return ELF_REJECT_NONE;
    }
    uint32_t access = ((header->flags & ELF_PF_R) != 0 ? ARCH_READ : 0u) |
                      ((header->flags & ELF_PF_W) != 0 ? ARCH_WRITE : 0u) |
                      ((header->flags & ELF_PF_X) != 0 ? ARCH_EXECUTE : 0u);
    enum elf_reject reject = check_segment(header, bytes, access);
    if (reject != ELF_REJECT_NONE) {
        return reject;
    }
    if (access == 0 || program->segment_count == ELF_SEGMENT_MAX) {
        return ELF_REJECT_SEGMENTS;
    }
    if (!follows_previous(program, header->virtual_address)) {
        return ELF_REJECT_OVERLAP;
    }
    program->segments[program->segment_count++] = (struct elf_segment){header->virtual_address,
                                                                       header->memory_bytes,
                                                                       header->offset,
                                                                       header->file_bytes,
                                                                       access,
                                                                       0};
    return ELF_REJECT_NONE;
}

// Whether the note segment has the ABI note, of this version.
static bool notes_match(const uint8_t *file, uint64_t bytes,
                        const struct elf_program_header *header) {
    uint64_t at = header->offset;
    if (header->offset % 4 != 0 || !range_within(header->offset, header->file_bytes, bytes)) {
        return false;
    }
    uint64_t end = header->offset + header->file_bytes;
    for (uint32_t i = 0; i < ELF_NOTE_MAX && end - at >= sizeof(struct elf_note); i++) {
        const struct elf_note *note = (const struct elf_note *)(const void *)(file + at);
        uint64_t name_bytes = ((uint64_t)note->name_bytes + 3) & ~UINT64_C(3);
        uint64_t desc_bytes = ((uint64_t)note->desc_bytes + 3) & ~UINT64_C(3);
        uint64_t body = at + sizeof(*note);
        if (!range_within(0, name_bytes + desc_bytes, end - body)) {
            return false;
        }
        if (note->type == ABI_NOTE_TYPE && note->name_bytes == sizeof(ABI_NOTE_NAME) &&
            note->desc_bytes == 4 &&
            __builtin_memcmp(file + body, ABI_NOTE_NAME, sizeof(ABI_NOTE_NAME)) == 0) {
            return *(const uint32_t *)(const void *)(file + body + name_bytes) == ABI_VERSION;
        }
        at = body + name_bytes + desc_bytes;
    }
    return false;
}

static enum elf_reject set_stack(struct elf_program *program, uint64_t bytes) {
    if (bytes == 0) {
        return ELF_REJECT_NONE;
    }
    if (bytes > USER_STACK_BYTES_MAX) {
        return ELF_REJECT_STACK;
    }
    program->stack_bytes = align_down_u64(bytes + PAGE_BYTES - 1, PAGE_BYTES);
    return ELF_REJECT_NONE;
}

static bool entry_is_executable(const struct elf_program *program) {
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if ((segment->access & ARCH_EXECUTE) != 0 && program->entry >= segment->address &&
            program->entry - segment->address < segment->memory_bytes) {
            return program->entry % 2 == 0;
        }
    }
    return false;
}

enum elf_reject elf_read(const uint8_t *file, uint64_t bytes, struct elf_program *out) {
    return elf_read_head(file, bytes, bytes, out);
}

enum elf_reject elf_read_head(const uint8_t *file, uint64_t head_bytes, uint64_t bytes,
                              struct elf_program *out) {
    const struct elf_header *header = (const struct elf_header *)(const void *)file;
    enum elf_reject reject = check_header(header, head_bytes);
    if (reject != ELF_REJECT_NONE) {
        return reject;
    }
    out->entry = header->entry;
    out->stack_bytes = USER_STACK_BYTES;
    out->segment_count = 0;
    const struct elf_program_header *table =
        (const struct elf_program_header *)(const void *)(file + header->program_headers);
    bool versioned = false;
    for (uint32_t i = 0; i < header->program_header_count && reject == ELF_REJECT_NONE; i++) {
        if (table[i].type == ELF_PT_LOAD) {
            reject = add_segment(out, &table[i], bytes);
        } else if (table[i].type == ELF_PT_GNU_STACK) {
            reject = set_stack(out, table[i].memory_bytes);
        } else if (table[i].type == ELF_PT_NOTE) {
            versioned = versioned || notes_match(file, head_bytes, &table[i]);
        }
    }
    if (reject != ELF_REJECT_NONE) {
        return reject;
    }
    if (out->segment_count == 0) {
        return ELF_REJECT_SEGMENTS;
    }
    if (!versioned) {
        return ELF_REJECT_VERSION;
    }
    return entry_is_executable(out) ? ELF_REJECT_NONE : ELF_REJECT_ENTRY;
}
