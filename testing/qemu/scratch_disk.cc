// testing/qemu/scratch_disk.cc: see the header.
#include "testing/qemu/scratch_disk.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace qemu {

constexpr off_t MIB = 1024 * 1024;

std::unique_ptr<scratch_disk> scratch_disk::make(std::uint32_t mib, std::string &error) {
    const char *given = std::getenv("TEST_TMPDIR");
    std::error_code failed;
    const std::filesystem::path folder = given != nullptr
                                             ? std::filesystem::path(given)
                                             : std::filesystem::temp_directory_path(failed);
    std::string path = (folder / "tessera-disk-XXXXXX").string();
    const int file = mkstemp(path.data());
    if (file < 0) {
        error = path + ": can't be made: " + std::strerror(errno);
        return nullptr;
    }
    std::unique_ptr<scratch_disk> made(new scratch_disk(std::move(path), false));
    if (ftruncate(file, static_cast<off_t>(mib) * MIB) != 0) {
        error = made->path() + ": can't be made so large: " + std::strerror(errno);
        made.reset();
    }
    close(file);
    return made;
}

std::unique_ptr<scratch_disk> scratch_disk::keep(const std::string &path, std::uint32_t mib,
                                                 std::string &error) {
    std::error_code failed;
    const std::uintmax_t bytes = std::uintmax_t{mib} << 20;
    if (!std::filesystem::exists(path, failed)) {
        std::ofstream(path, std::ios::binary).close();
        std::filesystem::resize_file(path, bytes, failed);
    }
    if (failed || std::filesystem::file_size(path, failed) != bytes || failed) {
        error = path + ": not a disk of " + std::to_string(mib) + " MiB";
        return nullptr;
    }
    return std::unique_ptr<scratch_disk>(new scratch_disk(path, true));
}

scratch_disk::~scratch_disk() {
    std::error_code ignored;
    if (!kept_) {
        std::filesystem::remove(path_, ignored);
    }
}

}  // namespace qemu
