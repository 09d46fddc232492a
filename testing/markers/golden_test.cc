// testing/markers/golden_test.cc: the tree of a good file, and one wrong file for each mistake
// (wrong/).
#include "testing/markers/golden.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "testing/markers/test_table.h"

namespace markers {
namespace {

TEST(Golden, tree_of_a_file) {
    const marker_table table = test_table();
    const golden_result result =
        golden_read("x.golden",
                    "# comment\nkernel: boot\n? t: a\n\n{ [\n  t: b\n  *3 t: c\n"
                    "] [\n  t: d\n] }\nkernel: hart %u up\n! *bad*\n~ | *\n",
                    table);
    ASSERT_TRUE(result.mistakes.empty()) << mistake_text(result.mistakes[0]);
    const std::vector<golden_node> &nodes = result.rules.nodes;
    EXPECT_EQ(nodes[0].children.size(), 4U);
    const golden_node &group = nodes[nodes[0].children[2]];
    EXPECT_EQ(group.kind, node_kind::group);
    ASSERT_EQ(group.children.size(), 2U);
    const golden_node &chain = nodes[group.children[0]];
    EXPECT_EQ(chain.kind, node_kind::chain);
    EXPECT_EQ(node_spelling(nodes[chain.children[1]]), "*3 t: c");
    EXPECT_EQ(nodes[chain.children[1]].times, 3U);
    EXPECT_EQ(nodes[chain.children[1]].line, 7U);
    EXPECT_EQ(result.rules.forbidden.size(), 1U);
    EXPECT_EQ(result.rules.ignored.size(), 1U);
}

TEST(Golden, names_are_spelled_out) {
    const marker_table table = test_table();
    EXPECT_TRUE(golden_read("x", "kernel: boot\ninit: up timed\n", table).mistakes.empty());
    EXPECT_FALSE(golden_read("x", "kernel: boot\ninit: up a b\n", table).mistakes.empty());
}

class WrongGolden : public testing::TestWithParam<const char *> {};

// The first line of each file says the one mistake that must be found: `# expect: line:column:
// text`.
TEST_P(WrongGolden, test_reject) {
    const std::string path = std::string("testing/markers/wrong/") + GetParam() + ".golden";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    const std::string tag = "# expect: ";
    ASSERT_TRUE(contents.starts_with(tag));
    const std::string expected = contents.substr(tag.size(), contents.find('\n') - tag.size());
    const golden_result result = golden_read("g", contents, test_table());
    ASSERT_FALSE(result.mistakes.empty());
    EXPECT_EQ(mistake_text(result.mistakes[0]), "g:" + expected);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongGolden,
    testing::Values("area_unknown", "bracket_crossed", "bracket_unclosed", "bracket_unopened",
                    "bracket_with_text", "chain_outside_group", "empty_file", "empty_group",
                    "first_rule_not_boot", "forbidden_matches_rule", "glob_in_group",
                    "glob_missing", "ignored_hides_marker", "ignored_hides_panic",
                    "nested_too_deep", "power_off_as_rule", "space_missing", "text_doubled",
                    "text_overlaps_number", "text_too_long", "text_unknown", "text_unprintable",
                    "times_missing", "times_zero", "wildcard_beside_digit", "wildcard_unknown"),
    [](const testing::TestParamInfo<const char *> &info) { return std::string(info.param); });

}  // namespace
}  // namespace markers
