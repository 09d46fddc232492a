// testing/qemu/memory_dump.h: takes the kernel's events out of the machine's memory when it has
// ended: the kernel says where they are (`trace: N harts, BYTES bytes at ADDRESS`), and QEMU, which
// stays for it, writes them to a file when its monitor is asked to.
// Blocking: take waits for the monitor, 10 s at most.
// Errors:   take returns why not, or nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qemu {

class memory_dump {
  public:
    // `path`: the file that take writes.
    explicit memory_dump(std::string path);
    ~memory_dump();
    memory_dump(const memory_dump &) = delete;
    memory_dump &operator=(const memory_dump &) = delete;

    // What QEMU's command line needs for it.
    std::vector<std::string> arguments() const;

    // A line of the UART. True: it is the one that says where.
    bool see(const std::string &line);

    // Once the machine has nothing more to do. Ends QEMU.
    std::optional<std::string> take();

  private:
    std::string path_;
    std::string folder_;  // Of the monitor's socket, which must have a short name.
    std::uint64_t address_ = 0;
    std::uint64_t bytes_ = 0;
};

}  // namespace qemu
