// services/metricsd/metricsd_test.cc: sums are right, nobody gets another's places, what is refused
// is counted and changes nothing, and the journal gets each change once.
#include "services/metricsd/metricsd.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr uint64_t kNow = 1000;
constexpr metricsd_caller kMe{7, 70};

wire_bytes bytes_of(const std::string &text) {
    return {reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size())};
}

std::string text_of(const wire_bytes &bytes) {
    return {reinterpret_cast<const char *>(bytes.data), bytes.count};
}

// A series as it is read, with memory of its own.
struct Series {
    uint64_t owner, count, sum, least, most, last;
    uint8_t kind;
    std::string name;
    std::vector<uint32_t> buckets;

    bool operator==(const Series &other) const {
        return std::tie(owner, count, sum, least, most, last, kind, name, buckets) ==
               std::tie(other.owner, other.count, other.sum, other.least, other.most, other.last,
                        other.kind, other.name, other.buckets);
    }
};

Series series_of(const metric_record &record) {
    Series series{record.owner, record.count,         record.sum,
                  record.least, record.most,          record.last,
                  record.kind,  text_of(record.name), {}};
    for (uint32_t i = 0; i < METRIC_BUCKETS; i++) {
        series.buckets.push_back(metric_bucket(&record, i));
    }
    return series;
}

class MetricsdTest : public ::testing::Test {
  protected:
    MetricsdTest() : metricsd_(new metricsd) {
        metricsd_init(metricsd_.get());
    }

    wire_status Update(metric_kind kind, const std::string &name, uint64_t value,
                       metricsd_caller from = kMe) {
        const metricsd_change change{from, kind, bytes_of(name), value, now_ns_};
        return metricsd_update(metricsd_.get(), &change, &sum_);
    }
    wire_status Start(const std::string &name, metricsd_caller from = kMe) {
        return metricsd_start(metricsd_.get(), from, bytes_of(name), now_ns_, &span_);
    }
    wire_status Stop(uint64_t span, metricsd_caller from = kMe) {
        return metricsd_stop(metricsd_.get(), from, span, now_ns_, &took_ns_);
    }

    Series Read(metric_kind kind, const std::string &name, uint64_t owner = kMe.id) {
        uint8_t bytes[METRIC_RECORD_BYTES_MAX];
        wire_writer out = wire_writer_of(bytes, sizeof(bytes));
        EXPECT_EQ(
            metricsd_read(metricsd_.get(), owner, static_cast<uint8_t>(kind), bytes_of(name), &out),
            WIRE_OK);
        wire_reader in = wire_reader_of(bytes, out.count);
        metric_record record{};
        EXPECT_TRUE(metric_record_get(&in, &record));
        EXPECT_TRUE(wire_reader_done(&in));
        return series_of(record);
    }

    // All series, in pages of that size.
    std::vector<Series> All(uint32_t page_bytes = METRIC_PAGE_BYTES_MAX,
                            uint32_t looks = METRICSD_LOOKS_MAX) {
        std::vector<Series> all;
        metricsd_page page{0, 0, true};
        for (uint32_t pages = 0; page.more; pages++) {
            EXPECT_LE(pages, 2u * METRICSD_PLACE_MAX);
            std::vector<uint8_t> bytes(page_bytes);
            wire_writer out = wire_writer_of(bytes.data(), page_bytes);
            page = metricsd_put_page(metricsd_.get(), page.next, looks, &out);
            wire_reader in = wire_reader_of(bytes.data(), out.count);
            metric_record record{};
            const size_t before = all.size();
            while (metric_record_get(&in, &record)) {
                all.push_back(series_of(record));
            }
            EXPECT_TRUE(wire_reader_done(&in));
            EXPECT_EQ(all.size() - before, page.count);
        }
        return all;
    }

    // What a period tells the journal, which acknowledges the first `acknowledged`.
    std::vector<std::string> Period(uint32_t acknowledged = METRICSD_RETAIN_MAX) {
        std::vector<std::string> told;
        metricsd_sweep sweep{};
        metric_record record{};
        while (metricsd_sweep_next(metricsd_.get(), &sweep, &record)) {
            told.push_back(text_of(record.name) + "=" + std::to_string(record.sum));
            if (told.size() > acknowledged) {
                break;
            }
            metricsd_kept(metricsd_.get(), &sweep);
        }
        metricsd_end_period(metricsd_.get(), &sweep, now_ns_);
        return told;
    }

    std::unique_ptr<metricsd> metricsd_;
    uint64_t now_ns_ = kNow;
    uint64_t sum_ = 0;
    uint64_t span_ = 0;
    uint64_t took_ns_ = 0;
};

using Strings = std::vector<std::string>;

TEST_F(MetricsdTest, a_counter_adds_up_and_stays_at_its_largest_value) {
    ASSERT_EQ(Update(METRIC_COUNTER, "requests", 3), WIRE_OK);
    ASSERT_EQ(Update(METRIC_COUNTER, "requests", 4), WIRE_OK);
    EXPECT_EQ(sum_, 7u);
    const Series read = Read(METRIC_COUNTER, "requests");
    EXPECT_EQ(read.owner, kMe.id);
    EXPECT_EQ(read.count, 2u);
    EXPECT_EQ(read.sum, 7u);
    EXPECT_EQ(read.last, 4u);
    ASSERT_EQ(Update(METRIC_COUNTER, "requests", UINT64_MAX), WIRE_OK);
    EXPECT_EQ(sum_, UINT64_MAX);
}

TEST_F(MetricsdTest, a_gauge_is_what_was_set_last) {
    for (const uint64_t value : {5, 2, 9, 4}) {
        ASSERT_EQ(Update(METRIC_GAUGE, "queue", value), WIRE_OK);
        EXPECT_EQ(sum_, value);
    }
    const Series read = Read(METRIC_GAUGE, "queue");
    EXPECT_EQ(read.sum, 4u);
    EXPECT_EQ(read.least, 2u);
    EXPECT_EQ(read.most, 9u);
    EXPECT_EQ(read.count, 4u);
}

TEST_F(MetricsdTest, a_histogram_counts_by_powers_of_two) {
    for (const uint64_t value : {UINT64_C(0), UINT64_C(1), UINT64_C(2), UINT64_C(3), UINT64_C(4),
                                 UINT64_C(1023), UINT64_C(1024), UINT64_MAX}) {
        ASSERT_EQ(Update(METRIC_HISTOGRAM, "size", value), WIRE_OK);
    }
    std::vector<uint32_t> expected(METRIC_BUCKETS);
    expected[0] = 2;
    expected[1] = 2;
    expected[2] = 1;
    expected[9] = 1;
    expected[10] = 1;
    expected[METRIC_BUCKETS - 1] = 1;
    EXPECT_EQ(Read(METRIC_HISTOGRAM, "size").buckets, expected);
    EXPECT_EQ(Read(METRIC_HISTOGRAM, "size").sum, UINT64_MAX);
    metricsd_->owners[0].series[0].buckets[0] = UINT32_MAX;
    ASSERT_EQ(Update(METRIC_HISTOGRAM, "size", 0), WIRE_OK);
    EXPECT_EQ(Read(METRIC_HISTOGRAM, "size").buckets[0], UINT32_MAX);
}

TEST_F(MetricsdTest, a_span_takes_as_long_as_the_kernel_says) {
    ASSERT_EQ(Start("boot"), WIRE_OK);
    const uint64_t outer = span_;
    now_ns_ += 100;
    ASSERT_EQ(Start("boot"), WIRE_OK);
    const uint64_t inner = span_;
    EXPECT_NE(inner, outer);
    EXPECT_EQ(Read(METRIC_SPAN, "boot").count, 0u) << "none has ended";
    now_ns_ += 5;
    ASSERT_EQ(Stop(inner), WIRE_OK);
    EXPECT_EQ(took_ns_, 5u);
    ASSERT_EQ(Stop(outer), WIRE_OK);
    EXPECT_EQ(took_ns_, 105u);
    const Series read = Read(METRIC_SPAN, "boot");
    EXPECT_EQ(read.count, 2u);
    EXPECT_EQ(read.sum, 110u);
    EXPECT_EQ(read.least, 5u);
    EXPECT_EQ(read.most, 105u);
    EXPECT_EQ(read.buckets[2], 1u);
    EXPECT_EQ(read.buckets[6], 1u);
}

TEST_F(MetricsdTest, one_name_is_a_series_of_each_kind_and_owner) {
    ASSERT_EQ(Update(METRIC_COUNTER, "x", 1), WIRE_OK);
    ASSERT_EQ(Update(METRIC_GAUGE, "x", 2), WIRE_OK);
    ASSERT_EQ(Update(METRIC_COUNTER, "x", 3, {8, 80}), WIRE_OK);
    EXPECT_EQ(Read(METRIC_COUNTER, "x").sum, 1u);
    EXPECT_EQ(Read(METRIC_GAUGE, "x").sum, 2u);
    EXPECT_EQ(Read(METRIC_COUNTER, "x", 8).sum, 3u);
    // Another instance of the same service goes on with its series.
    ASSERT_EQ(Update(METRIC_COUNTER, "x", 1, {kMe.id, 71}), WIRE_OK);
    EXPECT_EQ(sum_, 2u);
}

TEST_F(MetricsdTest, test_reject_a_name_that_is_none) {
    EXPECT_EQ(Update(METRIC_COUNTER, "", 1), WIRE_MALFORMED);
    for (const char *name : {"Upper", "sp ace", "new\nline", "\x80", "a/b"}) {
        EXPECT_EQ(Update(METRIC_COUNTER, name, 1), WIRE_MALFORMED) << name;
    }
    EXPECT_EQ(Update(METRIC_COUNTER, std::string(METRIC_NAME_MAX + 1, 'x'), 1), WIRE_TOO_LARGE);
    EXPECT_EQ(Start("no name"), WIRE_MALFORMED);
    EXPECT_EQ(metricsd_->counts.bad_names, 8u);
    EXPECT_EQ(metricsd_owner_find(metricsd_.get(), kMe.id), nullptr) << "it has no place for that";
    ASSERT_EQ(Update(METRIC_COUNTER, std::string(METRIC_NAME_MAX, 'x'), 1), WIRE_OK);
    EXPECT_EQ(Update(METRIC_COUNTER, "", 1), WIRE_MALFORMED);
    EXPECT_EQ(metricsd_owner_find(metricsd_.get(), kMe.id)->counts.bad_names, 1u);
    EXPECT_EQ(All().size(), 1u);
}

TEST_F(MetricsdTest, test_reject_one_series_too_many) {
    for (uint32_t i = 0; i < METRICSD_SERIES_EACH; i++) {
        ASSERT_EQ(Update(METRIC_COUNTER, std::to_string(i), i), WIRE_OK);
    }
    EXPECT_EQ(Update(METRIC_COUNTER, "more", 1), WIRE_OVERLOAD);
    EXPECT_EQ(Start("more"), WIRE_OVERLOAD);
    EXPECT_EQ(Update(METRIC_COUNTER, "3", 1), WIRE_OK) << "those that there are go on";
    const metricsd_owner *owner = metricsd_owner_find(metricsd_.get(), kMe.id);
    EXPECT_EQ(owner->counts.over_series, 2u);
    EXPECT_EQ(metricsd_->counts.over_series, 2u);
    EXPECT_EQ(metricsd_series_count(owner), 0u + METRICSD_SERIES_EACH);
    EXPECT_EQ(Update(METRIC_COUNTER, "more", 1, {8, 80}), WIRE_OK) << "another has its own";
}

TEST_F(MetricsdTest, test_reject_one_owner_too_many) {
    for (uint64_t id = 1; id <= METRICSD_OWNER_MAX; id++) {
        ASSERT_EQ(Update(METRIC_COUNTER, "x", id, {id, 1}), WIRE_OK);
    }
    EXPECT_EQ(Update(METRIC_COUNTER, "x", 1, {99, 1}), WIRE_OVERLOAD);
    EXPECT_EQ(metricsd_->counts.over_series, 1u);
    EXPECT_EQ(metricsd_owner_find(metricsd_.get(), 99), nullptr);
    EXPECT_EQ(All().size(), 0u + METRICSD_OWNER_MAX);
}

TEST_F(MetricsdTest, test_reject_one_span_too_many) {
    for (uint32_t i = 0; i < METRICSD_SPANS_EACH; i++) {
        ASSERT_EQ(Start("x"), WIRE_OK);
    }
    const uint64_t last = span_;
    EXPECT_EQ(Start("x"), WIRE_OVERLOAD);
    EXPECT_EQ(metricsd_->counts.over_spans, 1u);
    EXPECT_EQ(metricsd_owner_find(metricsd_.get(), kMe.id)->counts.over_spans, 1u);
    EXPECT_EQ(Start("x", {8, 80}), WIRE_OK);
    ASSERT_EQ(Stop(last), WIRE_OK);
    EXPECT_EQ(Start("x"), WIRE_OK);
}

// A service that died with spans under way has its places back.
TEST_F(MetricsdTest, spans_of_an_instance_before_and_old_ones_make_room) {
    for (uint32_t i = 0; i < METRICSD_SPANS_EACH; i++) {
        ASSERT_EQ(Start("x"), WIRE_OK);
    }
    const metricsd_caller next{kMe.id, 71};
    const uint64_t old = span_;
    ASSERT_EQ(Start("x", next), WIRE_OK);
    EXPECT_EQ(metricsd_->counts.abandoned, 1u);
    EXPECT_EQ(Stop(old, next), WIRE_ABSENT) << "it was not its own";
    for (uint32_t i = 1; i < METRICSD_SPANS_EACH; i++) {
        ASSERT_EQ(Start("x", next), WIRE_OK);
    }
    EXPECT_EQ(Start("x", next), WIRE_OVERLOAD);
    now_ns_ += METRICSD_SPAN_NS_MAX;
    EXPECT_EQ(Start("x", next), WIRE_OVERLOAD) << "not older than that";
    now_ns_++;
    EXPECT_EQ(Start("x", next), WIRE_OK);
    EXPECT_EQ(metricsd_->counts.abandoned, 1u + METRICSD_SPANS_EACH);
}

TEST_F(MetricsdTest, test_reject_stopping_what_is_not_under_way_or_not_ones_own) {
    EXPECT_EQ(Stop(1), WIRE_ABSENT);
    ASSERT_EQ(Start("x"), WIRE_OK);
    EXPECT_EQ(Stop(0), WIRE_ABSENT);
    EXPECT_EQ(Stop(span_ + 1), WIRE_ABSENT);
    EXPECT_EQ(Stop(span_, {8, 70}), WIRE_ABSENT);
    EXPECT_EQ(Stop(span_, {kMe.id, 71}), WIRE_ABSENT);
    EXPECT_EQ(Read(METRIC_SPAN, "x").count, 0u);
    EXPECT_EQ(Stop(span_), WIRE_OK);
    EXPECT_EQ(Stop(span_), WIRE_ABSENT) << "twice";
}

TEST_F(MetricsdTest, test_reject_reading_what_is_not_there) {
    ASSERT_EQ(Update(METRIC_COUNTER, "x", 1), WIRE_OK);
    uint8_t bytes[METRIC_RECORD_BYTES_MAX];
    wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    const auto read = [&](uint64_t owner, metric_kind kind, const std::string &name) {
        return metricsd_read(metricsd_.get(), owner, static_cast<uint8_t>(kind), bytes_of(name),
                             &out);
    };
    EXPECT_EQ(read(kMe.id, METRIC_GAUGE, "x"), WIRE_ABSENT);
    EXPECT_EQ(read(kMe.id, METRIC_COUNTER, "y"), WIRE_ABSENT);
    EXPECT_EQ(read(kMe.id, METRIC_COUNTER, ""), WIRE_ABSENT);
    EXPECT_EQ(read(8, METRIC_COUNTER, "x"), WIRE_ABSENT);
    EXPECT_EQ(read(0, METRIC_COUNTER, "x"), WIRE_ABSENT);
    EXPECT_EQ(out.count, 0u);
}

TEST_F(MetricsdTest, the_largest_series_fits_twice_into_a_page) {
    const std::string name(METRIC_NAME_MAX, 'x');
    ASSERT_EQ(Update(METRIC_HISTOGRAM, name, UINT64_MAX), WIRE_OK);
    ASSERT_EQ(Update(METRIC_HISTOGRAM, name, UINT64_MAX, {8, 1}), WIRE_OK);
    uint8_t bytes[METRIC_PAGE_BYTES_MAX];
    wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    const metricsd_page page = metricsd_put_page(metricsd_.get(), 0, METRICSD_PLACE_MAX, &out);
    EXPECT_EQ(page.count, 2u);
    EXPECT_EQ(out.count, 2u * METRIC_RECORD_BYTES_MAX);
    EXPECT_FALSE(page.more);
}

// All that there can be fits into one snapshot.
TEST_F(MetricsdTest, everything_fits_into_a_snapshot) {
    for (uint64_t id = 1; id <= METRICSD_OWNER_MAX; id++) {
        for (uint32_t i = 0; i < METRICSD_SERIES_EACH; i++) {
            std::string name(METRIC_NAME_MAX, 'x');
            name[0] = static_cast<char>('a' + i);
            ASSERT_EQ(Update(METRIC_HISTOGRAM, name, UINT64_MAX, {id, 1}), WIRE_OK);
        }
    }
    EXPECT_EQ(All(METRIC_SNAPSHOT_BYTES_MAX, METRICSD_PLACE_MAX).size(), 0u + METRICSD_PLACE_MAX);
    std::vector<uint8_t> bytes(METRIC_SNAPSHOT_BYTES_MAX);
    wire_writer out = wire_writer_of(bytes.data(), METRIC_SNAPSHOT_BYTES_MAX);
    EXPECT_FALSE(metricsd_put_page(metricsd_.get(), 0, METRICSD_PLACE_MAX, &out).more);
}

TEST_F(MetricsdTest, a_page_looks_at_a_bounded_number_of_places) {
    uint8_t bytes[METRIC_PAGE_BYTES_MAX];
    wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    const metricsd_page page = metricsd_put_page(metricsd_.get(), 0, METRICSD_LOOKS_MAX, &out);
    EXPECT_EQ(page.count, 0u);
    EXPECT_TRUE(page.more);
    EXPECT_EQ(page.next, 0u + METRICSD_LOOKS_MAX);
    const metricsd_page beyond =
        metricsd_put_page(metricsd_.get(), UINT32_MAX, METRICSD_LOOKS_MAX, &out);
    EXPECT_EQ(beyond.count, 0u);
    EXPECT_FALSE(beyond.more);
}

TEST_F(MetricsdTest, a_period_begins_with_the_first_change_and_tells_each_once) {
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), UINT64_MAX) << "nothing to do, no wake-up";
    ASSERT_EQ(Update(METRIC_COUNTER, "a", 1), WIRE_OK);
    now_ns_ += 5;
    ASSERT_EQ(Update(METRIC_COUNTER, "b", 2), WIRE_OK);
    ASSERT_EQ(Update(METRIC_COUNTER, "a", 3), WIRE_OK);
    ASSERT_EQ(Start("s"), WIRE_OK);  // No change until it ends.
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), kNow + METRICSD_PERIOD_NS);
    EXPECT_EQ(Period(), (Strings{"a=4", "b=2"}));
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), UINT64_MAX);
    EXPECT_EQ(metricsd_->retained, 2u);
    ASSERT_EQ(Update(METRIC_COUNTER, "b", 5), WIRE_OK);
    EXPECT_EQ(Period(), (Strings{"b=7"}));
    EXPECT_EQ(metricsd_->periods, 2u);
}

TEST_F(MetricsdTest, a_period_is_bounded_and_the_next_goes_on_where_it_stopped) {
    Strings expected;
    for (uint32_t i = 0; i < METRICSD_SERIES_EACH; i++) {
        const std::string name = "n" + std::to_string(i);
        ASSERT_EQ(Update(METRIC_COUNTER, name, i), WIRE_OK);
        expected.push_back(name + "=" + std::to_string(i));
    }
    const auto middle = expected.begin() + METRICSD_RETAIN_MAX;
    EXPECT_EQ(Period(), Strings(expected.begin(), middle));
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), now_ns_ + METRICSD_PERIOD_NS);
    ASSERT_EQ(Update(METRIC_COUNTER, "n0", 100), WIRE_OK);
    EXPECT_EQ(Period(), Strings(middle, expected.end())) << "who changes often does not come first";
    EXPECT_EQ(Period(), (Strings{"n0=100"}));
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), UINT64_MAX);
}

TEST_F(MetricsdTest, what_the_journal_did_not_take_goes_again) {
    ASSERT_EQ(Update(METRIC_COUNTER, "a", 1), WIRE_OK);
    ASSERT_EQ(Update(METRIC_COUNTER, "b", 2), WIRE_OK);
    EXPECT_EQ(Period(1), (Strings{"a=1", "b=2"})) << "b was refused";
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), now_ns_ + METRICSD_PERIOD_NS);
    EXPECT_EQ(Period(), (Strings{"b=2"}));
    EXPECT_EQ(metricsd_next_deadline(metricsd_.get()), UINT64_MAX);
}

using Key = std::tuple<uint64_t, uint8_t, std::string>;

// The series as a plain map.
struct Model {
    // WIRE_OVERLOAD, or the sum.
    wire_status Update(const Key &key, uint64_t value, uint64_t *sum) {
        const uint64_t owner = std::get<0>(key);
        const auto found = series.find(key);
        if (found == series.end()) {
            const bool room = owners.count(owner) != 0 ? owners[owner] < METRICSD_SERIES_EACH
                                                       : owners.size() < METRICSD_OWNER_MAX;
            if (!room) {
                refused++;
                return WIRE_OVERLOAD;
            }
            owners[owner]++;
            series[key] = {owner,
                           0,
                           0,
                           UINT64_MAX,
                           0,
                           0,
                           std::get<1>(key),
                           std::get<2>(key),
                           std::vector<uint32_t>(METRIC_BUCKETS)};
        }
        *sum = Observe(&series[key], value);
        return WIRE_OK;
    }

    static uint64_t Observe(Series *one, uint64_t value) {
        one->count++;
        one->last = value;
        one->least = std::min(one->least, value);
        one->most = std::max(one->most, value);
        if (one->kind == METRIC_HISTOGRAM) {
            uint32_t bucket = 0;
            while (bucket + 1 < METRIC_BUCKETS && value >> (bucket + 1) != 0) {
                bucket++;
            }
            one->buckets[bucket]++;
        }
        const bool over = value > UINT64_MAX - one->sum;
        one->sum = one->kind == METRIC_GAUGE ? value : over ? UINT64_MAX : one->sum + value;
        return one->sum;
    }

    std::map<Key, Series> series;
    std::map<uint64_t, uint32_t> owners;  // With how many series.
    uint64_t refused = 0;
};

// Also with a journal that refuses one in `loses`, 0: none. What it was told last.
class ModelTest : public MetricsdTest {
  protected:
    void Retain(uint64_t loses) {
        metricsd_sweep sweep{};
        metric_record record{};
        while (metricsd_sweep_next(metricsd_.get(), &sweep, &record)) {
            if (loses == 0 || random_() % loses != 0) {
                journal_[{record.owner, record.kind, text_of(record.name)}] = record.sum;
                metricsd_kept(metricsd_.get(), &sweep);
            }
        }
        ASSERT_LE(sweep.count, 0u + METRICSD_RETAIN_MAX);
        metricsd_end_period(metricsd_.get(), &sweep, now_ns_);
    }

    std::mt19937_64 random_{31};
    std::map<Key, uint64_t> journal_;
};

// With owners, names and kinds at random, more of them than there are places.
TEST_F(ModelTest, agrees_with_a_plain_map) {
    Model model;
    for (int step = 0; step < 60000; step++) {
        now_ns_ += random_() % 1000000;
        if (now_ns_ >= metricsd_next_deadline(metricsd_.get())) {
            Retain(8);
        }
        const metricsd_caller from{1 + random_() % (METRICSD_OWNER_MAX + 4), 1};
        const auto kind = static_cast<metric_kind>(random_() % METRIC_SPAN);
        const std::string name = "n" + std::to_string(random_() % 8);
        const uint64_t bits = random_();
        const uint64_t value = bits >> (random_() % 64);
        uint64_t sum = 0;
        const wire_status wanted =
            model.Update({from.id, static_cast<uint8_t>(kind), name}, value, &sum);
        ASSERT_EQ(Update(kind, name, value, from), wanted);
        ASSERT_TRUE(wanted != WIRE_OK || sum_ == sum);
    }
    EXPECT_GT(model.refused, 1000u);
    EXPECT_EQ(metricsd_->counts.over_series, model.refused);
    const auto page_bytes = static_cast<uint32_t>(METRIC_RECORD_BYTES_MAX + random_() % 2000);
    const std::vector<Series> all = All(page_bytes);
    ASSERT_EQ(all.size(), model.series.size());
    for (const Series &series : all) {
        ASSERT_EQ(series, (model.series[{series.owner, series.kind, series.name}]));
    }
    // Once nothing changes any more the journal has all sums.
    for (uint32_t i = 0; metricsd_next_deadline(metricsd_.get()) != UINT64_MAX; i++) {
        ASSERT_LT(i, 10u * METRICSD_PLACE_MAX);
        Retain(0);
    }
    ASSERT_EQ(journal_.size(), model.series.size());
    for (const auto &[key, series] : model.series) {
        ASSERT_EQ(journal_[key], series.sum);
    }
}

}  // namespace
