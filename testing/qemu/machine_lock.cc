// testing/qemu/machine_lock.cc: flock needs no write access, so one user's file serves all.
#include "testing/qemu/machine_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "testing/markers/report.h"

namespace qemu {
namespace {

constexpr int OPEN_ATTEMPTS = 10;
constexpr mode_t EVERYBODY_READS = 0444;

// Opened for reading first: in a sticky folder the kernel refuses O_CREAT on another user's file.
int open_lock(const std::string &path) {
    int fd = -1;
    for (int attempt = 0; attempt < OPEN_ATTEMPTS && fd < 0; attempt++) {
        fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT) {
            fd = open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, EVERYBODY_READS);
            if (fd >= 0) {
                fchmod(fd, EVERYBODY_READS);  // Whatever the umask says.
            }
        }
        if (fd < 0 && errno != ENOENT && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

int lock_without_interrupts(int fd, int operation) {
    int result = 0;
    do {
        result = flock(fd, operation);
    } while (result != 0 && errno == EINTR);
    return result;
}

}  // namespace

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000000000 + now.tv_nsec;
}

std::unique_ptr<machine_lock> machine_lock::take(const std::string &path, std::ostream &out,
                                                 std::string &error) {
    const int fd = open_lock(path);
    if (fd < 0) {
        error = path + ": " + strerror(errno);
        return nullptr;
    }
    const std::int64_t start_ns = now_ns();
    if (lock_without_interrupts(fd, LOCK_EX | LOCK_NB) != 0) {
        out << "another QEMU runs on this machine: waiting for " << path << std::endl;
        if (lock_without_interrupts(fd, LOCK_EX) != 0) {
            error = path + ": " + strerror(errno);
            close(fd);
            return nullptr;
        }
        out << "waited" << markers::seconds_text(now_ns() - start_ns) << ", which is not counted"
            << std::endl;
    }
    return std::unique_ptr<machine_lock>(new machine_lock(fd));
}

machine_lock::~machine_lock() {
    close(fd_);
}

}  // namespace qemu
