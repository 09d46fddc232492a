// kernel/core/elf.h: reads an ELF64 program and refuses every one that could not be mapped safely.
// Pure: no kernel state.
// Reference: System V ABI, ELF-64 object file format; RISC-V ELF psABI.
// Ownership:  the file stays the caller's and must not change while it is read (the boot image
//             never does).
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/elf_reject.h"

enum { ELF_SEGMENT_MAX = 8 };

struct elf_segment {
    uint64_t address;  // Not rounded.
    uint64_t memory_bytes;
    uint64_t file_offset;  // Congruent to address in a page.
    uint64_t file_bytes;   // At most memory_bytes; equal unless the segment is writable.
    uint32_t access;       // enum arch_access
    uint32_t reserved;
};

struct elf_program {
    uint64_t entry;
    uint64_t stack_bytes;  // Whole pages.
    uint32_t segment_count;
    uint32_t reserved;
    struct elf_segment segments[ELF_SEGMENT_MAX];
};

// Fills `out` and returns ELF_REJECT_NONE, or returns why the file is refused. `file` is 8-byte
// aligned. Bounded by the file's header counts' limits.
WARN_UNUSED enum elf_reject elf_read(const uint8_t *file, uint64_t bytes, struct elf_program *out);

// The same of a file whose first `head_bytes` alone can be read: headers and notes that lie beyond
// are refused. `bytes` is the length of the whole.
WARN_UNUSED enum elf_reject elf_read_head(const uint8_t *file, uint64_t head_bytes, uint64_t bytes,
                                          struct elf_program *out);
