// kernel/core/wheel_test.cc: the timing wheel against a plain set.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

extern "C" {
#include "kernel/core/wheel.h"
}

namespace {

constexpr std::uint32_t MANY = UINT32_MAX;

struct entries {
    wheel state;
    std::vector<wheel_entry> all;

    explicit entries(std::size_t count) : all(count) {
        // What is not initialised may hold anything.
        std::fill_n(reinterpret_cast<unsigned char *>(&state), sizeof(state), 0xa5);
        wheel_init(&state);
    }

    void insert(std::size_t index, std::uint64_t ns) {
        all[index].ns = ns;
        wheel_insert(&state, &all[index]);
    }

    // All that is due; {time, index} in the order in which they left.
    std::vector<std::pair<std::uint64_t, std::size_t>> take(std::uint64_t now) {
        std::vector<std::pair<std::uint64_t, std::size_t>> out;
        std::uint32_t steps = MANY;
        for (wheel_entry *one = wheel_take(&state, now, &steps); one != nullptr;
             one = wheel_take(&state, now, &steps)) {
            EXPECT_EQ(one->place, WHEEL_NOWHERE);
            out.emplace_back(one->ns, static_cast<std::size_t>(one - all.data()));
        }
        return out;
    }
};

TEST(Wheel, is_empty_at_first) {
    entries none(0);
    EXPECT_EQ(wheel_next(&none.state), UINT64_MAX);
    EXPECT_TRUE(none.take(1).empty());
    EXPECT_TRUE(none.take(UINT64_MAX - 1).empty());
}

TEST(Wheel, next_is_exact_on_every_level) {
    for (std::uint32_t bit = 0; bit < 64; bit++) {
        entries one(1);
        std::uint64_t ns = (UINT64_C(1) << bit) | (UINT64_C(1) << (bit / 2));
        one.insert(0, ns);
        EXPECT_EQ(wheel_next(&one.state), ns);
        EXPECT_TRUE(one.take(ns - 1).empty()) << bit;
        EXPECT_EQ(wheel_next(&one.state), ns);
        EXPECT_EQ(one.take(ns).size(), 1u) << bit;
        EXPECT_EQ(wheel_next(&one.state), UINT64_MAX);
    }
}

TEST(Wheel, what_has_passed_is_due_at_once) {
    entries two(2);
    EXPECT_TRUE(two.take(1000).empty());
    two.insert(0, 1000);
    EXPECT_EQ(wheel_next(&two.state), 0u);
    two.insert(1, 3);
    EXPECT_EQ(wheel_next(&two.state), 0u);
    EXPECT_EQ(two.take(1000).size(), 2u);
}

TEST(Wheel, who_leaves_last_leaves_it_empty) {
    for (std::uint64_t ns : {5u, 50u, 5000u}) {
        entries one(1);
        one.insert(0, ns);
        wheel_remove(&one.state, &one.all[0]);
        EXPECT_EQ(wheel_next(&one.state), UINT64_MAX);
        EXPECT_EQ(one.state.levels, 0u);
    }
}

// Steps are counted by the entries looked at, and what is left over is found by the next call.
TEST(Wheel, goes_on_where_its_steps_ended) {
    entries some(40);
    for (std::size_t i = 0; i < some.all.size(); i++) {
        some.insert(i, 5000 + (i % 2) * 3);
    }
    std::size_t taken = 0;
    for (int round = 0; round < 100 && taken < 20; round++) {
        std::uint32_t steps = 1;
        wheel_entry *one = wheel_take(&some.state, 5001, &steps);
        taken += one != nullptr;
        EXPECT_EQ(steps, 0u);
        EXPECT_LE(wheel_next(&some.state), 5003u);
    }
    EXPECT_EQ(taken, 20u);
    EXPECT_EQ(some.take(5001).size(), 0u);
    EXPECT_EQ(wheel_next(&some.state), 5003u);
    EXPECT_EQ(some.take(5003).size(), 20u);
}

// Two entries go in at a time, one of them may leave, and time goes on.
struct history {
    std::uint64_t begin, first, second, now;
    std::size_t removed;  // 2: none.
};

void expect_right(const history &of) {
    entries two(2);
    ASSERT_TRUE(two.take(of.begin).empty());
    two.insert(0, of.first);
    two.insert(1, of.second);
    const std::uint64_t next = std::min(of.first, of.second);
    ASSERT_EQ(wheel_next(&two.state), next <= of.begin ? 0 : next);
    std::uint64_t in[] = {of.first, of.second};  // UINT64_MAX: it has left.
    if (of.removed < 2) {
        wheel_remove(&two.state, &two.all[of.removed]);
        in[of.removed] = UINT64_MAX;
    }
    for (const auto &[ns, index] : two.take(of.now)) {
        ASSERT_LE(ns, of.now);
        ASSERT_EQ(ns, in[index]);
        in[index] = UINT64_MAX;
    }
    const std::uint64_t earliest = std::min(in[0], in[1]);
    ASSERT_TRUE(earliest == UINT64_MAX || earliest > of.now);
    ASSERT_LE(wheel_next(&two.state), earliest);
    ASSERT_EQ(two.state.count, (in[0] != UINT64_MAX) + (in[1] != UINT64_MAX) + 0u);
}

// Every such history among times at the edges of the digits.
TEST(Wheel, is_right_at_every_edge) {
    std::vector<std::uint64_t> times = {0, 1, 2};
    for (std::uint32_t bit : {4u, 8u, 12u, 60u, 63u}) {
        for (std::uint64_t near : {UINT64_MAX, std::uint64_t{0}, std::uint64_t{1}}) {
            times.push_back((UINT64_C(1) << bit) + near);
        }
    }
    const std::size_t count = times.size();
    for (std::size_t i = 0; i < count * count * count * count * 3; i++) {
        std::size_t rest = i / 3;
        history of{};
        for (std::uint64_t *time : {&of.begin, &of.first, &of.second, &of.now}) {
            *time = times[rest % count];
            rest /= count;
        }
        of.removed = i % 3;
        if (of.now >= of.begin) {
            expect_right(of);
            ASSERT_FALSE(HasFailure()) << of.begin << " " << of.first << " " << of.second << " "
                                       << of.now << " " << of.removed;
        }
    }
}

TEST(Wheel, agrees_with_a_set_over_many_steps) {
    std::mt19937_64 random(7);
    entries many(64);
    std::set<std::pair<std::uint64_t, std::size_t>> model;
    std::uint64_t now = 1;
    for (int step = 0; step < 200000; step++) {
        std::size_t index = random() % many.all.size();
        std::uint64_t far = UINT64_C(1) << (random() % 50);
        if (many.all[index].place == WHEEL_NOWHERE) {
            std::uint64_t ns = now + random() % far;
            many.insert(index, ns);
            model.emplace(ns, index);
        } else if (random() % 3 == 0) {
            wheel_remove(&many.state, &many.all[index]);
            model.erase({many.all[index].ns, index});
        } else {
            now += random() % 4 == 0 ? random() % far : random() % 64;
            std::set<std::pair<std::uint64_t, std::size_t>> due;
            for (const auto &one : many.take(now)) {
                due.insert(one);
            }
            auto end = model.lower_bound({now + 1, 0});
            ASSERT_EQ(due, (std::set<std::pair<std::uint64_t, std::size_t>>(model.begin(), end)));
            model.erase(model.begin(), end);
        }
        // Never too late; too early only after a removal.
        ASSERT_LE(wheel_next(&many.state), model.empty() ? UINT64_MAX : model.begin()->first);
        ASSERT_EQ(many.state.count, model.size());
    }
}

}  // namespace
