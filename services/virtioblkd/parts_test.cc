// services/virtioblkd/parts_test.cc: whose which part of the disk is, and files that are none.
#include "services/virtioblkd/parts.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernel/abi/boot_image.h"

namespace {

constexpr std::uint64_t kSectors = 1000;
constexpr std::size_t kFileAt = BOOT_IMAGE_ALIGN;

// A boot image with nothing but that file.
class Image {
  public:
    explicit Image(const std::vector<disk_part> &rows, const char *name = PARTS_NAME)
        : words_(2 * BOOT_IMAGE_ALIGN / 8) {
        head().entry_count = 1;
        entry().kind = BOOT_IMAGE_DATA;
        std::strcpy(entry().name, name);
        entry().offset = kFileAt;
        entry().bytes = sizeof(parts_header) + rows.size() * sizeof(disk_part);
        file().magic = PARTS_MAGIC;
        file().count = rows.size();
        if (!rows.empty()) {
            std::memcpy(bytes() + kFileAt + sizeof(parts_header), rows.data(),
                        rows.size() * sizeof(disk_part));
        }
    }
    std::uint8_t *bytes() {
        return reinterpret_cast<std::uint8_t *>(words_.data());
    }
    boot_image_header &head() {
        return *reinterpret_cast<boot_image_header *>(bytes());
    }
    boot_image_entry &entry() {
        return *reinterpret_cast<boot_image_entry *>(bytes() + sizeof(boot_image_header));
    }
    parts_header &file() {
        return *reinterpret_cast<parts_header *>(bytes() + kFileAt);
    }

  private:
    std::vector<std::uint64_t> words_;
};

bool Opens(Image image) {
    disk_parts parts = {};
    const bool opened = parts_open(&parts, image.bytes(), kSectors);
    EXPECT_EQ(parts.divided, opened);
    return opened;
}

TEST(Parts, each_has_its_own) {
    disk_parts parts = {};
    disk_part part = {};
    Image image({{7, 0, 400}, {8, 400, 600}});
    ASSERT_TRUE(parts_open(&parts, image.bytes(), kSectors));
    ASSERT_TRUE(parts_find(&parts, 8, kSectors, &part));
    EXPECT_EQ(part.first, 400u);
    EXPECT_EQ(part.sectors, 600u);
    ASSERT_TRUE(parts_find(&parts, 7, kSectors, &part));
    EXPECT_EQ(part.first, 0u);
}

TEST(Parts, test_reject_who_has_none) {
    disk_parts parts = {};
    disk_part part = {};
    Image image({{7, 0, 400}});
    ASSERT_TRUE(parts_open(&parts, image.bytes(), kSectors));
    EXPECT_FALSE(parts_find(&parts, 8, kSectors, &part));
    EXPECT_EQ(part.sectors, 0u);
}

TEST(Parts, without_a_division_all_is_everybodys) {
    const disk_parts parts = {};
    disk_part part = {};
    ASSERT_TRUE(parts_find(&parts, 8, kSectors, &part));
    EXPECT_EQ(part.first, 0u);
    EXPECT_EQ(part.sectors, kSectors);
}

TEST(Parts, test_reject_overlap) {
    EXPECT_FALSE(Opens(Image({{7, 0, 401}, {8, 400, 600}})));
    EXPECT_FALSE(Opens(Image({{7, 400, 600}, {8, 0, 401}})));
    EXPECT_FALSE(Opens(Image({{7, 0, 1000}, {8, 10, 1}})));
}

TEST(Parts, test_reject_beyond_the_disk) {
    EXPECT_FALSE(Opens(Image({{7, 0, 1001}})));
    EXPECT_FALSE(Opens(Image({{7, UINT64_MAX, 2}})));
    EXPECT_TRUE(Opens(Image({{7, 0, 1000}})));
}

TEST(Parts, test_reject_empty_or_doubled) {
    EXPECT_FALSE(Opens(Image({})));
    EXPECT_FALSE(Opens(Image({{7, 0, 0}})));
    EXPECT_FALSE(Opens(Image({{7, 0, 1}, {7, 1, 1}})));
}

TEST(Parts, test_reject_what_is_no_such_file) {
    EXPECT_FALSE(Opens(Image({{7, 0, 1}}, "others")));
    Image magic({{7, 0, 1}});
    magic.file().magic++;
    EXPECT_FALSE(Opens(magic));
    Image shorter({{7, 0, 1}});
    shorter.entry().bytes--;
    EXPECT_FALSE(Opens(shorter));
    Image many({{7, 0, 1}});
    many.file().count = PARTS_MAX + 1;
    EXPECT_FALSE(Opens(many));
    Image none({{7, 0, 1}});
    none.entry().bytes = 8;
    EXPECT_FALSE(Opens(none));
}

}  // namespace
