// tools/mkbundle/bundle_text.h: a bundle as text, what can be wrong with one, and its binary form
// (services/execd/bundle.h). README.md tells the syntax.
// Ownership: plain values.
// Errors:    bundle_read lists all mistakes it found, each with line and column (from 1).
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/abi/qos.h"
#include "services/execd/bundle.h"
#include "tools/text/words.h"

namespace mkbundle {

struct program {
    std::string name;
    std::string elf;                              // The file that it is made of.
    std::map<std::string, std::uint32_t> limits;  // Those that the text says, by their word.
    std::uint32_t qos = QOS_NORMAL;               // Its class, and the highest that it may have.
    std::uint32_t flags = 0;                      // enum bundle_flag
    std::uint32_t at_once = 1;
    text::source_place place;
};

struct bundle_result {
    std::vector<program> programs;  // By name, rising.
    std::vector<text::mistake> mistakes;
};

// `elfs` are the names of the files that there are.
bundle_result bundle_read(std::string_view text, const std::vector<std::string> &elfs);

// Of programs without mistakes, and the files by name. It passes bundle_open, or is empty, and
// `error` says why.
std::string bundle_binary(const std::vector<program> &programs,
                          const std::map<std::string, std::string> &files, std::string &error);

}  // namespace mkbundle
