// testing/remote_cache/profile.h: which actions Bazel ran, and which it took from a remote cache,
// by its profile.
// Ownership: all values are copies.
// Errors:    read_profile throws std::runtime_error on text that is not a profile.
#pragma once
#include <iosfwd>
#include <string>
#include <vector>

struct Action {
    std::string name;    // what Bazel shows while it runs
    std::string target;  // label, or empty
    bool asked = false;  // it looked into the remote cache
    bool ran = false;    // a process was started for it
};

// Actions that either asked the cache or ran. Bazel's own (symbolic links, written files) are left
// out.
std::vector<Action> read_profile(std::istream &profile);

// Compares the run that filled the cache with the run that should take all from it; prints each
// action that ran in the second with the reason. True if the profile shows none: it may lack the
// shortest actions, so how many ran is for Bazel's own summary to say.
bool compare(const std::vector<Action> &first, const std::vector<Action> &second,
             std::ostream &out);
