// tools/trace/flame.h: where the time of a run went, as a tree: below a task what it did itself and
// the calls that others served for it, below each of those what that server asked in turn.
//
// Whose time is whose, work.h says. Tasks of one name are one.
// Units:     nanoseconds; under `-icount shift=0` that is instructions.
// Ownership: plain values.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "tools/trace/model.h"

namespace trace {

constexpr int FLAME_DEPTH_MAX = 16;  // What is deeper counts to the deepest.

struct flame {
    std::string name;  // A task, or below one "SERVER PROTOCOL". Empty: the whole run.
    std::uint64_t own_ns = 0;
    std::vector<flame> below;  // In the order of their names.
};

flame flame_of(const model &model);

// With all that is below.
std::uint64_t flame_ns(const flame &flame);

// A line a node, as flame graph tools read them: `client;samgrd routing;policyd policy 123`.
void print_folded(const flame &flame, std::ostream &out);

}  // namespace trace
