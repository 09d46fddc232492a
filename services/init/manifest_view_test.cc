// services/init/manifest_view_test.cc: a good manifest is read as it is, and each flaw is found and
// named.
#include "services/init/manifest_view.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/device.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/task.h"

namespace {

// A boot image with programs init, timed, probe and selftest, and a manifest that tests change
// before it is read.
class ManifestTest : public ::testing::Test {
  protected:
    struct Image {
        boot_image_header header;
        boot_image_entry entries[5];
        uint8_t gap[BOOT_IMAGE_ALIGN - sizeof(boot_image_header) - 5 * sizeof(boot_image_entry)];
        manifest_header manifest;
        manifest_service services[3];
        manifest_grant grants[6];
        uint8_t rest[BOOT_IMAGE_ALIGN - sizeof(manifest_header) - 3 * sizeof(manifest_service) -
                     6 * sizeof(manifest_grant)];
    };
    static_assert(sizeof(Image) == 2 * BOOT_IMAGE_ALIGN);

    void SetUp() override {
        image_ = {};
        image_.header.magic = BOOT_IMAGE_MAGIC;
        image_.header.abi_version = ABI_VERSION;
        image_.header.entry_count = 5;
        image_.header.bytes = sizeof(Image);
        image_.header.hart_count = 2;
        SetEntry(0, "manifest", BOOT_IMAGE_MANIFEST);
        image_.entries[0].bytes =
            sizeof(manifest_header) + sizeof(image_.services) + sizeof(image_.grants);
        SetEntry(1, "init", BOOT_IMAGE_PROGRAM);
        SetEntry(2, "timed", BOOT_IMAGE_PROGRAM);
        SetEntry(3, "probe", BOOT_IMAGE_PROGRAM);
        SetEntry(4, "selftest", BOOT_IMAGE_PROGRAM);
        image_.manifest.magic = MANIFEST_MAGIC;
        image_.manifest.service_count = 3;
        image_.manifest.grant_count = 6;
        SetService(0, "timed", 0, 3, MANIFEST_AUTOSTART | MANIFEST_CRITICAL);
        SetService(1, "probe", 3, 0, 0);
        SetService(2, "selftest", 3, 3, MANIFEST_AUTOSTART | MANIFEST_FINAL);
        image_.grants[0] = {MANIFEST_GRANT_CONSOLE, 1, RIGHT_WRITE | RIGHT_MARKER, 0, 0};
        image_.grants[1] = {MANIFEST_GRANT_ROUTE, 2, RIGHT_CALL, MANIFEST_TARGET_INIT, 0};
        image_.grants[2] = {MANIFEST_GRANT_ENDPOINT, 3, RIGHT_RECV, 0, 0};
        image_.grants[3] = {MANIFEST_GRANT_ROUTE, 6, RIGHT_CALL, 0, 0};
        image_.grants[4] = {MANIFEST_GRANT_FACTORY, 4, RIGHTS_FACTORY, 1, 0};
        image_.grants[5] = {MANIFEST_GRANT_IMAGE, 5, RIGHT_READ, 0, 0};
    }

    void SetEntry(size_t index, const char *name, boot_image_kind kind) {
        boot_image_entry *entry = &image_.entries[index];
        strncpy(entry->name, name, sizeof(entry->name) - 1);
        entry->offset = BOOT_IMAGE_ALIGN;
        entry->bytes = 64;
        entry->kind = kind;
    }

    void SetService(size_t index, const char *name, uint32_t first, uint32_t count,
                    uint32_t flags) {
        manifest_service *service = &image_.services[index];
        *service = {};
        strncpy(service->name, name, sizeof(service->name) - 1);
        strncpy(service->program, name, sizeof(service->program) - 1);
        service->service_id = service_id_of(name, strlen(name));
        service->grant_first = first;
        service->grant_count = count;
        service->flags = flags;
        service->hart = MANIFEST_HART_ANY;
        service->limits = task_limits_pack({192, 0, 2, 4, 63});
    }

    // What is wrong; the view stays as it was unless nothing is.
    manifest_flaw Open() {
        manifest_view view{};
        view.service_count = 99;
        const manifest_flaw flaw = manifest_open(&image_, &view);
        EXPECT_EQ(view.service_count, flaw == MANIFEST_FLAW_NONE ? 3u : 99u);
        return flaw;
    }

    alignas(8) Image image_;
};

TEST_F(ManifestTest, test_reject_limits_that_no_task_has) {
    for (const uint64_t limits :
         {UINT64_C(0), task_limits_pack({0, 0, 2, 4, 63}), task_limits_pack({192, 0, 2, 4, 0}),
          task_limits_pack({192, 0, 2, 4, 63}) | UINT64_C(1) << TASK_LIMIT_BITS,
          task_limits_pack({192, 0, 2, 4, 63}) | UINT64_C(5) << TASK_LIMIT_QOS_SHIFT}) {
        image_.services[0].limits = limits;
        EXPECT_EQ(Open(), MANIFEST_FLAW_LIMITS) << limits;
    }
}

TEST_F(ManifestTest, test_reject_shares_that_no_task_has) {
    for (const uint64_t shares :
         {task_shares_pack({TASK_SHARE_CPU_MAX + 1, 0}), UINT64_C(1) << TASK_SHARE_BITS}) {
        image_.services[0].shares = shares;
        EXPECT_EQ(Open(), MANIFEST_FLAW_LIMITS) << shares;
    }
}

TEST_F(ManifestTest, reads_a_good_one) {
    manifest_view view{};
    ASSERT_EQ(manifest_open(&image_, &view), MANIFEST_FLAW_NONE);
    EXPECT_STREQ(view.services[2].name, "selftest");
    EXPECT_EQ(view.grants[4].target, 1u);
    EXPECT_EQ(manifest_endpoint_grant(&view, 0), &image_.grants[2]);
    EXPECT_EQ(manifest_endpoint_grant(&view, 2), nullptr);
    EXPECT_EQ(manifest_find_program(view.image, "probe"), &image_.entries[3]);
    EXPECT_EQ(manifest_find_program(view.image, "manifest"), nullptr);
}

TEST_F(ManifestTest, test_reject_wrong_image) {
    image_.header.abi_version++;
    EXPECT_EQ(Open(), MANIFEST_FLAW_IMAGE);
    SetUp();
    image_.entries[2].bytes = sizeof(Image);
    EXPECT_EQ(Open(), MANIFEST_FLAW_IMAGE);
    SetUp();
    memset(image_.entries[2].name, 'x', sizeof(image_.entries[2].name));
    EXPECT_EQ(Open(), MANIFEST_FLAW_IMAGE);
}

TEST_F(ManifestTest, test_reject_missing_manifest) {
    image_.entries[0].kind = BOOT_IMAGE_DATA;
    EXPECT_EQ(Open(), MANIFEST_FLAW_MISSING);
}

TEST_F(ManifestTest, test_reject_wrong_size) {
    image_.manifest.magic++;
    EXPECT_EQ(Open(), MANIFEST_FLAW_SIZE);
    SetUp();
    image_.entries[0].bytes--;
    EXPECT_EQ(Open(), MANIFEST_FLAW_SIZE);
    SetUp();
    image_.manifest.service_count = 0;
    EXPECT_EQ(Open(), MANIFEST_FLAW_SIZE);
    SetUp();
    image_.manifest.grant_count = MANIFEST_GRANT_MAX + 1;
    EXPECT_EQ(Open(), MANIFEST_FLAW_SIZE);
}

TEST_F(ManifestTest, test_reject_wrong_names) {
    image_.services[1].name[0] = 0;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NAME);
    SetUp();
    image_.services[1].service_id++;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NAME);
    SetUp();
    SetService(1, "timed", 3, 0, 0);
    EXPECT_EQ(Open(), MANIFEST_FLAW_NAME);
}

TEST_F(ManifestTest, test_reject_unknown_program_and_hart) {
    image_.services[1].program[0] = 'x';
    EXPECT_EQ(Open(), MANIFEST_FLAW_PROGRAM);
    SetUp();
    image_.services[1].hart = 2;
    EXPECT_EQ(Open(), MANIFEST_FLAW_HART);
    image_.services[1].hart = 1;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NONE);
}

TEST_F(ManifestTest, test_reject_grants_out_of_range) {
    image_.services[2].grant_count = 4;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_RANGE);
    SetUp();
    image_.services[1].grant_count = 1;  // Not started by init: nobody would give it.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_RANGE);
    SetUp();
    image_.services[2].grant_first = UINT32_MAX;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_RANGE);
}

TEST_F(ManifestTest, test_reject_wrong_slots) {
    for (uint32_t slot : {0u, 2u, static_cast<uint32_t>(CAP_SLOT_COUNT)}) {
        SetUp();
        image_.grants[0].slot = slot;
        EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_SLOT) << slot;
    }
}

TEST_F(ManifestTest, test_reject_wrong_kinds_and_rights) {
    image_.grants[0].kind = MANIFEST_GRANT_FAMILY + 1;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_KIND);
    SetUp();
    image_.grants[3].rights = RIGHT_CALL | RIGHT_RECV;  // A route never receives.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_KIND);
    SetUp();
    image_.grants[5].rights = 0;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_KIND);
    SetUp();
    image_.grants[1].kind = MANIFEST_GRANT_ENDPOINT;  // A second one.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_KIND);
}

TEST_F(ManifestTest, test_reject_wrong_targets) {
    image_.grants[3].target = 2;  // No endpoint.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    SetUp();
    image_.grants[3].target = 3;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    SetUp();
    image_.grants[4].target = MANIFEST_HART_ANY;  // Makes tasks of any identity.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    image_.grants[4].rights = RIGHT_MAKE_ENDPOINT;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NONE);
    image_.grants[4].rights = RIGHTS_FACTORY;
    image_.grants[4].target = MANIFEST_TARGET_PROGRAMS;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NONE);
    image_.grants[3].target = MANIFEST_TARGET_PROGRAMS;  // No route goes to programs.
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
}

TEST_F(ManifestTest, test_reject_wrong_devices) {
    const manifest_grant good = {MANIFEST_GRANT_DEVICE, 5, RIGHTS_DEVICE, DEVICE_ID_BLOCK,
                                 DEVICE_ARENA_PAGES_MAX};
    image_.grants[5] = good;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NONE);
    image_.grants[5].rights = RIGHTS_DEVICE + 1;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_KIND);
    image_.grants[5] = good;
    image_.grants[5].target = DEVICE_ID_NONE;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    image_.grants[5] = good;
    image_.grants[5].badge++;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    image_.grants[5] = good;
    image_.grants[5].target |= (DEVICE_MAX - 1U) << MANIFEST_DEVICE_NUMBER_SHIFT;
    EXPECT_EQ(Open(), MANIFEST_FLAW_NONE);
    image_.grants[5].target += 1U << MANIFEST_DEVICE_NUMBER_SHIFT;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
    image_.grants[5].target = 1U << MANIFEST_DEVICE_NUMBER_SHIFT;
    EXPECT_EQ(Open(), MANIFEST_FLAW_GRANT_TARGET);
}

TEST_F(ManifestTest, test_reject_without_final_service) {
    image_.services[2].flags = MANIFEST_AUTOSTART;
    EXPECT_EQ(Open(), MANIFEST_FLAW_FINAL);
}

// 27 services with an endpoint, the first of them with a family too, and a final one that has
// `more` families: 56 slots and one more for any.
manifest_flaw OpenWith(uint32_t more) {
    constexpr uint32_t SERVICES = 28;
    constexpr size_t WORDS = BOOT_IMAGE_ALIGN / 8;
    std::vector<uint64_t> words(3 * WORDS);
    auto *header = reinterpret_cast<boot_image_header *>(words.data());
    *header = {BOOT_IMAGE_MAGIC, ABI_VERSION, 2, words.size() * 8, 1, 0};
    auto *manifest = reinterpret_cast<manifest_header *>(words.data() + WORDS);
    *manifest = {MANIFEST_MAGIC, SERVICES, SERVICES + more};
    auto *services = reinterpret_cast<manifest_service *>(manifest + 1);
    auto *grants = reinterpret_cast<manifest_grant *>(services + SERVICES);
    auto *entries = reinterpret_cast<boot_image_entry *>(header + 1);
    const uint64_t bytes =
        sizeof(*manifest) + SERVICES * sizeof(*services) + manifest->grant_count * sizeof(*grants);
    entries[0] = {"manifest", 0, BOOT_IMAGE_ALIGN, bytes, BOOT_IMAGE_MANIFEST, 0};
    entries[1] = {"all", 0, 0, 64, BOOT_IMAGE_PROGRAM, 0};
    for (uint32_t i = 0; i < manifest->grant_count; i++) {
        grants[i] = i == 0 || i >= SERVICES
                        ? manifest_grant{MANIFEST_GRANT_FAMILY, 4 + i, RIGHTS_GRANT, 0, 0}
                        : manifest_grant{MANIFEST_GRANT_ENDPOINT, 3, RIGHT_RECV, 0, 0};
    }
    for (uint32_t i = 0; i < SERVICES; i++) {
        const bool last = i + 1 == SERVICES;
        snprintf(services[i].name, sizeof(services[i].name), "s%u", i);
        snprintf(services[i].program, sizeof(services[i].program), "all");
        services[i].service_id = service_id_of(services[i].name, strlen(services[i].name));
        services[i].grant_first = i == 0 ? 0 : i + 1;
        services[i].grant_count = last ? more : i == 0 ? 2 : 1;
        services[i].flags = MANIFEST_AUTOSTART | (last ? uint32_t{MANIFEST_FINAL} : 0);
        services[i].hart = MANIFEST_HART_ANY;
        services[i].limits = task_limits_pack({192, 0, 2, 4, 63});
    }
    manifest_view view{};
    return manifest_open(header, &view);
}

TEST(Manifest, test_reject_services_with_more_slots_than_init_has) {
    EXPECT_EQ(OpenWith(0), MANIFEST_FLAW_NONE);
    EXPECT_EQ(OpenWith(1), MANIFEST_FLAW_TOO_MANY);
    EXPECT_EQ(OpenWith(2), MANIFEST_FLAW_TOO_MANY);
}

TEST(Manifest, every_flaw_has_a_text) {
    for (int flaw = 0; flaw < MANIFEST_FLAW_COUNT; flaw++) {
        EXPECT_GT(strlen(manifest_flaw_text(static_cast<manifest_flaw>(flaw))), 10u) << flaw;
    }
}

}  // namespace
