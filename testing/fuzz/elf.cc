// testing/fuzz/elf.cc: any bytes as a program. What is accepted can be mapped: inside the file,
// apart, never writable and executable, entered in its code.
#include <cstdlib>
#include <cstring>
#include <memory>

extern "C" {
#include "kernel/core/arch.h"
#include "kernel/core/elf.h"
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void check(const elf_program &program, uint64_t bytes) {
    bool entered = false;
    require(program.segment_count <= ELF_SEGMENT_MAX);
    for (uint32_t i = 0; i < program.segment_count; i++) {
        const elf_segment &one = program.segments[i];
        const bool executes = (one.access & ARCH_EXECUTE) != 0;
        require(one.file_bytes <= one.memory_bytes && one.file_offset <= bytes);
        require(one.file_bytes <= bytes - one.file_offset);
        require(one.address <= UINT64_MAX - one.memory_bytes);
        require(!executes || (one.access & ARCH_WRITE) == 0);
        entered = entered || (executes && program.entry - one.address < one.memory_bytes);
        for (uint32_t k = 0; k < i; k++) {
            const elf_segment &other = program.segments[k];
            require(one.address >= other.address + other.memory_bytes ||
                    other.address >= one.address + one.memory_bytes);
        }
    }
    require(entered);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // Aligned, and not a byte longer.
    std::unique_ptr<uint8_t, decltype(&std::free)> file(
        static_cast<uint8_t *>(std::aligned_alloc(8, size / 8 * 8 + 8)), std::free);
    std::memcpy(file.get(), data, size);
    elf_program program;
    if (elf_read(file.get(), size, &program) == ELF_REJECT_NONE) {
        check(program, size);
    }
    if (elf_read_head(file.get(), size, size * 2, &program) == ELF_REJECT_NONE) {
        check(program, size * 2);
    }
    return 0;
}
