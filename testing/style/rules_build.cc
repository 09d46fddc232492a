// testing/style/rules_build.cc: rules of BUILD files and of shell scripts.
#include <regex>

#include "testing/style/rules.h"

namespace {

void add(std::vector<Finding> *findings, const char *rule, const SourceFile &file, size_t index,
         const std::string &text) {
    findings->push_back({rule, file.path, static_cast<int>(index) + 1, "", 1, text});
}

// The lines of a call that starts at `first`, up to a line that starts with its closing
// parenthesis.
std::string call_text(const SourceFile &file, size_t first) {
    std::string text;
    for (size_t i = first; i < file.lines.size(); i++) {
        text += file.lines[i] + "\n";
        if (file.lines[i].starts_with(")")) {
            break;
        }
    }
    return text;
}

void check_interpreters(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex pattern(
        R"((^|[\s|;&("'`$])(python[0-9.]*|perl|[gmn]?awk|node|ruby)\s)");
    static const std::regex comment(R"(^\s*#)");
    for (size_t i = 0; i < file.lines.size(); i++) {
        if (!std::regex_search(file.lines[i], comment) &&
            std::regex_search(file.lines[i], pattern)) {
            add(findings, "interpreter", file, i,
                "actions, tests and rules use sh, coreutils and what is built here");
        }
    }
}

// Scripts that Bazel runs as actions or tests. What fetches and unpacks packages is run by the
// machine itself, which has its package manager and what that needs.
bool is_for_bazel(const SourceFile &file) {
    return file.path.ends_with(".sh") && file.path != "toolchains/packages/apt.sh" &&
           file.path != "toolchains/packages/unpack.sh";
}

void check_host_programs(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex pattern(R"((^|[|;&(`]|\b(if|then|do|else|while)\b)\s*)"
                                    R"((grep|sed|find|xargs|tar|cmp|diff|curl|wget)\s)");
    static const std::regex comment(R"(^\s*#)");
    for (size_t i = 0; i < file.lines.size(); i++) {
        if (!std::regex_search(file.lines[i], comment) &&
            std::regex_search(file.lines[i], pattern)) {
            add(findings, "host_program", file, i,
                "not in coreutils: bash can do it, or a tool that is built here");
        }
    }
}

}  // namespace

void check_build_file(const SourceFile &file, std::vector<Finding> *findings) {
    if (file.kind != FileKind::kStarlark) {
        return;
    }
    check_interpreters(file, findings);
    if (file.name() != "BUILD.bazel") {
        return;
    }
    static const std::regex test(R"(^\w*_test\($)");
    static const std::regex size(R"(\n\s+size = )");
    static const std::regex globbing(R"((^|[\s(=+])(native\.)?glob\()");
    bool has_visibility = false;
    for (size_t i = 0; i < file.lines.size(); i++) {
        has_visibility =
            has_visibility || file.lines[i].find("default_visibility") != std::string::npos;
        if (std::regex_search(file.lines[i], globbing)) {
            add(findings, "glob", file, i, "name the files");
        }
        if (std::regex_search(file.lines[i], test) &&
            !std::regex_search(call_text(file, i), size)) {
            add(findings, "test_size", file, i, "a test without a size");
        }
    }
    if (file.lines.empty() || !file.lines[0].starts_with("\"\"\"")) {
        add(findings, "build_docstring", file, 0,
            "starts with a docstring: what this is, who may use it");
    }
    if (!has_visibility) {
        add(findings, "build_visibility", file, 0, "no default_visibility");
    }
}

void check_shell(const SourceFile &file, std::vector<Finding> *findings) {
    if (file.kind == FileKind::kShell) {
        check_interpreters(file, findings);
    }
    if (is_for_bazel(file)) {
        check_host_programs(file, findings);
    }
    static const std::regex shebang(R"(^#!(/usr/bin/env bash|/bin/sh|/bin/bash))");
    bool starts_program = !file.lines.empty() && file.lines[0].starts_with("#!");
    if (starts_program && !std::regex_search(file.lines[0], shebang)) {
        add(findings, "interpreter", file, 0, "scripts are for sh or bash");
    }
    for (const char *ending : {".py", ".pl", ".awk", ".js"}) {
        if (file.path.ends_with(ending)) {
            add(findings, "interpreter", file, 0, "tools are C or C++, scripts sh or bash");
        }
    }
}
