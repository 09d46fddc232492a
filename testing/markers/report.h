// testing/markers/report.h: a verdict as text for people and as JSON for tools.
// Units: seconds in the text, nanoseconds in JSON.
#pragma once
#include <string>

#include "testing/markers/matcher.h"

namespace markers {

inline constexpr std::size_t LINES_AROUND = 5;

std::string failure_text(const matcher &judged, const failure &what);

// All failures, each with its frontier and the lines around it; empty if there is none.
std::string failures_text(const matcher &judged);

std::string seconds_text(std::int64_t at_ns);  // "  1.204 s"; blanks for NO_TIME.

// {"golden": ..., "markers": [{"text", "at_ns", "log_line", "rule_line"}, ...]}; at_ns is null
// without times.
std::string times_json(const matcher &judged);

}  // namespace markers
