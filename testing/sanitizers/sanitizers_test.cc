// Every sanitizer of every compiler stops the planted mistake that it is for, and names it.
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <string>

namespace {

struct Outcome {
    int status;
    std::string text;
};

Outcome run(const std::string &command) {
    FILE *pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) {
        return {-1, "popen failed"};
    }
    std::string text;
    char buffer[4096];
    for (size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        text.append(buffer, got);
    }
    const int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128, text};
}

void expect_stopped(const std::string &command, const std::string &said) {
    const Outcome outcome = run(command);
    EXPECT_NE(outcome.status, 0) << command << "\n" << outcome.text;
    EXPECT_NE(outcome.text.find(said), std::string::npos) << command << "\n" << outcome.text;
}

std::string program(const std::string &name) {
    return "testing/sanitizers/" + name;
}

class Compilers : public testing::TestWithParam<const char *> {};

TEST_P(Compilers, test_reject_heap_overflow) {
    expect_stopped(program(GetParam()) + " overflow_heap", "heap-buffer-overflow");
}

TEST_P(Compilers, test_reject_use_after_free) {
    expect_stopped(program(GetParam()) + " use_after_free", "heap-use-after-free");
}

TEST_P(Compilers, test_reject_signed_overflow) {
    expect_stopped(program(GetParam()) + " overflow_int", "signed integer overflow");
}

TEST_P(Compilers, test_reject_leak) {
    expect_stopped(program(GetParam()) + " leak", "detected memory leaks");
}

INSTANTIATE_TEST_SUITE_P(AddressAndUndefined, Compilers,
                         testing::Values("planted_gcc", "planted_clang"));

TEST(Thread, test_reject_race) {
    expect_stopped(program("planted_tsan") + " race", "data race");
}

TEST(Plain, a_mistake_passes_without_sanitizers) {
    const Outcome outcome = run(program("planted_plain") + " overflow_int");
    EXPECT_EQ(outcome.status, 0) << outcome.text;
}

TEST(Fuzzer, test_reject_read_past_input) {
    expect_stopped(program("fuzz_planted") + " testing/sanitizers/harmful.bin",
                   "heap-buffer-overflow");
}

TEST(Fuzzer, finds_the_input_by_itself) {
    expect_stopped(program("fuzz_planted") +
                       " -seed=1 -max_len=4 -use_value_profile=1 -runs=1000000 -artifact_prefix=" +
                       testing::TempDir(),
                   "heap-buffer-overflow");
}

TEST(Death, test_reject_abort_inside_sanitizers) {
    EXPECT_DEATH(abort(), "");
}

}  // namespace
