// kernel/core/image_test.cc: boot images that are not right end the boot with the reason, and ones
// at the edge of right do not.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/arch/sim/sim.h"

namespace {

void init_run(message_page *page, std::uint64_t argument, std::uint32_t instance) {
    (void)page;
    (void)argument;
    (void)instance;
}

const sim_program PROGRAMS[] = {{"init", init_run, nullptr, 0}, {"other", init_run, nullptr, 0}};
constexpr std::uint32_t HARTS = 2;

// The manifest comes first, then the programs.
constexpr std::uint32_t MANIFEST = 0;
constexpr std::uint32_t INIT = 1;
constexpr std::uint32_t OTHER = 2;

struct image {
    boot_image_header &head;
    boot_image_entry *entries;
    manifest_header &manifest;
};

image image_at(std::uint8_t *bytes) {
    auto *head = reinterpret_cast<boot_image_header *>(bytes);
    auto *entries = reinterpret_cast<boot_image_entry *>(head + 1);
    return {*head, entries, *reinterpret_cast<manifest_header *>(bytes + entries[MANIFEST].offset)};
}

sim_result boot(void (*spoil)(std::uint8_t *)) {
    sim_options options = sim_options_make(1, HARTS, PROGRAMS, std::size(PROGRAMS));
    options.spoil = spoil;
    sim_result out{};
    sim_run(&options, &out);
    return out;
}

template <class SPOIL>
void expect_refused(SPOIL spoil, const std::string &why) {
    static SPOIL *given;
    given = &spoil;
    const sim_result got = boot([](std::uint8_t *bytes) { (*given)(image_at(bytes)); });
    EXPECT_EQ(got.end, SIM_PANIC);
    EXPECT_NE(std::string(got.message).find(why), std::string::npos)
        << why << " is expected, not " << got.message;
}

template <class SPOIL>
void expect_booted(SPOIL spoil) {
    static SPOIL *given;
    given = &spoil;
    const sim_result got = boot([](std::uint8_t *bytes) { (*given)(image_at(bytes)); });
    EXPECT_EQ(got.end, SIM_POWER_OFF) << got.message;
}

// The last program is secret.
void hide_other(const image &at) {
    at.head.secret_pages =
        static_cast<std::uint32_t>((at.head.bytes - at.entries[OTHER].offset) / BOOT_IMAGE_ALIGN);
}

TEST(Image, boots_and_says_what_it_found) {
    expect_booted([](const image &) {});
    EXPECT_NE(std::string(sim_console()).find("kernel: boot image 3 entries"), std::string::npos)
        << sim_console();
    EXPECT_NE(std::string(sim_console()).find("kernel: init loaded"), std::string::npos)
        << sim_console();
}

TEST(Image, test_reject_wrong_magic) {
    expect_refused([](const image &at) { at.head.magic++; }, "missing or not one");
}

TEST(Image, test_reject_wrong_abi_version) {
    expect_refused([](const image &at) { at.head.abi_version++; }, "ABI version 2, kernel has 1");
}

TEST(Image, test_reject_too_many_entries) {
    expect_refused([](const image &at) { at.head.entry_count = BOOT_IMAGE_ENTRY_MAX + 1; },
                   "65 entries in");
}

TEST(Image, test_reject_size_that_is_not_whole_pages) {
    expect_refused([](const image &at) { at.head.bytes--; }, "3 entries in");
}

TEST(Image, test_reject_more_bytes_than_there_are) {
    expect_refused([](const image &at) { at.head.bytes += BOOT_IMAGE_ALIGN; }, "3 entries in");
}

TEST(Image, test_reject_table_beyond_the_image) {
    expect_refused([](const image &at) { at.head.bytes = 0; }, "3 entries in");
}

TEST(Image, test_reject_more_secret_pages_than_there_are) {
    expect_refused([](const image &at) { at.head.secret_pages = UINT32_MAX; }, "are secret pages");
    expect_refused(
        [](const image &at) {
            at.head.secret_pages = static_cast<std::uint32_t>(at.head.bytes / BOOT_IMAGE_ALIGN);
        },
        "are secret pages");
    expect_booted(hide_other);
}

TEST(Image, test_reject_file_that_is_secret_in_part) {
    expect_refused(
        [](const image &at) {
            hide_other(at);
            at.entries[INIT].bytes = at.entries[OTHER].offset - at.entries[INIT].offset + 1;
        },
        "init is secret in part");
    expect_booted([](const image &at) {
        hide_other(at);
        at.entries[INIT].bytes = at.entries[OTHER].offset - at.entries[INIT].offset;
    });
}

TEST(Image, test_reject_other_number_of_harts) {
    expect_refused([](const image &at) { at.head.hart_count = HARTS + 1; },
                   "is for 3 harts, the machine has 2");
}

TEST(Image, test_reject_entry_without_a_name) {
    expect_refused([](const image &at) { at.entries[OTHER].name[0] = 0; },
                   "entry 2 has no proper name");
}

TEST(Image, test_reject_name_without_an_end) {
    expect_refused(
        [](const image &at) { std::memset(at.entries[OTHER].name, 'x', BOOT_IMAGE_NAME_BYTES); },
        "entry 2 has no proper name");
}

TEST(Image, test_reject_entry_outside) {
    expect_refused([](const image &at) { at.entries[OTHER].offset += 8; }, "other lies outside");
    expect_refused([](const image &at) { at.entries[OTHER].offset = 0; }, "other lies outside");
    expect_refused([](const image &at) { at.entries[OTHER].offset = at.head.bytes; },
                   "other lies outside");
    expect_refused(
        [](const image &at) {
            at.entries[OTHER].bytes = at.head.bytes - at.entries[OTHER].offset + 1;
        },
        "other lies outside");
    expect_booted([](const image &at) {
        at.entries[OTHER].bytes = at.head.bytes - at.entries[OTHER].offset;
    });
}

TEST(Image, test_reject_unknown_kind) {
    expect_refused([](const image &at) { at.entries[OTHER].kind = 0; }, "other has unknown kind 0");
    expect_refused([](const image &at) { at.entries[OTHER].kind = BOOT_IMAGE_DATA + 1; },
                   "other has unknown kind 4");
    expect_booted([](const image &at) {
        at.entries[OTHER].kind = BOOT_IMAGE_DATA;
        at.entries[OTHER].service_id = 0;
    });
}

TEST(Image, test_reject_wrong_service_id) {
    expect_refused([](const image &at) { at.entries[OTHER].service_id++; },
                   "other has a wrong service_id");
    expect_refused([](const image &at) { at.entries[MANIFEST].service_id++; },
                   "manifest has a wrong service_id");
}

TEST(Image, test_reject_no_manifest) {
    expect_refused([](const image &at) { at.entries[MANIFEST].kind = BOOT_IMAGE_DATA; },
                   "no manifest");
    expect_refused(
        [](const image &at) { at.entries[MANIFEST].bytes = sizeof(manifest_header) - 1; },
        "no manifest");
}

TEST(Image, test_reject_malformed_manifest) {
    expect_refused([](const image &at) { at.manifest.magic++; }, "malformed manifest");
    expect_refused([](const image &at) { at.manifest.service_count = MANIFEST_SERVICE_MAX + 1; },
                   "malformed manifest");
    expect_refused([](const image &at) { at.manifest.grant_count = MANIFEST_GRANT_MAX + 1; },
                   "malformed manifest");
    const auto needed = [](const image &at) {
        return sizeof(manifest_header) + at.manifest.service_count * sizeof(manifest_service) +
               at.manifest.grant_count * sizeof(manifest_grant);
    };
    expect_refused([&](const image &at) { at.entries[MANIFEST].bytes = needed(at) - 1; },
                   "malformed manifest");
    expect_booted([&](const image &at) { at.entries[MANIFEST].bytes = needed(at); });
}

TEST(Image, test_reject_no_init) {
    expect_refused(
        [](const image &at) {
            at.entries[INIT].kind = BOOT_IMAGE_DATA;
            at.entries[INIT].service_id = 0;
        },
        "no program named init");
}

TEST(Image, test_reject_init_that_is_no_program) {
    expect_refused([](const image &at) { at.entries[INIT].bytes = 8; }, "init: BAD_IMAGE");
}

TEST(Image, test_reject_an_arena_that_is_too_large) {
    expect_refused(
        [](const image &at) {
            auto *services = reinterpret_cast<manifest_service *>(&at.manifest + 1);
            auto *grants = reinterpret_cast<manifest_grant *>(services + at.manifest.service_count);
            grants[0].badge = 65;
        },
        "no DMA arena of 65 pages");
}

}  // namespace
