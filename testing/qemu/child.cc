// testing/qemu/child.cc: fork, exec, pipes; the kernel kills the child if we die first.
#include "testing/qemu/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace qemu {
namespace {

constexpr int EXIT_NOT_STARTED = 127;
constexpr int WAIT_STEP_MS = 5;

// Runs in the child, between fork and exec.
[[noreturn]] void become(char *const *argv, pid_t parent, int out, int err, bool keep_stdin) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_NOT_STARTED);  // The parent died before the line above.
    }
    if (!keep_stdin) {
        const int nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        close(nothing);
    }
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execv(argv[0], argv);
    const char *reason = strerror(errno);
    for (const char *part :
         {"can't start ", static_cast<const char *>(argv[0]), ": ", reason, "\n"}) {
        if (write(STDERR_FILENO, part, strlen(part)) < 0) {
            break;
        }
    }
    _exit(EXIT_NOT_STARTED);
}

}  // namespace

std::string child_end_text(const child_end &end) {
    if (!end.by_signal) {
        return "status " + std::to_string(end.number);
    }
    return "signal " + std::to_string(end.number) + " (" + strsignal(end.number) + ")";
}

child::child(pid_t pid, int output_fd, int error_fd)
    : pid_(pid), output_fd_(output_fd), error_fd_(error_fd) {}

std::unique_ptr<child> child::start(const std::vector<std::string> &command, bool keep_stdin,
                                    std::string &error) {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (pipe2(out.data(), O_CLOEXEC) != 0) {
        error = std::string("no pipe: ") + strerror(errno);
        return nullptr;
    }
    if (pipe2(err.data(), O_CLOEXEC) != 0) {
        error = std::string("no pipe: ") + strerror(errno);
        close(out[0]);
        close(out[1]);
        return nullptr;
    }
    std::vector<char *> argv;
    for (const std::string &word : command) {
        argv.push_back(const_cast<char *>(word.c_str()));  // exec promises not to write.
    }
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        become(argv.data(), parent, out[1], err[1], keep_stdin);
    }
    close(out[1]);
    close(err[1]);
    if (pid < 0) {
        error = std::string("no process: ") + strerror(errno);
        close(out[0]);
        close(err[0]);
        return nullptr;
    }
    fcntl(out[0], F_SETFL, O_NONBLOCK);
    fcntl(err[0], F_SETFL, O_NONBLOCK);
    return std::unique_ptr<child>(new child(pid, out[0], err[0]));
}

child::~child() {
    kill_now();
    close(output_fd_);
    close(error_fd_);
}

std::optional<child_end> child::wait_end(int timeout_ms) {
    for (int waited_ms = 0; !end_; waited_ms += WAIT_STEP_MS) {
        int status = 0;
        const pid_t reaped = waitpid(pid_, &status, WNOHANG);
        if (reaped == pid_) {
            end_ = WIFSIGNALED(status) ? child_end{true, WTERMSIG(status)}
                                       : child_end{false, WEXITSTATUS(status)};
        } else if (reaped < 0) {
            end_ = child_end{true, 0};
        } else if (waited_ms >= timeout_ms) {
            return std::nullopt;
        } else {
            poll(nullptr, 0, WAIT_STEP_MS);
        }
    }
    return end_;
}

void child::kill_now() {
    if (end_) {
        return;
    }
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    end_ = child_end{true, SIGKILL};
}

bool read_available(int fd, std::string &out) {
    std::array<char, 4096> block{};
    for (;;) {
        const ssize_t count = read(fd, block.data(), block.size());
        if (count > 0) {
            out.append(block.data(), static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            return count < 0 && errno == EAGAIN;
        }
    }
}

}  // namespace qemu
