#include "tools/bep_summary/summary.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace {

std::string configured(const std::string &label) {
    return R"({"id":{"targetConfigured":{"label":")" + label +
           R"("}},"configured":{"testSize":"SMALL"}})"
           "\n";
}

std::string completed(const std::string &label, const char *success) {
    return R"({"id":{"targetCompleted":{"label":")" + label + R"("}},"completed":{)" + success +
           "}}\n";
}

std::string tested(const std::string &label, const std::string &status, int ms) {
    return R"({"id":{"testSummary":{"label":")" + label +
           R"("}},"testSummary":{"overallStatus":")" + status + R"(","totalRunDurationMillis":")" +
           std::to_string(ms) + "\"}}\n";
}

const char kFinished[] = R"({"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"SUCCESS"}}})"
                         "\n";
const char kTestsFailed[] =
    R"({"id":{"buildFinished":{}},"finished":{"exitCode":{"name":"TESTS_FAILED","code":3}}})"
    "\n";
const char kSuccess[] = R"("success":true)";

struct Said {
    bool good;
    std::string text;
};

Said say(const std::string &events, const Policy &policy = {}) {
    std::istringstream in(events);
    std::ostringstream out;
    const bool good = report(read_events(in), policy, out);
    return {good, out.str()};
}

TEST(Summary, counts_what_passed) {
    const Said said =
        say(configured("//a:a") + configured("//b:b") + tested("//a:a", "PASSED", 1500) +
            tested("//b:b", "PASSED", 20) + kFinished);
    EXPECT_TRUE(said.good);
    EXPECT_NE(said.text.find("sum of test times: 1.5 s\n  1.5 s  //a:a\n  0.0 s  //b:b\n"),
              std::string::npos)
        << said.text;
    EXPECT_NE(said.text.find("\n2 passed, 0 failed\n"), std::string::npos) << said.text;
}

TEST(Summary, names_flaky_tests) {
    const Said said = say(configured("//a:a") + tested("//a:a", "FLAKY", 1) + kFinished);
    EXPECT_TRUE(said.good);
    EXPECT_EQ(said.text.find("flaky:  //a:a\n"), 0U) << said.text;
}

TEST(Summary, test_reject_every_other_status) {
    for (const char *status :
         {"FAILED", "TIMEOUT", "INCOMPLETE", "REMOTE_FAILURE", "FAILED_TO_BUILD", "NO_STATUS",
          "TOOL_HALTED_BEFORE_TESTING", "A_WORD_OF_TOMORROW"}) {
        const Said said = say(configured("//a:a") + tested("//a:a", status, 1) + kTestsFailed);
        EXPECT_FALSE(said.good) << status;
        EXPECT_NE(said.text.find(std::string("failed: //a:a: ") + status), std::string::npos)
            << said.text;
        EXPECT_NE(said.text.find("0 passed, 1 failed\n"), std::string::npos) << said.text;
    }
}

TEST(Summary, test_reject_test_that_did_not_build) {
    const Said said = say(configured("//a:a") + completed("//a:a", "") +
                          tested("//a:a", "NO_STATUS", 0) + kTestsFailed);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("failed: //a:a: did not build"), std::string::npos) << said.text;
}

TEST(Summary, test_reject_test_without_a_word) {
    const Said said =
        say(configured("//a:a") + configured("//b:b") + tested("//a:a", "PASSED", 1) + kFinished);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("failed: //b:b: did not run"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("1 passed, 1 failed\n"), std::string::npos) << said.text;
}

TEST(Summary, test_reject_library_that_did_not_build) {
    const Said said =
        say(completed("//a:library", "") + completed("//a:other", kSuccess) + kTestsFailed);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("failed: //a:library: did not build"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("0 passed, 1 failed\n"), std::string::npos) << said.text;
}

std::string aborted(const std::string &label, const std::string &how) {
    return R"({"id":{"targetCompleted":{"label":")" + label + R"("}},"aborted":{)" + how + "}}\n";
}

TEST(Summary, a_library_of_another_platform_is_no_failure) {
    const std::string skipped = R"("reason":"SKIPPED")";
    EXPECT_TRUE(say(aborted("//a:lib", skipped) + kFinished).good);
}

TEST(Summary, test_reject_test_of_another_platform) {
    const std::string skipped = R"("reason":"SKIPPED")";
    EXPECT_FALSE(say(configured("//a:a") + aborted("//a:a", skipped) + kFinished).good);
}

TEST(Summary, test_reject_target_that_was_given_up) {
    for (const char *how : {"", R"("reason":"ANALYSIS_FAILURE")"}) {
        const Said said = say(aborted("//a:lib", how) + kTestsFailed);
        EXPECT_FALSE(said.good) << how;
        EXPECT_NE(said.text.find("failed: //a:lib: did not build"), std::string::npos) << said.text;
    }
}

TEST(Summary, test_reject_too_few_tests) {
    Policy policy;
    policy.tests_min = 2;
    const Said said = say(configured("//a:a") + tested("//a:a", "PASSED", 1) + kFinished, policy);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("only 1 tests, at least 2 expected"), std::string::npos) << said.text;
}

TEST(Summary, test_reject_build_that_broke_off) {
    EXPECT_FALSE(say(configured("//a:a") + tested("//a:a", "PASSED", 1)).good);
    EXPECT_FALSE(say("").good);
}

TEST(Summary, test_reject_bazel_failing_without_failed_tests) {
    const Said said = say(configured("//a:a") + tested("//a:a", "PASSED", 1) + kTestsFailed);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("Bazel ended with 3 (TESTS_FAILED)"), std::string::npos) << said.text;
}

TEST(Summary, test_reject_text_that_is_no_event) {
    std::istringstream in("{}\n");
    EXPECT_THROW(read_events(in), std::runtime_error);
    std::istringstream torn(configured("//a:a") + "{\"id\":");
    EXPECT_THROW(read_events(torn), std::runtime_error);
}

TEST(Summary, counts_what_failed_elsewhere) {
    Policy policy;
    policy.also_failed = {"//far:away"};
    const Said said = say(configured("//a:a") + tested("//a:a", "PASSED", 1) + kFinished, policy);
    EXPECT_FALSE(said.good);
    EXPECT_NE(said.text.find("failed: //far:away\n"), std::string::npos) << said.text;
    EXPECT_NE(said.text.find("1 passed, 1 failed\n"), std::string::npos) << said.text;
}

TEST(Summary, repeats_drift) {
    Policy policy;
    policy.drift = {"DRIFT: qemu 1 2"};
    EXPECT_NE(say(kFinished, policy).text.find("DRIFT: qemu 1 2\n0 passed, 0 failed\n"),
              std::string::npos);
}

}  // namespace
