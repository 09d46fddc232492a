// testing/hermetic/path_check.h: finds paths outside the execution root in what compilers and
// linkers print.
// Ownership: strings are copied.
// Errors:    an empty or headless log counts as an offence.
#pragma once
#include <string>
#include <vector>

// One offence a string: line number, path, and the line. `log` starts with the line `execroot:
// <absolute path>`. A relative path offends when its `..` lead out of the execution root, an
// absolute one when it lies elsewhere.
std::vector<std::string> outside_paths(const std::string &log);

// How many lines of `log` name a file below external/: what the tools really read.
int external_lines(const std::string &log);
