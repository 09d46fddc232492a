// tools/mkimage/compose_test.cc: whole images, and what is wrong with a set of files.
#include "tools/mkimage/compose.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernel/abi/boot_image.h"
#include "services/statefsd/quotas.h"
#include "services/virtioblkd/parts.h"
#include "tools/mkimage/manifest.h"

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

// Behind everything else, on pages of its own, which the header counts.
TEST(Compose, what_is_secret_stands_last) {
    std::string image;
    std::vector<std::string> messages;
    composition parts = good();
    parts.manifest_text = "service timed\n    final\n    sectors 16 100\n";
    parts.files.insert(parts.files.begin(),
                       {"word", BOOT_IMAGE_DATA, std::string(5000, 's'), true});
    ASSERT_TRUE(compose(parts, image, messages)) << messages.at(0);
    boot_image_header header;
    std::memcpy(&header, image.data(), sizeof(header));
    EXPECT_EQ(header.secret_pages, 2U);
    boot_image_entry last;
    std::memcpy(&last, image.data() + sizeof(header) + (header.entry_count - 1) * sizeof(last),
                sizeof(last));
    EXPECT_STREQ(last.name, "word");
    EXPECT_EQ(last.offset, header.bytes - 2 * BOOT_IMAGE_ALIGN);
    EXPECT_EQ(image.find("sssss"), last.offset);
}

TEST(Compose, a_divided_disk_is_a_file) {
    std::string image;
    std::vector<std::string> messages;
    composition parts = good();
    parts.manifest_text = "service timed\n    final\n    sectors 16 100\n";
    ASSERT_TRUE(compose(parts, image, messages)) << messages.at(0);
    disk_parts read = {};
    disk_part part = {};
    std::vector<std::uint64_t> aligned((image.size() + 7) / 8);
    std::memcpy(aligned.data(), image.data(), image.size());
    ASSERT_TRUE(parts_open(&read, aligned.data(), 116));
    ASSERT_TRUE(parts_find(&read, service_id_of("timed"), 116, &part));
    EXPECT_EQ(part.first, 16U);
    EXPECT_EQ(part.sectors, 100U);
    EXPECT_FALSE(parts_open(&read, aligned.data(), 115));
}

// Two services, one of which the other calls by a route of the manifest.
composition with_policy(const char *text) {
    composition made = good();
    made.manifest_text =
        "service timed\n    final\n    slot 3 endpoint recv\nservice asker\n    program timed\n"
        "    slot 4 route timed call\n";
    made.policies = {{"policy", "p", text}};
    return made;
}

TEST(Compose, image_has_the_compiled_policy) {
    std::string image;
    std::vector<std::string> messages;
    ASSERT_TRUE(compose(with_policy("allow asker call timed\n"), image, messages))
        << messages.at(0);
    boot_image_entry third;
    std::memcpy(&third, image.data() + sizeof(boot_image_header) + 2 * sizeof(third),
                sizeof(third));
    EXPECT_STREQ(third.name, "policy");
    EXPECT_EQ(third.kind, static_cast<std::uint32_t>(BOOT_IMAGE_DATA));
    EXPECT_EQ(third.bytes, 40U);
}

TEST(Compose, image_has_what_services_may_keep) {
    composition made = good();
    made.manifest_text =
        "service statefsd\n    program timed\n    slot 3 endpoint recv\n"
        "service timed\n    final\n    keep entries 24 bytes 8192\n";
    std::string image;
    std::vector<std::string> messages;
    ASSERT_TRUE(compose(made, image, messages)) << messages.at(0);
    boot_image_entry third;
    std::memcpy(&third, image.data() + sizeof(boot_image_header) + 2 * sizeof(third),
                sizeof(third));
    EXPECT_STREQ(third.name, STATE_QUOTAS_NAME);
    state_quotas quotas;
    ASSERT_TRUE(state_quotas_read(image.data() + third.offset, third.bytes, &quotas));
    EXPECT_EQ(quotas.rows[0].space, mkimage::service_id_of("timed"));
    EXPECT_EQ(quotas.rows[0].entries, 24U);
    EXPECT_EQ(quotas.rows[0].bytes, 8192U);
}

TEST(Compose, test_reject_wrong_policy) {
    EXPECT_EQ(messages_of(with_policy("\nallow asker call nobody\n")),
              "p:2:18: no service `nobody`|");
}

TEST(Compose, test_reject_policies_that_policyd_would_not_take) {
    composition made = with_policy("allow asker call timed\n");
    made.policies[0].name = "rules";
    EXPECT_EQ(messages_of(made), "the policy `rules`: its name must begin with `policy`|");
    made.policies = {{"policy0", "p", ""}, {"policy1", "p", ""}, {"policy2", "p", ""}};
    EXPECT_EQ(messages_of(made), "more than 2 policies|");
}

TEST(Compose, test_reject_cycle_that_a_policy_allows) {
    EXPECT_EQ(messages_of(with_policy("allow timed call asker\n")),
              "m:6:18: routes that wait form a cycle, which could deadlock: timed -> (by policy) "
              "asker -> timed|");
    EXPECT_EQ(messages_of(with_policy("allow timed send asker\nallow timed call timed\n")),
              "p:2:1: says nothing: nobody needs leave for what is its own|");
}

TEST(Compose, test_reject_more_senders_than_a_policy_may_allow) {
    EXPECT_EQ(messages_of(with_policy("allow @greet send timed\n")),
              "m:3:10: `timed` has room for the sends of 3, and any number may send to it: @greet; "
              "`crowded` says that its senders may be refused|");
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
