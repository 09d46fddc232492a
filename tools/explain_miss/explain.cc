#include "tools/explain_miss/explain.h"

#include <algorithm>
#include <istream>
#include <ostream>
#include <unordered_map>
#include <utility>

#include "tools/explain_miss/execution_log.h"

namespace {

constexpr size_t kInputsShown = 5;

using Reasons = std::vector<std::string>;
using ByOutput = std::unordered_map<std::string, Process>;
// What made a file, of what missed.
using Makers = std::unordered_map<std::string, std::string>;

std::string argument(const std::vector<std::string> &command, size_t at) {
    return at < command.size() ? "`" + command[at] + "`" : "nothing";
}

void compare_commands(const Process &first, const Process &second, Reasons &reasons) {
    const size_t longer = std::max(first.command.size(), second.command.size());
    for (size_t at = 0; at < longer; at++) {
        const std::string before = argument(first.command, at);
        const std::string now = argument(second.command, at);
        if (before != now) {
            reasons.push_back("argument " + std::to_string(at) + " was " + before + ", is " + now);
            return;
        }
    }
}

std::string variable(const Process &process, const std::string &name) {
    const auto found = process.environment.find(name);
    return found == process.environment.end() ? "not set" : "`" + found->second + "`";
}

void compare_environments(const Process &first, const Process &second, Reasons &reasons) {
    std::map<std::string, std::string> all = first.environment;
    all.insert(second.environment.begin(), second.environment.end());
    for (const auto &[name, value] : all) {
        const std::string before = variable(first, name);
        const std::string now = variable(second, name);
        if (before != now) {
            reasons.push_back("variable " + name + " was " + before + ", is " + now);
        }
    }
}

void compare_rest(const Process &first, const Process &second, Reasons &reasons) {
    if (first.outputs != second.outputs) {
        reasons.push_back("it promises other outputs");
    }
    if (first.platform != second.platform) {
        reasons.push_back("the platform was " + first.platform + ", is " + second.platform);
    }
    if (first.timeout_ms != second.timeout_ms) {
        reasons.push_back("the time limit was " + first.timeout_ms + " ms, is " +
                          second.timeout_ms + " ms");
    }
}

struct InputChange {
    std::string path;
    const char *how;
};

std::vector<InputChange> changed_inputs(const Process &first, const Process &second,
                                        const Names &names) {
    std::vector<InputChange> changes;
    for (const auto &[path, hash] : second.inputs) {
        const auto before = first.inputs.find(path);
        if (before == first.inputs.end()) {
            changes.push_back({names.text(path), "is new"});
        } else if (before->second != hash) {
            changes.push_back({names.text(path), "differs"});
        }
    }
    for (const auto &[path, hash] : first.inputs) {
        if (second.inputs.count(path) == 0) {
            changes.push_back({names.text(path), "is gone"});
        }
    }
    std::sort(changes.begin(), changes.end(),
              [](const InputChange &a, const InputChange &b) { return a.path < b.path; });
    return changes;
}

// True if another miss made one of the inputs that differ.
bool compare_inputs(const std::vector<InputChange> &changes, const Makers &makers,
                    Reasons &reasons) {
    bool follows = false;
    size_t shown = 0;
    for (const InputChange &change : changes) {
        const auto maker = makers.find(change.path);
        const bool made = maker != makers.end();
        follows = follows || made;
        if (shown < kInputsShown) {
            reasons.push_back("input " + change.path + " " + change.how +
                              (made ? ", made by a miss: " + maker->second : ""));
            shown++;
        }
    }
    if (changes.size() > shown) {
        reasons.push_back("and " + std::to_string(changes.size() - shown) + " inputs more");
    }
    return follows;
}

Miss miss_of(const Process &process, const ByOutput &before, const Makers &makers,
             const Names &names) {
    Miss miss{process.what, process.identity(), {}, false};
    const auto found = before.find(process.identity());
    if (!process.may_be_cached) {
        miss.reasons.push_back("never asks the cache: its tags or a flag forbid it");
    } else if (found == before.end()) {
        miss.reasons.push_back("the first build has no process that makes this");
    } else {
        const Process &first = found->second;
        compare_commands(first, process, miss.reasons);
        compare_environments(first, process, miss.reasons);
        compare_rest(first, process, miss.reasons);
        miss.follows = compare_inputs(changed_inputs(first, process, names), makers, miss.reasons);
        if (miss.reasons.empty()) {
            miss.reasons.push_back(
                first.failed ? "it failed in the first build, and what fails is not stored"
                             : "nothing differs: its result was not stored, or is gone");
        }
    }
    return miss;
}

}  // namespace

Explanation explain(std::istream &first, std::istream &second) {
    Names names;
    Explanation explanation;
    std::vector<Process> missed;
    Makers makers;
    ByOutput before;
    read_log(second, names, [&](Process process) {
        explanation.processes++;
        if (process.hit) {
            explanation.hits++;
            return;
        }
        for (const std::vector<std::string> *paths : {&process.outputs, &process.files}) {
            for (const std::string &path : *paths) {
                makers[path] = process.what;
            }
        }
        missed.push_back(std::move(process));
    });
    if (missed.empty()) {
        return explanation;
    }
    std::unordered_map<std::string, bool> wanted;
    for (const Process &process : missed) {
        wanted[process.identity()] = true;
    }
    read_log(first, names, [&](Process process) {
        if (wanted.count(process.identity()) != 0) {
            before[process.identity()] = std::move(process);
        }
    });
    for (const Process &process : missed) {
        explanation.misses.push_back(miss_of(process, before, makers, names));
    }
    std::stable_partition(explanation.misses.begin(), explanation.misses.end(),
                          [](const Miss &miss) { return !miss.follows; });
    return explanation;
}

bool print(const Explanation &explanation, std::ostream &out) {
    for (const Miss &miss : explanation.misses) {
        out << (miss.follows ? "follows: " : "missed: ") << miss.what << " (" << miss.output
            << ")\n";
        for (const std::string &reason : miss.reasons) {
            out << "    " << reason << "\n";
        }
    }
    out << "explain_miss: " << explanation.hits << " of " << explanation.processes
        << " processes came from the cache\n";
    return explanation.processes > 0 && explanation.misses.empty();
}
