// tools/mkbundle/bundle_text_test.cc: a good text as values and as bytes that execd takes, and one
// wrong file for each mistake (wrong/).
#include "tools/mkbundle/bundle_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "kernel/abi/task.h"
#include "testing/sim/bundle_for_test.h"

namespace mkbundle {
namespace {

const std::vector<std::string> ELFS = {"greet", "walk"};

std::string small_file() {
    const std::vector<std::uint8_t> elf = bundle_test::small_elf();
    return {elf.begin(), elf.end()};
}

std::vector<program> read(const char *text) {
    const bundle_result result = bundle_read(text, ELFS);
    EXPECT_TRUE(result.mistakes.empty()) << text::mistake_text("b", result.mistakes[0]);
    return result.programs;
}

TEST(BundleText, good_one) {
    const std::vector<program> programs = read(
        "# two\nprogram walk\n  limit pages 9 slots 5\n  may console\n"
        "program greet\n  elf walk\n  qos idle\n  at_once 3\n  may factory routes\n");
    ASSERT_EQ(programs.size(), 2U);
    EXPECT_EQ(programs[0].name, "greet") << "names rise";
    EXPECT_EQ(programs[0].elf, "walk");
    EXPECT_EQ(programs[0].qos, static_cast<std::uint32_t>(QOS_IDLE));
    EXPECT_EQ(programs[0].at_once, 3U);
    EXPECT_EQ(programs[0].flags, static_cast<std::uint32_t>(BUNDLE_FACTORY | BUNDLE_ROUTES));
    EXPECT_EQ(programs[1].flags, static_cast<std::uint32_t>(BUNDLE_CONSOLE));
    EXPECT_EQ(programs[1].limits.at("pages"), 9U);
}

TEST(BundleText, what_it_makes_is_a_bundle) {
    std::string error;
    const std::string bytes =
        bundle_binary(read("program walk\n  limit pages 9 slots 5\nprogram greet\n  may routes\n"),
                      {{"greet", small_file()}, {"walk", small_file()}}, error);
    EXPECT_EQ(error, "");
    std::vector<std::uint64_t> words(bytes.size() / 8);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    bundle_view view{};
    ASSERT_EQ(bundle_test::open(words, &view).flaw, BUNDLE_FLAW_NONE);
    ASSERT_EQ(view.program_count, 2U);
    EXPECT_STREQ(view.programs[0].name, "greet");
    EXPECT_EQ(task_limits_unpack(view.programs[0].limits).slots, 63U);
    EXPECT_EQ(task_limits_unpack(view.programs[1].limits).pages, 9U);
    EXPECT_EQ(task_ceiling_unpack(view.programs[1].limits), static_cast<std::uint32_t>(QOS_NORMAL));
    EXPECT_EQ(std::string(bytes, view.programs[1].offset, small_file().size()), small_file());
}

TEST(BundleText, test_reject_what_execd_would_refuse) {
    std::string error;
    std::string bad = small_file();
    bad[0] = 'x';
    EXPECT_EQ(bundle_binary(read("program greet\n"), {{"greet", bad}}, error), "");
    EXPECT_EQ(error, "greet: the kernel would refuse a program: MAGIC");
    EXPECT_EQ(bundle_binary(read("program greet\n  limit slots 62\n  may routes\n"),
                            {{"greet", small_file()}}, error),
              "");
    EXPECT_EQ(error, "greet: an unknown flag, or one for a slot that the limits do not give");
}

class WrongBundle : public testing::TestWithParam<const char *> {};

// The first line of each file says the mistake that is found first: `# expect: line:column: text`.
TEST_P(WrongBundle, test_reject) {
    const std::string path = std::string("tools/mkbundle/wrong/") + GetParam() + ".programs";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    const std::string tag = "# expect: ";
    ASSERT_TRUE(contents.starts_with(tag));
    const std::string expected = contents.substr(tag.size(), contents.find('\n') - tag.size());
    const bundle_result result = bundle_read(contents, ELFS);
    ASSERT_FALSE(result.mistakes.empty());
    EXPECT_EQ(text::mistake_text("b", result.mistakes[0]), "b:" + expected);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongBundle,
    testing::Values("at_once_too_many", "elf_unknown", "limit_doubled", "limit_malformed",
                    "limit_too_large", "limit_unknown", "limit_without_number", "may_doubled",
                    "may_unknown", "no_program", "program_doubled", "program_name_improper",
                    "qos_unknown", "statement_before_program", "word_unknown", "words_too_many"),
    [](const testing::TestParamInfo<const char *> &info) { return std::string(info.param); });

}  // namespace
}  // namespace mkbundle
