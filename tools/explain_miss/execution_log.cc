#include "tools/explain_miss/execution_log.h"

#include <istream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace {

using nlohmann::json;

std::vector<std::string> paths_of(const json &files) {
    std::vector<std::string> paths;
    for (const json &file : files) {
        paths.push_back(file.value("path", ""));
    }
    return paths;
}

const json &list(const json &process, const char *key) {
    static const json none = json::array();
    const auto found = process.find(key);
    return found == process.end() ? none : *found;
}

// An empty folder has no digest.
std::string hash_of(const json &input) {
    const auto digest = input.find("digest");
    return digest == input.end() || digest->is_null() ? "" : digest->value("hash", "");
}

Process process_of(const json &object, Names &names) {
    Process process;
    process.what = object.value("progressMessage", "");
    process.command = list(object, "commandArgs").get<std::vector<std::string>>();
    for (const json &variable : list(object, "environmentVariables")) {
        process.environment[variable.value("name", "")] = variable.value("value", "");
    }
    process.platform = list(object, "platform").dump();
    process.timeout_ms = object.value("timeoutMillis", "0");
    process.outputs = list(object, "listedOutputs").get<std::vector<std::string>>();
    process.files = paths_of(list(object, "actualOutputs"));
    for (const json &input : list(object, "inputs")) {
        process.inputs[names.number(input.value("path", ""))] = names.number(hash_of(input));
    }
    process.may_be_cached = object.value("remoteCacheable", false);
    process.hit = object.value("remoteCacheHit", false);
    process.failed = object.value("exitCode", 0) != 0;
    return process;
}

}  // namespace

uint32_t Names::number(const std::string &text) {
    const auto [place, added] = numbers_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (added) {
        texts_.push_back(&place->first);
    }
    return place->second;
}

void read_log(std::istream &log, Names &names, const std::function<void(Process)> &take) {
    // One object behind the other, with nothing between but white space.
    while ((log >> std::ws).peek() != std::istream::traits_type::eof()) {
        try {
            json object;
            log >> object;
            if (!object.is_object() || !object.contains("commandArgs")) {
                throw std::runtime_error("not an execution log: an object without commandArgs");
            }
            take(process_of(object, names));
        } catch (const json::exception &error) {
            throw std::runtime_error(std::string("not an execution log: ") + error.what());
        }
    }
}
