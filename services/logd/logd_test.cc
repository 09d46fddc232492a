// services/logd/logd_test.cc: records come back as they were kept, the oldest makes room, and
// nobody sends more than its share.
#include "services/logd/logd.h"

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr uint64_t kSecond = 1000000000;

wire_bytes bytes_of(const std::string &text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size())};
}

std::string text_of(const wire_bytes &bytes) {
    return {reinterpret_cast<const char *>(bytes.data), bytes.count};
}

class LogdTest : public ::testing::Test {
  protected:
    LogdTest() : logd_(new logd) {
        logd_init(logd_.get());
    }

    wire_status Append(const std::string &text, const std::string &scope = "test",
                       uint8_t level = LOG_INFO, uint64_t sender = 7) {
        log_record record{0, now_ns_, sender, level, bytes_of(scope), bytes_of(text)};
        const wire_status status = logd_append(logd_.get(), &record);
        last_ = record.sequence;
        return status;
    }

    std::vector<std::string> Texts(uint64_t from, uint8_t least_level = 0,
                                   const std::string &scope = "") {
        std::vector<std::string> texts;
        logd_wanted wanted{from, least_level, bytes_of(scope)};
        log_record record;
        while (logd_find(logd_.get(), &wanted, &record)) {
            texts.push_back(text_of(record.text));
            wanted.from = record.sequence + 1;
        }
        return texts;
    }

    std::unique_ptr<logd> logd_;
    uint64_t now_ns_ = 5 * kSecond;
    uint64_t last_ = 0;
};

using Strings = std::vector<std::string>;

TEST_F(LogdTest, a_record_comes_back_as_it_was_kept) {
    ASSERT_EQ(Append("hello", "net", LOG_ERROR, 99), WIRE_OK);
    EXPECT_EQ(last_, 1u);
    const logd_wanted wanted{0, 0, bytes_of("")};
    log_record record;
    ASSERT_TRUE(logd_find(logd_.get(), &wanted, &record));
    EXPECT_EQ(record.sequence, 1u);
    EXPECT_EQ(record.at_ns, now_ns_);
    EXPECT_EQ(record.sender, 99u);
    EXPECT_EQ(record.level, LOG_ERROR);
    EXPECT_EQ(text_of(record.scope), "net");
    EXPECT_EQ(text_of(record.text), "hello");
}

TEST_F(LogdTest, queries_choose_by_sequence_level_and_scope) {
    ASSERT_EQ(Append("a", "net", LOG_DEBUG), WIRE_OK);
    ASSERT_EQ(Append("b", "net", LOG_ERROR), WIRE_OK);
    ASSERT_EQ(Append("c", "network", LOG_ERROR), WIRE_OK);
    ASSERT_EQ(Append("d", "", LOG_AUDIT), WIRE_OK);
    EXPECT_EQ(Texts(0), (Strings{"a", "b", "c", "d"}));
    EXPECT_EQ(Texts(3), (Strings{"c", "d"}));
    EXPECT_EQ(Texts(0, LOG_ERROR), (Strings{"b", "c", "d"}));
    EXPECT_EQ(Texts(0, 0, "net"), (Strings{"a", "b"}));
    EXPECT_EQ(Texts(0, LOG_ERROR, "net"), (Strings{"b"}));
    EXPECT_EQ(Texts(0, 0, "ne"), Strings{});
    EXPECT_EQ(Texts(99), Strings{});
    EXPECT_EQ(Texts(UINT64_MAX), Strings{});
}

TEST_F(LogdTest, the_oldest_makes_room) {
    for (uint32_t i = 0; i < LOGD_RECORD_MAX + 10; i++) {
        now_ns_ += kSecond;
        ASSERT_EQ(Append(std::to_string(i)), WIRE_OK);
    }
    EXPECT_EQ(logd_first(logd_.get()), 11u);
    EXPECT_EQ(logd_->overwritten, 10u);
    const Strings texts = Texts(0);
    ASSERT_EQ(texts.size(), 0u + LOGD_RECORD_MAX);
    EXPECT_EQ(texts.front(), "10");
    EXPECT_EQ(texts.back(), std::to_string(LOGD_RECORD_MAX + 9));
}

TEST_F(LogdTest, test_reject_over_rate_logger) {
    for (uint32_t i = 0; i < LOGD_BURST; i++) {
        ASSERT_EQ(Append("x"), WIRE_OK);
    }
    EXPECT_EQ(Append("x"), WIRE_OVERLOAD);
    EXPECT_EQ(logd_->over_rate, 1u);
    EXPECT_EQ(logd_->next, LOGD_BURST + 1u);
    EXPECT_EQ(Append("y", "test", LOG_INFO, 8), WIRE_OK) << "another sender has its own";
    now_ns_ += kSecond / LOGD_PER_SECOND;
    EXPECT_EQ(Append("x"), WIRE_OK);
    EXPECT_EQ(Append("x"), WIRE_OVERLOAD);
    now_ns_ += 100 * kSecond;  // It is no more than a burst, however long one was silent.
    for (uint32_t i = 0; i < LOGD_BURST; i++) {
        ASSERT_EQ(Append("x"), WIRE_OK);
    }
    EXPECT_EQ(Append("x"), WIRE_OVERLOAD);
}

// Many names do not help: a place is taken from who has been silent for longest.
TEST_F(LogdTest, rates_are_bounded) {
    for (uint64_t sender = 1; sender <= LOGD_SENDER_MAX; sender++) {
        now_ns_++;
        ASSERT_EQ(Append("x", "test", LOG_INFO, sender), WIRE_OK);
    }
    for (uint32_t i = 1; i < LOGD_BURST; i++) {
        ASSERT_EQ(Append("x", "test", LOG_INFO, LOGD_SENDER_MAX), WIRE_OK);
    }
    now_ns_++;
    ASSERT_EQ(Append("x", "test", LOG_INFO, 100), WIRE_OK);
    EXPECT_EQ(Append("x", "test", LOG_INFO, LOGD_SENDER_MAX), WIRE_OVERLOAD);
}

TEST_F(LogdTest, test_reject_record_that_is_too_large_or_has_no_level) {
    EXPECT_EQ(Append(std::string(LOG_TEXT_MAX + 1, 'x')), WIRE_TOO_LARGE);
    EXPECT_EQ(Append("x", std::string(LOG_SCOPE_MAX + 1, 'x')), WIRE_TOO_LARGE);
    EXPECT_EQ(logd_->over_size, 2u);
    EXPECT_EQ(Append("x", "test", LOG_LEVEL_COUNT), WIRE_MALFORMED);
    EXPECT_EQ(logd_->next, 1u);
    EXPECT_EQ(Append(std::string(LOG_TEXT_MAX, 'x'), std::string(LOG_SCOPE_MAX, 'y')), WIRE_OK);
}

TEST(LogPage, records_are_written_whole_and_read_back) {
    uint8_t page[LOG_PAGE_BYTES_MAX];
    wire_writer writer = wire_writer_of(page, sizeof(page));
    const std::string scope(LOG_SCOPE_MAX, 's');
    const std::string text(LOG_TEXT_MAX, 't');
    log_record record{1, 2, 3, LOG_ERROR, bytes_of(scope), bytes_of(text)};
    ASSERT_TRUE(log_record_put(&writer, &record));
    record.sequence = 2;
    ASSERT_TRUE(log_record_put(&writer, &record));
    EXPECT_FALSE(log_record_put(&writer, &record));
    EXPECT_EQ(writer.count, 0u + LOG_PAGE_BYTES_MAX);
    wire_reader reader = wire_reader_of(page, writer.count);
    log_record read{};
    ASSERT_TRUE(log_record_get(&reader, &read));
    ASSERT_TRUE(log_record_get(&reader, &read));
    EXPECT_EQ(read.sequence, 2u);
    EXPECT_EQ(text_of(read.text), text);
    EXPECT_FALSE(log_record_get(&reader, &read));
    reader = wire_reader_of(page, writer.count - 1);
    ASSERT_TRUE(log_record_get(&reader, &read));
    EXPECT_FALSE(log_record_get(&reader, &read)) << "half a record";
}

}  // namespace
