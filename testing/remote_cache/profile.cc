#include "testing/remote_cache/profile.h"

#include <algorithm>
#include <cstdint>
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <stdexcept>

namespace {

using nlohmann::json;

struct Span {
    int64_t start_us;
    int64_t end_us;
    Action action;
};

int64_t start_of(const json &event) {
    return event.value("ts", static_cast<int64_t>(0));
}

// The action that a moment of a thread belongs to; threads work on one action at a time.
Action *action_at(std::vector<Span> &spans, int64_t moment_us) {
    for (Span &span : spans) {
        if (span.start_us <= moment_us && moment_us <= span.end_us) {
            return &span.action;
        }
    }
    return nullptr;
}

std::string target_of(const json &event) {
    return event.contains("args") ? event["args"].value("target", std::string()) : std::string();
}

std::set<std::string> identities(const std::vector<Action> &actions) {
    std::set<std::string> found;
    for (const Action &action : actions) {
        found.insert(action.target + " " + action.name);
    }
    return found;
}

const char *reason(const Action &action, const std::set<std::string> &known) {
    if (!action.asked) {
        return "never asks the cache (tagged so)";
    }
    if (known.count(action.target + " " + action.name) == 0) {
        return "the first checkout had no such action";
    }
    return "not found: its inputs, command or environment differ from the first checkout's, or its "
           "result was not stored";
}

}  // namespace

std::vector<Action> read_profile(std::istream &profile) {
    const json document = json::parse(profile, nullptr, false);
    if (!document.is_object() || !document.contains("traceEvents")) {
        throw std::runtime_error("not a profile: no traceEvents");
    }
    std::map<int64_t, std::vector<Span>> threads;
    for (const json &event : document["traceEvents"]) {
        if (event.value("cat", "") == "action processing") {
            const Action action{event.value("name", ""), target_of(event), false, false};
            threads[event.value("tid", static_cast<int64_t>(0))].push_back(
                {start_of(event), start_of(event) + event.value("dur", static_cast<int64_t>(0)),
                 action});
        }
    }
    for (const json &event : document["traceEvents"]) {
        const bool ran = event.value("name", "") == "subprocess.run";
        const bool asked = event.value("cat", "") == "remote action cache check";
        Action *action =
            ran || asked
                ? action_at(threads[event.value("tid", static_cast<int64_t>(0))], start_of(event))
                : nullptr;
        if (action != nullptr) {
            action->ran = action->ran || ran;
            action->asked = action->asked || asked;
        }
    }
    std::vector<Action> actions;
    for (const auto &[thread, spans] : threads) {
        for (const Span &span : spans) {
            if (span.action.ran || span.action.asked) {
                actions.push_back(span.action);
            }
        }
    }
    return actions;
}

bool compare(const std::vector<Action> &first, const std::vector<Action> &second,
             std::ostream &out) {
    const std::set<std::string> known = identities(first);
    bool good = true;
    for (const Action &action : second) {
        if (action.ran) {
            out << "missed: " << action.target << ": " << action.name << ": "
                << reason(action, known) << "\n";
            good = false;
        }
    }
    return good;
}
