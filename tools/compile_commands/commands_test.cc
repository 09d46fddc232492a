// tools/compile_commands/commands_test.cc
#include "tools/compile_commands/commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace {

const char *const kActions = R"({"actions": [
    {"mnemonic": "CppCompile", "arguments":
        ["gcc", "-frandom-seed=1", "-O2", "-c", "base/a.c", "-o", "a.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-O0", "-c", "base/a.c", "-o", "a2.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-c", "bazel-out/b.c", "-o", "b.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-c", "external/x/c.c", "-o", "c.o"]}
]})";

TEST(CompileCommands, one_entry_a_source_of_the_tree) {
    auto commands =
        nlohmann::json::parse(compile_commands(kActions, "/checkout", "/root_of_execution"));
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(commands[0]["file"], "/checkout/base/a.c");
    EXPECT_EQ(commands[0]["directory"], "/root_of_execution");
    EXPECT_EQ(commands[0]["arguments"],
              (std::vector<std::string>{"gcc", "-O2", "-c", "base/a.c", "-o", "a.o"}));
}

TEST(CompileCommands, test_reject_what_is_no_list_of_actions) {
    EXPECT_THROW(compile_commands("", "/w", "/e"), std::runtime_error);
    EXPECT_THROW(compile_commands("{}", "/w", "/e"), std::runtime_error);
    EXPECT_THROW(compile_commands("{\"actions\": []}", "/w", "/e"), std::runtime_error);
}

}  // namespace
