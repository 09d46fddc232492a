// testing/cbmc/elf.c: any bytes as a program. Reading stays inside the bytes; what is accepted can
// be mapped: inside the file, apart, never writable and executable, entered in its code.
#include <stddef.h>

// The checker knows no built-in of that name.
int memcmp(const void *a, const void *b, size_t bytes);
#define __builtin_memcmp memcmp
#include "kernel/core/elf.c"

#include "testing/cbmc/prove.h"

static void check(const struct elf_program *program, uint64_t bytes) {
    bool entered = false;
    PROVE(program->segment_count > 0 && program->segment_count <= SEGMENTS, "segments");
    for (uint32_t i = 0; i < SEGMENTS && i < program->segment_count; i++) {
        const struct elf_segment *one = &program->segments[i];
        bool executes = (one->access & ARCH_EXECUTE) != 0;
        PROVE(range_within(one->file_offset, one->file_bytes, bytes), "inside the file");
        PROVE(one->file_bytes <= one->memory_bytes, "no more in the file than in memory");
        PROVE(one->address >= USER_IMAGE_MIN &&
                  range_within(one->address, one->memory_bytes, USER_IMAGE_MAX),
              "inside the range for programs");
        PROVE(one->access != 0 && !(executes && (one->access & ARCH_WRITE) != 0),
              "never writable and executable");
        PROVE((one->address - one->file_offset) % PAGE_BYTES == 0, "in whole pages");
        if (i > 0) {
            const struct elf_segment *last = &program->segments[i - 1];
            PROVE((last->address + last->memory_bytes - 1) / PAGE_BYTES < one->address / PAGE_BYTES,
                  "no page has two segments");
        }
        entered = entered || (executes && program->entry - one->address < one->memory_bytes);
    }
    PROVE(entered, "entered in its code");
    PROVE(program->stack_bytes % PAGE_BYTES == 0 && program->stack_bytes >= PAGE_BYTES &&
              program->stack_bytes <= USER_STACK_BYTES_MAX,
          "a stack within its limits");
}

// Any list of segments, one after the other as elf_read_head takes them.
static void segments(void) {
    struct elf_program program = {.entry = nondet_u64(), .stack_bytes = USER_STACK_BYTES};
    uint64_t bytes = nondet_u64();
    enum elf_reject reject = set_stack(&program, nondet_u64());
    for (uint32_t i = 0; i < SEGMENTS && reject == ELF_REJECT_NONE; i++) {
        struct elf_program_header header = {.flags = nondet_u32(),
                                            .offset = nondet_u64(),
                                            .virtual_address = nondet_u64(),
                                            .file_bytes = nondet_u64(),
                                            .memory_bytes = nondet_u64()};
        reject = add_segment(&program, &header, bytes);
    }
    if (reject == ELF_REJECT_NONE && entry_is_executable(&program)) {
        check(&program, bytes);
    }
}

// Any header: what passes has its table inside what can be read.
static void headers(void) {
    struct elf_header header = {.type = nondet_u16(),
                                .machine = nondet_u16(),
                                .program_headers = nondet_u64(),
                                .program_header_bytes = nondet_u16(),
                                .program_header_count = nondet_u16()};
    for (uint32_t i = 0; i < sizeof(header.ident); i++) {
        header.ident[i] = nondet_u8();
    }
    uint64_t head_bytes = nondet_u64();
    if (check_header(&header, head_bytes) != ELF_REJECT_NONE) {
        return;
    }
    uint64_t table = (uint64_t)header.program_header_count * sizeof(struct elf_program_header);
    PROVE(head_bytes >= sizeof(header) && header.program_header_count <= ELF_PROGRAM_HEADER_MAX,
          "a header is there, of bounded size");
    PROVE(
        header.program_headers % 8 == 0 && range_within(header.program_headers, table, head_bytes),
        "the table is there, aligned");
    PROVE(header.ident[0] == 0x7f && header.ident[4] == 2 && header.ident[5] == 1, "ELF-64");
}

// Any bytes as notes, anywhere: nothing outside is read, and only the ABI's own note counts.
static void notes(void) {
    uint32_t words[NOTE_WORDS];
    for (uint32_t i = 0; i < NOTE_WORDS; i++) {
        words[i] = nondet_u32();
    }
    struct elf_program_header header = {.offset = nondet_u64(), .file_bytes = nondet_u64()};
    bool match = notes_match((const uint8_t *)words, sizeof(words), &header);
    bool inside = range_within(header.offset, header.file_bytes, sizeof(words));
    bool versioned = false;
    for (uint32_t i = 0; i < NOTE_WORDS; i++) {
        versioned = versioned || words[i] == ABI_VERSION;
    }
    PROVE(!match || versioned, "only a note that names this version counts");
    PROVE(!match || (inside && header.offset % 4 == 0), "a note lies inside the file");
}

int main(void) {
    segments();
    headers();
    notes();
    return 0;
}
