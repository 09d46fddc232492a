// testing/report/figures.h: what a benchmark printed, beside its ceilings (testing/budgets).
// Units:     as in the log: instructions, or bytes where the name says so.
// Ownership: plain values.
// Errors:    std::runtime_error with the line that is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace report {

struct figure {
    std::string name;
    std::uint64_t least = 0;
    std::uint64_t mean = 0;
    std::uint64_t first = 0;
};

struct ceiling {
    std::uint64_t limit = 0;
    bool promise = false;  // An upper bound, and not a figure that was measured.
    std::string why;
};

// Lines `bench: NAME LEAST mean MEAN first FIRST`, in their order.
std::vector<figure> figures_of(const std::string &log);

// Rows `NAME CEILING WHY` or `NAME <CEILING WHY`, by name.
std::map<std::string, ceiling> ceilings_of(const std::string &budget);

}  // namespace report
