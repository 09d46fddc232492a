// tools/profile/profile.h: how many instructions each function of each program took, exactly, from
// QEMU's log of all of them.
//
// The log says no task. What runs between two stays in the kernel is of one program; blocks that it
// shares with another such run are of the same. A program is then known by where its instructions
// begin: only its own file fits all that ran.
// Units:     instructions.
// Ownership: plain values; `counter` keeps no pointer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tools/profile/elf_text.h"
#include "tools/profile/exec_log.h"

namespace profile {

constexpr const char *KERNEL = "kernel";
constexpr const char *LINE_FUNCTION = "arch_console_write";  // The kernel's, once a line.

struct cost {
    std::string program;  // KERNEL, a name, or "?".
    std::string function;
    std::uint64_t count = 0;
};

// What ran since the line before.
struct section {
    std::string line;
    std::vector<cost> costs;  // The dearest first.
};

class counter {
  public:
    explicit counter(elf_text kernel);

    void take(const step &step);

    // `programs`: by name. `lines`: of the UART, from the kernel's first on; what ran after the
    // last is a section of its own. If they are not as many as the kernel wrote, all is one.
    std::vector<section> finish(const std::map<std::string, elf_text> &programs,
                                const std::vector<std::string> &lines);

  private:
    using node = std::uint32_t;
    struct run {
        bool in_user = false;
        node last = 0;
    };

    node root(node of);
    node user_node(const step &step);
    std::map<node, std::string> name_programs(const std::map<std::string, elf_text> &programs);

    elf_text kernel_;
    std::uint64_t line_address_ = 0;
    std::unordered_map<std::uint64_t, node> node_of_block_;
    std::vector<node> parent_;
    std::vector<std::uint64_t> pc_;
    std::map<std::uint32_t, run> runs_;                                        // By hart.
    std::vector<std::unordered_map<node, std::uint64_t>> user_;                // A section each.
    std::vector<std::unordered_map<std::uint64_t, std::uint64_t>> in_kernel_;  // By address.
};

// All sections as one, by the line `line`.
section sum_of(const std::vector<section> &sections, const std::string &line);

// The dearest `rows` functions of a section, as a table.
std::string table_of(const section &section, std::size_t rows);

// A line a function, as flame graph tools read them: `SECTION;PROGRAM;FUNCTION COUNT`.
std::string folded_of(const std::vector<section> &sections);

// What folded_of wrote. Errors: std::runtime_error with the line that is wrong.
std::vector<section> sections_of(const std::string &folded);

// In all.
std::uint64_t count_of(const section &section);

}  // namespace profile
