// services/logd/logd_test.cc: records come back as they were kept, the oldest makes room, nobody
// sends or keeps more than its share, and what a reader gets is what a plain list gives.
#include "services/logd/logd.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/abi/task.h"

namespace {

constexpr uint64_t kSecond = 1000000000;
const uint64_t kInit = service_id_named("init").value;

wire_bytes bytes_of(const std::string &text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size())};
}

std::string text_of(const wire_bytes &bytes) {
    return {reinterpret_cast<const char *>(bytes.data), bytes.count};
}

using Strings = std::vector<std::string>;

class LogdTest : public ::testing::Test {
  protected:
    LogdTest() : logd_(new logd) {
        logd_init(logd_.get());
    }

    wire_status Append(const std::string &text, const std::string &scope = "test",
                       uint8_t level = LOG_INFO, uint64_t sender = 7) {
        log_record record{0,     now_ns_,         sender,        LOG_KIND_TEXT,
                          level, bytes_of(scope), bytes_of(text)};
        const wire_status status = logd_append(logd_.get(), &record);
        last_ = record.sequence;
        return status;
    }

    wire_status AppendCrash(const log_crash &crash, uint64_t sender = kInit) {
        log_record record{};
        record.at_ns = now_ns_;
        record.sender = sender;
        const wire_status status = logd_append_crash(logd_.get(), &record, &crash);
        last_ = record.sequence;
        return status;
    }

    // One page after the other, until there are no more. Each record is in one page.
    std::vector<log_record> All(logd_wanted wanted, uint32_t page_bytes = LOG_PAGE_BYTES_MAX) {
        std::vector<log_record> records;
        logd_page page{0, 0, true};
        for (uint32_t pages = 0; page.more; pages++) {
            EXPECT_LE(pages, 2u * LOGD_RECORD_MAX);
            pages_.emplace_back(page_bytes);
            wire_writer out = wire_writer_of(pages_.back().data(), page_bytes);
            page = logd_read(logd_.get(), &wanted, LOGD_LOOKS_MAX, &out);
            wire_reader in = wire_reader_of(pages_.back().data(), out.count);
            log_record record;
            uint32_t count = 0;
            while (log_record_get(&in, &record)) {
                records.push_back(record);
                count++;
            }
            EXPECT_EQ(count, page.count);
            EXPECT_TRUE(wire_reader_done(&in));
            wanted.from = page.next;
        }
        return records;
    }

    Strings Texts(uint64_t from, uint8_t least_level = 0, const std::string &scope = "",
                  uint64_t until = 0) {
        Strings texts;
        for (const log_record &record :
             All({from, until, LOG_KIND_ANY, least_level, bytes_of(scope)})) {
            texts.push_back(text_of(record.text));
        }
        return texts;
    }

    std::unique_ptr<logd> logd_;
    std::vector<std::vector<uint8_t>> pages_;  // Records point into them.
    uint64_t now_ns_ = 5 * kSecond;
    uint64_t last_ = 0;
};

TEST_F(LogdTest, a_record_comes_back_as_it_was_kept) {
    ASSERT_EQ(Append("hello", "net", LOG_ERROR, 99), WIRE_OK);
    EXPECT_EQ(last_, 1u);
    const std::vector<log_record> all = All({});
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].sequence, 1u);
    EXPECT_EQ(all[0].at_ns, now_ns_);
    EXPECT_EQ(all[0].sender, 99u);
    EXPECT_EQ(all[0].kind, LOG_KIND_TEXT);
    EXPECT_EQ(all[0].level, LOG_ERROR);
    EXPECT_EQ(text_of(all[0].scope), "net");
    EXPECT_EQ(text_of(all[0].text), "hello");
}

TEST_F(LogdTest, queries_choose_by_range_level_and_scope) {
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
    EXPECT_EQ(Texts(0, 0, "", 3), (Strings{"a", "b"}));
    EXPECT_EQ(Texts(2, 0, "", 4), (Strings{"b", "c"}));
    EXPECT_EQ(Texts(2, 0, "", 2), Strings{});
    EXPECT_EQ(Texts(99), Strings{});
    EXPECT_EQ(Texts(UINT64_MAX), Strings{});
}

TEST_F(LogdTest, the_oldest_makes_room) {
    for (uint32_t i = 0; i < LOGD_RECORD_MAX + 10; i++) {
        now_ns_ += kSecond;
        ASSERT_EQ(Append(std::to_string(i), "test", LOG_INFO, 1 + i % 4), WIRE_OK);
    }
    EXPECT_EQ(logd_first(logd_.get()), 11u);
    EXPECT_EQ(logd_->overwritten, 10u);
    const Strings texts = Texts(0);
    ASSERT_EQ(texts.size(), 0u + LOGD_RECORD_MAX);
    EXPECT_EQ(texts.front(), "10");
    EXPECT_EQ(texts.back(), std::to_string(LOGD_RECORD_MAX + 9));
}

// However much one says, what the others have said stays.
TEST_F(LogdTest, nobody_keeps_more_than_its_share) {
    ASSERT_EQ(Append("precious", "test", LOG_INFO, 8), WIRE_OK);
    for (uint32_t i = 0; i < 3 * LOGD_RECORD_MAX; i++) {
        now_ns_ += kSecond;
        ASSERT_EQ(Append(std::to_string(i)), WIRE_OK);
    }
    const Strings texts = Texts(0);
    ASSERT_EQ(texts.size(), LOGD_SHARE_MAX + 1u);
    EXPECT_EQ(texts[0], "precious");
    EXPECT_EQ(texts[1], std::to_string(3 * LOGD_RECORD_MAX - LOGD_SHARE_MAX));
    EXPECT_EQ(texts.back(), std::to_string(3 * LOGD_RECORD_MAX - 1));
    EXPECT_EQ(logd_->overwritten, 0u + 3 * LOGD_RECORD_MAX - LOGD_SHARE_MAX);
}

// A query that finds nothing costs no more than one that does, and says where to go on.
TEST_F(LogdTest, a_query_looks_at_a_bounded_number_of_records) {
    for (uint32_t i = 0; i < LOGD_RECORD_MAX; i++) {
        now_ns_ += kSecond;
        ASSERT_EQ(Append("x", i == 100 ? "rare" : "test", LOG_INFO, 1 + i % 4), WIRE_OK);
    }
    uint8_t bytes[LOG_PAGE_BYTES_MAX];
    wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    const std::string scope = "rare";
    logd_wanted wanted{0, 0, LOG_KIND_ANY, 0, bytes_of(scope)};
    logd_page page = logd_read(logd_.get(), &wanted, LOGD_LOOKS_MAX, &out);
    EXPECT_EQ(page.count, 0u);
    EXPECT_TRUE(page.more);
    EXPECT_EQ(page.next, 1u + LOGD_LOOKS_MAX);
    wanted.from = page.next;
    page = logd_read(logd_.get(), &wanted, LOGD_LOOKS_MAX, &out);
    EXPECT_EQ(page.count, 1u);
    EXPECT_FALSE(page.more);
    EXPECT_EQ(page.next, logd_->next) << "what comes later is the next page";
}

TEST_F(LogdTest, a_crash_comes_back_with_all_its_words) {
    const log_crash crash{11, 0x10000234, 12, 2, EXIT_FAULT_INSTRUCTION, 0x10000234, 0x10000567};
    ASSERT_EQ(Append("x"), WIRE_OK);
    ASSERT_EQ(AppendCrash(crash), WIRE_OK);
    EXPECT_EQ(last_, 2u);
    ASSERT_EQ(AppendCrash({11, 0, 13, 3, EXIT_CODE, 0, 0}), WIRE_OK);
    const std::vector<log_record> all = All({0, 0, LOG_KIND_CRASH, 0, {}});
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].level, LOG_ERROR);
    EXPECT_EQ(all[1].level, LOG_WARNING);
    EXPECT_EQ(text_of(all[0].scope), "crash");
    log_crash read{};
    ASSERT_TRUE(log_crash_get(&all[0], &read));
    EXPECT_EQ(read.subject, crash.subject);
    EXPECT_EQ(read.detail, crash.detail);
    EXPECT_EQ(read.instance, crash.instance);
    EXPECT_EQ(read.start, crash.start);
    EXPECT_EQ(read.reason, crash.reason);
    EXPECT_EQ(read.pc, crash.pc);
    EXPECT_EQ(read.ra, crash.ra);
}

TEST_F(LogdTest, test_reject_crash_report_of_anybody_but_supervisors) {
    EXPECT_EQ(AppendCrash({11, 0, 12, 2, EXIT_KILLED, 0, 0}, 7), WIRE_DENIED);
    EXPECT_EQ(logd_->next, 1u);
    EXPECT_EQ(logd_sender_find(logd_.get(), 7), nullptr);
}

TEST_F(LogdTest, test_reject_crash_without_a_reason) {
    EXPECT_EQ(AppendCrash({11, 0, 12, 2, EXIT_NONE, 0, 0}), WIRE_MALFORMED);
    EXPECT_EQ(AppendCrash({11, 0, 12, 2, EXIT_REASON_COUNT, 0, 0}), WIRE_MALFORMED);
    EXPECT_EQ(logd_->next, 1u);
}

// A text that looks like one is none: its kind says so.
TEST_F(LogdTest, test_reject_text_as_a_crash) {
    uint8_t bytes[LOG_CRASH_BYTES];
    const log_crash crash{11, 0, 12, 2, EXIT_KILLED, 0, 0};
    log_crash_put(bytes, &crash);
    ASSERT_EQ(Append({reinterpret_cast<const char *>(bytes), sizeof(bytes)}, "crash"), WIRE_OK);
    const std::vector<log_record> all = All({});
    log_crash read{};
    ASSERT_EQ(all.size(), 1u);
    EXPECT_FALSE(log_crash_get(&all[0], &read));
    log_record shorter = all[0];
    shorter.kind = LOG_KIND_CRASH;
    EXPECT_TRUE(log_crash_get(&shorter, &read));
    shorter.text.count--;
    EXPECT_FALSE(log_crash_get(&shorter, &read));
}

TEST_F(LogdTest, test_reject_over_rate_logger) {
    for (uint32_t i = 0; i < LOGD_BURST; i++) {
        ASSERT_EQ(Append("x"), WIRE_OK);
    }
    EXPECT_EQ(Append("x"), WIRE_OVERLOAD);
    EXPECT_EQ(logd_->counts.over_rate, 1u);
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

// What is left of a record's time is not lost when its sender asks too early.
TEST_F(LogdTest, a_rate_is_reached_however_often_one_asks) {
    for (uint32_t i = 0; i < LOGD_BURST; i++) {
        ASSERT_EQ(Append("x"), WIRE_OK);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 8; i++) {
        now_ns_ += kSecond / LOGD_PER_SECOND * 3 / 4;
        kept += Append("x") == WIRE_OK;
    }
    EXPECT_EQ(kept, 6u);
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
    EXPECT_EQ(logd_->forgotten, 1u);
    EXPECT_EQ(logd_sender_find(logd_.get(), 1), nullptr);
    EXPECT_NE(logd_sender_find(logd_.get(), 2), nullptr);
}

TEST_F(LogdTest, what_is_refused_is_counted_for_its_sender_and_in_all) {
    for (uint32_t i = 0; i < LOGD_BURST + 3; i++) {
        const wire_status wanted = i < LOGD_BURST ? WIRE_OK : WIRE_OVERLOAD;
        ASSERT_EQ(Append("x"), wanted);
    }
    EXPECT_EQ(Append(std::string(LOG_TEXT_MAX + 1, 'x')), WIRE_TOO_LARGE);
    EXPECT_EQ(Append("y", "test", LOG_INFO, 8), WIRE_OK);
    EXPECT_EQ(Append("y", std::string(LOG_SCOPE_MAX + 1, 'x'), LOG_INFO, 8), WIRE_TOO_LARGE);
    const logd_sender *one = logd_sender_find(logd_.get(), 7);
    const logd_sender *other = logd_sender_find(logd_.get(), 8);
    ASSERT_NE(one, nullptr);
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(one->counts.appended, 0u + LOGD_BURST);
    EXPECT_EQ(one->counts.over_rate, 3u);
    EXPECT_EQ(one->counts.over_size, 1u);
    EXPECT_EQ(other->counts.appended, 1u);
    EXPECT_EQ(other->counts.over_rate, 0u);
    EXPECT_EQ(other->counts.over_size, 1u);
    EXPECT_EQ(logd_->counts.appended, LOGD_BURST + 1u);
    EXPECT_EQ(logd_->counts.over_rate, 3u);
    EXPECT_EQ(logd_->counts.over_size, 2u);
    EXPECT_EQ(logd_sender_find(logd_.get(), 9), nullptr);
    EXPECT_EQ(logd_sender_find(logd_.get(), 0), nullptr);
}

TEST_F(LogdTest, test_reject_query_that_cannot_be) {
    const logd_wanted good{1, 1, LOG_KIND_CRASH, LOG_AUDIT, {}};
    EXPECT_EQ(logd_wanted_check(&good), WIRE_OK);
    logd_wanted wrong = good;
    wrong.from = 2;
    EXPECT_EQ(logd_wanted_check(&wrong), WIRE_MALFORMED) << "it ends before it begins";
    wrong = good;
    wrong.kind = LOG_KIND_COUNT;
    EXPECT_EQ(logd_wanted_check(&wrong), WIRE_MALFORMED);
    wrong = good;
    wrong.least_level = LOG_LEVEL_COUNT;
    EXPECT_EQ(logd_wanted_check(&wrong), WIRE_MALFORMED);
    wrong = good;
    const std::string scope(LOG_SCOPE_MAX + 1, 'x');
    wrong.scope = bytes_of(scope);
    EXPECT_EQ(logd_wanted_check(&wrong), WIRE_MALFORMED);
}

TEST_F(LogdTest, test_reject_record_that_is_too_large_or_has_no_level) {
    EXPECT_EQ(Append(std::string(LOG_TEXT_MAX + 1, 'x')), WIRE_TOO_LARGE);
    EXPECT_EQ(Append("x", std::string(LOG_SCOPE_MAX + 1, 'x')), WIRE_TOO_LARGE);
    EXPECT_EQ(logd_->counts.over_size, 2u);
    EXPECT_EQ(Append("x", "test", LOG_LEVEL_COUNT), WIRE_MALFORMED);
    for (const log_kind kind : {LOG_KIND_ANY, LOG_KIND_COUNT}) {
        log_record record{0, now_ns_, 7, static_cast<uint8_t>(kind), 0, {}, {}};
        EXPECT_EQ(logd_append(logd_.get(), &record), WIRE_MALFORMED);
    }
    EXPECT_EQ(logd_->next, 1u);
    EXPECT_EQ(Append(std::string(LOG_TEXT_MAX, 'x'), std::string(LOG_SCOPE_MAX, 'y')), WIRE_OK);
}

TEST(LogPage, records_are_written_whole_and_read_back) {
    uint8_t page[LOG_PAGE_BYTES_MAX];
    wire_writer writer = wire_writer_of(page, sizeof(page));
    const std::string scope(LOG_SCOPE_MAX, 's');
    const std::string text(LOG_TEXT_MAX, 't');
    log_record record{1, 2, 3, LOG_KIND_TEXT, LOG_ERROR, bytes_of(scope), bytes_of(text)};
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

// The journal as a plain list, which keeps every record that it was ever given.
struct Model {
    struct Entry {
        uint64_t sequence, sender;
        uint8_t level;
        std::string scope, text;
    };

    void Append(const Entry &entry) {
        const auto is_own = [&](const Entry &other) { return other.sender == entry.sender; };
        if (std::count_if(kept.begin(), kept.end(), is_own) >= LOGD_SHARE_MAX) {
            kept.erase(std::find_if(kept.begin(), kept.end(), is_own));
        } else if (kept.size() == LOGD_RECORD_MAX) {
            kept.erase(kept.begin());
        }
        kept.push_back(entry);
    }

    std::vector<Entry> kept;
};

// Records of random senders at random times, and readers with random wishes and pages.
TEST_F(LogdTest, agrees_with_a_plain_list) {
    const Strings scopes{"", "a", "net", "policy", std::string(LOG_SCOPE_MAX, 'z')};
    std::mt19937_64 random(23);
    Model model;
    for (int step = 0; step < 20000; step++) {
        if (random() % 8 != 0) {
            now_ns_ += random() % 3 == 0 ? random() % (kSecond / 100) : 0;
            const Model::Entry entry{
                logd_->next, 1 + random() % 5, static_cast<uint8_t>(random() % LOG_LEVEL_COUNT),
                scopes[random() % scopes.size()], std::string(random() % (LOG_TEXT_MAX + 1), 't')};
            if (Append(entry.text, entry.scope, entry.level, entry.sender) == WIRE_OK) {
                ASSERT_EQ(last_, entry.sequence);
                model.Append(entry);
            }
            continue;
        }
        const std::string scope = scopes[random() % scopes.size()];
        logd_wanted wanted{logd_->next - std::min(logd_->next, random() % 200), 0, LOG_KIND_ANY,
                           static_cast<uint8_t>(random() % LOG_LEVEL_COUNT), bytes_of(scope)};
        wanted.until = random() % 2 == 0 ? 0 : wanted.from + random() % 100;
        ASSERT_EQ(logd_wanted_check(&wanted), WIRE_OK);
        Strings expected;
        for (const Model::Entry &entry : model.kept) {
            if (entry.sequence >= wanted.from &&
                (wanted.until == 0 || entry.sequence < wanted.until) &&
                entry.level >= wanted.least_level && (scope.empty() || scope == entry.scope)) {
                expected.push_back(std::to_string(entry.sequence) + entry.text);
            }
        }
        Strings found;
        const auto page_bytes = static_cast<uint32_t>(LOG_RECORD_BYTES_MAX + random() % 4096);
        for (const log_record &record : All(wanted, page_bytes)) {
            found.push_back(std::to_string(record.sequence) + text_of(record.text));
        }
        ASSERT_EQ(found, expected);
        pages_.clear();
    }
    ASSERT_GT(logd_->counts.over_rate, 0u) << "the rates were reached";
    ASSERT_GT(logd_->overwritten, 1000u);
}

}  // namespace
