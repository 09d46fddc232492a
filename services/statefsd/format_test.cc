// services/statefsd/format_test.cc: superblocks and batches as bytes: what is written is read back,
// and no other byte is.
#include "services/statefsd/format.h"

#include <gtest/gtest.h>
#include <sodium/crypto_generichash_blake2b.h>

#include <cstring>
#include <vector>

namespace {

constexpr std::uint32_t SECTOR = DISK_SECTOR_BYTES;

state_volume volume_of(std::uint64_t number, bool with_key, std::uint8_t first = 1) {
    state_key key{};
    key.present = with_key;
    key.bytes[0] = first;
    state_volume made;
    state_volume_make(number, &key, &made);
    return made;
}

struct sealed {
    state_batch batch{7, 3, 5, 0, 0};
    std::vector<std::uint8_t> payload;
    std::vector<std::uint8_t> sectors = std::vector<std::uint8_t>(STATE_BATCH_BYTES_MAX);

    sealed(const state_volume &volume, std::uint32_t bytes) {
        for (std::uint32_t i = 0; i < bytes; i++) {
            payload.push_back(static_cast<std::uint8_t>(i * 7));
        }
        batch.payload_bytes = bytes;
        state_batch_seal(&volume, &batch, payload.data(), sectors.data());
    }
};

bool opens(const state_volume &volume, const std::vector<std::uint8_t> &sectors) {
    state_batch batch;
    std::vector<std::uint8_t> payload(STATE_PAYLOAD_BYTES_MAX);
    return state_sector_look(sectors.data(), &batch) == SECTOR_HEADER &&
           state_batch_open(&volume, &batch, sectors.data(), payload.data());
}

class Format : public testing::TestWithParam<bool> {};

TEST_P(Format, batches_of_every_size) {
    const state_volume volume = volume_of(99, GetParam());
    for (const std::uint32_t bytes : {1u, 471u, 472u, 473u, 976u, 977u, 3999u, 4000u}) {
        const sealed made(volume, bytes);
        state_batch batch;
        ASSERT_EQ(state_sector_look(made.sectors.data(), &batch), SECTOR_HEADER);
        EXPECT_EQ(batch.generation, 7u);
        EXPECT_EQ(batch.epoch, 3u);
        EXPECT_EQ(batch.number, 5u);
        EXPECT_EQ(batch.sectors, state_batch_sectors(bytes));
        std::vector<std::uint8_t> payload(STATE_PAYLOAD_BYTES_MAX);
        ASSERT_TRUE(state_batch_open(&volume, &batch, made.sectors.data(), payload.data()));
        payload.resize(bytes);
        EXPECT_EQ(payload, made.payload);
        for (std::uint32_t i = 1; i < batch.sectors; i++) {
            state_batch other;
            EXPECT_EQ(state_sector_look(made.sectors.data() + i * SECTOR, &other), SECTOR_MORE);
            EXPECT_FALSE(state_sector_is_header(made.sectors.data() + i * SECTOR, &other));
        }
    }
    EXPECT_EQ(state_batch_sectors(STATE_PAYLOAD_BYTES_MAX), 8u);
}

TEST_P(Format, test_reject_flipped_bit) {
    const state_volume volume = volume_of(99, GetParam());
    sealed made(volume, 700);
    ASSERT_TRUE(opens(volume, made.sectors));
    for (std::uint32_t bit = 0; bit < made.batch.sectors * SECTOR * 8; bit++) {
        made.sectors[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        EXPECT_FALSE(opens(volume, made.sectors)) << bit;
        made.sectors[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
}

TEST_P(Format, test_reject_other_volume) {
    const sealed made(volume_of(99, GetParam()), 300);
    EXPECT_FALSE(opens(volume_of(98, GetParam()), made.sectors));
    EXPECT_FALSE(opens(volume_of(99, !GetParam()), made.sectors));
}

TEST_P(Format, test_reject_missing_sector) {
    const state_volume volume = volume_of(99, GetParam());
    const sealed made(volume, 1500);
    for (std::uint32_t i = 0; i < made.batch.sectors; i++) {
        std::vector<std::uint8_t> torn = made.sectors;
        std::memset(torn.data() + i * SECTOR, 0, SECTOR);
        EXPECT_FALSE(opens(volume, torn)) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Keys, Format, testing::Bool(),
                         [](const testing::TestParamInfo<bool> &info) {
                             return info.param ? "encrypted" : "plain";
                         });

TEST(Format, test_reject_wrong_key) {
    const sealed made(volume_of(99, true, 1), 300);
    EXPECT_TRUE(opens(volume_of(99, true, 1), made.sectors));
    EXPECT_FALSE(opens(volume_of(99, true, 2), made.sectors));
    std::uint8_t one[STATE_TAG_BYTES];
    std::uint8_t two[STATE_TAG_BYTES];
    const state_volume right = volume_of(99, true, 1);
    const state_volume wrong = volume_of(99, true, 2);
    state_key_check(&right, one);
    state_key_check(&wrong, two);
    EXPECT_NE(std::memcmp(one, two, sizeof(one)), 0);
}

// Contents that are secret are not on the disk.
TEST(Format, encrypted_contents_are_not_readable) {
    const state_volume volume = volume_of(99, true);
    const sealed made(volume, 400);
    EXPECT_EQ(memmem(made.sectors.data(), made.sectors.size(), made.payload.data(), 16), nullptr);
    const sealed plain(volume_of(99, false), 400);
    EXPECT_NE(memmem(plain.sectors.data(), plain.sectors.size(), plain.payload.data(), 16),
              nullptr);
}

// A disk that was written before must be read: these bytes do not change.
TEST(Format, golden_bytes) {
    const sealed plain(volume_of(0x0102030405060708, false), 3);
    const std::uint8_t head[24] = {'S', 'T', 'B', 'H', 1, 0, 3, 0, 7, 0, 0, 0,
                                   3,   0,   0,   0,   5, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(std::memcmp(plain.sectors.data(), head, sizeof(head)), 0);
    EXPECT_EQ(plain.sectors[40], 0);
    EXPECT_EQ(plain.sectors[41], 7);
    EXPECT_EQ(plain.sectors[42], 14);
}

TEST(Format, superblocks) {
    state_super super{};
    super.sequence = 9;
    super.volume = 8;
    super.epoch = 7;
    super.region = 1;
    super.generation = 6;
    super.region_epoch = 5;
    super.region_sectors = 400;
    super.batches = 4;
    super.encrypted = true;
    super.key_check[15] = 3;
    std::uint8_t sector[SECTOR];
    state_super_put(&super, sector);
    state_super got{};
    ASSERT_EQ(state_super_get(sector, &got), SUPER_VALID);
    EXPECT_EQ(got.sequence, 9u);
    EXPECT_EQ(got.volume, 8u);
    EXPECT_EQ(got.epoch, 7u);
    EXPECT_EQ(got.region, 1u);
    EXPECT_EQ(got.generation, 6u);
    EXPECT_EQ(got.region_epoch, 5u);
    EXPECT_EQ(got.region_sectors, 400u);
    EXPECT_EQ(got.batches, 4u);
    EXPECT_TRUE(got.encrypted);
    EXPECT_EQ(got.key_check[15], 3);
    for (std::uint32_t bit = 0; bit < SECTOR * 8; bit++) {
        sector[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        EXPECT_EQ(state_super_get(sector, &got), SUPER_BAD) << bit;
        sector[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    }
    std::memset(sector, 0, sizeof(sector));
    EXPECT_EQ(state_super_get(sector, &got), SUPER_ZERO);
}

TEST(Format, test_reject_other_version) {
    const state_super super{};
    std::uint8_t sector[SECTOR];
    state_super got{};
    state_super_put(&super, sector);
    sector[8] = STATE_VERSION + 1;
    ASSERT_EQ(crypto_generichash_blake2b(sector + SECTOR - STATE_TAG_BYTES, STATE_TAG_BYTES, sector,
                                         SECTOR - STATE_TAG_BYTES, nullptr, 0),
              0);
    EXPECT_EQ(state_super_get(sector, &got), SUPER_OTHER_VERSION);
}

}  // namespace
