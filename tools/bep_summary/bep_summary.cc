// bep_summary: counts tests by Bazel's build event file and says the truth in its exit status: 0
// only if all passed.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "tools/bep_summary/summary.h"

namespace {

// The first number in a file whose other lines are comments.
size_t read_minimum(const std::string &path) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        if (!line.empty() && line[0] != '#') {
            return std::stoul(line);
        }
    }
    throw std::runtime_error(path + ": holds no number");
}

std::vector<std::string> read_lines(const std::string &path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Counts tests by Bazel's build event file."};
    std::string events_path;
    std::string minimum_path;
    std::string drift_path;
    app.add_option("EVENTS", events_path, "--build_event_json_file")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--minimum", minimum_path, "file with the least number of tests")
        ->check(CLI::ExistingFile);
    app.add_option("--drift", drift_path, "file with lines `DRIFT: ...`")->check(CLI::ExistingFile);
    std::vector<std::string> also_failed;
    app.add_option("--also-failed", also_failed, "a test that failed besides this build");
    CLI11_PARSE(app, argc, argv);
    try {
        Policy policy;
        policy.also_failed = also_failed;
        if (!minimum_path.empty()) {
            policy.tests_min = read_minimum(minimum_path);
        }
        if (!drift_path.empty()) {
            policy.drift = read_lines(drift_path);
        }
        std::ifstream events(events_path);
        return report(read_events(events), policy, std::cout) ? 0 : 1;
    } catch (const std::exception &error) {
        std::cerr << "bep_summary: " << error.what() << "\n";
        std::cout << "0 passed, 1 failed\n";
        return 1;
    }
}
