// testing/markers/matcher.cc: a text stands in one rule of a file, so each line has at most one
// place and matching needs no choice. A line is first checked against every sequence around its
// rule, then taken.
#include "testing/markers/matcher.h"

#include <utility>

namespace markers {
namespace {

constexpr std::size_t NO_NODE = static_cast<std::size_t>(-1);

std::string quoted(const std::string &text) {
    return "`" + text + "`";
}

}  // namespace

matcher::matcher(const golden &rules, const marker_table &table)
    : rules_(rules), table_(table), states_(rules.nodes.size()) {
    // Children have higher indices than their parents, so one pass from the end counts what is
    // unmet.
    for (std::size_t at = rules.nodes.size(); at-- > 0;) {
        const golden_node &node = rules.nodes[at];
        if (node_is_text(node)) {
            states_[at].unmet = node.kind == node_kind::optional ? 0 : 1;
            rules_needed_ += states_[at].unmet;
        }
        if (at > 0 && states_[at].unmet > 0) {
            states_[node.parent].unmet++;
        }
    }
}

line_role matcher::line(const log_line &line, std::int64_t at_ns) {
    lines_.push_back({line.text, at_ns, line_role::unjudged, 0});
    check_always(line);
    line_role role = line_role::unjudged;
    if (firmware_line(line)) {
        role = line_role::firmware;
    } else if (!stopped_) {
        role = judge(line);
    }
    lines_.back().role = role;
    return role;
}

// Lines before `kernel: boot` are the firmware's.
bool matcher::firmware_line(const log_line &line) {
    if (!started_ && line.text == FIRST_MARKER) {
        started_ = true;
    }
    return !started_;
}

// What holds for every line of the log, the firmware's included.
void matcher::check_always(const log_line &line) {
    for (const golden_glob &rule : rules_.forbidden) {
        if (pattern_matches(rule.glob, line.text)) {
            fail(failure_kind::forbidden,
                 quoted(line.text) + " is forbidden by `! " + rule.glob.source + "`", rule.line);
        }
    }
    if (const table_fatal *fatal = find_fatal(line.text)) {
        fail(failure_kind::fatal, fatal->what + ": " + quoted(line.text), 0);
    }
}

const table_fatal *matcher::find_fatal(const std::string &text) const {
    for (const table_fatal &fatal : table_.fatal) {
        if (pattern_matches(fatal.glob, text)) {
            return &fatal;
        }
    }
    return nullptr;
}

line_role matcher::judge(const log_line &line) {
    if (!line.malformed.empty()) {
        fail(failure_kind::malformed,
             "a malformed line: " + line.malformed + ": " + quoted(line.text), 0);
        return line_role::bad;
    }
    if (is_ignored(line.text)) {
        return line_role::ignored;
    }
    if (power_off_seen_) {
        fail(failure_kind::after_end, quoted(line.text) + " after `kernel: power off`", 0);
        return line_role::bad;
    }
    const std::size_t node = find_rule(line.text);
    if (node != NO_NODE) {
        return judge_marker(node, line.text);
    }
    if (line.text == LAST_MARKER) {
        if (!complete()) {
            fail(failure_kind::early, "`kernel: power off` before the last rule was met", 0);
            return line_role::bad;
        }
        power_off_seen_ = true;
        return line_role::power_off;
    }
    if (complete()) {
        fail(failure_kind::after_end,
             quoted(line.text) + " after the last rule, where only `" + std::string(LAST_MARKER) +
                 "` may come",
             0);
        return line_role::bad;
    }
    if (find_fatal(line.text) != nullptr) {
        stopped_ = true;  // It has failed the run already; what follows is about it.
        return line_role::bad;
    }
    fail(failure_kind::unknown,
         quoted(line.text) + " is unknown: no rule has it and no `~` ignores it", 0);
    return line_role::bad;
}

line_role matcher::judge_marker(std::size_t node, const std::string &text) {
    const golden_node &rule = rules_.nodes[node];
    if (states_[node].count == rule.times) {
        fail(failure_kind::doubled,
             rule.times == 1
                 ? quoted(text) + " came twice"
                 : quoted(text) + " came more than " + std::to_string(rule.times) + " times",
             rule.line);
        return line_role::bad;
    }
    if (!place_is_open(node, text)) {
        return line_role::bad;
    }
    take(node);
    lines_.back().rule_line = rule.line;
    return line_role::marker;
}

// Each chain around the rule must have met what stands before it, and not yet anything behind it.
bool matcher::place_is_open(std::size_t node, const std::string &text) {
    for (std::size_t at = node; at != 0; at = rules_.nodes[at].parent) {
        const golden_node &parent = rules_.nodes[rules_.nodes[at].parent];
        if (parent.kind != node_kind::chain) {
            continue;
        }
        const std::size_t position = states_[rules_.nodes[at].parent].position;
        const std::size_t place = rules_.nodes[at].place;
        if (place < position) {
            fail(failure_kind::late,
                 quoted(text) + " came too late: the rule of line " +
                     std::to_string(rules_.nodes[parent.children[position]].line) +
                     ", which stands behind it, was already met",
                 rules_.nodes[node].line);
            return false;
        }
        for (std::size_t before = position; before < place; before++) {
            if (!node_complete(parent.children[before])) {
                fail(failure_kind::early,
                     quoted(text) + " came too early: rules before it are unmet",
                     rules_.nodes[node].line);
                return false;
            }
        }
    }
    return true;
}

void matcher::take(std::size_t node) {
    states_[node].count++;
    for (std::size_t at = node; at != 0; at = rules_.nodes[at].parent) {
        if (rules_.nodes[rules_.nodes[at].parent].kind == node_kind::chain) {
            states_[rules_.nodes[at].parent].position = rules_.nodes[at].place;
        }
    }
    const golden_node &rule = rules_.nodes[node];
    if (rule.kind == node_kind::optional || states_[node].count < rule.times) {
        return;
    }
    rules_met_++;
    states_[node].unmet = 0;
    for (std::size_t at = node; at != 0; at = rules_.nodes[at].parent) {
        if (--states_[rules_.nodes[at].parent].unmet > 0) {
            return;
        }
    }
}

void matcher::finish(const std::string &unfinished) {
    if (!unfinished.empty() && failures_.empty()) {
        lines_.push_back({unfinished, NO_TIME, line_role::bad, 0});
        fail(failure_kind::truncated, "the log ends in the middle of a line: " + quoted(unfinished),
             0);
    }
    if (stopped_) {
        return;
    }
    if (!started_) {
        fail(failure_kind::unstarted, "no `kernel: boot` in the log: the kernel never started", 0);
    } else if (!complete()) {
        fail(failure_kind::truncated, "the log ended, and rules are unmet", 0);
        failures_.back().log_line = 0;
    }
}

void matcher::abandon(std::string what) {
    const std::size_t before = failures_.size();
    fail(failure_kind::abandoned, std::move(what), 0);
    if (failures_.size() > before) {
        failures_.back().log_line = 0;  // It happened at the end, not at a line.
    }
}

bool matcher::complete() const {
    return node_complete(0);
}

void matcher::fail(failure_kind kind, std::string what, std::size_t rule_line) {
    // What breaks order ends the judging of order; forbidden and fatal lines may be part of a good
    // order.
    if (kind != failure_kind::forbidden && kind != failure_kind::fatal) {
        stopped_ = true;
    }
    if (failures_.size() == FAILURES_MAX) {
        return;
    }
    failures_.push_back({kind, std::move(what), lines_.size(), rule_line, frontier()});
}

std::size_t matcher::find_rule(const std::string &text) const {
    for (std::size_t at = 0; at < rules_.nodes.size(); at++) {
        if (node_is_text(rules_.nodes[at]) && pattern_matches(rules_.nodes[at].text, text)) {
            return at;
        }
    }
    return NO_NODE;
}

bool matcher::is_ignored(const std::string &text) const {
    for (const golden_glob &rule : rules_.ignored) {
        if (pattern_matches(rule.glob, text)) {
            return true;
        }
    }
    return false;
}

// The children of a node where the next line may belong: all of a group; of a chain those from the
// one that was met last up to the first that is incomplete.
std::vector<std::size_t> matcher::frontier_children(std::size_t node) const {
    const golden_node &parent = rules_.nodes[node];
    if (parent.kind == node_kind::group) {
        return parent.children;
    }
    std::vector<std::size_t> out;
    for (std::size_t at = states_[node].position; at < parent.children.size(); at++) {
        out.push_back(parent.children[at]);
        if (!node_complete(parent.children[at])) {
            break;
        }
    }
    return out;
}

void matcher::gather_frontier(std::size_t node, std::vector<std::size_t> &out) const {
    std::vector<std::size_t> pending = {node};
    while (!pending.empty()) {
        const std::size_t at = pending.back();
        pending.pop_back();
        if (node_is_text(rules_.nodes[at])) {
            if (!node_complete(at)) {
                out.push_back(at);
            }
            continue;
        }
        const std::vector<std::size_t> children = frontier_children(at);
        pending.insert(pending.end(), children.rbegin(), children.rend());
    }
}

std::vector<std::string> matcher::frontier() const {
    std::vector<std::size_t> nodes;
    gather_frontier(0, nodes);
    std::vector<std::string> out;
    for (const std::size_t at : nodes) {
        const golden_node &node = rules_.nodes[at];
        std::string entry =
            rules_.file + ":" + std::to_string(node.line) + ": " + node_spelling(node);
        if (node.kind == node_kind::times) {
            entry += "  (" + std::to_string(states_[at].count) + " came)";
        }
        out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace markers
