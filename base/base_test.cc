// base/base_test.cc: arithmetic at its edges, whole-word copies, and the hash against its published
// vectors.
#include <cstdint>
#include <cstring>

#include <gtest/gtest.h>

extern "C" {
#include "base/bits.h"
#include "base/checked.h"
#include "base/fnv.h"
#include "base/words.h"
}

namespace {

TEST(Checked, AddsUpToTheLastValue) {
    uint64_t out = 7;
    EXPECT_TRUE(checked_add_u64(UINT64_MAX - 1, 1, &out));
    EXPECT_EQ(out, UINT64_MAX);
}

TEST(Checked, test_reject_wrap) {
    uint64_t out = 7;
    EXPECT_FALSE(checked_add_u64(UINT64_MAX, 1, &out));
    EXPECT_FALSE(checked_mul_u64(UINT64_MAX, 2, &out));
    EXPECT_FALSE(checked_align_up_u64(UINT64_MAX - 1, 4096, &out));
    EXPECT_EQ(out, 7u);  // A refusal changes nothing.
}

TEST(Checked, RangesDoNotWrap) {
    EXPECT_TRUE(range_within(0, 0, 0));
    EXPECT_TRUE(range_within(4, 4, 8));
    EXPECT_FALSE(range_within(4, 5, 8));
    EXPECT_FALSE(range_within(9, 0, 8));
    EXPECT_FALSE(range_within(8, UINT64_MAX, 16));
    EXPECT_FALSE(range_within(UINT64_MAX, 2, UINT64_MAX));
}

TEST(Checked, Aligns) {
    uint64_t out = 0;
    EXPECT_TRUE(checked_align_up_u64(4097, 4096, &out));
    EXPECT_EQ(out, 8192u);
    EXPECT_EQ(align_down_u64(8191, 4096), 4096u);
}

// draft-eastlake-fnv, FNV-1a 64-bit vectors.
TEST(Bits, LowestOfEveryWord) {
    for (uint32_t i = 0; i < 64; i++) {
        EXPECT_EQ(bits_lowest_u64(UINT64_C(1) << i), i);
        EXPECT_EQ(bits_lowest_u64(UINT64_MAX << i), i);
    }
}

TEST(Fnv, MatchesPublishedVectors) {
    EXPECT_EQ(fnv1a_64("", 0), UINT64_C(0xcbf29ce484222325));
    EXPECT_EQ(fnv1a_64("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    EXPECT_EQ(fnv1a_64("foobar", 6), UINT64_C(0x85944171f73967e8));
}

TEST(Words, CopiesAndZeroesExactlyTheCount) {
    for (size_t count = 0; count <= 16; count++) {
        uint64_t from[17];
        uint64_t to[17];
        for (size_t i = 0; i < 17; i++) {
            from[i] = i + 1;
            to[i] = 99;
        }
        words_copy(to, from, count);
        for (size_t i = 0; i < 17; i++) {
            EXPECT_EQ(to[i], i < count ? i + 1 : 99) << count;
        }
        words_zero(to, count);
        for (size_t i = 0; i < 17; i++) {
            EXPECT_EQ(to[i], i < count ? 0u : 99u) << count;
        }
    }
}

}  // namespace
