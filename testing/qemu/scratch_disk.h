// testing/qemu/scratch_disk.h: the file behind a machine's disk: new, empty, and gone with the
// object.
// Units:  MiB.
// Errors: make returns null and says why.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace qemu {

class scratch_disk {
  public:
    // In TEST_TMPDIR, or where the machine keeps temporary files.
    static std::unique_ptr<scratch_disk> make(std::uint32_t mib, std::string &error);

    ~scratch_disk();
    scratch_disk(const scratch_disk &) = delete;
    scratch_disk &operator=(const scratch_disk &) = delete;

    const std::string &path() const {
        return path_;
    }

  private:
    explicit scratch_disk(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

}  // namespace qemu
