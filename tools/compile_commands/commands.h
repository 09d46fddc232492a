// tools/compile_commands/commands.h: from Bazel's list of actions to what clangd and clang-tidy
// read.
#pragma once

#include <string>

// `actions` is the output of `bazel aquery --output=jsonproto`. `workspace` and `output_base`
// are absolute paths. One entry a source file of the tree: where a file is compiled more than once,
// the first counts. Generated files are left out. Throws std::runtime_error if `actions` is not
// such a list, or has no compile action.
std::string compile_commands(const std::string &actions, const std::string &workspace,
                             const std::string &output_base);
