// tools/statefs/file_disk.cc: see file_disk.h.
#include "tools/statefs/file_disk.h"

namespace statefs_tool {

file_disk::file_disk(const std::string &path, bool writable) {
    const auto mode = std::ios::binary | std::ios::in;
    file_.open(path, writable ? mode | std::ios::out : mode);
    file_.seekg(0, std::ios::end);
    const std::streamoff bytes = file_.tellg();
    if (file_.good() && bytes % DISK_SECTOR_BYTES == 0) {
        sectors_ = static_cast<std::uint64_t>(bytes) / DISK_SECTOR_BYTES;
    }
}

struct disk file_disk::disk() {
    return {this, sectors_, read, write, flush};
}

enum disk_status file_disk::read(void *context, std::uint64_t sector, std::uint32_t count,
                                 std::uint8_t *bytes) {
    auto &self = *static_cast<file_disk *>(context);
    self.file_.clear();
    self.file_.seekg(static_cast<std::streamoff>(sector * DISK_SECTOR_BYTES));
    self.file_.read(reinterpret_cast<char *>(bytes), std::streamoff{count} * DISK_SECTOR_BYTES);
    return self.file_.good() ? DISK_OK : DISK_FAILED;
}

enum disk_status file_disk::write(void *context, std::uint64_t sector, std::uint32_t count,
                                  const std::uint8_t *bytes) {
    auto &self = *static_cast<file_disk *>(context);
    if (sector + count > self.sectors_) {
        return DISK_FAILED;
    }
    self.file_.clear();
    self.file_.seekp(static_cast<std::streamoff>(sector * DISK_SECTOR_BYTES));
    self.file_.write(reinterpret_cast<const char *>(bytes),
                     std::streamoff{count} * DISK_SECTOR_BYTES);
    return self.file_.good() ? DISK_OK : DISK_FAILED;
}

enum disk_status file_disk::flush(void *context) {
    auto &self = *static_cast<file_disk *>(context);
    self.file_.flush();
    return self.file_.good() ? DISK_OK : DISK_FAILED;
}

}  // namespace statefs_tool
