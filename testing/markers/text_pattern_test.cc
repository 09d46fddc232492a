// testing/markers/text_pattern_test.cc: numbers, names, globs; overlap and instances.
#include "testing/markers/text_pattern.h"

#include <gtest/gtest.h>

namespace markers {
namespace {

pattern text(std::string_view source, text_dialect dialect = text_dialect::golden) {
    pattern_result result = compile_text(source, dialect);
    EXPECT_TRUE(std::holds_alternative<pattern>(result)) << source;
    return std::get<pattern>(result);
}

pattern glob(std::string_view source) {
    return std::get<pattern>(compile_glob(source));
}

std::string error_of(std::string_view source) {
    const pattern_result result = compile_text(source, text_dialect::golden);
    const pattern_error *error = std::get_if<pattern_error>(&result);
    return error == nullptr ? "" : std::to_string(error->column) + " " + error->message;
}

TEST(TextPattern, literal_matches_itself_only) {
    EXPECT_TRUE(pattern_matches(text("t: a"), "t: a"));
    EXPECT_FALSE(pattern_matches(text("t: a"), "t: ab"));
    EXPECT_FALSE(pattern_matches(text("t: a"), "t: "));
    EXPECT_FALSE(pattern_matches(text("t: *"), "t: a")) << "no wildcard but %u in a text";
}

TEST(TextPattern, number_is_one_or_more_digits) {
    const pattern number = text("hart %u up");
    EXPECT_TRUE(pattern_matches(number, "hart 0 up"));
    EXPECT_TRUE(pattern_matches(number, "hart 1234567 up"));
    EXPECT_FALSE(pattern_matches(number, "hart  up"));
    EXPECT_FALSE(pattern_matches(number, "hart -1 up"));
    EXPECT_FALSE(pattern_matches(number, "hart 1a up"));
    EXPECT_TRUE(pattern_matches(text("%u.%u"), "10.07"));
}

TEST(TextPattern, test_reject_wildcards_that_are_unclear) {
    EXPECT_EQ(error_of("a %u%u"), "4 `%u` beside a digit or another `%u`: where does it end?");
    EXPECT_EQ(error_of("a %u7"), "2 `%u` beside a digit or another `%u`: where does it end?");
    EXPECT_EQ(error_of("7%u"), "1 `%u` beside a digit or another `%u`: where does it end?");
    EXPECT_EQ(error_of("a %s"), "2 `%` must be `%u`, the only wildcard in a text");
    EXPECT_EQ(error_of("100%"), "3 `%` must be `%u`, the only wildcard in a text");
    EXPECT_EQ(error_of(""), "0 the text is empty");
    EXPECT_EQ(error_of("a\tb"), "1 a byte that is not printable");
    EXPECT_NE(error_of(std::string(201, 'a')), "");
    EXPECT_EQ(error_of(std::string(200, 'a')), "");
}

TEST(TextPattern, globs) {
    EXPECT_TRUE(pattern_matches(glob("| *"), "| anything"));
    EXPECT_TRUE(pattern_matches(glob("*b*"), "abc"));
    EXPECT_TRUE(pattern_matches(glob("a?c*"), "abc"));
    EXPECT_FALSE(pattern_matches(glob("a?c"), "ac"));
    EXPECT_FALSE(pattern_matches(glob("*b"), "abc"));
}

TEST(TextPattern, overlap_is_exact) {
    EXPECT_TRUE(patterns_overlap(text("hart %u up"), text("hart 1 up")));
    EXPECT_FALSE(patterns_overlap(text("hart %u up"), text("hart x up")));
    EXPECT_TRUE(patterns_overlap(glob("*up"), text("hart %u up")));
    EXPECT_TRUE(patterns_overlap(glob("a*"), glob("*b")));
    EXPECT_FALSE(patterns_overlap(glob("a*c"), glob("*b")));
    EXPECT_TRUE(patterns_overlap(glob("x?"), text("x%u")));
    EXPECT_FALSE(patterns_overlap(glob("x?y"), text("x%u")));
}

TEST(TextPattern, instances) {
    const pattern up = text("init: up %s", text_dialect::table);
    EXPECT_TRUE(text_is_instance_of(text("init: up timed"), up));
    EXPECT_FALSE(text_is_instance_of(text("init: up two words"), up));
    EXPECT_FALSE(text_is_instance_of(text("init: up "), up));
    const pattern hart = text("hart %u up", text_dialect::table);
    EXPECT_TRUE(text_is_instance_of(text("hart %u up"), hart));
    EXPECT_TRUE(text_is_instance_of(text("hart 12 up"), hart));
    EXPECT_FALSE(text_is_instance_of(text("hart %u up"), text("hart 0 up", text_dialect::table)));
}

}  // namespace
}  // namespace markers
