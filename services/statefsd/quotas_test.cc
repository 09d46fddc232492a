// services/statefsd/quotas_test.cc: tables that are taken, what they leave for the others, and
// bytes that are none.
#include "services/statefsd/quotas.h"

#include <gtest/gtest.h>

#include <vector>

#include "services/statefsd/statefs.h"

namespace {

using rows = std::vector<state_quota_row>;

bool reads(const rows &given, state_quotas &out) {
    return state_quotas_read(given.data(), given.size() * sizeof(given[0]), &out);
}

TEST(Quotas, without_lines_all_have_the_same) {
    state_quotas quotas;
    state_quotas_none(&quotas);
    ASSERT_EQ(quotas.count, 1U);
    EXPECT_EQ(quotas.rows[0].space, 0U);
    EXPECT_EQ(quotas.rows[0].entries, 16U);
    EXPECT_EQ(quotas.rows[0].bytes, 4096U);
}

TEST(Quotas, lines_count_and_the_rest_is_shared) {
    state_quotas quotas;
    ASSERT_TRUE(reads({{5, 24, 8192}, {9, 2, 100}}, quotas));
    statefs fs{};
    fs.config.quotas = quotas.rows;
    fs.config.quota_count = quotas.count;
    EXPECT_EQ(statefs_quota(&fs, 5)->entries, 24U);
    EXPECT_EQ(statefs_quota(&fs, 5)->bytes, 8192U);
    EXPECT_EQ(statefs_quota(&fs, 9)->entries, 2U);
    EXPECT_EQ(statefs_quota(&fs, 7)->entries, (256U - 26) / 14);
    EXPECT_EQ(statefs_quota(&fs, 7)->bytes, 4096U);
}

// However many: together they are no more than the pool.
TEST(Quotas, together_they_fit) {
    for (std::size_t count = 1; count <= STATE_QUOTA_ROWS_MAX; count++) {
        rows given;
        for (std::size_t i = 0; i < count; i++) {
            given.push_back({i + 1, static_cast<std::uint32_t>(256 / count), 1});
        }
        state_quotas quotas;
        ASSERT_TRUE(reads(given, quotas));
        std::uint32_t sum =
            quotas.rows[count].entries * static_cast<std::uint32_t>(STATE_SPACES_MAX - count);
        for (std::size_t i = 0; i < count; i++) {
            sum += quotas.rows[i].entries;
        }
        EXPECT_LE(sum, static_cast<std::uint32_t>(STATE_ENTRIES_MAX));
    }
}

TEST(Quotas, test_reject_what_is_no_table) {
    state_quotas quotas;
    quotas.count = 77;
    const rows one = {{5, 1, 1}};
    EXPECT_FALSE(state_quotas_read(one.data(), 0, &quotas));
    EXPECT_FALSE(state_quotas_read(one.data(), sizeof(one[0]) - 1, &quotas));
    EXPECT_FALSE(reads({{0, 1, 1}}, quotas)) << "nobody";
    EXPECT_FALSE(reads({{5, 1, 1}, {5, 1, 1}}, quotas)) << "twice";
    EXPECT_FALSE(reads({{9, 1, 1}, {5, 1, 1}}, quotas)) << "not rising";
    EXPECT_FALSE(reads({{5, 200, 1}, {9, 57, 1}}, quotas)) << "more than there are";
    EXPECT_FALSE(reads({{5, UINT32_MAX, 1}, {9, 2, 1}}, quotas));
    EXPECT_FALSE(reads(rows(STATE_QUOTA_ROWS_MAX + 1, {5, 1, 1}), quotas)) << "too many";
    EXPECT_EQ(quotas.count, 77U) << "changed";
}

}  // namespace
