// testing/qemu/exec_pipe.cc: see exec_pipe.h.
#include "testing/qemu/exec_pipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace qemu {
namespace {

constexpr std::size_t BLOCK_BYTES = 1 << 20;

std::string pipe_in(const std::string &folder) {
    return folder + "/exec";
}

}  // namespace

exec_pipe::exec_pipe(std::function<void(const profile::step &)> take) : take_(std::move(take)) {
    std::string folder = std::filesystem::temp_directory_path() / "exec.XXXXXX";
    if (mkdtemp(folder.data()) == nullptr || mkfifo(pipe_in(folder).c_str(), S_IRWXU) != 0) {
        throw std::runtime_error(folder + ": no pipe can be made there");
    }
    folder_ = folder;
    reader_ = std::thread([this] { read_all(); });
}

exec_pipe::~exec_pipe() {
    close();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> exec_pipe::arguments() const {
    return profile::exec_log_arguments(pipe_in(folder_));
}

void exec_pipe::close() {
    if (!reader_.joinable()) {
        return;
    }
    // A QEMU that did not start never wrote: the reader waits for a writer.
    const int writer = open(pipe_in(folder_).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (writer >= 0) {
        ::close(writer);
    }
    reader_.join();
}

void exec_pipe::read_all() {
    const int pipe = open(pipe_in(folder_).c_str(), O_RDONLY | O_CLOEXEC);
    std::string block(BLOCK_BYTES, 0);
    for (;;) {  // Until the last writer has closed it.
        const ssize_t got = read(pipe, block.data(), block.size());
        if (got > 0) {
            read_block(block.substr(0, static_cast<std::size_t>(got)));
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    ::close(pipe);
}

void exec_pipe::read_block(const std::string &bytes) {
    std::string_view left = bytes;
    for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
        std::string_view line = left.substr(0, end);
        if (!rest_.empty()) {
            rest_ += line;
            line = rest_;
        }
        if (const std::optional<profile::step> step = profile::step_of(line)) {
            take_(*step);
        }
        rest_.clear();
        left.remove_prefix(end + 1);
    }
    rest_ += left;
}

}  // namespace qemu
