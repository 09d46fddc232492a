// tools/mkimage/manifest_test.cc: a good manifest as values and as bytes, and one wrong file for
// each mistake (wrong/).
#include "tools/mkimage/manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"

namespace mkimage {
namespace {

const surroundings AROUND{.programs = {"aa", "bb", "cc", "statefsd"}, .hart_count = 2};

TEST(Manifest, good_one) {
    const manifest_result result = manifest_read(
        "# two of them\nservice aa\n  slot 1 console write marker\n  slot 3 endpoint recv\n  "
        "restarts 3\n\nservice bb\n"
        "  final critical\n  program aa\n  hart 1\n  argument 0x10\n  slot 6 route aa call badge "
        "9\n"
        "  slot 4 factory endpoint task of cc\n  slot 2 route init call\nservice cc\n  manual\n",
        AROUND);
    ASSERT_TRUE(result.mistakes.empty()) << mistake_text("m", result.mistakes[0]);
    ASSERT_EQ(result.contents.services.size(), 3U);
    const service &first = result.contents.services[0];
    EXPECT_EQ(first.flags, static_cast<std::uint32_t>(MANIFEST_AUTOSTART));
    EXPECT_EQ(first.restart_budget, 3U);
    EXPECT_EQ(first.program, "aa");
    EXPECT_EQ(first.grants.at(0).rights, static_cast<std::uint32_t>(RIGHT_WRITE | RIGHT_MARKER));
    const service &second = result.contents.services[1];
    EXPECT_EQ(second.flags,
              static_cast<std::uint32_t>(MANIFEST_AUTOSTART | MANIFEST_FINAL | MANIFEST_CRITICAL));
    EXPECT_EQ(second.program, "aa");
    EXPECT_EQ(second.hart, 1U);
    EXPECT_EQ(second.argument, 16U);
    EXPECT_EQ(second.grants.at(0).badge, 9U);
    EXPECT_EQ(result.contents.services[2].flags, 0U);
}

TEST(Manifest, devices) {
    const manifest_result result = manifest_read(
        "service aa\n  final\n  slot 4 device virtio_rng map irq dma 2\n"
        "  slot 5 device virtio_rng number 2 map\n  slot 1 console write input\n",
        AROUND);
    ASSERT_TRUE(result.mistakes.empty()) << mistake_text("m", result.mistakes[0]);
    const std::vector<grant> &grants = result.contents.services[0].grants;
    EXPECT_EQ(grants.at(0).kind, MANIFEST_GRANT_DEVICE);
    EXPECT_EQ(grants.at(0).rights, static_cast<std::uint32_t>(RIGHTS_DEVICE));
    EXPECT_EQ(grants.at(0).badge, 2U);
    EXPECT_EQ(grants.at(1).rights, static_cast<std::uint32_t>(RIGHT_DEVICE_MAP));
    EXPECT_EQ(grants.at(2).rights, static_cast<std::uint32_t>(RIGHT_WRITE | RIGHT_READ_INPUT));
    // The first grant's words: kind, slot, rights, target, badge.
    const std::string bytes = manifest_binary(result.contents);
    const std::size_t first = sizeof(manifest_header) + sizeof(manifest_service);
    EXPECT_EQ(bytes[first], MANIFEST_GRANT_DEVICE);
    EXPECT_EQ(bytes[first + 4], 4);
    EXPECT_EQ(bytes[first + 12], DEVICE_ID_ENTROPY);
    EXPECT_EQ(bytes[first + 14], 0);
    EXPECT_EQ(bytes[first + 16], 2);
    EXPECT_EQ(bytes[first + sizeof(manifest_grant) + 12], DEVICE_ID_ENTROPY);
    EXPECT_EQ(bytes[first + sizeof(manifest_grant) + 14], 1);
}

TEST(Manifest, ways_that_do_not_wait_may_form_a_cycle) {
    EXPECT_TRUE(manifest_read("service bb\nslot 1 route aa send notify\nslot 3 endpoint recv\n"
                              "service aa\nfinal\nslot 1 route bb call\nslot 3 endpoint recv\n",
                              AROUND)
                    .mistakes.empty());
}

TEST(Manifest, test_reject_two_names_with_one_id) {
    const std::vector<std::string> messages = id_mistakes({{"x", 5}, {"y", 6}, {"z", 5}});
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0], "the names `x` and `z` hash to the same service_id: change one");
}

TEST(Manifest, ids_of_the_manifest_leave_the_top_bit_to_execd) {
    EXPECT_EQ(service_id_of("init") >> 63, 0U);
    EXPECT_EQ(service_id_of("timed") >> 63, 0U);
    EXPECT_NE(service_id_of("init"), service_id_of("timed"));
}

class WrongManifest : public testing::TestWithParam<const char *> {};

// The first line of each file says the mistake that is found first: `# expect: line:column: text`.
TEST_P(WrongManifest, test_reject) {
    const std::string path = std::string("tools/mkimage/wrong/") + GetParam() + ".manifest";
    std::ifstream file(path);
    ASSERT_TRUE(file) << path;
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    const std::string tag = "# expect: ";
    ASSERT_TRUE(contents.starts_with(tag));
    const std::string expected = contents.substr(tag.size(), contents.find('\n') - tag.size());
    const manifest_result result = manifest_read(contents, AROUND);
    ASSERT_FALSE(result.mistakes.empty());
    EXPECT_EQ(mistake_text("m", result.mistakes[0]), "m:" + expected);
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongManifest,
    testing::Values("arena_too_large", "arena_without_pages", "cycle_of_three", "cycle_of_two",
                    "device_doubled", "device_unknown", "device_without_name", "factory_of_nobody",
                    "factory_without_of", "hart_beyond_image", "keep_doubled", "keep_malformed",
                    "keep_nobody", "keep_nothing", "keep_over_pool", "keep_too_many",
                    "limit_cpu_nothing", "limit_cpu_over_a_hart", "limit_doubled",
                    "limit_too_large", "limit_unknown", "limit_without_number", "manual_with_slots",
                    "need_starts_later", "need_without_endpoint", "no_final", "no_right",
                    "no_service", "number_malformed", "number_too_large", "program_unknown",
                    "qos_unknown", "right_doubled", "right_of_other_kind", "route_to_manual",
                    "route_to_nobody", "route_to_self", "sectors_doubled", "sectors_none",
                    "sectors_overlap", "sectors_unseen", "sectors_without_count", "service_doubled",
                    "service_init", "service_name_improper", "slot_doubled", "slot_out_of_range",
                    "slot_zero", "slots_of_init", "statement_before_service", "word_unknown",
                    "words_too_many"),
    [](const testing::TestParamInfo<const char *> &info) { return std::string(info.param); });

}  // namespace
}  // namespace mkimage
