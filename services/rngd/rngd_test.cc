// services/rngd/rngd_test.cc: the health tests against their definition, the generator against what
// it promises.
#include "services/rngd/rngd.h"

#include <gtest/gtest.h>
#include <sodium/randombytes.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <set>
#include <vector>

namespace {

constexpr std::size_t STARTUP = HEALTH_STARTUP;
constexpr std::size_t SEED = RNGD_SEED_BYTES;
constexpr double BITS = HEALTH_BITS;
constexpr double ALPHA_BITS = HEALTH_ALPHA_BITS;

std::vector<std::uint8_t> good_bytes(std::size_t count, std::uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::vector<std::uint8_t> bytes(count);
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return bytes;
}

// How many bytes the tests let pass.
std::size_t passed(const std::vector<std::uint8_t> &bytes) {
    health health;
    health_init(&health);
    std::size_t count = 0;
    while (count < bytes.size() && health_take(&health, bytes[count])) {
        count++;
    }
    return count;
}

TEST(Health, the_cutoffs_are_those_of_the_standard) {
    EXPECT_EQ(HEALTH_REPEATED_MAX, 1 + static_cast<int>(std::ceil(ALPHA_BITS / BITS)));
    // The least k for which at most k of the window are the first byte, with a probability of
    // 1 - 2^-20 at least.
    const double p = std::pow(2.0, -BITS);
    const int n = HEALTH_WINDOW;
    double sum = 0;
    int k = -1;
    while (sum < 1.0 - std::pow(2.0, -ALPHA_BITS)) {
        k++;
        sum += std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                        k * std::log(p) + (n - k) * std::log1p(-p));
    }
    EXPECT_EQ(HEALTH_SAME_MAX, 1 + k);
}

TEST(Health, a_good_source_passes) {
    for (std::uint32_t seed = 1; seed <= 20; seed++) {
        EXPECT_EQ(passed(good_bytes(100000, seed)), 100000U) << seed;
    }
}

TEST(Health, good_only_after_the_start_up) {
    health health;
    health_init(&health);
    for (const std::uint8_t byte : good_bytes(HEALTH_STARTUP)) {
        EXPECT_FALSE(health_is_good(&health));
        ASSERT_TRUE(health_take(&health, byte));
    }
    EXPECT_TRUE(health_is_good(&health));
}

TEST(Health, test_reject_a_stuck_source) {
    auto bytes = good_bytes(2000);
    bytes[1499] = 8;
    std::fill_n(bytes.begin() + 1500, HEALTH_REPEATED_MAX, std::uint8_t{7});
    bytes[1500 + HEALTH_REPEATED_MAX] = 8;
    EXPECT_EQ(passed(bytes), 1500U + HEALTH_REPEATED_MAX - 1);
    bytes[1500] = 9;  // One fewer in a row passes.
    EXPECT_EQ(passed(bytes), bytes.size());
    EXPECT_EQ(passed(std::vector<std::uint8_t>(100)), HEALTH_REPEATED_MAX - 1U) << "from the start";
}

TEST(Health, test_reject_a_lopsided_source) {
    auto bytes = good_bytes(4 * HEALTH_WINDOW);
    // Every seventh byte of the second window is its first one: 74 of 512.
    for (std::size_t i = HEALTH_WINDOW; i < 2 * HEALTH_WINDOW; i += 7) {
        bytes[i] = bytes[HEALTH_WINDOW];
    }
    const std::size_t count = passed(bytes);
    EXPECT_GT(count, HEALTH_WINDOW + 300U);
    EXPECT_LT(count, 2U * HEALTH_WINDOW);
}

TEST(Health, a_failure_stays) {
    health health;
    health_init(&health);
    for (int i = 0; i < HEALTH_REPEATED_MAX; i++) {
        (void)!health_take(&health, 1);
    }
    for (const std::uint8_t byte : good_bytes(2 * HEALTH_STARTUP)) {
        EXPECT_FALSE(health_take(&health, byte));
    }
    EXPECT_FALSE(health_is_good(&health));
}

class Rngd : public testing::Test {
  protected:
    void SetUp() override {
        rngd_init(&rngd_);
    }

    void feed(const std::vector<std::uint8_t> &bytes) {
        rngd_take_raw(&rngd_, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    }

    void start(std::uint32_t seed = 1) {
        feed(good_bytes(STARTUP + SEED, seed));
        ASSERT_EQ(rngd_.state, RNGD_READY);
    }

    std::vector<std::uint8_t> give(std::uint32_t count) {
        std::vector<std::uint8_t> bytes(count);
        EXPECT_EQ(rngd_give(&rngd_, count, bytes.data()), WIRE_OK);
        return bytes;
    }

    enum wire_status refused(std::uint32_t count) {
        std::array<std::uint8_t, RNGD_REQUEST_MAX + 1> bytes = {};
        const enum wire_status status = rngd_give(&rngd_, count, bytes.data());
        EXPECT_EQ(bytes, (std::array<std::uint8_t, RNGD_REQUEST_MAX + 1>{})) << "it wrote";
        return status;
    }

    rngd rngd_;
};

TEST_F(Rngd, nothing_before_the_first_seed) {
    EXPECT_TRUE(rngd_wants(&rngd_));
    feed(good_bytes(STARTUP + SEED - 1));
    EXPECT_EQ(refused(1), WIRE_UNAVAILABLE);
    feed({7});
    EXPECT_EQ(rngd_.state, RNGD_READY);
    EXPECT_EQ(rngd_.seeds, 1U);
    EXPECT_FALSE(rngd_wants(&rngd_));
    give(1);
}

TEST_F(Rngd, the_start_up_bytes_are_not_used) {
    auto bytes = good_bytes(STARTUP + SEED);
    feed(bytes);
    const auto first = give(32);
    rngd_init(&rngd_);
    bytes[HEALTH_STARTUP - 1] ^= 1;
    feed(bytes);
    EXPECT_EQ(give(32), first);
    rngd_init(&rngd_);
    bytes[HEALTH_STARTUP] ^= 1;
    feed(bytes);
    EXPECT_NE(give(32), first);
}

TEST_F(Rngd, no_answer_comes_twice_and_the_state_does_not_tell_the_last_one) {
    start();
    std::set<std::vector<std::uint8_t>> seen;
    for (int i = 0; i < 200; i++) {
        const auto bytes = give(32);
        EXPECT_TRUE(seen.insert(bytes).second);
        // With the key of now the generator gives other bytes.
        std::vector<std::uint8_t> again(RNGD_KEY_BYTES + 32);
        randombytes_buf_deterministic(again.data(), again.size(), rngd_.key);
        EXPECT_EQ(std::search(again.begin(), again.end(), bytes.begin(), bytes.end()), again.end());
    }
}

TEST_F(Rngd, the_same_raw_bytes_give_the_same_and_others_give_others) {
    start(1);
    const auto first = give(64);
    rngd_init(&rngd_);
    start(1);
    EXPECT_EQ(give(64), first);
    rngd_init(&rngd_);
    start(2);
    EXPECT_NE(give(64), first);
}

TEST_F(Rngd, a_new_seed_is_wanted_and_then_taken_without_losing_the_old) {
    start();
    for (int i = 0; i < RNGD_SEED_LASTS / RNGD_REQUEST_MAX; i++) {
        EXPECT_FALSE(rngd_wants(&rngd_));
        give(RNGD_REQUEST_MAX);
    }
    EXPECT_TRUE(rngd_wants(&rngd_));
    give(1);
    rngd other = rngd_;
    feed(good_bytes(RNGD_SEED_BYTES, 5));
    EXPECT_EQ(rngd_.seeds, 2U);
    EXPECT_FALSE(rngd_wants(&rngd_));
    const auto bytes = give(32);
    other.key[0] ^= 1;  // Another past, the same raw bytes.
    std::swap(rngd_, other);
    feed(good_bytes(RNGD_SEED_BYTES, 5));
    EXPECT_NE(give(32), bytes);
}

TEST_F(Rngd, test_reject_a_seed_that_served_too_long) {
    start();
    for (int i = 0; i < RNGD_SEED_MAX / RNGD_REQUEST_MAX; i++) {
        give(RNGD_REQUEST_MAX);
    }
    EXPECT_EQ(refused(1), WIRE_UNAVAILABLE);
    feed(good_bytes(RNGD_SEED_BYTES, 6));
    give(1);
}

TEST_F(Rngd, test_reject_counts) {
    start();
    EXPECT_EQ(refused(0), WIRE_MALFORMED);
    EXPECT_EQ(refused(RNGD_REQUEST_MAX + 1), WIRE_TOO_LARGE);
    EXPECT_EQ(refused(UINT32_MAX), WIRE_TOO_LARGE);
    EXPECT_EQ(rngd_.given, 0U);
    give(RNGD_REQUEST_MAX);
}

TEST_F(Rngd, test_reject_after_a_failed_test_for_good) {
    start();
    give(8);
    feed(std::vector<std::uint8_t>(HEALTH_REPEATED_MAX, 3));
    EXPECT_EQ(rngd_.state, RNGD_FAILED);
    EXPECT_TRUE(std::all_of(std::begin(rngd_.key), std::end(rngd_.key),
                            [](std::uint8_t byte) { return byte == 0; }))
        << "the key is still there";
    EXPECT_EQ(refused(1), WIRE_UNAVAILABLE);
    EXPECT_FALSE(rngd_wants(&rngd_));
    feed(good_bytes(STARTUP + SEED));
    EXPECT_EQ(refused(1), WIRE_UNAVAILABLE);
}

}  // namespace
