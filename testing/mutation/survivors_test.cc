// testing/mutation/survivors_test.cc: the list, the sample, the judgement; and all of it on
// example.c, whose test misses something on purpose.
#include "testing/mutation/survivors.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using mutation::candidate;
using mutation::judge;
using mutation::outcome;
using mutation::read_survivors;

candidate named(const std::string &name) {
    return {0, 0, name.substr(0, name.find(' ')), name};
}

outcome killed(const std::string &name) {
    return {named(name), true, true};
}

outcome survived(const std::string &name) {
    return {named(name), false, true};
}

TEST(Survivors, groups_have_a_reason) {
    const auto got = read_survivors(
        "# text\nbecause it costs only time\na.c drop #1: f();\n\nb.c &&to|| #2: a && b\n");
    EXPECT_TRUE(got.mistakes.empty());
    ASSERT_EQ(got.reasons.size(), 2u);
    EXPECT_EQ(got.reasons.at("b.c &&to|| #2: a && b"), "it costs only time");
}

TEST(Survivors, test_reject_one_without_a_reason) {
    EXPECT_EQ(read_survivors("a.c drop #1: f();\n").mistakes.size(), 1u);
}

TEST(Survivors, test_reject_one_listed_twice) {
    EXPECT_EQ(read_survivors("because x\na.c drop #1: f();\na.c drop #1: f();\n").mistakes.size(),
              1u);
}

TEST(Survivors, test_reject_what_is_neither) {
    EXPECT_EQ(read_survivors("because x\nf();\n").mistakes.size(), 1u);
}

TEST(Judge, survivors_are_listed_and_listed_ones_survive) {
    const auto list = read_survivors("because x\na.c drop #1: f();\n");
    EXPECT_TRUE(judge({survived("a.c drop #1: f();"), killed("a.c drop #1: g();")}, list, true)
                    .complaints.empty());
    const auto unlisted = judge({survived("a.c drop #1: g();")}, list, false);
    ASSERT_EQ(unlisted.complaints.size(), 1u);
    EXPECT_EQ(unlisted.complaints[0], "no test kills: a.c drop #1: g();");
    EXPECT_EQ(judge({killed("a.c drop #1: f();")}, list, false).complaints.size(), 1u);
}

TEST(Judge, only_a_whole_run_knows_what_is_stale) {
    const auto list = read_survivors("because x\na.c drop #1: f();\n");
    EXPECT_TRUE(judge({killed("b.c drop #1: g();")}, list, false).complaints.empty());
    EXPECT_EQ(judge({killed("b.c drop #1: g();")}, list, true).complaints.size(), 1u);
}

TEST(Sample, does_not_depend_on_the_order) {
    const std::vector<candidate> some = {named("a.c x"), named("b.c x"), named("c.c x")};
    const std::vector<candidate> turned = {some[2], some[0], some[1]};
    ASSERT_EQ(mutation::sample(some, 2).size(), 2u);
    EXPECT_EQ(mutation::sample(some, 2)[0].name, mutation::sample(turned, 2)[0].name);
    EXPECT_EQ(mutation::sample(some, 2)[1].name, mutation::sample(turned, 2)[1].name);
    EXPECT_EQ(mutation::sample(some, 9).size(), 3u);
}

TEST(Sample, a_mutant_of_two_programs_is_one) {
    candidate again = named("a.c x");
    again.program = 1;
    EXPECT_EQ(mutation::sample({named("a.c x"), again, named("b.c x")}, 9).size(), 2u);
}

// --- example.c ---

std::string place(const std::string &name) {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    return root != nullptr && workspace != nullptr
               ? std::string(root) + "/" + workspace + "/testing/mutation/" + name
               : "./" + name;
}

struct run {
    int status;
    std::string text;
};

run run_example(const std::string &survivors, const std::string &another = "") {
    const char *folder = std::getenv("TEST_TMPDIR");
    const std::string list = std::string(folder != nullptr ? folder : ".") + "/survivors.txt";
    std::ofstream(list) << survivors;
    const std::string command = place("mutation_run") + " " + list + " " + place("example") +
                                (another.empty() ? "" : " " + place(another)) + " 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    run out{0, ""};
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        out.text.append(buffer, got);
    }
    out.status = pclose(pipe);
    return out;
}

constexpr const char *MISSED = "testing/mutation/example.c >=to> #1: if (numbers[i] >= least) {";
constexpr const char *SEEN = "testing/mutation/example.c drop #1: sum += numbers[i];";

TEST(Example, what_its_test_misses_is_told) {
    const run got = run_example("");
    EXPECT_NE(got.status, 0);
    EXPECT_NE(got.text.find(std::string("COMPLAINT: no test kills: ") + MISSED), std::string::npos)
        << got.text;
    EXPECT_NE(got.text.find(std::string("killed by Example.adds_what_is_large: ") + SEEN),
              std::string::npos)
        << got.text;
}

TEST(Example, what_is_listed_may_survive) {
    const run got = run_example(std::string("because it is missed on purpose\n") + MISSED + "\n");
    EXPECT_EQ(got.text.find("COMPLAINT"), std::string::npos) << got.text;
}

TEST(Example, test_reject_listing_what_is_killed) {
    const run got =
        run_example(std::string("because it is missed on purpose\n") + MISSED + "\n" + SEEN + "\n");
    EXPECT_NE(got.status, 0);
    EXPECT_NE(got.text.find(std::string("a test kills it: ") + SEEN), std::string::npos)
        << got.text;
}

TEST(Example, a_program_kills_what_the_one_before_does_not) {
    const run got = run_example("", "example_limit");
    EXPECT_EQ(got.status, 0) << got.text;
    EXPECT_NE(got.text.find(std::string("survived by 1: ") + MISSED), std::string::npos)
        << got.text;
    EXPECT_NE(got.text.find(std::string("killed by ExampleLimit.takes_the_least: ") + MISSED),
              std::string::npos)
        << got.text;
    EXPECT_EQ(got.text.find(std::string("killed by ExampleLimit.takes_the_least: ") + SEEN),
              std::string::npos)
        << got.text;
}

}  // namespace
