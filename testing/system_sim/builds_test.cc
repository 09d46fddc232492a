// testing/system_sim/builds_test.cc: a seed is one execution however it was compiled.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace {

constexpr const char *PROGRAM = "testing/system_sim/system_sim";
constexpr const char *OPTIMIZED = "testing/system_sim/system_sim_optimized";

std::string output_of(const std::string &command) {
    std::string text;
    std::FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    char part[4096];
    while (pipe != nullptr && std::fgets(part, sizeof(part), pipe) != nullptr) {
        text += part;
    }
    EXPECT_EQ(pipe == nullptr ? -1 : pclose(pipe), 0) << text;
    return text;
}

void expect_same(const std::string &arguments) {
    const std::string one = output_of(std::string(PROGRAM) + arguments);
    EXPECT_NE(one.find("seed 8 hash "), std::string::npos) << one;
    EXPECT_EQ(one, output_of(std::string(OPTIMIZED) + arguments));
}

TEST(Builds, a_seed_is_one_execution) {
    expect_same(" --seeds 1..8 --hash");
}

TEST(Builds, a_seed_with_a_disk_is_one_execution) {
    expect_same(" --storage --seeds 1..8 --hash");
}

}  // namespace
