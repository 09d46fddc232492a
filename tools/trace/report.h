// tools/trace/report.h: a run as tables for people: who costs what, and where the time of one call
// went.
// Ownership: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "tools/trace/model.h"
#include "tools/trace/work.h"

namespace trace {

// Tasks by the time that they ran, calls by caller, server and operation, by the time that they
// took, and operations by what they cost; at most `rows` of each.
void print_top(const model &model, std::size_t rows, std::ostream &out);

// The third of these tables.
void print_operations(const std::vector<operation> &operations, std::size_t rows,
                      std::ostream &out);

// Which call; "" is any.
struct call_wanted {
    std::string caller;
    std::string server;
    std::string operation;               // Its name, with or without its protocol's before it.
    std::optional<std::uint64_t> at_ns;  // When it was asked.
};

// The longest of those that began and ended in the trace.
std::optional<std::size_t> longest_call(const model &model, const call_wanted &wanted);

// What the caller waited for: the queue, the server's own work, what the server asked of others, in
// turn, and the rest, when the server could not run. Indented by depth.
void print_path(const model &model, std::size_t call, std::ostream &out);

}  // namespace trace
