// testing/mutation/mutate_test.cc: which mutants a text has, and that the text stays what it is
// without them.
#include "testing/mutation/mutate.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

// Of a function with that body.
std::vector<std::string> changes(const std::string &body) {
    std::vector<std::string> out;
    for (const mutation::mutant &one :
         mutation::mutate("void f(void) {\n" + body + "\n}\n", "f.c").mutants) {
        out.push_back(one.change);
    }
    return out;
}

using list = std::vector<std::string>;

TEST(Mutate, comparisons_are_off_by_one_and_turned_around) {
    EXPECT_EQ(changes("return a < b;"), (list{"<to<=", "<to>="}));
    EXPECT_EQ(changes("return a >= b;"), (list{">=to>", ">=to<"}));
    EXPECT_EQ(changes("return a == 0;"), (list{"==to!="}));
}

TEST(Mutate, logic_and_conditions) {
    EXPECT_EQ(changes("return a && b;"), (list{"&&to||", "not", "not"}));
    EXPECT_EQ(changes("if (a) {}"), (list{"not"}));
    EXPECT_EQ(changes("if (a < b) {}"), (list{"<to<=", "<to>="}));
    EXPECT_EQ(changes("return a ? b : c;"), (list{"not"}));
}

TEST(Mutate, arithmetic_and_constants) {
    EXPECT_EQ(changes("return a + b;"), (list{"+to-"}));
    EXPECT_EQ(changes("return a - b;"), (list{"-plus1"}));
    EXPECT_EQ(changes("return 7;"), (list{"7plus1"}));
    EXPECT_EQ(changes("return STATUS_OK;"), (list{"STATUS_OKplus1"}));
    EXPECT_EQ(changes("return a & MASK;"), (list{"MASKplus1"}));
    EXPECT_EQ(changes("return true;"), (list{"to_false"}));
}

TEST(Mutate, statements_are_left_out) {
    EXPECT_EQ(changes("lock_release(a, b);"), (list{"drop"}));
    EXPECT_EQ(changes("a = b;"), (list{"drop"}));
    EXPECT_EQ(changes("a += b;"), (list{"drop", "+=to-="}));
    EXPECT_EQ(changes("int a = b;"), list{});
    EXPECT_EQ(changes("word *a = b;"), list{});
}

TEST(Mutate, what_is_left_alone) {
    EXPECT_EQ(changes("KASSERT(a < b);"), list{});
    EXPECT_EQ(changes("static const int a[] = {1, 2};"), list{});
    EXPECT_EQ(changes("switch (a) { case 1: break; }"), list{});
    EXPECT_EQ(changes("int a = 0;"), list{});
    EXPECT_EQ(changes("struct s a = {0};"), list{});
    EXPECT_EQ(changes("return sizeof(a + b);"), list{});
    EXPECT_EQ(changes("return (uint64_t)-a;"), list{});
    EXPECT_EQ(changes("(void)a;"), list{});
    EXPECT_EQ(changes("(void)a.b;"), list{});
    EXPECT_EQ(changes("(void)g(a);"), list{"drop"});
    EXPECT_EQ(changes("a = (struct s){.b = 0};"), list{"drop"});
    EXPECT_EQ(changes("return a < b ? a : b;"), list{"<to>="});
    EXPECT_EQ(changes("return a->b > c ? c : a->b;"), list{">to<="});
    EXPECT_TRUE(
        mutation::mutate("int a[4 + 1];\n#define B (1 + 2)\n// 1 + 2\n", "f.c").mutants.empty());
}

TEST(Mutate, a_mutant_is_known_by_its_text) {
    const mutation::mutated_file got =
        mutation::mutate("void f(void) {\n\n    g();\n    g();\n}\n", "f.c");
    ASSERT_EQ(got.mutants.size(), 2u);
    EXPECT_EQ(got.mutants[0].line_text, "g();");
    EXPECT_EQ(got.mutants[0].line, 3u);
    EXPECT_EQ(got.mutants[0].occurrence, 1u);
    EXPECT_EQ(got.mutants[1].occurrence, 2u);
}

TEST(Mutate, operands_reach_as_far_as_they_bind) {
    const std::string text =
        mutation::mutate("int f(void) {\n    return a + b < c && d;\n}\n", "f.c").text;
    EXPECT_NE(text.find("({ int mutant_l = !!(({ __auto_type mutant_l = (({ __auto_type mutant_l = "
                        "(a ); __auto_type mutant_r = ( b);"),
              std::string::npos)
        << text;
}

TEST(Mutate, what_is_assigned_is_changed_as_a_whole) {
    const std::string text =
        mutation::mutate("void f(void) {\n    a += b ? c : d;\n}\n", "f.c").text;
    EXPECT_NE(text.find("? c : d); MUTANT("), std::string::npos) << text;
}

TEST(Mutate, test_reject_brackets_that_do_not_match) {
    EXPECT_THROW(mutation::mutate("void f(void) { g(; }", "f.c"), std::runtime_error);
    EXPECT_THROW(mutation::mutate("void f(void) {", "f.c"), std::runtime_error);
}

}  // namespace
