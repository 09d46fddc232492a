// testing/style/finding.cc
#include "testing/style/finding.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace {

BaselineKey key_of(const Finding &finding) {
    return {finding.rule, finding.path, finding.symbol.empty() ? "-" : finding.symbol};
}

std::map<BaselineKey, int> totals_of(const std::vector<Finding> &findings) {
    std::map<BaselineKey, int> totals;
    for (const Finding &finding : findings) {
        int &total = totals[key_of(finding)];
        total = finding.symbol.empty() ? total + 1 : std::max(total, finding.measure);
    }
    return totals;
}

std::string row_of(const BaselineKey &key) {
    return std::get<0>(key) + " " + std::get<1>(key) + " " + std::get<2>(key);
}

}  // namespace

std::map<BaselineKey, int> baseline_parse(const std::string &text) {
    std::map<BaselineKey, int> baseline;
    std::istringstream stream(text);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        number++;
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream words(line);
        std::string rule;
        std::string path;
        std::string symbol;
        std::string rest;
        int value = 0;
        if (!(words >> rule >> path >> symbol >> value) || value <= 0 || words >> rest) {
            throw std::runtime_error("baseline line " + std::to_string(number) +
                                     ": expected `rule path symbol value`: " + line);
        }
        if (!baseline.insert({{rule, path, symbol}, value}).second) {
            throw std::runtime_error("baseline line " + std::to_string(number) +
                                     ": twice: " + line);
        }
    }
    return baseline;
}

std::vector<std::string> baseline_compare(const std::map<BaselineKey, int> &baseline,
                                          const std::vector<Finding> &findings) {
    std::vector<std::string> lines;
    std::map<BaselineKey, int> totals = totals_of(findings);
    for (const Finding &finding : findings) {
        auto allowed = baseline.find(key_of(finding));
        if (allowed == baseline.end() || totals[key_of(finding)] > allowed->second) {
            std::string place =
                finding.path + (finding.line == 0 ? "" : ":" + std::to_string(finding.line));
            lines.push_back(place + ": " + finding.text + " [" + finding.rule + "]");
        }
    }
    for (const auto &[key, value] : baseline) {
        auto found = totals.find(key);
        int total = found == totals.end() ? 0 : found->second;
        if (total < value) {
            std::string cure =
                total == 0 ? "remove the row" : "lower it to " + std::to_string(total);
            lines.push_back("testing/style/baseline.txt: `" + row_of(key) + " " +
                            std::to_string(value) + "` allows too much: " + cure);
        }
    }
    return lines;
}

std::string baseline_of(const std::vector<Finding> &findings) {
    std::string text;
    for (const auto &[key, value] : totals_of(findings)) {
        text += row_of(key) + " " + std::to_string(value) + "\n";
    }
    return text;
}
