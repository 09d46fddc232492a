// services/console/line_test.cc: what is typed, what the line then holds, and what a terminal
// shows.
#include "services/console/line.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace {

// A terminal that knows letters and backspaces.
class terminal {
  public:
    void take(const line &from) {
        for (std::uint32_t i = 0; i < from.echo_count; i++) {
            const char byte = from.echo[i];
            if (byte == '\b') {
                ASSERT_GT(column_, 0u) << "left of the line's beginning";
                column_--;
                continue;
            }
            ASSERT_TRUE(byte >= ' ' && byte <= '~');
            if (column_ == shown_.size()) {
                shown_ += ' ';
            }
            shown_[column_++] = byte;
        }
    }
    std::string shown() const {
        return shown_.substr(0, shown_.find_last_not_of(' ') + 1);
    }
    std::size_t column() const {
        return column_;
    }

  private:
    std::string shown_;
    std::size_t column_ = 0;
};

class Line : public testing::Test {
  protected:
    Line() {
        line_init(&line_);
    }

    line_event type(const std::string &bytes) {
        line_event event = LINE_MORE;
        for (const char byte : bytes) {
            event = line_feed(&line_, static_cast<std::uint8_t>(byte));
            EXPECT_LT(line_.echo_count, static_cast<std::uint32_t>(LINE_ECHO_MAX));
            terminal_.take(line_);
            if (event == LINE_DONE || event == LINE_CANCEL || event == LINE_TOO_LONG) {
                whole_ = line_.text;
                line_clear(&line_, event == LINE_DONE);
                terminal_ = terminal();
            }
            check();
        }
        return event;
    }

    bool complete(const std::vector<const char *> &words) {
        const bool done =
            line_complete(&line_, words.data(), static_cast<std::uint32_t>(words.size()));
        terminal_.take(line_);
        check();
        return done;
    }

    void check() {
        ASSERT_LE(line_.count, static_cast<std::uint32_t>(LINE_LETTERS_MAX));
        ASSERT_LE(line_.cursor, line_.count);
        ASSERT_EQ(std::strlen(line_.text), line_.count);
        std::string text = line_.text;
        ASSERT_EQ(terminal_.shown(), text.substr(0, text.find_last_not_of(' ') + 1));
        ASSERT_EQ(terminal_.column(), line_.cursor);
    }

    line line_;
    terminal terminal_;
    std::string whole_;
};

TEST_F(Line, letters_until_return) {
    EXPECT_EQ(type("help me\r"), LINE_DONE);
    EXPECT_EQ(whole_, "help me");
}

TEST_F(Line, a_line_feed_behind_a_return_is_no_line) {
    EXPECT_EQ(type("a\r"), LINE_DONE);
    EXPECT_EQ(type("\n"), LINE_MORE);
    EXPECT_EQ(type("\n"), LINE_DONE);
    EXPECT_EQ(whole_, "");
    EXPECT_EQ(type("b\n"), LINE_DONE);
    EXPECT_EQ(whole_, "b");
}

TEST_F(Line, inserts_and_takes_away_at_the_cursor) {
    type("helo\x1b[Dl\x05!\x01>\x1b[C\x7f");
    EXPECT_STREQ(line_.text, ">ello!");
    type("\x15");
    EXPECT_STREQ(line_.text, "ello!");
    type("\x1b[3~\x04");
    EXPECT_STREQ(line_.text, "lo!");
    type("\x1b[F\x02\x0b");
    EXPECT_STREQ(line_.text, "lo");
    type("\x1bOHx\x06\x7f");
    EXPECT_STREQ(line_.text, "xo");
}

TEST_F(Line, ways_to_end) {
    EXPECT_EQ(type("abc\x04"), LINE_MORE) << "there is something to delete, or nothing behind";
    EXPECT_EQ(type("\x03"), LINE_CANCEL);
    EXPECT_EQ(type("\x1b[3~"), LINE_MORE) << "the Delete key ends nothing";
    EXPECT_EQ(type("\x04"), LINE_END);
}

TEST_F(Line, drawn_anew_as_it_is) {
    type("abc\x02");
    line_drawn(&line_);
    EXPECT_EQ(std::string(line_.echo, line_.echo_count), "abc\b");
    EXPECT_EQ(type("\x0c"), LINE_REDRAW);
}

TEST_F(Line, history_goes_up_and_down_and_keeps_the_draft) {
    type("one\rtwo\rtwo\r\rdraft");
    type("\x1b[A");
    EXPECT_STREQ(line_.text, "two");
    type("\x10");
    EXPECT_STREQ(line_.text, "one") << "the second `two` and the empty line are not kept";
    type("\x1b[A");
    EXPECT_STREQ(line_.text, "one");
    type("\x1b[B\x0e");
    EXPECT_STREQ(line_.text, "draft");
    type("\x1b[B");
    EXPECT_STREQ(line_.text, "draft");
}

TEST_F(Line, history_is_bounded) {
    for (int i = 0; i < 3 * LINE_HISTORY; i++) {
        type("line " + std::to_string(i) + "\r");
    }
    for (int i = 0; i < 2 * LINE_HISTORY; i++) {
        type("\x10");
    }
    EXPECT_EQ(line_.text, "line " + std::to_string(2 * LINE_HISTORY));
}

TEST_F(Line, completes_what_words_have_in_common) {
    type("st");
    EXPECT_TRUE(complete({"help", "stats", "stack", "start"}));
    EXPECT_STREQ(line_.text, "sta");
    EXPECT_FALSE(complete({"help", "stats", "stack", "start"})) << "show them";
    type("t");
    EXPECT_TRUE(complete({"help", "stats", "stack"}));
    EXPECT_STREQ(line_.text, "stats ");
    EXPECT_TRUE(complete({"echo"}));
    EXPECT_STREQ(line_.text, "stats echo ");
    EXPECT_TRUE(complete({"value="}));
    EXPECT_STREQ(line_.text, "stats echo value=") << "its value follows at once";
    EXPECT_TRUE(complete({"other"})) << "nothing fits";
    EXPECT_FALSE(complete({"value=1", "value=2"}));
    EXPECT_EQ(line_word_start(&line_), 11u);
}

TEST_F(Line, completes_in_the_middle) {
    type("ca echo\x01\x06\x06");
    EXPECT_TRUE(complete({"call"}));
    EXPECT_STREQ(line_.text, "call echo");
    EXPECT_EQ(line_.cursor, 4u);
}

TEST_F(Line, test_reject_line_that_is_too_long) {
    type(std::string(LINE_LETTERS_MAX, 'x'));
    EXPECT_FALSE(line_.overflowed);
    type("y");
    EXPECT_EQ(line_.text, std::string(LINE_LETTERS_MAX, 'x'));
    EXPECT_EQ(type("\r"), LINE_TOO_LONG);
    EXPECT_EQ(type("short\r"), LINE_DONE);
    type(std::string(2 * LINE_LETTERS_MAX, 'z') + "\x15ok");
    EXPECT_EQ(type("\r"), LINE_DONE) << "all of it was taken away";
    EXPECT_EQ(whole_, "ok");
}

TEST_F(Line, test_reject_bytes_that_mean_nothing) {
    type(std::string("a\0b", 3) + "\x80\xff\x1b[99;1xc\x1bxd\x1b[Z\x11");
    EXPECT_STREQ(line_.text, "abcd");
}

// Whatever comes: the terminal shows the line, and the cursor stands where it is.
TEST_F(Line, any_bytes_in_any_order) {
    std::mt19937 random(1);
    const std::string keys = "\x01\x02\x05\x06\x08\x0b\x0e\x10\x15\x1b\x7f\x04\t\r[ADC~3 ";
    const std::vector<const char *> words = {"a", "ab", "abc",
                                             "b=", "a very long word, and another"};
    for (int i = 0; i < 50000; i++) {
        const std::uint32_t dice = random() % 8;
        const char byte = dice == 0  ? static_cast<char>(random())
                          : dice < 5 ? static_cast<char>('a' + random() % 3)
                                     : keys[random() % keys.size()];
        if (type(std::string(1, byte)) == LINE_TAB) {
            static_cast<void>(complete(words));
        }
        if (HasFatalFailure()) {
            FAIL() << "at byte " << i;
        }
    }
}

}  // namespace
