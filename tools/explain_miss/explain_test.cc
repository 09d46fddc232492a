#include "tools/explain_miss/explain.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

namespace {

using nlohmann::json;

json file(const std::string &path, const std::string &hash) {
    return {{"path", path}, {"digest", {{"hash", hash}, {"sizeBytes", "3"}}}};
}

// As Bazel writes it: 64-bit numbers are text.
json process(const std::string &name, bool hit) {
    return {{"commandArgs", {"gcc", "-c", name + ".c"}},
            {"environmentVariables", {{{"name", "PATH"}, {"value", "/bin"}}}},
            {"platform", {{"properties", json::array()}}},
            {"inputs", {file(name + ".c", "11"), file(name + ".h", "22")}},
            {"listedOutputs", {name + ".o", name + ".d"}},
            {"timeoutMillis", "0"},
            {"progressMessage", "Compiling " + name + ".c"},
            {"actualOutputs", {file(name + ".o", "33")}},
            {"runner", hit ? "remote cache hit" : "linux-sandbox"},
            {"remoteCacheHit", hit},
            {"exitCode", 0},
            {"remoteCacheable", true}};
}

std::string log(const std::vector<json> &processes) {
    std::string text;
    for (const json &one : processes) {
        text += one.dump(2);
    }
    return text;
}

Explanation explained(const std::vector<json> &first, const std::vector<json> &second) {
    std::istringstream first_log(log(first));
    std::istringstream second_log(log(second));
    return explain(first_log, second_log);
}

// The reasons of the one miss when `change` is made to the second build's process.
template <typename Change>
std::vector<std::string> reasons_after(Change change) {
    json changed = process("a", false);
    change(changed);
    const Explanation explanation =
        explained({process("b", false), process("a", false)}, {changed});
    EXPECT_EQ(explanation.misses.size(), 1U);
    std::ostringstream out;
    EXPECT_FALSE(print(explanation, out));
    return explanation.misses.at(0).reasons;
}

using Reasons = std::vector<std::string>;

TEST(Explain, all_taken_from_the_cache) {
    std::istringstream unread("not a log, and not looked at");
    std::istringstream second(log({process("a", true), process("b", true)}) + "\n");
    std::ostringstream out;
    EXPECT_TRUE(print(explain(unread, second), out));
    EXPECT_EQ(out.str(), "explain_miss: 2 of 2 processes came from the cache\n");
}

TEST(Explain, names_the_input_that_differs) {
    EXPECT_EQ(reasons_after([](json &p) { p["inputs"][1] = file("a.h", "99"); }),
              Reasons{"input a.h differs"});
}

TEST(Explain, names_inputs_that_came_and_went) {
    EXPECT_EQ(reasons_after([](json &p) { p["inputs"][1] = file("z.h", "22"); }),
              (Reasons{"input a.h is gone", "input z.h is new"}));
}

TEST(Explain, counts_inputs_that_it_does_not_show) {
    const Reasons reasons = reasons_after([](json &p) {
        for (int i = 0; i < 7; i++) {
            p["inputs"].push_back(file("n" + std::to_string(i), "1"));
        }
    });
    ASSERT_EQ(reasons.size(), 6U);
    EXPECT_EQ(reasons[5], "and 2 inputs more");
}

TEST(Explain, names_the_argument_that_differs) {
    EXPECT_EQ(reasons_after([](json &p) { p["commandArgs"][1] = "-S"; }),
              Reasons{"argument 1 was `-c`, is `-S`"});
    EXPECT_EQ(reasons_after([](json &p) { p["commandArgs"].push_back("-O2"); }),
              Reasons{"argument 3 was nothing, is `-O2`"});
}

TEST(Explain, names_the_variable_that_differs) {
    EXPECT_EQ(reasons_after([](json &p) { p["environmentVariables"][0]["value"] = "/usr/bin"; }),
              Reasons{"variable PATH was `/bin`, is `/usr/bin`"});
    EXPECT_EQ(
        reasons_after([](json &p) { p["environmentVariables"][0]["name"] = "HOME"; }),
        (Reasons{"variable HOME was not set, is `/bin`", "variable PATH was `/bin`, is not set"}));
}

TEST(Explain, names_what_else_is_part_of_the_key) {
    EXPECT_EQ(reasons_after([](json &p) { p["timeoutMillis"] = "900"; }),
              Reasons{"the time limit was 0 ms, is 900 ms"});
    EXPECT_EQ(reasons_after([](json &p) { p["listedOutputs"].push_back("a.dwo"); }),
              Reasons{"it promises other outputs"});
    EXPECT_EQ(reasons_after([](json &p) { p["platform"]["properties"] = {"x"}; }),
              Reasons{"the platform was {\"properties\":[]}, is {\"properties\":[\"x\"]}"});
}

TEST(Explain, tells_what_may_not_be_cached) {
    EXPECT_EQ(reasons_after([](json &p) { p["remoteCacheable"] = false; }),
              Reasons{"never asks the cache: its tags or a flag forbid it"});
}

TEST(Explain, tells_what_only_one_build_has) {
    EXPECT_EQ(reasons_after([](json &p) { p["listedOutputs"] = {"other/a.o"}; }),
              Reasons{"the first build has no process that makes this"});
}

TEST(Explain, tells_a_lost_result_from_one_never_stored) {
    EXPECT_EQ(reasons_after([](json &) {}),
              Reasons{"nothing differs: its result was not stored, or is gone"});
    json failed = process("a", false);
    failed["exitCode"] = 1;
    const Explanation explanation = explained({failed}, {process("a", false)});
    EXPECT_EQ(explanation.misses.at(0).reasons,
              Reasons{"it failed in the first build, and what fails is not stored"});
}

TEST(Explain, puts_causes_before_what_follows_from_them) {
    json link = process("app", false);
    link["inputs"].push_back(file("a.o", "33"));
    json again = link;
    again["inputs"][2] = file("a.o", "44");
    json changed = process("a", false);
    changed["inputs"][0] = file("a.c", "99");
    const Explanation explanation =
        explained({process("a", false), link}, {again, changed, process("b", true)});
    std::ostringstream out;
    EXPECT_FALSE(print(explanation, out));
    EXPECT_EQ(out.str(),
              "missed: Compiling a.c (a.o)\n"
              "    input a.c differs\n"
              "follows: Compiling app.c (app.o)\n"
              "    input a.o differs, made by a miss: Compiling a.c\n"
              "explain_miss: 1 of 3 processes came from the cache\n");
}

TEST(Explain, test_reject_a_build_without_processes) {
    std::ostringstream out;
    EXPECT_FALSE(print(explained({}, {}), out));
}

TEST(Explain, test_reject_text_that_is_no_execution_log) {
    for (const char *text : {"{}", "[]", "7", "{\"commandArgs\": [", "{\"commandArgs\": 7}"}) {
        std::istringstream first;
        std::istringstream second(text);
        EXPECT_THROW(explain(first, second), std::runtime_error) << text;
    }
}

}  // namespace
