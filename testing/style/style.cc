// testing/style/style.cc: looks at every file of a tree and prints what breaks a rule.
// Usage: style ROOT [LIST]           ROOT: the tree. LIST: a file with the paths to look at, one a
// line; without it all that lie below ROOT.
//        style ROOT --baseline       prints the baseline that would cover everything.
// Exit status: 0 nothing found, 1 something found, 2 wrong use.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "testing/style/rules.h"

namespace {

namespace fs = std::filesystem;

bool is_no_source(const fs::path &path) {
    std::string name = path.filename().string();
    return name == ".git" || name.starts_with("bazel-") || name == "user.bazelrc" ||
           name == "compile_commands.json" || name == "_repo_mapping";
}

void collect(const fs::path &root, const fs::path &folder, std::vector<std::string> *paths) {
    for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
        if (is_no_source(entry.path())) {
            continue;
        }
        if (entry.is_directory()) {
            collect(root, entry.path(), paths);
        } else {
            paths->push_back(entry.path().lexically_relative(root).string());
        }
    }
}

std::string read_text(const std::string &path) {
    std::ifstream stream(path);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) {
        throw std::runtime_error("cannot read " + path);
    }
    return text.str();
}

std::vector<std::string> paths_of(const std::string &root, const std::string &list) {
    std::vector<std::string> paths;
    if (list.empty()) {
        collect(root, root, &paths);
    } else {
        std::istringstream stream(read_text(list));
        for (std::string line; std::getline(stream, line);) {
            paths.push_back(line);
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

int run(const std::string &root, const std::string &list, bool print_baseline) {
    std::vector<SourceFile> files;
    for (const std::string &path : paths_of(root, list)) {
        files.push_back(source_file_read(root, path));
    }
    int column_limit = column_limit_of(read_text(root + "/.clang-format"));
    std::vector<Finding> findings = check_all(files, column_limit);
    if (print_baseline) {
        std::cout << baseline_of(findings);
        return 0;
    }
    std::map<BaselineKey, int> baseline =
        baseline_parse(read_text(root + "/testing/style/baseline.txt"));
    std::vector<std::string> lines = baseline_compare(baseline, findings);
    for (const std::string &line : lines) {
        std::cout << line << "\n";
    }
    std::cout << "style: " << files.size() << " files, " << lines.size()
              << " findings, baseline of " << baseline.size() << " rows\n";
    return lines.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
    std::string option = argc == 3 ? argv[2] : "";
    bool print_baseline = option == "--baseline";
    if (argc != 2 && argc != 3) {
        std::cerr << "usage: style ROOT [LIST | --baseline]\n";
        return 2;
    }
    try {
        return run(argv[1], print_baseline ? "" : option, print_baseline);
    } catch (const std::exception &error) {
        std::cerr << "style: " << error.what() << "\n";
        return 2;
    }
}
