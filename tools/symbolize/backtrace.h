// tools/symbolize/backtrace.h: turns the kernel's `kernel: backtrace 0x... 0x...`, and what init
// and execd say of a program that a fault ended, `backtrace NAME 0x... 0x...`, into functions and
// lines.
// Blocking:  runs addr2line and waits for it, 10 seconds at most.
// Errors:    what can't be resolved is said in the text; nothing fails.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace symbolize {

inline constexpr std::string_view BACKTRACE_START = "kernel: backtrace ";
inline constexpr std::string_view PROGRAM_START = "backtrace ";
inline constexpr std::string_view RA_START = "kernel: registers ra 0x";
inline constexpr std::size_t FRAMES_MAX = 64;

struct symbol_source {
    std::string addr2line;
    std::string elf;                              // The kernel's.
    std::map<std::string, std::string> programs;  // ELF files of programs, by name.
};

// The addresses of a backtrace line, innermost first; empty for any other line.
std::vector<std::uint64_t> backtrace_addresses(std::string_view line);

// Where a fault ended a program: the pc, then the return address; no name for any other line.
struct program_backtrace {
    std::string name;
    std::vector<std::uint64_t> addresses;
};
program_backtrace program_backtrace_of(std::string_view line);

// Reads a log line by line. A backtrace may take several lines, one after the other.
class backtrace_reader {
  public:
    explicit backtrace_reader(symbol_source source);

    // The frames of a backtrace line, one a line: `    #0 0xffffffc080200134 image_check at
    // kernel/core/image.c:70`, inlined callers below; empty for any other line. A return address
    // stands for the call before it. Only the innermost frame may be none: where a trap struck. It
    // is one if it equals the register ra that the kernel printed before.
    std::string line(std::string_view line);

  private:
    std::string program_line(const program_backtrace &of) const;

    symbol_source source_;
    std::uint64_t ra_ = 0;
    std::size_t frame_ = 0;  // The next frame's number; 0 if the line before was no backtrace.
};

}  // namespace symbolize
