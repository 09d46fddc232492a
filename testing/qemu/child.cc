// testing/qemu/child.cc: fork, exec, pipes; the kernel kills the child if we die first.
#include "testing/qemu/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace qemu {
namespace {

constexpr int EXIT_NOT_STARTED = 127;
constexpr int WAIT_STEP_MS = 5;

// Both ends of a pipe or socket pair; -1 is none. What is not taken is closed.
struct ends {
    std::array<int, 2> fds = {-1, -1};

    int take_first() {
        return std::exchange(fds[0], -1);
    }
    ~ends() {
        for (const int fd : fds) {
            if (fd >= 0) {
                close(fd);
            }
        }
    }
};

// Runs in the child, between fork and exec.
[[noreturn]] void become(char *const *argv, pid_t parent, int in, int out, int err) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(EXIT_NOT_STARTED);  // The parent died before the line above.
    }
    dup2(in >= 0 ? in : open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
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

child::child(pid_t pid, int input_fd, int output_fd, int error_fd)
    : pid_(pid), input_fd_(input_fd), output_fd_(output_fd), error_fd_(error_fd) {}

std::unique_ptr<child> child::start(const std::vector<std::string> &command, bool with_input,
                                    std::string &error) {
    ends in;
    ends out;
    ends err;
    // A socket for the input: writing to a process that has ended is an error there, not a signal.
    if ((with_input && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in.fds.data()) != 0) ||
        pipe2(out.fds.data(), O_CLOEXEC) != 0 || pipe2(err.fds.data(), O_CLOEXEC) != 0) {
        error = std::string("no pipe: ") + strerror(errno);
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
        become(argv.data(), parent, in.fds[1], out.fds[1], err.fds[1]);
    }
    if (pid < 0) {
        error = std::string("no process: ") + strerror(errno);
        return nullptr;
    }
    fcntl(out.fds[0], F_SETFL, O_NONBLOCK);
    fcntl(err.fds[0], F_SETFL, O_NONBLOCK);
    return std::unique_ptr<child>(
        new child(pid, in.take_first(), out.take_first(), err.take_first()));
}

child::~child() {
    kill_now();
    for (const int fd : {input_fd_, output_fd_, error_fd_}) {
        if (fd >= 0) {
            close(fd);
        }
    }
}

void child::type(const std::string &text) {
    const ssize_t sent = send(input_fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    static_cast<void>(sent);
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
