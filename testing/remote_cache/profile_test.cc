#include "testing/remote_cache/profile.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace {

std::string span(const std::string &category, const std::string &name, int thread, int start,
                 int duration) {
    return R"({"cat":")" + category + R"(","name":")" + name + R"(","ph":"X","ts":)" +
           std::to_string(start) + ",\"dur\":" + std::to_string(duration) +
           ",\"tid\":" + std::to_string(thread) + R"(,"args":{"target":"//a:a"}})";
}

std::vector<Action> read(const std::string &events) {
    std::istringstream in("{\"otherData\":{},\"traceEvents\":[" + events + "]}");
    return read_profile(in);
}

const std::string kCompile = span("action processing", "Compiling a.c", 7, 100, 50);
const std::string kAsk = span("remote action cache check", "check cache hit", 7, 101, 5);
const std::string kRun = span("general information", "subprocess.run", 7, 110, 20);
const std::string kElsewhere = span("general information", "subprocess.run", 8, 110, 20);

TEST(Profile, tells_hit_from_run) {
    const std::vector<Action> hit = read(kAsk + "," + kCompile + "," + kElsewhere);
    ASSERT_EQ(hit.size(), 1U);
    EXPECT_TRUE(hit[0].asked);
    EXPECT_FALSE(hit[0].ran);
    EXPECT_EQ(hit[0].name, "Compiling a.c");
    EXPECT_EQ(hit[0].target, "//a:a");
    const std::vector<Action> run = read(kAsk + "," + kRun + "," + kCompile);
    ASSERT_EQ(run.size(), 1U);
    EXPECT_TRUE(run[0].ran);
}

TEST(Profile, leaves_out_what_is_no_process) {
    EXPECT_TRUE(read(kCompile).empty());
}

TEST(Profile, test_reject_text_that_is_no_profile) {
    std::istringstream in("{}");
    EXPECT_THROW(read_profile(in), std::runtime_error);
    std::istringstream torn("{\"traceEvents\":[");
    EXPECT_THROW(read_profile(torn), std::runtime_error);
}

TEST(Compare, all_taken_from_the_cache) {
    std::ostringstream out;
    EXPECT_TRUE(compare(read(kAsk + "," + kRun + "," + kCompile), read(kAsk + "," + kCompile), out))
        << out.str();
    EXPECT_EQ(out.str(), "");
}

TEST(Compare, test_reject_action_that_ran) {
    std::ostringstream out;
    const std::vector<Action> ran = read(kAsk + "," + kRun + "," + kCompile);
    EXPECT_FALSE(compare(ran, ran, out));
    EXPECT_NE(out.str().find("missed: //a:a: Compiling a.c: not found: its inputs"),
              std::string::npos)
        << out.str();
}

TEST(Compare, test_reject_action_that_never_asks) {
    std::ostringstream out;
    EXPECT_FALSE(compare({}, read(kRun + "," + kCompile), out));
    EXPECT_NE(out.str().find("never asks the cache"), std::string::npos) << out.str();
}

TEST(Compare, test_reject_unknown_action) {
    std::ostringstream out;
    EXPECT_FALSE(compare({}, read(kAsk + "," + kRun + "," + kCompile), out));
    EXPECT_NE(out.str().find("the first checkout had no such action"), std::string::npos)
        << out.str();
}

}  // namespace
