// tools/compile_commands/commands_test.cc
#include "tools/compile_commands/commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace {

const char *const kActions = R"({"actions": [
    {"mnemonic": "CppCompile", "arguments":
        ["external/g/gcc", "-frandom-seed=1", "--sysroot=external/g", "-Bexternal/g/b",
         "-idirafter", "external/g/i", "-Iexternally", "-Ibazel-out/v", "-c",
         "base/a.c", "-o", "a.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-O0", "-c", "base/a.c", "-o", "a2.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-c", "bazel-out/b.c", "-o", "b.o"]},
    {"mnemonic": "CppCompile", "arguments": ["gcc", "-c", "external/x/c.c", "-o", "c.o"]}
]})";

TEST(CompileCommands, one_entry_a_source_of_the_tree) {
    auto commands = nlohmann::json::parse(compile_commands(kActions, "/checkout", "/base"));
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(commands[0]["file"], "/checkout/base/a.c");
    EXPECT_EQ(commands[0]["directory"], "/checkout");
    EXPECT_EQ(
        commands[0]["arguments"],
        (std::vector<std::string>{"/base/external/g/gcc", "--sysroot=/base/external/g",
                                  "-B/base/external/g/b", "-idirafter", "/base/external/g/i",
                                  "-Iexternally", "-Ibazel-out/v", "-c", "base/a.c", "-o", "a.o"}));
}

TEST(CompileCommands, test_reject_what_is_no_list_of_actions) {
    EXPECT_THROW(compile_commands("", "/w", "/e"), std::runtime_error);
    EXPECT_THROW(compile_commands("{}", "/w", "/e"), std::runtime_error);
    EXPECT_THROW(compile_commands("{\"actions\": []}", "/w", "/e"), std::runtime_error);
}

}  // namespace
