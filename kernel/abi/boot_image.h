// kernel/abi/boot_image.h: the boot image that the firmware hands to the kernel as its initial RAM
// disk: a header, a table, then the files. Written by tools/mkimage, checked by the kernel before
// anything in it is used, read again by init. Little-endian.
// Units:     bytes from the start of the image.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#define BOOT_IMAGE_MAGIC UINT64_C(0x3142415245535354)  // "TSSERAB1"
#define BOOT_IMAGE_INIT_NAME "init"                    // The program the kernel starts.

// The kernel-user contract's version: in the boot image, and in the ELF note of each program (name
// "Tessera", type 1, a 32-bit word).
#define ABI_VERSION 1u
#define ABI_NOTE_NAME "Tessera"
#define ABI_NOTE_TYPE 1u

enum {
    BOOT_IMAGE_ENTRY_MAX = 64,
    BOOT_IMAGE_NAME_BYTES = 32,  // With the final zero; unused bytes are zero.
    BOOT_IMAGE_ALIGN = 4096,     // Each file starts on such a boundary; the gap is zero.
};

enum boot_image_kind {
    BOOT_IMAGE_PROGRAM = 1,   // An ELF64 file; service_id is service_id_of the name
                              // (kernel/abi/identity.h).
    BOOT_IMAGE_MANIFEST = 2,  // struct manifest_header (kernel/abi/manifest.h); exactly one.
    BOOT_IMAGE_DATA = 3,
};

struct boot_image_header {
    uint64_t magic;
    uint32_t abi_version;
    uint32_t entry_count;
    uint64_t bytes;         // Of the whole image; a multiple of BOOT_IMAGE_ALIGN.
    uint32_t hart_count;    // Harts the image is for: the kernel refuses a machine with another
                            // number.
    uint32_t secret_pages;  // The last so many of BOOT_IMAGE_ALIGN bytes hold whole files that are
                            // mapped only for who has RIGHT_SECRET too.
};
BASE_STATIC_ASSERT(sizeof(struct boot_image_header) == 32, "frozen");

struct boot_image_entry {
    char name[BOOT_IMAGE_NAME_BYTES];
    uint64_t service_id;  // 0 unless a program.
    uint64_t offset;
    uint64_t bytes;
    uint32_t kind;
    uint32_t reserved;
};
BASE_STATIC_ASSERT(sizeof(struct boot_image_entry) == 64, "frozen");
