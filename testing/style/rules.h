// testing/style/rules.h: the rules. README.md lists them with their reasons.
#pragma once

#include <string>
#include <vector>

#include "testing/style/finding.h"
#include "testing/style/source_file.h"

enum Limits {
    kFileLinesMax = 600,
    kFunctionLinesMax = 70,
    kNestingMax = 3,
    kParametersMax = 5,
    kTableColumnsMax = 160,
};

// ColumnLimit of a .clang-format; throws std::runtime_error if there is none.
int column_limit_of(const std::string &clang_format);

// Rules of one file.
void check_text(const SourceFile &file, int column_limit, std::vector<Finding> *findings);
void check_code(const SourceFile &file, std::vector<Finding> *findings);
void check_draws(const SourceFile &file, std::vector<Finding> *findings);
void check_functions(const SourceFile &file, std::vector<Finding> *findings);
void check_build_file(const SourceFile &file, std::vector<Finding> *findings);
void check_shell(const SourceFile &file, std::vector<Finding> *findings);

// Rules of the tree as a whole: READMEs, and the list of packages (testing/style/packages.bzl).
void check_tree(const std::vector<SourceFile> &files, std::vector<Finding> *findings);

// What testing/rejections.md names is there.
void check_names(const std::vector<SourceFile> &files, std::vector<Finding> *findings);

// All of the above, in the order of paths and lines.
std::vector<Finding> check_all(const std::vector<SourceFile> &files, int column_limit);
