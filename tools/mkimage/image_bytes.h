// tools/mkimage/image_bytes.h: little-endian bytes, and the boot image of kernel/abi/boot_image.h.
// Units:  bytes.
// Errors: build_image returns false and says why in `error`.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/abi/boot_image.h"

namespace mkimage {

void append_u32(std::string &out, std::uint32_t value);
void append_u64(std::string &out, std::uint64_t value);
void append_name(std::string &out,
                 const std::string &name);  // Padded with zeros to BOOT_IMAGE_NAME_BYTES.

struct image_file {
    std::string name;
    boot_image_kind kind = BOOT_IMAGE_DATA;
    std::string contents;
    bool secret = false;  // Behind all others, on pages that RIGHT_SECRET shows.
};

bool build_image(const std::vector<image_file> &files, std::uint32_t hart_count, std::string &out,
                 std::string &error);

// Checks an ELF file as the kernel will (kernel/core/elf.h), then drops what no segment holds:
// sections, symbols.
bool reduce_program(std::string &elf, std::string &error);

}  // namespace mkimage
