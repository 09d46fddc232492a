// services/virtioblkd/parts.h: the disk in parts, one each for services that the boot manifest
// names (`sectors` in tools/mkimage/README.md). A service sees its part as a disk of its own, from
// sector 0 on; one without a part has no disk. An image whose manifest divides nothing gives the
// whole disk to whoever policy lets call.
//
// The file is a header and rows, in the order of the manifest; tools/mkimage writes it, and refuses
// parts that overlap.
// Units:     sectors of the disk.
// Ownership: plain values; parts_open copies.
// Blocking:  never; each row is looked at once.
// Errors:    false, and nothing is changed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PARTS_MAGIC UINT64_C(0x3153545241504454)  // "TDPARTS1"
#define PARTS_NAME "parts"                        // Of the file in the boot image.

enum { PARTS_MAX = 8 };

struct disk_part {
    uint64_t service_id;
    uint64_t first;
    uint64_t sectors;
};
BASE_STATIC_ASSERT(sizeof(struct disk_part) == 24, "frozen");

struct parts_header {
    uint64_t magic;
    uint64_t count;
};

struct disk_parts {
    bool divided;
    uint32_t count;
    struct disk_part rows[PARTS_MAX];
};

// The image's parts of a disk of so many sectors. False: there are none, or they are not sound:
// empty, overlapping, beyond the disk, or twice of one service.
WARN_UNUSED bool parts_open(struct disk_parts *parts, const void *image, uint64_t disk_sectors);

// What that service may use. False: nothing.
WARN_UNUSED bool parts_find(const struct disk_parts *parts, uint64_t service_id,
                            uint64_t disk_sectors, struct disk_part *out);

#ifdef __cplusplus
}
#endif
