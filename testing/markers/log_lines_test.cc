// testing/markers/log_lines_test.cc: lines from bytes, however they are cut.
#include "testing/markers/log_lines.h"

#include <gtest/gtest.h>

namespace markers {
namespace {

std::vector<log_line> split(std::string_view bytes, std::string *rest = nullptr) {
    log_splitter splitter;
    std::vector<log_line> lines;
    for (const char byte : bytes) {
        splitter.feed(std::string_view(&byte, 1), lines);
    }
    if (rest != nullptr) {
        *rest = splitter.unfinished();
    }
    return lines;
}

TEST(LogLines, newline_ends_a_line_and_a_return_before_it_is_dropped) {
    const std::vector<log_line> lines = split("one\r\ntwo\n\nfour\n");
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].text, "one");
    EXPECT_EQ(lines[0].malformed, "");
    EXPECT_EQ(lines[1].text, "two");
    EXPECT_EQ(lines[2].text, "");
    EXPECT_EQ(lines[3].text, "four");
}

TEST(LogLines, test_reject_line_over_200_bytes) {
    EXPECT_EQ(split(std::string(200, 'x') + "\r\n").at(0).malformed, "");
    EXPECT_EQ(split(std::string(201, 'x') + "\n").at(0).malformed,
              "201 bytes, over the 200 that a line may have");
    const log_line huge = split(std::string(100000, 'x') + "\n").at(0);
    EXPECT_EQ(huge.malformed, "100000 bytes, over the 200 that a line may have");
    EXPECT_LT(huge.text.size(), 2 * LINE_BYTES_KEPT);
}

TEST(LogLines, an_edited_line_is_what_a_terminal_shows) {
    EXPECT_EQ(split("> hepl\b\blp\n").at(0).text, "> help");
    EXPECT_EQ(split("> help me\b \b\b \b\b \b\n").at(0).text, "> help");
    EXPECT_EQ(split("> \b\b\b\b\bx\n").at(0).text, "x") << "not left of the line";
    EXPECT_EQ(split("> a \n").at(0).text, "> a ") << "blanks stay where nothing was edited";
    std::string busy(100, 'x');
    for (int i = 0; i < 1000; i++) {
        busy += "\b \b";
    }
    EXPECT_EQ(split(busy + "y\n").at(0).malformed, "");
    EXPECT_EQ(split(busy + "y\n").at(0).text, "y");
}

TEST(LogLines, test_reject_unprintable_byte) {
    const log_line line = split("a\x1b[0m\n").at(0);
    EXPECT_EQ(line.malformed, "byte 2 is not printable");
    EXPECT_EQ(line.text, "a\\x1b[0m");
    EXPECT_EQ(split("a\rb\n").at(0).malformed, "byte 2 is not printable");
    EXPECT_EQ(split("\xc3\xa9\n").at(0).malformed, "byte 1 is not printable");
}

TEST(LogLines, what_is_unfinished_is_kept) {
    std::string rest;
    EXPECT_EQ(split("whole\nhal", &rest).size(), 1U);
    EXPECT_EQ(rest, "hal");
}

}  // namespace
}  // namespace markers
