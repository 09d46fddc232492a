// services/execd/bundle.c: see bundle.h.
#include "services/execd/bundle.h"

#include <stdbool.h>
#include <string.h>

#include "base/checked.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/task.h"
#include "kernel/core/elf.h"

const char *bundle_flaw_text(enum bundle_flaw flaw) {
    static const char *const texts[] = {
        [BUNDLE_FLAW_NONE] = "nothing is wrong",
        [BUNDLE_FLAW_HEADER] = "magic, version, counts and length do not fit together",
        [BUNDLE_FLAW_NAME] = "a name is not a-z, then a-z 0-9 _, then zeros",
        [BUNDLE_FLAW_ORDER] = "the names do not rise, or one stands twice",
        [BUNDLE_FLAW_ID] = "a service_id is not its name's, or stands twice",
        [BUNDLE_FLAW_LIMITS] = "a program may hold nothing, more than a task can, or make tasks",
        [BUNDLE_FLAW_FLAGS] = "an unknown flag, or one for a slot that the limits do not give",
        [BUNDLE_FLAW_BOUNDS] = "a file lies outside the bundle, in its table, or not on a page",
        [BUNDLE_FLAW_OVERLAP] = "two files overlap, or do not stand in the table's order",
        [BUNDLE_FLAW_PROGRAM] = "the kernel would refuse a program",
        [BUNDLE_FLAW_KNOWN] = "another bundle has a program of that name",
    };
    BASE_STATIC_ASSERT(ARRAY_LEN(texts) == BUNDLE_FLAW_COUNT, "a text for each flaw");
    return (uint32_t)flaw < BUNDLE_FLAW_COUNT ? texts[flaw] : "?";
}

static uint64_t table_end(uint64_t program_count) {
    return sizeof(struct bundle_header) + program_count * sizeof(struct bundle_program);
}

static bool header_is_sound(const void *bytes, uint64_t count) {
    const struct bundle_header *header = bytes;
    return (uintptr_t)bytes % _Alignof(struct bundle_program) == 0 && count >= sizeof(*header) &&
           header->magic == BUNDLE_MAGIC && header->abi_version == ABI_VERSION &&
           header->program_count != 0 && header->program_count <= BUNDLE_PROGRAM_MAX &&
           header->bytes == count && count % BUNDLE_ALIGN == 0 && count <= BUNDLE_BYTES_MAX &&
           header->reserved == 0 && table_end(header->program_count) <= count;
}

static bool name_is_proper(const char name[BUNDLE_NAME_BYTES]) {
    uint32_t letters = 0;
    for (; letters < BUNDLE_NAME_BYTES && name[letters] != 0; letters++) {
        bool small = name[letters] >= 'a' && name[letters] <= 'z';
        bool later = (name[letters] >= '0' && name[letters] <= '9') || name[letters] == '_';
        if (!small && (letters == 0 || !later)) {
            return false;
        }
    }
    if (letters == 0 || letters == BUNDLE_NAME_BYTES) {
        return false;
    }
    for (uint32_t i = letters; i < BUNDLE_NAME_BYTES; i++) {
        if (name[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool limits_are_sound(uint64_t packed) {
    const struct task_limits limits = task_limits_unpack(packed);
    uint32_t ceiling = task_ceiling_unpack(packed);
    return packed >> TASK_LIMIT_BITS == 0 && limits.pages != 0 && limits.slots != 0 &&
           limits.tasks == 0 && ceiling != QOS_DEFAULT && ceiling < QOS_COUNT;
}

// The last slot that its flags fill must be one that it has.
static bool flags_are_sound(const struct bundle_program *program) {
    uint32_t slots = task_limits_unpack(program->limits).slots;
    uint32_t needed = (program->flags & BUNDLE_ROUTES) != 0    ? CAP_SLOT_COUNT - 1
                      : (program->flags & BUNDLE_FACTORY) != 0 ? 4
                                                               : 1;
    return (program->flags & ~(uint32_t)BUNDLE_FLAGS) == 0 && slots >= needed &&
           program->reserved == 0 && program->at_once != 0 &&
           program->at_once <= BUNDLE_AT_ONCE_MAX;
}

static enum bundle_flaw check_identity(const struct bundle_view *view, uint32_t index) {
    const struct bundle_program *program = &view->programs[index];
    if (!name_is_proper(program->name)) {
        return BUNDLE_FLAW_NAME;
    }
    if (index != 0 && strcmp(view->programs[index - 1].name, program->name) >= 0) {
        return BUNDLE_FLAW_ORDER;
    }
    if (program->service_id != program_id_of(program->name, strlen(program->name))) {
        return BUNDLE_FLAW_ID;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (view->programs[i].service_id == program->service_id) {
            return BUNDLE_FLAW_ID;
        }
    }
    return BUNDLE_FLAW_NONE;
}

// `end` is where the file before it ends, or the table.
static enum bundle_flaw check_place(const struct bundle_program *program, uint64_t count,
                                    uint64_t end, bool is_first) {
    if (program->offset % BUNDLE_ALIGN != 0 || program->bytes == 0 ||
        !range_within(program->offset, program->bytes, count)) {
        return BUNDLE_FLAW_BOUNDS;
    }
    if (program->offset < end) {
        return is_first ? BUNDLE_FLAW_BOUNDS : BUNDLE_FLAW_OVERLAP;
    }
    return BUNDLE_FLAW_NONE;
}

// As the kernel will read it: of a VMO it sees the headers in the file's first page.
static enum elf_reject check_elf(const struct bundle_view *view,
                                 const struct bundle_program *program) {
    struct elf_program read;
    uint64_t head_bytes = program->bytes < BUNDLE_ALIGN ? program->bytes : BUNDLE_ALIGN;
    return elf_read_head(view->bytes + program->offset, head_bytes, program->bytes, &read);
}

static enum bundle_flaw check_program(const struct bundle_view *view, uint64_t count,
                                      uint32_t index, enum elf_reject *elf) {
    const struct bundle_program *program = &view->programs[index];
    enum bundle_flaw flaw = check_identity(view, index);
    if (flaw != BUNDLE_FLAW_NONE) {
        return flaw;
    }
    if (!limits_are_sound(program->limits)) {
        return BUNDLE_FLAW_LIMITS;
    }
    if (!flags_are_sound(program)) {
        return BUNDLE_FLAW_FLAGS;
    }
    const struct bundle_program *before = index != 0 ? program - 1 : 0;
    uint64_t end = before ? before->offset + before->bytes : table_end(view->program_count);
    flaw = check_place(program, count, end, !before);
    if (flaw != BUNDLE_FLAW_NONE) {
        return flaw;
    }
    *elf = check_elf(view, program);
    return *elf != ELF_REJECT_NONE ? BUNDLE_FLAW_PROGRAM : BUNDLE_FLAW_NONE;
}

struct bundle_verdict bundle_open(const void *bytes, uint64_t count, struct bundle_view *out) {
    struct bundle_verdict verdict = {.flaw = BUNDLE_FLAW_NONE, .elf = ELF_REJECT_NONE};
    if (!header_is_sound(bytes, count)) {
        verdict.flaw = BUNDLE_FLAW_HEADER;
        return verdict;
    }
    const struct bundle_header *header = bytes;
    const struct bundle_view view = {
        .bytes = bytes,
        .programs = (const struct bundle_program *)(const void *)(header + 1),
        .program_count = header->program_count};
    for (uint32_t i = 0; i < view.program_count && verdict.flaw == BUNDLE_FLAW_NONE; i++) {
        verdict.program = i;
        verdict.flaw = check_program(&view, count, i, &verdict.elf);
    }
    if (verdict.flaw == BUNDLE_FLAW_NONE) {
        *out = view;
    }
    return verdict;
}

const struct bundle_program *bundle_find(const struct bundle_view *view, uint64_t service_id) {
    for (uint32_t i = 0; i < view->program_count; i++) {
        if (view->programs[i].service_id == service_id) {
            return &view->programs[i];
        }
    }
    return 0;
}
