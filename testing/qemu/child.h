// testing/qemu/child.h: a child process whose output comes through pipes, and that never outlives
// its parent.
// Units:     milliseconds.
// Ownership: the object owns process and pipes; its end kills and reaps the process.
// Blocking:  start and wait_end block; wait_end no longer than it is told.
// Errors:    start returns null and says why. A program that can't be executed ends with status
//            127 and a line on its error pipe.
#pragma once
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qemu {

struct child_end {
    bool by_signal = false;
    int number = 0;  // Exit status, or the signal.
};

std::string child_end_text(const child_end &end);  // "status 1", "signal 9 (Killed)"

class child {
  public:
    // With `with_input` its standard input is what `type` sends, else nothing.
    static std::unique_ptr<child> start(const std::vector<std::string> &command, bool with_input,
                                        std::string &error);
    ~child();
    child(const child &) = delete;
    child &operator=(const child &) = delete;

    int output_fd() const {
        return output_fd_;
    }  // Its standard output; non-blocking.
    int error_fd() const {
        return error_fd_;
    }  // Its standard error; non-blocking.

    // Sends text to its standard input. Never blocks: what does not fit, or comes too late, is
    // lost.
    void type(const std::string &text);

    // How it ended, or nothing if it still runs after that time.
    std::optional<child_end> wait_end(int timeout_ms);

    void kill_now();

  private:
    child(pid_t pid, int input_fd, int output_fd, int error_fd);

    pid_t pid_;
    int input_fd_;  // -1: none.
    int output_fd_;
    int error_fd_;
    std::optional<child_end> end_;
};

// Appends what can be read now. False at the end of the pipe.
bool read_available(int fd, std::string &out);

}  // namespace qemu
