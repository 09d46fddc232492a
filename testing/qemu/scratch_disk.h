// testing/qemu/scratch_disk.h: the file behind a machine's disk: new, empty, and gone with the
// object; or one that stays.
// Units:  MiB.
// Errors: make and keep return null and say why.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

namespace qemu {

class scratch_disk {
  public:
    // In TEST_TMPDIR, or where the machine keeps temporary files.
    static std::unique_ptr<scratch_disk> make(std::uint32_t mib, std::string &error);

    // That file, as it is; new and empty if it is not there.
    static std::unique_ptr<scratch_disk> keep(const std::string &path, std::uint32_t mib,
                                              std::string &error);

    ~scratch_disk();
    scratch_disk(const scratch_disk &) = delete;
    scratch_disk &operator=(const scratch_disk &) = delete;

    const std::string &path() const {
        return path_;
    }

  private:
    scratch_disk(std::string path, bool kept) : path_(std::move(path)), kept_(kept) {}

    std::string path_;
    bool kept_;
};

}  // namespace qemu
