// tools/new_service/scaffold.h: a new service as the tree's example with another name: its files,
// and its rows in the lists that name every service.
//
// Everything is worked out before anything is written: a plan holds whole files. What the tool does
// not find exactly where it expects it, it does not edit but says.
// Ownership: plain values; nothing here writes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace new_service {

// A file's text by its path in the tree, or nothing if there is none.
using reader = std::function<std::optional<std::string>(const std::string &path)>;

struct plan {
    std::string error;                         // Not empty: nothing is to be done, and why.
    std::map<std::string, std::string> made;   // New files,
    std::map<std::string, std::string> edits;  // and what others are from now on.
    std::vector<std::string> to_add;           // Lines that people add, where each says.
};

// `letters` may be empty: then two that are free are taken.
plan plan_service(const reader &read, const std::string &name, const std::string &letters);

// The text with the example's names replaced; as in C and in messages.
std::string renamed(const std::string &text, const std::string &name);

}  // namespace new_service
