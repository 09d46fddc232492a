// tools/statefs/file_disk.h: a file as the disk of a journal.
#pragma once

#include <cstdint>
#include <string>

#include "services/statefsd/disk.h"

namespace statefs_tool {

// Units: sectors. Ownership: owns the open file; a struct disk made from it points to it. Blocking:
// file input and output; a flush waits until the machine's own disk has what was written. Errors:
// `good` is false if the file cannot be opened or is no whole number of sectors; DISK_FAILED.
class file_disk {
  public:
    file_disk(const std::string &path, bool writable);
    ~file_disk();
    file_disk(const file_disk &) = delete;
    file_disk &operator=(const file_disk &) = delete;

    bool good() const {
        return sectors_ > 0;
    }
    struct disk disk();

  private:
    static enum disk_status read(void *context, std::uint64_t sector, std::uint32_t count,
                                 std::uint8_t *bytes);
    static enum disk_status write(void *context, std::uint64_t sector, std::uint32_t count,
                                  const std::uint8_t *bytes);
    static enum disk_status flush(void *context);

    bool has(std::uint64_t sector, std::uint32_t count) const {
        return sector <= sectors_ && count <= sectors_ - sector;
    }

    int file_ = -1;
    std::uint64_t sectors_ = 0;
};

}  // namespace statefs_tool
