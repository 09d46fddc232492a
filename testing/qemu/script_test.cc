// testing/qemu/script_test.cc: statements of a script, and each mistake.
#include "testing/qemu/script.h"

#include <gtest/gtest.h>

namespace qemu {
namespace {

TEST(Script, steps_in_order) {
    std::string error;
    const auto steps = script_read(
        "# who types what\n\nwait a: ready*\ntype \\e[Ab\\\\\\x7f \\r\\n\\t\nwait   x", error);
    ASSERT_TRUE(steps) << error;
    ASSERT_EQ(steps->size(), 3U);
    EXPECT_FALSE(steps->at(0).types);
    EXPECT_EQ(steps->at(0).line, 3U);
    EXPECT_TRUE(markers::pattern_matches(steps->at(0).glob, "a: ready #2"));
    EXPECT_FALSE(markers::pattern_matches(steps->at(0).glob, "b: ready"));
    EXPECT_TRUE(steps->at(1).types);
    EXPECT_EQ(steps->at(1).text, "\x1b[Ab\\\x7f \r\n\t");
    EXPECT_EQ(steps->at(2).text, "  x") << "blanks count";
}

TEST(Script, test_reject_what_is_no_statement) {
    for (const char *wrong :
         {"tipe x", "type", "wait", "type ", "type a\\q", "type a\\", "type \\x4", "type \\xzz"}) {
        std::string error;
        EXPECT_FALSE(script_read(std::string("wait a\n") + wrong + "\n", error)) << wrong;
        EXPECT_TRUE(error.starts_with("2: ")) << error;
    }
}

}  // namespace
}  // namespace qemu
