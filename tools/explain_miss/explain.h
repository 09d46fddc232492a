// tools/explain_miss/explain.h: why a build ran processes that a remote cache should have answered.
// Ownership: all values are copies.
// Errors:    std::runtime_error from read_log.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

struct Miss {
    std::string what;
    std::string output;                // its first
    std::vector<std::string> reasons;  // at least one
    bool follows = false;              // some input was made by a process that missed too
};

struct Explanation {
    size_t processes = 0;  // of the second build
    size_t hits = 0;
    std::vector<Miss> misses;  // those that follow from others last
};

// `first` filled the cache, `second` should have taken all from it. The first log is read only if
// something missed.
Explanation explain(std::istream &first, std::istream &second);

// True if there were processes and none missed.
bool print(const Explanation &explanation, std::ostream &out);
