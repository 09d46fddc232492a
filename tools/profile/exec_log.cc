// tools/profile/exec_log.cc: see exec_log.h. A line: `Trace HART: 0xBLOCK [CS/PC/FLAGS/CFLAGS]
// NAME`.
#include "tools/profile/exec_log.h"

#include <charconv>

namespace profile {
namespace {

// Programs below the firmware, and the kernel.
constexpr const char *RANGES = "0x1000+0x7fffe000,0xffffffc000000000+0x3fffffffff";

bool skip(std::string_view &rest, std::string_view what) {
    if (rest.substr(0, what.size()) != what) {
        return false;
    }
    rest.remove_prefix(what.size());
    return true;
}

template <class number>
bool take(std::string_view &rest, int base, number &out) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out, base);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return error == std::errc();
}

}  // namespace

std::optional<step> step_of(std::string_view line) {
    step out;
    std::uint64_t base = 0;
    if (skip(line, "Trace ") && take(line, 10, out.hart) && skip(line, ": 0x") &&
        take(line, 16, out.block) && skip(line, " [") && take(line, 16, base) && skip(line, "/") &&
        take(line, 16, out.pc) && skip(line, "/")) {
        return out;
    }
    return std::nullopt;
}

std::vector<std::string> exec_log_arguments(const std::string &path) {
    return {"-accel", "tcg,one-insn-per-tb=on", "-d", "exec,nochain", "-dfilter", RANGES, "-D",
            path};
}

}  // namespace profile
