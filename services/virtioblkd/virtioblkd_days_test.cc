// services/virtioblkd/virtioblkd_days_test.cc: callers that write numbers, flush and read, while
// the device fails, forgets and hangs, the driver is started anew, and the power goes. What a
// caller was told is compared with what is there: each read, and the disk after each power cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "services/virtioblkd/virtioblkd.h"
#include "testing/sim_devices/blk_world.h"

namespace {

using namespace blk_world;

constexpr std::uint32_t PLACES = 12;  // Sectors of each caller.
constexpr std::uint32_t DAYS = 60;    // Seeds,
constexpr int STEPS = 400;            // and what happens in each.
constexpr std::uint32_t SOME_CALLERS = 3;

using Number = std::uint64_t;

// What a caller knows of one of its sectors.
struct Place {
    std::set<Number> seen{0};     // What a read may give,
    std::set<Number> durable{0};  // and what may be there after a power cut.
    bool lost = false;  // Its last write is no flush's any more: it must be written again.
};

struct Caller {
    std::array<Place, PLACES> places;
    std::vector<block_item> items;  // Under way; empty: none.
    std::vector<Number> numbers;    // That its writes write.
    std::uint64_t unflushed = 0;
};

Number number_of(const sim_devices::sector &bytes) {
    Number number = 0;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return number;
}

class Day : public World {
  public:
    explicit Day(std::uint64_t seed) : World(seed, 16 * SECTOR_BYTES), random_(seed * 77 + 1) {
        auto &options = device_.options;
        options.reset_forgets = true;
        const std::uint32_t weather = static_cast<std::uint32_t>(seed % 4);
        if (weather != 0) {
            options.write_fails = weather == 1 ? 8 : 40;
            options.read_fails = 20;
            options.flush_fails = weather == 2 ? 6 : 30;
        }
        if (weather == 3) {
            options.hangs = 60;
            options.used_nonsense = 200;
        }
        EXPECT_EQ(Begin(), DISK_OK);
    }

    void Step() {
        const std::uint32_t caller = 1 + Below(SOME_CALLERS);
        switch (Below(100)) {
            case 0:
                PowerCut();
                return;
            case 1:
                StartAnew();
                return;
            case 2:
            case 3:
                (void)Tick();
                Hear();
                return;
            default:
                break;
        }
        if (callers_[caller].items.empty() && Below(3) == 0) {
            Ask(caller);
        } else {
            Serve(1 + Below(4));
        }
        Hear();
        if (blk_->dead) {
            StartAnew();
        }
    }

    void Ask(std::uint32_t caller) {
        Caller &one = callers_[caller];
        const std::uint32_t count = 1 + Below(7);
        for (std::uint32_t i = 0; i < count; i++) {
            const std::uint32_t what = Below(5);
            const std::uint32_t place = Below(PLACES);
            // Nobody says in which order two items of one sector are done.
            const bool twice =
                std::any_of(one.items.begin(), one.items.end(), [&](const block_item &item) {
                    return item.op != BLOCK_FLUSH && item.sector == SectorOf(caller, place);
                });
            if (what == 0 || twice) {
                one.items.push_back(item_of(BLOCK_FLUSH));
                one.numbers.push_back(0);
                continue;
            }
            const std::uint32_t offset = i * SECTOR_BYTES;
            const Number number = ++last_;
            one.items.push_back(
                item_of(what < 3 ? BLOCK_WRITE : BLOCK_READ, SectorOf(caller, place), 1, offset));
            one.numbers.push_back(number);
            if (what < 3) {
                std::memcpy(windows_[caller].data() + offset, &number, sizeof(number));
            }
        }
        EXPECT_EQ(Submit(caller, one.items, one.unflushed), WIRE_OK);
    }

    // What the callers are told, in the order in which it was answered.
    void Hear() {
        for (const virtioblkd_answer &answer : answers_) {
            const auto caller = static_cast<std::uint32_t>(answer.call.reply.value);
            for (std::uint32_t i = 0; i < answer.count; i++) {
                Told(caller, i, static_cast<block_result>(answer.results[i]), answer.epoch);
            }
            results_++;
            callers_[caller].items.clear();
            callers_[caller].numbers.clear();
        }
        answers_.clear();
    }

    void Told(std::uint32_t caller, std::uint32_t index, block_result result, std::uint64_t epoch) {
        Caller &one = callers_[caller];
        const block_item &item = one.items.at(index);
        counts_[result]++;
        if (result == BLOCK_LOST) {
            Lost(&one);
        }
        if (item.op == BLOCK_FLUSH) {
            if (result == BLOCK_OK) {
                Flushed(&one);
            }
            return;
        }
        Place &place = one.places.at(item.sector - SectorOf(caller, 0));
        if (item.op == BLOCK_READ) {
            Number number = 0;
            std::memcpy(&number, windows_[caller].data() + item.offset, sizeof(number));
            if (result == BLOCK_OK) {
                EXPECT_EQ(place.seen.count(number), 1u) << "read " << number;
            }
            return;
        }
        if (result == BLOCK_OK) {
            place.seen = {one.numbers.at(index)};
            place.durable.insert(one.numbers.at(index));
            place.lost = false;
            one.unflushed = one.unflushed == 0 ? epoch : one.unflushed;
        } else if (!block_nothing_done(result) && result != BLOCK_LOST) {
            place.seen.insert(one.numbers.at(index));
            place.durable.insert(one.numbers.at(index));
        }
    }

    // Results are told in the items' order: what a SUBMIT has behind the flush is not in `seen`
    // yet.
    static void Flushed(Caller *one) {
        one->unflushed = 0;
        for (Place &place : one->places) {
            if (!place.lost) {
                place.durable = place.seen;
            }
        }
    }

    static void Lost(Caller *one) {
        one->unflushed = 0;
        for (Place &place : one->places) {
            place.lost = place.lost || place.durable != place.seen;
        }
    }

    // What is under way may have been done.
    void NobodyKnows() {
        for (std::uint32_t caller = 1; caller <= SOME_CALLERS; caller++) {
            Caller &one = callers_[caller];
            for (std::uint32_t i = 0; i < one.items.size(); i++) {
                if (one.items[i].op == BLOCK_WRITE) {
                    Place &place = one.places.at(one.items[i].sector - SectorOf(caller, 0));
                    place.seen.insert(one.numbers[i]);
                    place.durable.insert(one.numbers[i]);
                }
            }
            one.items.clear();
            one.numbers.clear();
        }
    }

    void StartAnew() {
        Hear();
        NobodyKnows();
        answers_.clear();
        EXPECT_EQ(Begin(), DISK_OK);
        restarts_++;
    }

    void PowerCut() {
        Hear();
        NobodyKnows();
        device_.power_cut();
        for (std::uint32_t caller = 1; caller <= SOME_CALLERS; caller++) {
            for (std::uint32_t i = 0; i < PLACES; i++) {
                Place &place = callers_[caller].places.at(i);
                const Number number = number_of(image_.durable(SectorOf(caller, i)));
                EXPECT_EQ(place.durable.count(number), 1u)
                    << "sector " << SectorOf(caller, i) << " has " << number;
                place = Place{{number}, {number}, false};
            }
            callers_[caller].unflushed = 0;
        }
        cuts_++;
        EXPECT_EQ(Begin(), DISK_OK);
    }

    static std::uint64_t SectorOf(std::uint32_t caller, std::uint32_t place) {
        return caller * 100 + place;
    }
    std::uint32_t Below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }

    sim_devices::random_source random_;
    std::array<Caller, CALLERS> callers_;
    Number last_ = 0;
    std::uint64_t counts_[BLOCK_RESULT_WIRE_END] = {};
    int cuts_ = 0;
    int restarts_ = 0;
    int results_ = 0;
};

TEST(VirtioblkdDays, what_is_told_is_true) {
    std::uint64_t counts[BLOCK_RESULT_WIRE_END] = {};
    int cuts = 0;
    int restarts = 0;
    for (std::uint64_t seed = 1; seed <= DAYS && !::testing::Test::HasFailure(); seed++) {
        SCOPED_TRACE(seed);
        Day day(seed);
        for (int step = 0; step < STEPS; step++) {
            day.Step();
        }
        day.PowerCut();
        EXPECT_TRUE(day.device_.faults().empty());
        for (int i = 0; i < BLOCK_RESULT_WIRE_END; i++) {
            counts[i] += day.counts_[i];
        }
        cuts += day.cuts_;
        restarts += day.restarts_;
    }
    for (const int result : {BLOCK_OK, BLOCK_NOT_DONE, BLOCK_LOST, BLOCK_FAILED, BLOCK_UNKNOWN}) {
        EXPECT_GT(counts[result], 20u) << result << ": the days are not bad enough";
    }
    EXPECT_GT(cuts, 100);
    EXPECT_GT(restarts, 100);
}

// Any bytes as items, near every limit: nothing outside the window, the arena and the disk is
// touched (the sanitizers and the device see to that), and everything ends.
TEST(VirtioblkdDays, any_items_end) {
    std::uint64_t counts[BLOCK_RESULT_WIRE_END] = {};
    sim_devices::random_source random(7);
    const auto near = [&random](std::uint64_t limit) {
        const std::uint64_t choice = random() % 8;
        return choice < 5 ? random() % limit : choice == 5 ? limit - random() % 3 : random();
    };
    World world(3, 16 * SECTOR_BYTES);
    ASSERT_EQ(world.Begin(), DISK_OK);
    for (int round = 0; round < 20000; round++) {
        const std::uint64_t most = random() % 4 == 0 ? BLOCK_ITEMS_MAX : 2;
        std::vector<block_item> items(1 + random() % most);
        for (block_item &item : items) {
            if (random() % 8 == 0) {
                item = item_of(BLOCK_FLUSH);
                continue;
            }
            const std::uint64_t kind = random() % 16 == 0 ? random() : 1 + random() % 2;
            const std::uint64_t sector = near(SECTORS);
            const std::uint64_t count = near(16);
            item =
                item_of(static_cast<std::uint8_t>(kind), sector, static_cast<std::uint16_t>(count),
                        static_cast<std::uint32_t>(near(16) * SECTOR_BYTES));
        }
        world.answers_.clear();
        ASSERT_EQ(world.Submit(1, items, random() % 3), WIRE_OK);
        world.Finish();
        ASSERT_EQ(world.answers_.size(), 1u);
        for (const block_result result : World::ResultsOf(world.answers_[0])) {
            counts[result]++;
        }
    }
    EXPECT_TRUE(world.device_.faults().empty()) << world.device_.faults().front();
    EXPECT_EQ(world.blk_->disk.free, UINT32_MAX);
    for (const int result : {BLOCK_OK, BLOCK_NOT_DONE, BLOCK_BAD_ITEM, BLOCK_BAD_RANGE,
                             BLOCK_BAD_WINDOW, BLOCK_LOST}) {
        EXPECT_GT(counts[result], 100u) << result;
    }
}

// What stands behind a flush is never on the disk without what stands before it: one number is
// written twice, with a flush between, and the second copy is never the newer one.
TEST(VirtioblkdDays, nothing_goes_past_a_barrier) {
    std::uint64_t ahead = 0;
    for (std::uint64_t seed = 1; seed <= 300 && !::testing::Test::HasFailure(); seed++) {
        SCOPED_TRACE(seed);
        World world(seed, 16 * SECTOR_BYTES);
        world.device_.options.write_fails = seed % 3 == 0 ? 7 : 0;
        world.device_.options.flush_fails = seed % 3 == 1 ? 7 : 0;
        ASSERT_EQ(world.Begin(), DISK_OK);
        sim_devices::random_source random(seed);
        const std::uint64_t steps = 20 + random() % 200;
        Number last = 0;
        for (std::uint64_t i = 0; i < steps; i++) {
            if (world.blk_->line_count == 0) {
                last++;
                std::memcpy(world.windows_[1].data(), &last, sizeof(last));
                ASSERT_EQ(world.Submit(1, {item_of(BLOCK_WRITE, 1, 1), item_of(BLOCK_FLUSH),
                                           item_of(BLOCK_WRITE, 2, 1)}),
                          WIRE_OK);
            }
            world.Serve(1);
        }
        world.device_.power_cut();
        const Number first = number_of(world.image_.durable(1));
        const Number second = number_of(world.image_.durable(2));
        EXPECT_GE(first, second);
        ahead += first > second;
    }
    EXPECT_GT(ahead, 20u) << "the power goes between the two";
}

}  // namespace
