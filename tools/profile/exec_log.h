// tools/profile/exec_log.h: what QEMU logs of each instruction (`-d exec,nochain -accel
// tcg,one-insn-per-tb=on`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

// Two programs may run at the same addresses. Their instructions still have blocks of their own,
// for QEMU keeps a block for each physical address.
struct step {
    std::uint32_t hart = 0;
    std::uint64_t block = 0;  // QEMU's translation.
    std::uint64_t pc = 0;
};

// `line` is one of the log, without its end. Nothing: it is of another kind.
std::optional<step> step_of(std::string_view line);

// What QEMU must be told to write that log of the kernel and its programs, not of the firmware,
// into `path`.
std::vector<std::string> exec_log_arguments(const std::string &path);

}  // namespace profile
