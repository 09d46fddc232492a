// testing/qemu/memory_dump.cc: see the header. The monitor speaks lines: a prompt, a command, what
// it says, a prompt.
#include "testing/qemu/memory_dump.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace qemu {
namespace {

constexpr int PATIENCE_MS = 10000;
constexpr const char *PROMPT = "(qemu) ";

class monitor {
  public:
    explicit monitor(const std::string &path)
        : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", path.c_str());
        if (fd_ < 0 ||
            connect(fd_, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
            error_ = path + ": " + std::strerror(errno);
        }
    }
    ~monitor() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    monitor(const monitor &) = delete;
    monitor &operator=(const monitor &) = delete;

    // What it says until its next prompt; empty and an error if it says none.
    std::string wait_for_prompt() {
        std::string said;
        while (error_.empty() && said.find(PROMPT) == std::string::npos) {
            pollfd fd = {fd_, POLLIN, 0};
            std::array<char, 4096> buffer;
            const ssize_t got =
                poll(&fd, 1, PATIENCE_MS) > 0 ? read(fd_, buffer.data(), buffer.size()) : 0;
            if (got <= 0) {
                error_ = "QEMU's monitor does not answer";
                return "";
            }
            said.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return said;
    }

    void say(const std::string &command) {
        const std::string line = command + "\n";
        if (error_.empty() && send(fd_, line.data(), line.size(), MSG_NOSIGNAL) !=
                                  static_cast<ssize_t>(line.size())) {
            error_ = std::string("QEMU's monitor: ") + std::strerror(errno);
        }
    }

    const std::string &error() const {
        return error_;
    }

  private:
    int fd_;
    std::string error_;
};

}  // namespace

memory_dump::memory_dump(std::string path) : path_(std::filesystem::absolute(path).string()) {
    std::string pattern = "/tmp/tessera-monitor.XXXXXX";
    folder_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
}

memory_dump::~memory_dump() {
    std::error_code ignored;
    if (!folder_.empty()) {
        std::filesystem::remove_all(folder_, ignored);
    }
}

std::vector<std::string> memory_dump::arguments() const {
    return {"-append", "trace", "-no-shutdown", "-monitor",
            "unix:" + folder_ + "/socket,server=on,wait=off"};
}

bool memory_dump::see(const std::string &line) {
    std::uint32_t harts = 0;
    std::uint64_t bytes = 0;
    std::uint64_t address = 0;
    if (address_ == 0 &&
        std::sscanf(line.c_str(), "trace: %" SCNu32 " harts, %" SCNu64 " bytes at 0x%" SCNx64,
                    &harts, &bytes, &address) == 3) {
        bytes_ = bytes;
        address_ = address;
        return true;
    }
    return false;
}

std::optional<std::string> memory_dump::take() {
    monitor monitor(folder_ + "/socket");
    std::string said;
    monitor.wait_for_prompt();
    if (address_ != 0) {
        monitor.say("pmemsave " + std::to_string(address_) + " " + std::to_string(bytes_) + " \"" +
                    path_ + "\"");
        said = monitor.wait_for_prompt();
    }
    monitor.say("quit");
    if (!monitor.error().empty()) {
        return monitor.error();
    }
    std::error_code error;
    if (address_ == 0) {
        return "the kernel did not say where its events are";
    }
    if (std::filesystem::file_size(path_, error) != bytes_) {
        return path_ + ": QEMU did not write it: " + said;
    }
    return std::nullopt;
}

}  // namespace qemu
