// testing/qemu/machine_lock.h: one QEMU at a time on a machine, whoever's Bazel starts it.
// Ownership: the object holds the lock until its end; the kernel frees it if the process dies.
// Blocking:  the wait has no limit of its own: the holder's deadline is one. A wait is printed.
// Errors:    take returns null and says why.
#pragma once
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

namespace qemu {

inline constexpr const char *MACHINE_LOCK_PATH = "/tmp/tessera-qemu.lock";

class machine_lock {
  public:
    static std::unique_ptr<machine_lock> take(const std::string &path, std::ostream &out,
                                              std::string &error);
    ~machine_lock();
    machine_lock(const machine_lock &) = delete;
    machine_lock &operator=(const machine_lock &) = delete;

  private:
    explicit machine_lock(int fd) : fd_(fd) {}

    int fd_;
};

std::int64_t now_ns();  // Monotonic.

}  // namespace qemu
