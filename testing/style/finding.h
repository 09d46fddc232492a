// testing/style/finding.h: what a rule found, and what the baseline allows of it.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

struct Finding {
    std::string rule;
    std::string path;
    int line;  // From 1; 0: the file as a whole.
    // What is measured, for rules with a limit (a function's name, `-` for the file), and how much
    // there is of it. Rules without a limit leave `symbol` empty: their findings in one file are
    // counted.
    std::string symbol;
    int measure;
    std::string text;
};

using BaselineKey = std::tuple<std::string, std::string, std::string>;  // rule, path, symbol or "-"

// Lines `rule path symbol value`; blank lines and those that start with # are comments. Throws
// std::runtime_error that names the line.
std::map<BaselineKey, int> baseline_parse(const std::string &text);

// The lines to print: findings that the baseline does not cover, and rows of the baseline that are
// larger than what they cover.
std::vector<std::string> baseline_compare(const std::map<BaselineKey, int> &baseline,
                                          const std::vector<Finding> &findings);

// What the baseline would have to be. Sorted.
std::string baseline_of(const std::vector<Finding> &findings);
