// testing/style/rules_tree.cc: rules that need more than one file.
#include <algorithm>
#include <iterator>
#include <regex>
#include <set>

#include "testing/style/rules.h"

namespace {

const char *const kPackageList = "testing/style/packages.bzl";

std::set<std::string> listed_packages(const std::vector<SourceFile> &files) {
    static const std::regex row(R"rx(^\s+"([^"]*)",)rx");
    std::set<std::string> packages;
    for (const SourceFile &file : files) {
        for (const std::string &line :
             file.path == kPackageList ? file.lines : std::vector<std::string>()) {
            std::smatch match;
            if (std::regex_search(line, match, row)) {
                packages.insert(match[1]);
            }
        }
    }
    return packages;
}

// Packages that exist, and those that a label names: a package whose files nobody shows to this
// test would otherwise go unseen.
void add_labels(const std::string &line, std::set<std::string> *packages) {
    static const std::regex label(R"rx("//([\w/.-]+)(:[^"]*)?")rx");
    static const std::set<std::string> no_packages = {"conditions", "command_line_option",
                                                      "visibility"};
    for (auto it = std::sregex_iterator(line.begin(), line.end(), label);
         it != std::sregex_iterator(); it++) {
        std::string package = (*it)[1];
        bool pattern = (*it)[2] == ":__subpackages__" || package.find("...") != std::string::npos;
        if (!pattern && !no_packages.contains(package)) {
            packages->insert(package);
        }
    }
}

std::set<std::string> known_packages(const std::vector<SourceFile> &files) {
    std::set<std::string> packages;
    for (const SourceFile &file : files) {
        bool is_build_file = file.name() == "BUILD.bazel";
        if (is_build_file) {
            packages.insert(file.folder());
        }
        for (const std::string &line : is_build_file ? file.lines : std::vector<std::string>()) {
            add_labels(line, &packages);
        }
    }
    return packages;
}

void check_packages(const std::vector<SourceFile> &files, std::vector<Finding> *findings) {
    std::set<std::string> listed = listed_packages(files);
    std::set<std::string> known = known_packages(files);
    std::set<std::string> present;
    for (const SourceFile &file : files) {
        if (file.name() == "BUILD.bazel") {
            present.insert(file.folder());
        }
    }
    for (const std::string &package : known) {
        if (!listed.contains(package)) {
            findings->push_back({"package_listed", kPackageList, 0, "", 1,
                                 "no row \"" + package + "\": its files are not looked at"});
        }
    }
    for (const std::string &package : listed) {
        if (!present.contains(package)) {
            findings->push_back(
                {"package_listed", kPackageList, 0, "", 1, "\"" + package + "\": no such package"});
        }
    }
}

bool has_line(const SourceFile &file, const std::string &wanted) {
    return std::find(file.lines.begin(), file.lines.end(), wanted) != file.lines.end();
}

// Every folder explains itself, except the root (whose README is the guide), folders of inputs, and
// those that the README of the folder above explains by a row: one external project, one tool, one
// port's few files.
bool needs_readme(const std::string &folder) {
    static const std::vector<std::regex> exempt = {
        std::regex(""),
        std::regex(R"(\.\w+(/workflows)?)"),
        std::regex(R"(.*/(wrong|corpus|golden|host|sim|riscv64))"),
        std::regex(R"(.*/(lock_check|reuse)_(on|off))"),
        std::regex(R"((third_party|toolchains|services/selftest|docs)/\w+)"),
    };
    if (folder.starts_with("kernel/arch/") || folder == "testing/sim") {
        return true;
    }
    return std::none_of(exempt.begin(), exempt.end(),
                        [&](const std::regex &e) { return std::regex_match(folder, e); });
}

void check_readmes(const std::vector<SourceFile> &files, std::vector<Finding> *findings) {
    std::set<std::string> folders;
    std::set<std::string> explained;
    for (const SourceFile &file : files) {
        folders.insert(file.folder());
        if (file.name() != "README.md") {
            continue;
        }
        explained.insert(file.folder());
        for (const char *heading :
             {"## What lives here", "## May depend on", "## Start reading at"}) {
            if (needs_readme(file.folder()) && !has_line(file, heading)) {
                findings->push_back(
                    {"readme", file.path, 0, "", 1, std::string("no heading `") + heading + "`"});
            }
        }
    }
    for (const std::string &folder : folders) {
        if (needs_readme(folder) && !explained.contains(folder)) {
            findings->push_back({"readme", folder + "/README.md", 0, "", 1, "missing"});
        }
    }
}

}  // namespace

void check_tree(const std::vector<SourceFile> &files, std::vector<Finding> *findings) {
    check_packages(files, findings);
    check_readmes(files, findings);
    check_names(files, findings);
}

std::vector<Finding> check_all(const std::vector<SourceFile> &files, int column_limit) {
    std::vector<Finding> findings;
    for (const SourceFile &file : files) {
        check_text(file, column_limit, &findings);
        check_code(file, &findings);
        check_draws(file, &findings);
        check_functions(file, &findings);
        check_build_file(file, &findings);
        check_shell(file, &findings);
    }
    check_tree(files, &findings);
    std::stable_sort(findings.begin(), findings.end(), [](const Finding &a, const Finding &b) {
        return std::tie(a.path, a.line) < std::tie(b.path, b.line);
    });
    return findings;
}
