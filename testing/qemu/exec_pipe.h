// testing/qemu/exec_pipe.h: takes QEMU's log of each instruction while the machine runs, through a
// pipe, for it is large: 70 bytes an instruction.
// Blocking: close waits until all is read that was written.
// Errors:   std::runtime_error if there can be no pipe.
#pragma once
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tools/profile/exec_log.h"

namespace qemu {

class exec_pipe {
  public:
    // `take` is called in a thread of its own until close has returned.
    explicit exec_pipe(std::function<void(const profile::step &)> take);
    ~exec_pipe();
    exec_pipe(const exec_pipe &) = delete;
    exec_pipe &operator=(const exec_pipe &) = delete;

    // What QEMU's command line needs for it.
    std::vector<std::string> arguments() const;

    // Once QEMU has ended.
    void close();

  private:
    void read_all();
    void read_block(const std::string &bytes);

    std::function<void(const profile::step &)> take_;
    std::string folder_;
    std::string rest_;  // Of a line whose end has not come.
    std::thread reader_;
};

}  // namespace qemu
