// services/statefsd/disk.h: the disk that the journal is written on, as the journal sees it.
//
// What a disk may do when the power goes: of what was written since the last flush that succeeded,
// each sector is there, or is not, or holds anything. Sectors that were not written keep what they
// had. Nothing is said of the order in which sectors become durable, but by flush.
// Units:     sectors of DISK_SECTOR_BYTES.
// Ownership: the journal holds a copy of the struct; what is behind it is its maker's. Bytes are
// the
//            caller's and are not kept.
// Blocking:  each call takes as long as the device, within a bound that the maker knows.
// Errors:    DISK_LOST only of a flush.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DISK_SECTOR_BYTES = 512,
    DISK_TRANSFER_SECTORS_MAX = 8,  // Of a read or a write.
};

enum disk_status {
    DISK_OK,
    DISK_LOST,    // The disk works, and some of what was written since the last flush may be gone.
    DISK_FAILED,  // It is not known what was done.
};

struct disk {
    void *context;
    uint64_t sectors;
    enum disk_status (*read)(void *context, uint64_t sector, uint32_t count, uint8_t *bytes);
    enum disk_status (*write)(void *context, uint64_t sector, uint32_t count, const uint8_t *bytes);
    // All that was written before is durable.
    enum disk_status (*flush)(void *context);
};

#ifdef __cplusplus
}
#endif
