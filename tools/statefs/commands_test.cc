// tools/statefs/commands_test.cc: the tool on images that are good, torn, damaged and none.
#include "tools/statefs/commands.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "tools/statefs/file_disk.h"

namespace {

using namespace statefs_tool;

wire_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

class Tool : public testing::Test {
  protected:
    Tool() {
        with.image = testing::TempDir() + "/state_" +
                     testing::UnitTest::GetInstance()->current_test_info()->name() + ".img";
        with.volume = 0x1234;
        std::filesystem::remove(with.image);
    }
    ~Tool() override {
        std::filesystem::remove(with.image);
    }

    int run(int (*command)(const options &, std::ostream &, std::ostream &)) {
        out.str("");
        err.str("");
        return command(with, out, err);
    }

    // One batch each.
    void write(const std::vector<std::pair<std::string, std::string>> &entries) {
        file_disk disk(with.image, true);
        statefs_config config{};
        config.disk = disk.disk();
        config.key = *key_of_hex(with.key);
        config.entries = STATE_ENTRIES_MAX;
        state_report report;
        ASSERT_EQ(statefs_mount(fs.get(), &config, &report), MOUNT_OK);
        for (const auto &[key, value] : entries) {
            const state_change change{false, bytes_of(key), bytes_of(value)};
            ASSERT_EQ(statefs_stage(fs.get(), 0xabc, &change, 1), STATE_OK);
            ASSERT_EQ(statefs_commit(fs.get()), STATE_OK);
        }
    }

    void flip(std::uint64_t sector, std::uint32_t byte) {
        std::fstream file(with.image, std::ios::binary | std::ios::in | std::ios::out);
        const auto at = static_cast<std::streamoff>(sector * DISK_SECTOR_BYTES + byte);
        file.seekg(at);
        const char was = static_cast<char>(file.get());
        file.seekp(at);
        file.put(static_cast<char>(was ^ 4));
    }

    bool says(const std::ostringstream &stream, const std::string &text) {
        return stream.str().find(text) != std::string::npos;
    }

    options with;
    std::ostringstream out;
    std::ostringstream err;
    std::unique_ptr<statefs> fs = std::make_unique<statefs>();
};

TEST_F(Tool, makes_an_image_and_shows_what_is_in_it) {
    ASSERT_EQ(run(make_image), 0) << err.str();
    EXPECT_EQ(run(check), 0);
    EXPECT_TRUE(says(out, "volume       0000000000001234\n"));
    EXPECT_TRUE(says(out, "batches      0 "));
    EXPECT_TRUE(says(out, "end          clean"));
    write({{"b", "two"}, {"a", "on\\e\n"}});
    EXPECT_EQ(run(list), 0);
    EXPECT_EQ(out.str(), "0000000000000abc  2 entries, 10 bytes\n  a  5\n  b  3\n");
    EXPECT_EQ(run(dump), 0);
    EXPECT_EQ(out.str(), "0000000000000abc a on\\\\e\\x0a\n0000000000000abc b two\n");
    EXPECT_EQ(run(repair), 0);
    EXPECT_TRUE(says(out, "nothing to repair"));
}

TEST_F(Tool, a_torn_end_is_told_and_is_no_mistake) {
    ASSERT_EQ(run(make_image), 0);
    write({{"a", "1"}, {"a", "2"}});
    flip(17, 45);
    EXPECT_EQ(run(check), 0);
    EXPECT_TRUE(says(out, "end          torn"));
    EXPECT_TRUE(says(out, "at sector 17\n"));
    EXPECT_EQ(run(repair), 0);
    EXPECT_EQ(run(check), 0);
    EXPECT_TRUE(says(out, "end          clean"));
    EXPECT_EQ(run(dump), 0);
    EXPECT_EQ(out.str(), "0000000000000abc a 1\n");
}

TEST_F(Tool, test_reject_flipped_bit_in_journal) {
    ASSERT_EQ(run(make_image), 0);
    write({{"a", "1"}, {"b", "2"}, {"c", "3"}});
    flip(17, 45);
    EXPECT_EQ(run(check), 1);
    EXPECT_TRUE(says(out, "end          damaged"));
    EXPECT_TRUE(says(out, "later        a batch that was written after it, at sector 18\n"));
    EXPECT_TRUE(says(err, "what was acknowledged is missing"));
    EXPECT_EQ(run(list), 1);
    EXPECT_EQ(run(dump), 1);
    EXPECT_EQ(out.str(), "");
    EXPECT_EQ(run(repair), 0);
    EXPECT_TRUE(says(out, "kept 1 batches, 1 entries"));
    EXPECT_EQ(run(check), 0);
    EXPECT_EQ(run(dump), 0);
    EXPECT_EQ(out.str(), "0000000000000abc a 1\n");
    write({{"d", "4"}});
    EXPECT_EQ(run(check), 0);
}

TEST_F(Tool, one_bad_superblock_is_repaired) {
    ASSERT_EQ(run(make_image), 0);
    write({{"a", "1"}});
    for (const std::uint64_t sector : {0, 8}) {
        flip(sector, 30);
        EXPECT_EQ(run(check), 0);
        EXPECT_TRUE(says(out, sector == 0 ? "superblocks  bad good" : "superblocks  good bad"));
        EXPECT_EQ(run(repair), 0);
        EXPECT_EQ(run(check), 0);
        EXPECT_TRUE(says(out, "superblocks  good good"));
        EXPECT_EQ(run(dump), 0);
        EXPECT_EQ(out.str(), "0000000000000abc a 1\n");
    }
    flip(0, 30);
    flip(8, 30);
    EXPECT_EQ(run(repair), 1);
    EXPECT_TRUE(says(err, "no good superblock"));
}

TEST_F(Tool, test_reject_truncated_journal) {
    ASSERT_EQ(run(make_image), 0);
    write({{"a", "1"}});
    std::filesystem::resize_file(with.image, 600000);  // Not whole sectors.
    EXPECT_EQ(run(check), 1);
    std::filesystem::resize_file(with.image, 1000 * DISK_SECTOR_BYTES);
    EXPECT_EQ(run(check), 1);
    EXPECT_TRUE(says(err, "smaller than its superblock says"));
    EXPECT_EQ(run(repair), 1);
}

TEST_F(Tool, test_reject_wrong_key) {
    with.key = std::string(62, '0') + "ff";
    ASSERT_EQ(run(make_image), 0);
    write({{"a", "secret words"}});
    EXPECT_EQ(run(check), 0);
    EXPECT_TRUE(says(out, "encrypted"));
    EXPECT_EQ(run(dump), 0);
    EXPECT_TRUE(says(out, "secret\\x20words"));
    for (const std::string &key : {std::string(), std::string(62, '0') + "fe"}) {
        with.key = key;
        EXPECT_EQ(run(dump), 1);
        EXPECT_TRUE(says(err, "wrong key"));
        EXPECT_EQ(out.str(), "");
        EXPECT_EQ(run(repair), 1);
    }
    with.key = "12";
    EXPECT_EQ(run(dump), 1);
    EXPECT_TRUE(says(err, "64 hexadecimal digits"));
}

TEST_F(Tool, test_reject_what_is_no_image) {
    EXPECT_EQ(run(check), 1);
    EXPECT_TRUE(says(err, "cannot be opened"));
    std::ofstream(with.image) << std::string(1 << 20, '\0');
    EXPECT_EQ(run(check), 1);
    EXPECT_TRUE(says(err, "blank"));
    EXPECT_EQ(run(make_image), 1);
    EXPECT_TRUE(says(err, "--force"));
    with.force = true;
    with.mib = 0;
    EXPECT_EQ(run(make_image), 1);
    with.mib = 1;
    EXPECT_EQ(run(make_image), 0);
    EXPECT_EQ(run(check), 0);
}

}  // namespace
