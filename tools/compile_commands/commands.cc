// tools/compile_commands/commands.cc
#include "tools/compile_commands/commands.h"

#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

namespace {

using nlohmann::json;

// The argument after -c.
std::string source_of(const std::vector<std::string> &arguments) {
    for (size_t i = 0; i + 1 < arguments.size(); i++) {
        if (arguments[i] == "-c") {
            return arguments[i + 1];
        }
    }
    return "";
}

bool is_of_the_tree(const std::string &source) {
    return !source.empty() && !source.starts_with("bazel-out/") && !source.starts_with("external/");
}

// The execution root has only what the last build needed; where repositories are kept they all are.
std::string with_repositories(const std::string &argument, const std::string &output_base) {
    for (const char *before : {"", "-B", "-I", "--sysroot="}) {
        std::string start = std::string(before) + "external/";
        if (argument.starts_with(start)) {
            return before + output_base + "/external/" + argument.substr(start.size());
        }
    }
    return argument;
}

// What clang does not know is dropped: the tools that read the file are clang's.
std::vector<std::string> for_clang(const std::vector<std::string> &arguments,
                                   const std::string &output_base) {
    std::vector<std::string> kept;
    for (const std::string &argument : arguments) {
        if (argument != "-fno-canonical-system-headers" && !argument.starts_with("-frandom-seed")) {
            kept.push_back(with_repositories(argument, output_base));
        }
    }
    return kept;
}

}  // namespace

std::string compile_commands(const std::string &actions, const std::string &workspace,
                             const std::string &output_base) {
    json parsed = json::parse(actions, nullptr, false);
    if (parsed.is_discarded() || !parsed.contains("actions")) {
        throw std::runtime_error(
            "not a list of actions: expected the output of aquery --output=jsonproto");
    }
    json commands = json::array();
    std::set<std::string> seen;
    for (const json &action : parsed["actions"]) {
        auto arguments = action.value("arguments", std::vector<std::string>());
        std::string source = source_of(arguments);
        if (is_of_the_tree(source) && seen.insert(source).second) {
            commands.push_back({{"arguments", for_clang(arguments, output_base)},
                                {"directory", workspace},
                                {"file", workspace + "/" + source}});
        }
    }
    if (commands.empty()) {
        throw std::runtime_error("no compile action in the list");
    }
    return commands.dump(1) + "\n";
}
