// runtime/format_test.cc: what console lines may hold, and that they never exceed their buffer.
#include "runtime/format.h"

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace {

template <typename... Args>
std::string Formatted(uint32_t capacity, const char *format, Args... args) {
    std::string text(capacity + 8, '#');
    format_buffer buffer{};
    buffer.text = text.data();
    buffer.capacity = capacity;
    format_append(&buffer, format, args...);
    EXPECT_EQ(text.substr(capacity), "########") << "wrote behind the buffer";
    return text.substr(0, buffer.count);
}

TEST(Format, conversions) {
    EXPECT_EQ(Formatted(64, "a %s b", "name"), "a name b");
    EXPECT_EQ(Formatted(64, "%u %x %#x", 0u, 255u, 4096u), "0 ff 0x1000");
    EXPECT_EQ(Formatted(64, "%lu", UINT64_MAX), "18446744073709551615");
    EXPECT_EQ(Formatted(64, "%#lx", UINT64_C(0xffffffc080200000)), "0xffffffc080200000");
    EXPECT_EQ(Formatted(64, "%c%%", 'q'), "q%");
}

TEST(Format, cuts_at_the_capacity) {
    EXPECT_EQ(Formatted(5, "%s", "exactly"), "exact");
    EXPECT_EQ(Formatted(3, "%lu", UINT64_MAX), "184");
    EXPECT_EQ(Formatted(0, "text %u", 1u), "");
}

TEST(Format, appends) {
    char text[16];
    format_buffer buffer{};
    buffer.text = text;
    buffer.capacity = sizeof(text);
    format_append(&buffer, "| ");
    format_append(&buffer, "%u", 7u);
    EXPECT_EQ(std::string(text, buffer.count), "| 7");
}

TEST(Format, test_reject_control_characters) {
    EXPECT_EQ(Formatted(64, "%s", "a\nb\x1b[0m\xff"), "a?b?[0m?");
}

TEST(Format, test_reject_unknown_conversion) {
    const char *format = "%d and more";
    EXPECT_EQ(Formatted(64, "%s", "x"), "x");
    char text[32];
    format_buffer buffer{};
    buffer.text = text;
    buffer.capacity = sizeof(text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    format_append(&buffer, format, 3);
#pragma GCC diagnostic pop
    EXPECT_EQ(std::string(text, buffer.count), "%?");
}

}  // namespace
