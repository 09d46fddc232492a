// testing/markers/matcher.h: judges a log line by line against a golden file, while it grows.
// Units:     `at_ns` is nanoseconds since power-on, as the caller measured; lines of a finished
//            log have NO_TIME.
// Ownership: the matcher refers to the golden and the table, which must outlive it; it copies
//            lines.
// Errors:    none are returned: failures() lists what went wrong, first cause first. After the
//            first rule that is broken, rules are no longer followed, but forbidden and fatal
//            lines are still reported.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "testing/markers/golden.h"
#include "testing/markers/log_lines.h"
#include "testing/markers/marker_table.h"

namespace markers {

inline constexpr std::int64_t NO_TIME = -1;
inline constexpr std::size_t FAILURES_MAX = 8;

enum class line_role { firmware, marker, ignored, power_off, bad, unjudged };

struct seen_line {
    std::string text;
    std::int64_t at_ns = NO_TIME;
    line_role role = line_role::unjudged;
    std::size_t rule_line = 0;  // Line in the golden file, of a marker.
};

enum class failure_kind {
    malformed,  // A line over 200 bytes or not printable.
    forbidden,  // A `!` glob matched.
    fatal,      // A panic, a lock-order report, a failed audit.
    unknown,    // A line that no rule and no `~` takes.
    early,      // A rule's line, but something before it is missing: missing and swapped markers.
    late,       // A rule's line after its place was passed.
    doubled,    // Once too often.
    after_end,  // Anything after `kernel: power off`, or an unknown line after the last rule.
    unstarted,  // No `kernel: boot` in the whole log.
    truncated,  // The log ended, and rules are unmet.
    abandoned,  // The caller gave up on the machine: its deadline passed, or it would not end.
};

struct failure {
    failure_kind kind = failure_kind::unknown;
    std::string what;                   // One sentence.
    std::size_t log_line = 0;           // From 1; 0: the end of the log.
    std::size_t rule_line = 0;          // Line in the golden file, or 0.
    std::vector<std::string> frontier;  // Rules that stood unmet at that moment, spelled with their
                                        // lines.
};

class matcher {
  public:
    matcher(const golden &rules, const marker_table &table);

    // One line of the log. Returns how it was taken.
    line_role line(const log_line &line, std::int64_t at_ns);

    // The log is over; `unfinished` is what log_splitter still held. Call once.
    void finish(const std::string &unfinished);

    // The caller stops feeding lines for a reason of its own, which becomes a failure.
    void abandon(std::string what);

    bool complete() const;  // Every rule is met.
    bool power_off_seen() const {
        return power_off_seen_;
    }
    const std::vector<failure> &failures() const {
        return failures_;
    }
    const std::vector<seen_line> &lines() const {
        return lines_;
    }
    const golden &rules() const {
        return rules_;
    }

    // Lines still to come next, spelled `file:line: rule`, with how many of a `*N` came.
    std::vector<std::string> frontier() const;

    std::size_t rules_met() const {
        return rules_met_;
    }
    std::size_t rules_needed() const {
        return rules_needed_;
    }

  private:
    struct node_state {
        std::uint32_t count = 0;   // Of a text: how often it came.
        std::size_t position = 0;  // Of a chain: the child that was met last.
        std::size_t unmet = 0;     // Of a group or chain: children not yet complete; of a text: 0
                                   // or 1.
    };

    bool firmware_line(const log_line &line);
    void check_always(const log_line &line);
    const table_fatal *find_fatal(const std::string &text) const;
    line_role judge(const log_line &line);
    line_role judge_marker(std::size_t node, const std::string &text);
    bool place_is_open(std::size_t node, const std::string &text);
    void take(std::size_t node);
    void fail(failure_kind kind, std::string what, std::size_t rule_line);
    std::size_t find_rule(const std::string &text) const;
    bool is_ignored(const std::string &text) const;
    bool node_complete(std::size_t node) const {
        return states_[node].unmet == 0;
    }
    void gather_frontier(std::size_t node, std::vector<std::size_t> &out) const;
    std::vector<std::size_t> frontier_children(std::size_t node) const;

    const golden &rules_;
    const marker_table &table_;
    std::vector<node_state> states_;
    std::vector<seen_line> lines_;
    std::vector<failure> failures_;
    std::size_t rules_met_ = 0;
    std::size_t rules_needed_ = 0;
    bool started_ = false;
    bool power_off_seen_ = false;
    bool stopped_ = false;  // A rule was broken: order is no longer judged.
};

}  // namespace markers
