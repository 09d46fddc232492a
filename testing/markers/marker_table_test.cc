// testing/markers/marker_table_test.cc: the real table keeps its rules, and wrong rows are named.
#include "testing/markers/marker_table.h"

#include <gtest/gtest.h>

#include "testing/markers/test_table.h"

namespace markers {
namespace {

std::string only_problem(const marker_table &table) {
    const std::vector<std::string> problems = marker_table_problems(table);
    return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

TEST(MarkerTable, the_real_one_is_well) {
    const marker_table table = compiled_marker_table();
    EXPECT_GT(table.texts.size(), 20U);
    for (const std::string &problem : marker_table_problems(table)) {
        ADD_FAILURE() << "images/markers.def: " << problem;
    }
}

TEST(MarkerTable, test_reject_text_without_area) {
    marker_table table = test_table();
    marker_table_add_text(table, "STRAY", "nobody: here");
    EXPECT_EQ(only_problem(table), "STRAY: \"nobody: here\" starts with no listed area");
}

TEST(MarkerTable, test_reject_same_text_twice) {
    marker_table table = test_table();
    marker_table_add_text(table, "AGAIN", "t: a");
    EXPECT_EQ(only_problem(table), "AGAIN: the same text as T_a");
}

TEST(MarkerTable, test_reject_same_name_twice) {
    marker_table table = test_table();
    marker_table_add_text(table, "T_a", "t: other");
    EXPECT_EQ(only_problem(table), "T_a: the name stands twice");
}

TEST(MarkerTable, test_reject_bad_wildcard) {
    marker_table table = test_table();
    marker_table_add_text(table, "HEX", "t: %x");
    EXPECT_EQ(only_problem(table), "HEX: \"t: %x\": `%` must be `%u` (a number) or `%s` (a name)");
}

TEST(MarkerTable, test_reject_marker_that_looks_like_raw_output) {
    marker_table table = test_table();
    marker_table_add_area(table, "| x: ");
    EXPECT_EQ(only_problem(table), "area \"| x: \" starts with \"| \", which marks raw output");
}

TEST(MarkerTable, test_reject_marker_that_counts_as_panic) {
    marker_table table = test_table();
    marker_table_add_text(table, "OH", "kernel: PANIC averted");
    EXPECT_EQ(only_problem(table),
              "OH: \"kernel: PANIC averted\" would count as a panic (kernel: PANIC*)");
}

}  // namespace
}  // namespace markers
