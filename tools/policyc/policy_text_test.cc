// tools/policyc/policy_text_test.cc: what policies decide, in text and in the compiled form, and
// one wrong file for each mistake (wrong/).
#include "tools/policyc/policy_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "kernel/abi/identity.h"

namespace policyc {
namespace {

const std::vector<std::string> NAMES = {"aa", "bb", "cc"};

policy read(const char *text) {
    policy_result result = policy_read(text, NAMES);
    EXPECT_TRUE(result.mistakes.empty()) << text::mistake_text("p", result.mistakes[0]);
    return result.contents;
}

std::string explained(const policy &contents, const std::vector<std::string> &words) {
    std::string out;
    EXPECT_TRUE(explain(contents, words, out)) << out;
    return out;
}

TEST(PolicyText, the_first_rule_that_matches_decides) {
    const policy made = read("# one\ndeny aa call bb\nallow aa call,send *\n");
    EXPECT_EQ(explained(made, {"aa", "call", "bb"}), "denied by line 2: deny aa call bb");
    EXPECT_EQ(explained(made, {"aa", "call", "cc"}), "allowed by line 3: allow aa call,send *");
    EXPECT_EQ(explained(made, {"aa", "send", "bb"}), "allowed by line 3: allow aa call,send *");
}

TEST(PolicyText, what_no_rule_names_is_denied) {
    EXPECT_EQ(explained(read(""), {"aa", "call", "bb"}), "denied: no rule says anything");
    EXPECT_EQ(explained(read("allow aa call bb\n"), {"bb", "call", "aa"}),
              "denied: no rule says anything");
}

TEST(PolicyText, test_reject_question_about_nobody) {
    std::string out;
    EXPECT_FALSE(explain(read(""), {"aa", "call", "zz"}, out));
    EXPECT_EQ(out, "no service `zz`");
    EXPECT_FALSE(explain(read(""), {"aa", "shout", "bb"}, out));
    EXPECT_EQ(out, "no action `shout`: call, send, notify, manage or start");
}

// Both forms answer every question alike.
TEST(PolicyText, the_compiled_form_decides_the_same) {
    const policy made =
        read("deny aa call bb\nallow aa,bb call,notify *\ndeny cc * aa\nallow cc manage *\n");
    const std::string bytes = policy_binary(made);
    std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    policy_view view;
    ASSERT_TRUE(policy_open(aligned.data(), bytes.size(), &view));
    EXPECT_EQ(view.row_count, 13U);
    for (std::size_t i = 0; i < NAMES.size() * NAMES.size() * POLICY_ACTION_COUNT; i++) {
        const question asked{i / POLICY_ACTION_COUNT / NAMES.size(),
                             static_cast<policy_action>(i % POLICY_ACTION_COUNT),
                             i / POLICY_ACTION_COUNT % NAMES.size()};
        if (asked.subject == asked.object) {
            continue;
        }
        const rule *by = deciding_rule(made, asked);
        const policy_decision decided =
            policy_decide(&view, service_id_of(NAMES[asked.subject].data(), 2), asked.action,
                          service_id_of(NAMES[asked.object].data(), 2));
        EXPECT_EQ(decided.allowed, by != nullptr && by->allows) << i;
        EXPECT_EQ(decided.line, by == nullptr ? 0 : by->place.line) << i;
    }
}

TEST(PolicyText, calls_are_those_that_are_allowed) {
    const auto calls = policy_calls(read("deny aa call bb\nallow aa call,send *\n"));
    ASSERT_EQ(calls.size(), 1U);
    EXPECT_EQ(calls[0], (std::pair<std::string, std::string>{"aa", "cc"}));
    // Who manages waits for an answer too, and may close a cycle.
    EXPECT_EQ(policy_calls(read("allow cc manage aa\n")),
              (std::vector<std::pair<std::string, std::string>>{{"cc", "aa"}}));
}

TEST(PolicyText, sends_are_those_that_are_allowed) {
    const auto sends = policy_sends(
        read("deny aa send bb\nallow aa call,send *\nallow @greet send cc\nallow bb call cc\n"));
    ASSERT_EQ(sends.size(), 2U);
    EXPECT_EQ(sends[0], (std::pair<std::string, std::string>{"@greet", "cc"}));
    EXPECT_EQ(sends[1], (std::pair<std::string, std::string>{"aa", "cc"}));
}

// Who starts which, and what that may call; `*` means services.
TEST(PolicyText, programs_are_started_and_may_call) {
    const policy made = read("allow aa start @greet,@walk\nallow @greet call bb\nallow bb * *\n");
    EXPECT_EQ(explained(made, {"aa", "start", "@walk"}),
              "allowed by line 1: allow aa start "
              "@greet,@walk");
    EXPECT_EQ(explained(made, {"@greet", "call", "bb"}), "allowed by line 2: allow @greet call bb");
    for (const std::vector<std::string> &asked : {std::vector<std::string>{"bb", "start", "@greet"},
                                                  {"bb", "start", "aa"},
                                                  {"aa", "call", "@greet"},
                                                  {"@walk", "call", "bb"},
                                                  {"@greet", "start", "@walk"}}) {
        EXPECT_EQ(explained(made, asked), "denied: no rule says anything") << asked[0] << asked[1];
    }
    const auto calls = policy_calls(made);
    EXPECT_EQ(calls.size(), 2U) << "of bb";
    const std::string bytes = policy_binary(made);
    std::vector<std::uint64_t> aligned((bytes.size() + 7) / 8);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    policy_view view;
    ASSERT_TRUE(policy_open(aligned.data(), bytes.size(), &view));
    EXPECT_TRUE(
        policy_decide(&view, service_id_of("aa", 2), POLICY_START, program_id_of("greet", 5))
            .allowed);
    EXPECT_TRUE(policy_decide(&view, program_id_of("greet", 5), POLICY_CALL, service_id_of("bb", 2))
                    .allowed);
    EXPECT_FALSE(
        policy_decide(&view, service_id_of("aa", 2), POLICY_START, service_id_of("greet", 5))
            .allowed);
}

TEST(PolicyText, test_reject_more_decisions_than_policyd_takes) {
    std::vector<std::string> names(20, "n");
    for (std::size_t i = 0; i < names.size(); i++) {
        names[i] += std::to_string(i);
    }
    const policy_result result = policy_read("allow * * *\n", names);
    ASSERT_EQ(result.mistakes.size(), 1U);
    EXPECT_EQ(result.mistakes[0].message, "more than 1024 decisions in all");
}

class WrongPolicy : public testing::TestWithParam<const char *> {};

// The first line of each file says the mistake that is found first: `# expect: line:column: text`.
TEST_P(WrongPolicy, test_reject) {
    const std::string path = std::string("tools/policyc/wrong/") + GetParam() + ".policy";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    const std::string tag = "# expect: ";
    ASSERT_TRUE(contents.starts_with(tag));
    const policy_result result = policy_read(contents, NAMES);
    ASSERT_FALSE(result.mistakes.empty());
    EXPECT_EQ(text::mistake_text("p", result.mistakes[0]),
              "p:" + contents.substr(tag.size(), contents.find('\n') - tag.size()));
}

INSTANTIATE_TEST_SUITE_P(Files, WrongPolicy,
                         testing::Values("action_doubled", "action_unknown", "contradiction",
                                         "name_doubled", "name_empty", "name_unknown", "own",
                                         "program_called", "program_improper", "service_started",
                                         "rule_unknown", "unreachable", "unreachable_by_two",
                                         "words_missing"),
                         [](const testing::TestParamInfo<const char *> &info) {
                             return std::string(info.param);
                         });

}  // namespace
}  // namespace policyc
