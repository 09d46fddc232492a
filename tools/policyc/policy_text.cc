// tools/policyc/policy_text.cc: see policy_text.h.
#include "tools/policyc/policy_text.h"

#include <algorithm>
#include <tuple>

#include "kernel/abi/identity.h"

namespace policyc {
namespace {

using text::word;

constexpr std::uint32_t ALL_ACTIONS = (1U << POLICY_ACTION_COUNT) - 1;
constexpr const char *ANY = "*";
constexpr const char *ACTIONS = ": call, send, notify, manage or start";
constexpr std::size_t PROGRAM_NAME_MAX = 32;  // With the mark in front.

std::string quoted(const std::string &name) {
    return "`" + name + "`";
}

// Programs of bundles are written so: `@greet`. Nobody but execd does anything to one, and that is
// to start it; nothing else is started.
constexpr char PROGRAM_MARK = '@';

bool is_program(const std::string &name) {
    return name[0] == PROGRAM_MARK;
}

bool is_about(const std::vector<std::string> &names, const question &asked) {
    return is_program(names[asked.object]) == (asked.action == POLICY_START);
}

std::uint64_t id_of(const std::string &name) {
    return is_program(name) ? program_id_of(name.data() + 1, name.size() - 1)
                            : service_id_of(name.data(), name.size());
}

bool program_name_is_proper(const std::string &name) {
    return name.size() >= 2 && name.size() <= PROGRAM_NAME_MAX && name[1] >= 'a' &&
           name[1] <= 'z' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_", 1) == std::string::npos;
}

bool matches(const rule &one, const question &asked) {
    return one.subjects[asked.subject] && one.objects[asked.object] &&
           (one.actions >> static_cast<unsigned>(asked.action) & 1) != 0;
}

// Every question about two different services, or about starting a program.
template <typename Visit>
void for_each_question(const std::vector<std::string> &names, Visit visit) {
    const std::size_t name_count = names.size();
    for (std::size_t subject = 0; subject < name_count; subject++) {
        for (std::size_t pair = 0; pair < name_count * POLICY_ACTION_COUNT; pair++) {
            const std::size_t object = pair / POLICY_ACTION_COUNT;
            const question asked{subject, static_cast<policy_action>(pair % POLICY_ACTION_COUNT),
                                 object};
            if (object != subject && is_about(names, asked)) {
                visit(asked);
            }
        }
    }
}

std::uint32_t action_named(const std::string &name) {
    for (std::uint32_t i = 0; i < POLICY_ACTION_COUNT; i++) {
        if (name == policy_action_word(static_cast<policy_action>(i))) {
            return 1U << i;
        }
    }
    return 0;
}

class reader {
  public:
    explicit reader(policy_result &out) : out_(out), names_(out.contents.names) {}

    void read(std::string_view text) {
        for (const std::vector<word> &words : text::lines_of(text)) {
            for (std::size_t at = 1; at < words.size(); at += 2) {
                add_programs(words[at]);
            }
        }
        for (const std::vector<word> &words : text::lines_of(text)) {
            read_rule(words);
        }
    }

  private:
    void add_mistake(text::source_place place, std::string message) {
        out_.mistakes.push_back({place, std::move(message)});
    }

    // Bundles may come when the system runs, so each program that a rule names is one.
    void add_programs(const word &list) {
        for (const word &part : text::parts_of(list)) {
            if (program_name_is_proper(part.text) && is_program(part.text) &&
                std::ranges::find(names_, part.text) == names_.end()) {
                names_.push_back(part.text);
            }
        }
    }

    void read_rule(const std::vector<word> &words) {
        if (words[0].text != "allow" && words[0].text != "deny") {
            add_mistake(words[0].place, quoted(words[0].text) + " is no rule: allow or deny");
            return;
        }
        if (words.size() != 4) {
            add_mistake(words[0].place, quoted(words[0].text) +
                                            " takes three words, subjects, actions and objects; " +
                                            std::to_string(words.size() - 1) + " given");
            return;
        }
        rule made;
        made.allows = words[0].text == "allow";
        made.place = words[0].place;
        for (const word &one : words) {
            made.text += (made.text.empty() ? "" : " ") + one.text;
        }
        const std::size_t mistakes_before = out_.mistakes.size();
        made.subjects = read_names(words[1]);
        made.actions = read_actions(words[2]);
        made.objects = read_names(words[3]);
        if (out_.mistakes.size() == mistakes_before) {
            check_rule(made);
            out_.contents.rules.push_back(std::move(made));
        }
    }

    std::vector<bool> read_names(const word &list) {
        std::vector<bool> named(names_.size(), false);
        if (list.text == ANY) {  // Services only: a program is named.
            for (std::size_t at = 0; at < names_.size(); at++) {
                named[at] = !is_program(names_[at]);
            }
            return named;
        }
        for (const word &part : text::parts_of(list)) {
            const auto found = std::ranges::find(names_, part.text);
            if (found == names_.end()) {
                add_mistake(part.place, "no service " + quoted(part.text));
                continue;
            }
            const auto index = static_cast<std::size_t>(found - names_.begin());
            if (named[index]) {
                add_mistake(part.place, quoted(part.text) + " stands twice");
            }
            named[index] = true;
        }
        return named;
    }

    std::uint32_t read_actions(const word &list) {
        if (list.text == ANY) {
            return ALL_ACTIONS;
        }
        std::uint32_t actions = 0;
        for (const word &part : text::parts_of(list)) {
            const std::uint32_t action = action_named(part.text);
            if (action == 0) {
                add_mistake(part.place, "no action " + quoted(part.text) + ACTIONS);
            } else if ((actions & action) != 0) {
                add_mistake(part.place, quoted(part.text) + " stands twice");
            }
            actions |= action;
        }
        return actions;
    }

    // What it matches must not all be decided by rules before it.
    void check_rule(const rule &made) {
        const rule *before = nullptr;
        const rule *against = nullptr;
        bool matches_any = false;
        bool decides_any = false;
        for_each_question(names_, [&](const question &asked) {
            if (!matches(made, asked)) {
                return;
            }
            matches_any = true;
            const rule *first = deciding_rule(out_.contents, asked);
            decides_any = decides_any || first == nullptr;
            before = first;
            against = first != nullptr && first->allows != made.allows ? first : against;
        });
        if (!matches_any) {
            add_mistake(made.place, "says nothing: nobody needs leave for what is its own");
        } else if (!decides_any && against != nullptr) {
            add_mistake(made.place, "contradicts line " + std::to_string(against->place.line) +
                                        ", which comes first: " + against->text);
        } else if (!decides_any) {
            add_mistake(made.place, "is never reached: line " + std::to_string(before->place.line) +
                                        " has said so already: " + before->text);
        }
    }

    policy_result &out_;
    std::vector<std::string> &names_;
};

void append(std::string &out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; i++) {
        out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
    }
}

}  // namespace

policy_result policy_read(std::string_view text, const std::vector<std::string> &names) {
    policy_result out;
    out.contents.names = names;
    reader(out).read(text);
    if (out.mistakes.empty() && policy_binary(out.contents).empty()) {
        out.mistakes.push_back({{1, 1}, "more than 1024 decisions in all"});
    }
    return out;
}

const rule *deciding_rule(const policy &contents, const question &asked) {
    if (!is_about(contents.names, asked)) {
        return nullptr;
    }
    const auto found =
        std::ranges::find_if(contents.rules, [&](const rule &one) { return matches(one, asked); });
    return found == contents.rules.end() ? nullptr : &*found;
}

bool explain(const policy &contents, const std::vector<std::string> &words, std::string &out) {
    const std::vector<std::string> &names = contents.names;
    for (const std::string &name : {words.at(0), words.at(2)}) {
        if (std::ranges::find(names, name) == names.end()) {
            out = "no service " + quoted(name);
            return false;
        }
    }
    const std::uint32_t action = action_named(words.at(1));
    if (action == 0) {
        out = "no action " + quoted(words[1]) + ACTIONS;
        return false;
    }
    question asked;
    asked.subject = static_cast<std::size_t>(std::ranges::find(names, words[0]) - names.begin());
    asked.object = static_cast<std::size_t>(std::ranges::find(names, words[2]) - names.begin());
    while ((action >> static_cast<unsigned>(asked.action) & 1) == 0) {  // Ends: one bit is set.
        asked.action = static_cast<policy_action>(static_cast<unsigned>(asked.action) + 1);
    }
    const rule *by = deciding_rule(contents, asked);
    out = by == nullptr ? "denied: no rule says anything"
                        : std::string(by->allows ? "allowed" : "denied") + " by line " +
                              std::to_string(by->place.line) + ": " + by->text;
    return true;
}

std::string policy_binary(const policy &contents) {
    std::vector<policy_row> rows;
    for_each_question(contents.names, [&](const question &asked) {
        const rule *by = deciding_rule(contents, asked);
        if (by != nullptr) {
            rows.push_back({id_of(contents.names[asked.subject]),
                            id_of(contents.names[asked.object]),
                            static_cast<std::uint32_t>(asked.action),
                            static_cast<std::uint32_t>(2 * by->place.line + (by->allows ? 1 : 0))});
        }
    });
    if (rows.size() > POLICY_ROW_MAX) {
        return "";
    }
    std::ranges::sort(rows, [](const policy_row &one, const policy_row &other) {
        return std::tie(one.subject, one.object, one.action) <
               std::tie(other.subject, other.object, other.action);
    });
    std::string out;
    append(out, POLICY_MAGIC, 8);
    append(out, rows.size(), 8);
    for (const policy_row &row : rows) {
        append(out, row.subject, 8);
        append(out, row.object, 8);
        append(out, row.action, 4);
        append(out, row.rule, 4);
    }
    return out;
}

namespace {

// Each pair once of which some question that `counts` is allowed.
template <typename Counts>
std::vector<std::pair<std::string, std::string>> allowed_pairs(const policy &contents,
                                                               Counts counts) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for_each_question(contents.names, [&](const question &asked) {
        const rule *by = deciding_rule(contents, asked);
        if (counts(asked) && by != nullptr && by->allows) {
            pairs.emplace_back(contents.names[asked.subject], contents.names[asked.object]);
        }
    });
    std::ranges::sort(pairs);
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    return pairs;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> policy_calls(const policy &contents) {
    return allowed_pairs(contents, [&](const question &asked) {
        const bool waits = asked.action == POLICY_CALL || asked.action == POLICY_MANAGE;
        return waits && !is_program(contents.names[asked.subject]);
    });
}

std::vector<std::pair<std::string, std::string>> policy_sends(const policy &contents) {
    return allowed_pairs(contents,
                         [](const question &asked) { return asked.action == POLICY_SEND; });
}

}  // namespace policyc
