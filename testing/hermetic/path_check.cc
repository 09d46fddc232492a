#include "testing/hermetic/path_check.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace {

// Names that are not looked up while building: the loader that a program will ask for, the null
// device, and the folder that -ffile-prefix-map replaces.
constexpr std::array<std::string_view, 3> kNotRead = {"/lib64/ld-linux-x86-64.so.2", "/dev/null",
                                                      "/proc/self/cwd"};

// How the compiler was built, not what it reads.
constexpr std::string_view kBuildRecord = "Configured with:";

bool starts_with(std::string_view text, std::string_view start) {
    return text.substr(0, start.size()) == start;
}

// Does a relative path climb above where it starts? A name that does not exist yet counts like any
// other.
bool climbs_out(std::string_view path) {
    int depth = 0;
    while (!path.empty()) {
        const size_t end = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        if (part == "..") {
            depth--;
        } else if (!part.empty() && part != ".") {
            depth++;
        }
        if (depth < 0) {
            return true;
        }
    }
    return false;
}

// -I/usr/include and the like: the path after a one-letter option.
std::string_view without_option(std::string_view word) {
    if (word.size() > 2 && word[0] == '-' &&
        std::string_view("ILBF").find(word[1]) != std::string_view::npos) {
        return word.substr(2);
    }
    return word;
}

bool is_outside(std::string_view word, std::string_view execroot) {
    const std::string_view path = without_option(word);
    if (path.find('/') == std::string_view::npos) {
        return path == "..";
    }
    if (path[0] != '/') {
        return path[0] != '-' && climbs_out(path);
    }
    if (std::find(kNotRead.begin(), kNotRead.end(), path) != kNotRead.end()) {
        return false;
    }
    const bool below = starts_with(path, execroot) &&
                       (path.size() == execroot.size() || path[execroot.size()] == '/');
    return !below || climbs_out(path.substr(execroot.size()));
}

std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view kBetween = " \t'\"`=:;,()[]<>";
    std::vector<std::string_view> words;
    while (true) {
        const size_t start = line.find_first_not_of(kBetween);
        if (start == std::string_view::npos) {
            return words;
        }
        line.remove_prefix(start);
        const size_t end = std::min(line.find_first_of(kBetween), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

// The compiler's -H starts a line with one dot for each level of inclusion.
std::string_view without_dots(std::string_view line) {
    const size_t start = line.find_first_not_of('.');
    return start != std::string_view::npos && line[start] == ' ' ? line.substr(start) : line;
}

}  // namespace

std::vector<std::string> outside_paths(const std::string &log) {
    constexpr std::string_view kHead = "execroot: /";
    std::istringstream lines(log);
    std::string line;
    if (!std::getline(lines, line) || !starts_with(line, kHead)) {
        return {"1: the log does not start with the execution root"};
    }
    const std::string execroot = line.substr(kHead.size() - 1);
    std::vector<std::string> offences;
    for (int number = 2; std::getline(lines, line); number++) {
        if (starts_with(line, kBuildRecord)) {
            continue;
        }
        for (const std::string_view word : words_of(without_dots(line))) {
            if (is_outside(word, execroot)) {
                offences.push_back(std::to_string(number) + ": " + std::string(word) +
                                   " in: " + line);
            }
        }
    }
    return offences;
}

int external_lines(const std::string &log) {
    std::istringstream lines(log);
    std::string line;
    int count = 0;
    while (std::getline(lines, line)) {
        const size_t start = line.find_first_not_of(". ");
        if (start != std::string::npos &&
            starts_with(std::string_view(line).substr(start), "external/")) {
            count++;
        }
    }
    return count;
}
