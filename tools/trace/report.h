// tools/trace/report.h: a run as tables for people: who costs what, and where the time of one call
// went.
// Ownership: plain values.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

#include "tools/trace/model.h"

namespace trace {

// Tasks by the time that they ran, and calls by caller, server and protocol, by the time that they
// took; at most `rows` of each.
void print_top(const model &model, std::size_t rows, std::ostream &out);

// The longest call that began and ended in the trace, of that caller to that server; "" is anybody.
std::optional<std::size_t> longest_call(const model &model, const std::string &caller,
                                        const std::string &server);

// What the caller waited for: the queue, the server's own work, what the server asked of others, in
// turn, and the rest, when the server could not run. Indented by depth.
void print_path(const model &model, std::size_t call, std::ostream &out);

}  // namespace trace
