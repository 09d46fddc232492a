// tools/mkimage/image_bytes_test.cc: what is written is what the structs of kernel/abi read.
#include "tools/mkimage/image_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernel/abi/cap.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/task.h"
#include "tools/mkimage/manifest.h"

namespace mkimage {
namespace {

template <typename Struct>
Struct read_at(const std::string &bytes, std::size_t at) {
    Struct out;
    EXPECT_LE(at + sizeof(out), bytes.size());
    std::memcpy(&out, bytes.data() + at, sizeof(out));
    return out;
}

TEST(ImageBytes, image_reads_back) {
    std::string image;
    std::string error;
    ASSERT_TRUE(build_image({{"timed", BOOT_IMAGE_PROGRAM, "program"},
                             {"manifest", BOOT_IMAGE_MANIFEST, std::string(5000, 'm')}},
                            2, image, error));
    const auto header = read_at<boot_image_header>(image, 0);
    EXPECT_EQ(header.magic, BOOT_IMAGE_MAGIC);
    EXPECT_EQ(header.abi_version, ABI_VERSION);
    EXPECT_EQ(header.entry_count, 2U);
    EXPECT_EQ(header.bytes, image.size());
    EXPECT_EQ(header.hart_count, 2U);
    EXPECT_EQ(image.size(), 4U * BOOT_IMAGE_ALIGN);
    const auto first = read_at<boot_image_entry>(image, sizeof(header));
    EXPECT_STREQ(first.name, "timed");
    EXPECT_EQ(first.service_id, service_id_of("timed"));
    EXPECT_EQ(first.offset, static_cast<std::uint64_t>(BOOT_IMAGE_ALIGN));
    EXPECT_EQ(image.substr(first.offset, first.bytes), "program");
    const auto second = read_at<boot_image_entry>(image, sizeof(header) + sizeof(first));
    EXPECT_EQ(second.kind, static_cast<std::uint32_t>(BOOT_IMAGE_MANIFEST));
    EXPECT_EQ(second.service_id, 0U);
    EXPECT_EQ(second.offset, 2U * BOOT_IMAGE_ALIGN);
    EXPECT_EQ(second.bytes, 5000U);
}

TEST(ImageBytes, test_reject_too_many_files_and_improper_names) {
    std::string image;
    std::string error;
    EXPECT_FALSE(
        build_image(std::vector<image_file>(65, {"x", BOOT_IMAGE_DATA, ""}), 1, image, error));
    EXPECT_EQ(error, "more than 64 files");
    EXPECT_FALSE(build_image({{std::string(32, 'x'), BOOT_IMAGE_DATA, ""}}, 1, image, error));
    EXPECT_TRUE(image.empty());
}

TEST(ImageBytes, manifest_reads_back) {
    const manifest_result result = manifest_read(
        "service aa\nfinal\nhart 1\nargument 7\nrestarts 2\nqos burst\nlimit pages 77 vmos 9 "
        "grants 3 cpu "
        "250\nslot "
        "2 route "
        "init call\nslot 3 endpoint recv\n"
        "service bb\nprogram aa\nslot 5 route aa send badge 3\nslot 4 factory endpoint task of aa\n"
        "slot 6 factory endpoint\nslot 7 factory task of *\n",
        {.programs = {"aa"}, .hart_count = 2});
    ASSERT_TRUE(result.mistakes.empty()) << mistake_text("m", result.mistakes[0]);
    const std::string bytes = manifest_binary(result.contents);
    const auto header = read_at<manifest_header>(bytes, 0);
    EXPECT_EQ(header.magic, MANIFEST_MAGIC);
    ASSERT_EQ(header.service_count, 2U);
    ASSERT_EQ(header.grant_count, 6U);
    const auto first = read_at<manifest_service>(bytes, sizeof(header));
    EXPECT_STREQ(first.name, "aa");
    EXPECT_EQ(first.service_id, service_id_of("aa"));
    EXPECT_EQ(first.hart, 1U);
    EXPECT_EQ(first.argument, 7U);
    EXPECT_EQ(first.restart_budget, 2U);
    EXPECT_EQ(first.limits, task_limits_pack({77, 0, 2, 9, 63}) | task_ceiling_pack(QOS_BURST));
    EXPECT_EQ(first.shares, task_shares_pack({250, 3}));
    const auto second = read_at<manifest_service>(bytes, sizeof(header) + sizeof(first));
    EXPECT_EQ(second.shares, 0U);
    EXPECT_STREQ(second.program, "aa");
    EXPECT_EQ(task_ceiling_unpack(second.limits), static_cast<unsigned>(QOS_NORMAL));
    EXPECT_EQ(second.grant_first, 2U);
    EXPECT_EQ(second.grant_count, 4U);
    EXPECT_EQ(second.hart, static_cast<std::uint32_t>(MANIFEST_HART_ANY));
    const std::size_t grants = sizeof(header) + 2 * sizeof(first);
    EXPECT_EQ(bytes.size(), grants + 6 * sizeof(manifest_grant));
    EXPECT_EQ(read_at<manifest_grant>(bytes, grants).target,
              static_cast<std::uint32_t>(MANIFEST_TARGET_INIT));
    const auto route = read_at<manifest_grant>(bytes, grants + 2 * sizeof(manifest_grant));
    EXPECT_EQ(route.kind, static_cast<std::uint32_t>(MANIFEST_GRANT_ROUTE));
    EXPECT_EQ(route.slot, 5U);
    EXPECT_EQ(route.rights, static_cast<std::uint32_t>(RIGHT_SEND));
    EXPECT_EQ(route.badge, 3U);
    EXPECT_EQ(route.target, 0U);
    EXPECT_EQ(read_at<manifest_grant>(bytes, grants + 4 * sizeof(manifest_grant)).target,
              static_cast<std::uint32_t>(MANIFEST_HART_ANY));
    EXPECT_EQ(read_at<manifest_grant>(bytes, grants + 5 * sizeof(manifest_grant)).target,
              static_cast<std::uint32_t>(MANIFEST_TARGET_PROGRAMS));
}

void put(std::string &bytes, std::size_t at, std::uint64_t value, std::size_t count) {
    for (std::size_t byte = 0; byte < count; byte++) {
        bytes[at + byte] = static_cast<char>(value >> (8 * byte));
    }
}

// One read-execute segment of 16 bytes at file offset 0x1000, an ABI note before it, and 500 bytes
// of sections behind it.
std::string small_program() {
    std::string elf(0x1010 + 500, 'S');
    std::fill_n(elf.begin(), 0x1000, '\0');
    elf.replace(0, 7,
                std::string("\x7f"
                            "ELF\x02\x01\x01",
                            7));
    put(elf, 16, 2, 2);        // An executable,
    put(elf, 18, 243, 2);      // for RISC-V.
    put(elf, 24, 0x10000, 8);  // Entry.
    put(elf, 32, 64, 8);       // Program headers,
    put(elf, 54, 56, 2);       // of this size,
    put(elf, 56, 2, 2);        // so many.
    put(elf, 40, 0x1010, 8);   // Section headers,
    put(elf, 60, 5, 2);        // so many,
    put(elf, 62, 4, 2);        // names in this one.
    const std::size_t load = 64;
    put(elf, load, 1, 4);
    put(elf, load + 4, 5, 4);
    put(elf, load + 8, 0x1000, 8);
    put(elf, load + 16, 0x10000, 8);
    put(elf, load + 32, 16, 8);
    put(elf, load + 40, 16, 8);
    const std::size_t note = 64 + 56;
    put(elf, note, 4, 4);
    put(elf, note + 8, 0x200, 8);
    put(elf, note + 32, 24, 8);
    put(elf, note + 40, 24, 8);
    put(elf, 0x200, sizeof(ABI_NOTE_NAME), 4);
    put(elf, 0x204, 4, 4);
    put(elf, 0x208, ABI_NOTE_TYPE, 4);
    elf.replace(0x20c, sizeof(ABI_NOTE_NAME), std::string(ABI_NOTE_NAME, sizeof(ABI_NOTE_NAME)));
    put(elf, 0x214, ABI_VERSION, 4);
    return elf;
}

TEST(ImageBytes, program_loses_what_no_segment_holds) {
    std::string elf = small_program();
    std::string error;
    ASSERT_TRUE(reduce_program(elf, error)) << error;
    EXPECT_EQ(elf.size(), 0x1010U);
    EXPECT_EQ(read_at<std::uint64_t>(elf, 40), 0U) << "section headers";
    EXPECT_EQ(read_at<std::uint32_t>(elf, 60), 0U) << "their count and names";
    std::string again = elf;
    EXPECT_TRUE(reduce_program(again, error)) << "the rest is still a program: " << error;
    EXPECT_EQ(again, elf);
}

TEST(ImageBytes, test_reject_writable_and_executable_program) {
    std::string elf = small_program();
    put(elf, 64 + 4, 7, 4);
    const std::string before = elf;
    std::string error;
    EXPECT_FALSE(reduce_program(elf, error));
    EXPECT_EQ(error, "a segment is writable and executable");
    EXPECT_EQ(elf, before);
}

TEST(ImageBytes, test_reject_what_is_no_program) {
    std::string error;
    std::string text = "#!/bin/sh\n" + std::string(100, ' ');
    EXPECT_FALSE(reduce_program(text, error));
    EXPECT_EQ(error, "not an ELF64 little-endian file");
    std::string empty;
    EXPECT_FALSE(reduce_program(empty, error));
    EXPECT_EQ(error, "shorter than its headers say");
}

}  // namespace
}  // namespace mkimage
