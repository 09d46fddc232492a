// testing/markers/golden.h: a golden file as a tree of rules, and everything that can be wrong
// with one.
// Ownership: a golden owns its text; nodes name each other by index, node 0 is the file's own
//            sequence.
// Errors:    golden_read returns all mistakes found, each with line and column (both from 1).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testing/markers/marker_table.h"
#include "testing/markers/text_pattern.h"

namespace markers {

inline constexpr std::uint32_t RULE_TIMES_MAX = 1000000;
inline constexpr std::size_t GOLDEN_DEPTH_MAX = 16;
inline constexpr std::string_view FIRST_MARKER = "kernel: boot";
inline constexpr std::string_view LAST_MARKER = "kernel: power off";

enum class node_kind { once, optional, times, group, chain };

struct golden_node {
    node_kind kind = node_kind::once;
    std::size_t line = 0;               // Where it stands in the file, from 1.
    std::size_t parent = 0;             // Node 0 is its own parent.
    std::size_t place = 0;              // Its index among its parent's children.
    std::vector<std::size_t> children;  // Of a group or a chain.
    std::uint32_t times = 1;            // Of `times`: how often; else 1.
    pattern text;                       // Of once, optional and times.
};

struct golden_glob {
    std::size_t line = 0;
    pattern glob;
};

struct golden {
    std::string file;
    std::vector<golden_node> nodes;
    std::vector<golden_glob> forbidden;  // !
    std::vector<golden_glob> ignored;    // ~
};

struct golden_mistake {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;
};

struct golden_result {
    golden rules;
    std::vector<golden_mistake> mistakes;  // Empty: the file is well-formed and fits the table.
};

bool node_is_text(const golden_node &node);

// `times` rules show as `*3 text`, optional ones as `? text`: as the file spells them.
std::string node_spelling(const golden_node &node);

golden_result golden_read(std::string_view file, std::string_view contents,
                          const marker_table &table);

std::string mistake_text(const golden_mistake &mistake);  // file:line:column: message

}  // namespace markers
