// tools/policyc/policy_text.h: a policy as text (docs/policy.md), what can be wrong with one, what
// it decides, and its binary form (services/policyd/policy.h).
// Ownership: plain values.
// Errors:    policy_read lists all mistakes it found, each with line and column (from 1).
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/policyd/policy.h"
#include "tools/text/words.h"

namespace policyc {

// One line. The first rule that names subject, action and object decides.
struct rule {
    bool allows = false;
    std::vector<bool> subjects;  // By index of the name.
    std::vector<bool> objects;
    std::uint32_t actions = 0;  // A bit for each enum policy_action.
    text::source_place place;
    std::string text;
};

struct policy {
    std::vector<std::string> names;  // All that it can speak of: services, then programs
                                     // (`@greet`).
    std::vector<rule> rules;
};

struct policy_result {
    policy contents;
    std::vector<text::mistake> mistakes;
};

// What somebody wants, by indices of names.
struct question {
    std::size_t subject = 0;
    policy_action action = POLICY_CALL;
    std::size_t object = 0;
};

// `names` are the services; programs of bundles are added as rules name them.
policy_result policy_read(std::string_view text, const std::vector<std::string> &names);

// The rule that decides, or null: denied, for no rule says anything.
const rule *deciding_rule(const policy &contents, const question &asked);

// What decides `subject action object`, in words. False: one of the words is not known, and `out`
// says which.
bool explain(const policy &contents, const std::vector<std::string> &words, std::string &out);

// Empty if it has more than POLICY_ROW_MAX rows.
std::string policy_binary(const policy &contents);

// Which service may call which and wait. Programs of bundles are left out: nobody calls one, so
// none is part of a cycle.
std::vector<std::pair<std::string, std::string>> policy_calls(const policy &contents);

// Who may send to which service: services and programs of bundles.
std::vector<std::pair<std::string, std::string>> policy_sends(const policy &contents);

}  // namespace policyc
