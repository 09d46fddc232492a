// tools/mkimage/compose_test.cc: whole images, and what is wrong with a set of files.
#include "tools/mkimage/compose.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernel/abi/boot_image.h"

namespace mkimage {
namespace {

composition good() {
    return {.manifest_file = "m",
            .manifest_text = "service timed\n    final\n",
            .files = {{"init", BOOT_IMAGE_PROGRAM, "i"}, {"timed", BOOT_IMAGE_PROGRAM, "t"}},
            .hart_count = 2};
}

std::string messages_of(const composition &given) {
    std::string image = "untouched";
    std::vector<std::string> messages;
    EXPECT_FALSE(compose(given, image, messages));
    EXPECT_EQ(image, "untouched");
    std::string out;
    for (const std::string &message : messages) {
        out += message + "|";
    }
    return out;
}

TEST(Compose, image_has_the_programs_and_the_manifest) {
    std::string image;
    std::vector<std::string> messages;
    ASSERT_TRUE(compose(good(), image, messages)) << messages.at(0);
    boot_image_header header;
    std::memcpy(&header, image.data(), sizeof(header));
    EXPECT_EQ(header.entry_count, 3U);
    boot_image_entry last;
    std::memcpy(&last, image.data() + sizeof(header) + 2 * sizeof(last), sizeof(last));
    EXPECT_STREQ(last.name, "manifest");
    EXPECT_EQ(last.kind, static_cast<std::uint32_t>(BOOT_IMAGE_MANIFEST));
}

TEST(Compose, the_same_parts_make_the_same_bytes) {
    std::string first;
    std::string second;
    std::vector<std::string> messages;
    ASSERT_TRUE(compose(good(), first, messages) && compose(good(), second, messages));
    EXPECT_EQ(first, second);
}

TEST(Compose, test_reject_manifest_with_mistakes) {
    composition bad = good();
    bad.manifest_text = "service timed\n";
    EXPECT_EQ(messages_of(bad), "m:1:9: no service is `final`: nothing would ever end the run|");
}

TEST(Compose, test_reject_image_without_init) {
    composition bad = good();
    bad.files.erase(bad.files.begin());
    EXPECT_EQ(messages_of(bad), "no program `init`: the kernel would have nothing to start|");
}

TEST(Compose, test_reject_program_that_nobody_uses) {
    composition bad = good();
    bad.files.push_back({"spare", BOOT_IMAGE_PROGRAM, "s"});
    EXPECT_EQ(messages_of(bad), "no service of the manifest uses the program `spare`|");
}

TEST(Compose, test_reject_name_given_twice) {
    composition bad = good();
    bad.files.push_back({"timed", BOOT_IMAGE_DATA, "d"});
    bad.files.push_back({"manifest", BOOT_IMAGE_DATA, "d"});
    EXPECT_EQ(messages_of(bad),
              "the name `timed` is given twice|the name `manifest` is given twice|");
}

}  // namespace
}  // namespace mkimage
