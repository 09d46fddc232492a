// testing/markers/report.cc: see the header.
#include "testing/markers/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace markers {
namespace {

void append_lines_around(const matcher &judged, std::size_t log_line, std::string &out) {
    const std::vector<seen_line> &lines = judged.lines();
    const std::size_t middle = log_line == 0 ? lines.size() : log_line;
    const std::size_t first = middle > LINES_AROUND ? middle - LINES_AROUND : 1;
    const std::size_t last = std::min(lines.size(), middle + LINES_AROUND);
    if (lines.empty()) {
        out += "  the log is empty\n";
        return;
    }
    out += "  lines around:\n";
    for (std::size_t at = first; at <= last; at++) {
        std::array<char, 32> number{};
        std::snprintf(number.data(), number.size(), "  %c %5zu ", at == log_line ? '>' : ' ', at);
        out += number.data() + seconds_text(lines[at - 1].at_ns) + "  " + lines[at - 1].text + "\n";
    }
    if (log_line == 0) {
        out += "  >       end of the log\n";
    }
}

}  // namespace

std::string seconds_text(std::int64_t at_ns) {
    std::array<char, 32> text{};
    if (at_ns == NO_TIME) {
        return "";
    }
    std::snprintf(text.data(), text.size(), "%8.3f s", static_cast<double>(at_ns) / 1e9);
    return text.data();
}

std::string failure_text(const matcher &judged, const failure &what) {
    std::string out = "  " + what.what + "\n";
    out += what.log_line == 0
               ? "  at:        the end of the log"
               : "  at:        line " + std::to_string(what.log_line) + " of the log";
    if (what.log_line > 0 && judged.lines()[what.log_line - 1].at_ns != NO_TIME) {
        out += "," + seconds_text(judged.lines()[what.log_line - 1].at_ns) + " after power-on";
    }
    out += "\n";
    if (what.rule_line > 0) {
        out += "  its rule:  " + judged.rules().file + ":" + std::to_string(what.rule_line) + "\n";
    }
    if (!what.frontier.empty()) {
        out += "  unmet at that moment:\n";
        for (const std::string &entry : what.frontier) {
            out += "    " + entry + "\n";
        }
    }
    append_lines_around(judged, what.log_line, out);
    return out;
}

std::string failures_text(const matcher &judged) {
    std::string out;
    for (const failure &what : judged.failures()) {
        out += failure_text(judged, what);
    }
    return out;
}

std::string times_json(const matcher &judged) {
    nlohmann::ordered_json root;
    root["golden"] = judged.rules().file;
    root["complete"] = judged.complete();
    root["markers"] = nlohmann::ordered_json::array();
    for (std::size_t at = 0; at < judged.lines().size(); at++) {
        const seen_line &line = judged.lines()[at];
        if (line.role != line_role::marker && line.role != line_role::power_off) {
            continue;
        }
        nlohmann::ordered_json entry;
        entry["text"] = line.text;
        entry["at_ns"] = line.at_ns;
        if (line.at_ns == NO_TIME) {
            entry["at_ns"] = nullptr;
        }
        entry["log_line"] = at + 1;
        entry["rule_line"] = line.rule_line;
        root["markers"].push_back(std::move(entry));
    }
    return root.dump(1) + "\n";
}

}  // namespace markers
