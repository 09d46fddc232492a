// tools/statefs/write_log.h: a log of what a disk was told, as QEMU's blklogwrites writes it: a
// sector about the log, then for each write and each flush a sector about it and what was written.
// Units:     sectors of DISK_SECTOR_BYTES.
// Ownership: plain values.
// Errors:    nothing, and a complaint.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "services/statefsd/disk.h"

namespace statefs_tool {

struct log_entry {
    std::uint64_t sector;
    std::uint64_t sectors;  // 0: a flush.
    std::size_t at;         // Where its bytes begin in the log.
    bool is_flush;
};

struct write_log {
    std::uint64_t disk_sectors = 0;
    std::string bytes;
    std::vector<log_entry> entries;

    const std::uint8_t *bytes_of(const log_entry &one) const {
        return reinterpret_cast<const std::uint8_t *>(bytes.data()) + one.at;
    }
};

// Of a disk of so many sectors. What follows the entries that the log counts is read as far as it
// is whole: QEMU counts at each flush. Nothing: that is no such log, or one of another disk, or not
// all that it counts is there; `complaint` says which.
std::optional<write_log> write_log_of(std::string bytes, std::uint64_t disk_sectors,
                                      std::string &complaint);

// Of that file, and a disk of so many MiB. Nothing: the complaint went to `err`, or to standard
// error if the file cannot be read.
std::optional<write_log> read_write_log(const std::string &path, std::uint64_t mib,
                                        std::ostream &err);

}  // namespace statefs_tool
