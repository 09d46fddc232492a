// tools/statefs/file_disk.cc: see file_disk.h.
#include "tools/statefs/file_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace statefs_tool {

namespace {

// All of it, or false. `some` is ::pread or ::pwrite, which may do less than they are asked.
template <typename Byte, typename Some>
bool transfer(Some some, int file, std::uint64_t sector, std::uint32_t count, Byte *bytes) {
    auto at = static_cast<off_t>(sector * DISK_SECTOR_BYTES);
    std::size_t left = std::size_t{count} * DISK_SECTOR_BYTES;
    while (left > 0) {
        const ssize_t done = some(file, bytes, left, at);
        if (done <= 0) {
            return false;
        }
        bytes += done;
        at += done;
        left -= static_cast<std::size_t>(done);
    }
    return true;
}

}  // namespace

file_disk::file_disk(const std::string &path, bool writable)
    : file_(::open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC)) {
    struct stat found {};
    if (file_ >= 0 && ::fstat(file_, &found) == 0 && S_ISREG(found.st_mode) &&
        found.st_size % DISK_SECTOR_BYTES == 0) {
        sectors_ = static_cast<std::uint64_t>(found.st_size) / DISK_SECTOR_BYTES;
    }
}

file_disk::~file_disk() {
    if (file_ >= 0) {
        ::close(file_);
    }
}

struct disk file_disk::disk() {
    return {this, sectors_, read, write, flush};
}

enum disk_status file_disk::read(void *context, std::uint64_t sector, std::uint32_t count,
                                 std::uint8_t *bytes) {
    const auto &self = *static_cast<file_disk *>(context);
    return self.has(sector, count) && transfer(::pread, self.file_, sector, count, bytes)
               ? DISK_OK
               : DISK_FAILED;
}

enum disk_status file_disk::write(void *context, std::uint64_t sector, std::uint32_t count,
                                  const std::uint8_t *bytes) {
    const auto &self = *static_cast<file_disk *>(context);
    return self.has(sector, count) && transfer(::pwrite, self.file_, sector, count, bytes)
               ? DISK_OK
               : DISK_FAILED;
}

enum disk_status file_disk::flush(void *context) {
    return ::fsync(static_cast<file_disk *>(context)->file_) == 0 ? DISK_OK : DISK_FAILED;
}

}  // namespace statefs_tool
