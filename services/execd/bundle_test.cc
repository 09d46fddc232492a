// services/execd/bundle_test.cc: bundles that are taken, and one test for each way in which one is
// not: nothing of a refused bundle is used.
#include "services/execd/bundle.h"

#include <gtest/gtest.h>

#include "testing/sim/bundle_for_test.h"

namespace {

using namespace bundle_test;

bundle two_programs() {
    bundle made;
    made.add("first");
    made.add("second");
    return made;
}

// The view stays as it was.
void expect_flaw(const std::vector<std::uint64_t> &words, bundle_flaw flaw,
                 elf_reject elf = ELF_REJECT_NONE) {
    bundle_view view{nullptr, nullptr, 77};
    const bundle_verdict verdict = open(words, &view);
    EXPECT_EQ(verdict.flaw, flaw) << bundle_flaw_text(verdict.flaw);
    EXPECT_EQ(verdict.elf, elf) << elf_reject_name(verdict.elf);
    EXPECT_EQ(view.program_count, 77U);
    EXPECT_EQ(view.programs, nullptr);
}

void expect_elf(std::vector<std::uint8_t> file, elf_reject elf) {
    bundle made;
    made.add("first");
    made.add("second", file);
    bundle_view view{};
    EXPECT_EQ(open(made.bytes(), &view).program, 1U);
    expect_flaw(made.bytes(), BUNDLE_FLAW_PROGRAM, elf);
}

TEST(Bundle, programs_are_found_by_their_ids) {
    const std::vector<std::uint64_t> words = two_programs().bytes();
    bundle_view view{};
    ASSERT_EQ(open(words, &view).flaw, BUNDLE_FLAW_NONE);
    EXPECT_EQ(view.program_count, 2U);
    const bundle_program *second = bundle_find(&view, program_id_of("second", 6));
    ASSERT_NE(second, nullptr);
    EXPECT_STREQ(second->name, "second");
    EXPECT_NE(second->service_id & SERVICE_ID_TOP_BIT, 0U);
    EXPECT_EQ(bundle_find(&view, program_id_of("third", 5)), nullptr);
    EXPECT_EQ(bundle_find(&view, service_id_of("second", 6)), nullptr);
}

TEST(Bundle, as_many_programs_as_there_may_be) {
    bundle made;
    for (char letter = 'a'; letter < 'a' + BUNDLE_PROGRAM_MAX; letter++) {
        made.add(std::string(1, letter));
    }
    bundle_view view{};
    EXPECT_EQ(open(made.bytes(), &view).flaw, BUNDLE_FLAW_NONE);
    made.add("z");
    expect_flaw(made.bytes(), BUNDLE_FLAW_HEADER);
}

TEST(Bundle, test_reject_header) {
    const std::vector<std::uint64_t> good = two_programs().bytes();
    for (std::size_t byte = 0; byte < sizeof(bundle_header); byte++) {
        std::vector<std::uint64_t> words = good;
        reinterpret_cast<std::uint8_t *>(words.data())[byte] ^= 0x40;
        expect_flaw(words, BUNDLE_FLAW_HEADER);
    }
    auto *header = reinterpret_cast<bundle_header *>(const_cast<std::uint64_t *>(good.data()));
    header->program_count = 0;
    expect_flaw(good, BUNDLE_FLAW_HEADER);
}

TEST(Bundle, test_reject_length) {
    const std::vector<std::uint64_t> words = two_programs().bytes();
    bundle_view view{};
    for (const std::uint64_t count :
         {UINT64_C(0), UINT64_C(31), UINT64_C(32), words.size() * 8 - 8, words.size() * 8 - 4096}) {
        EXPECT_EQ(bundle_open(words.data(), count, &view).flaw, BUNDLE_FLAW_HEADER) << count;
    }
    const auto *unaligned = reinterpret_cast<const std::uint8_t *>(words.data()) + 4;
    EXPECT_EQ(bundle_open(unaligned, words.size() * 8 - 8, &view).flaw, BUNDLE_FLAW_HEADER);
}

TEST(Bundle, test_reject_name) {
    for (const char *name : {"", "A", "1st", "a-b", "a b", "a\x80"}) {
        bundle made = two_programs();
        bundle_program &one = made.program(0);
        std::memset(one.name, 0, sizeof(one.name));
        std::strcpy(one.name, name);
        one.service_id = program_id_of(name, std::strlen(name));
        expect_flaw(made.bytes(), BUNDLE_FLAW_NAME);
    }
    bundle no_end = two_programs();
    std::memset(no_end.program(1).name, 't', BUNDLE_NAME_BYTES);
    expect_flaw(no_end.bytes(), BUNDLE_FLAW_NAME);
    bundle behind = two_programs();
    behind.program(1).name[BUNDLE_NAME_BYTES - 1] = 'x';
    expect_flaw(behind.bytes(), BUNDLE_FLAW_NAME);
}

TEST(Bundle, test_reject_order) {
    bundle falling;
    falling.add("second");
    falling.add("first");
    expect_flaw(falling.bytes(), BUNDLE_FLAW_ORDER);
    bundle twice;
    twice.add("first");
    twice.add("first");
    expect_flaw(twice.bytes(), BUNDLE_FLAW_ORDER);
}

// Nobody gets the id of another program, nor that of a service.
TEST(Bundle, test_reject_id) {
    bundle of_other = two_programs();
    of_other.program(1).service_id = program_id_of("first", 5);
    expect_flaw(of_other.bytes(), BUNDLE_FLAW_ID);
    bundle of_service = two_programs();
    of_service.program(0).service_id = service_id_of("first", 5);
    expect_flaw(of_service.bytes(), BUNDLE_FLAW_ID);
}

TEST(Bundle, test_reject_limits) {
    const std::uint64_t normal = task_ceiling_pack(QOS_NORMAL);
    for (const std::uint64_t limits :
         {usual_limits() | UINT64_C(1) << 63, task_limits_pack({0, 0, 1, 1, 63}) | normal,
          task_limits_pack({48, 0, 1, 1, 0}) | normal, task_limits_pack({48, 1, 1, 1, 63}) | normal,
          task_limits_pack({48, 0, 1, 1, 63}),
          task_limits_pack({48, 0, 1, 1, 63}) | UINT64_C(5) << TASK_LIMIT_QOS_SHIFT}) {
        bundle made = two_programs();
        made.program(1).limits = limits;
        expect_flaw(made.bytes(), BUNDLE_FLAW_LIMITS);
    }
}

TEST(Bundle, test_reject_shares) {
    bundle whole = two_programs();
    whole.program(1).shares = task_shares_pack({TASK_SHARE_CPU_MAX, 0});
    bundle_view view{};
    EXPECT_EQ(open(whole.bytes(), &view).flaw, BUNDLE_FLAW_NONE);
    for (const std::uint64_t shares :
         {task_shares_pack({TASK_SHARE_CPU_MAX + 1, 0}), UINT64_C(1) << TASK_SHARE_BITS}) {
        bundle made = two_programs();
        made.program(1).shares = shares;
        expect_flaw(made.bytes(), BUNDLE_FLAW_LIMITS);
    }
}

TEST(Bundle, test_reject_flags) {
    bundle unknown = two_programs();
    unknown.program(0).flags |= BUNDLE_FLAGS + 1;
    expect_flaw(unknown.bytes(), BUNDLE_FLAW_FLAGS);
    bundle no_slot = two_programs();
    no_slot.program(0).limits = task_limits_pack({48, 0, 1, 1, 62}) | task_ceiling_pack(QOS_IDLE);
    expect_flaw(no_slot.bytes(), BUNDLE_FLAW_FLAGS);
    for (const std::uint32_t at_once : {0, BUNDLE_AT_ONCE_MAX + 1}) {
        bundle made = two_programs();
        made.program(0).at_once = at_once;
        expect_flaw(made.bytes(), BUNDLE_FLAW_FLAGS);
    }
}

TEST(Bundle, test_reject_bounds) {
    const std::uint64_t size = two_programs().bytes().size() * 8;
    const std::pair<std::uint64_t, std::uint64_t> places[] = {
        {0, ELF_BYTES},                    // The table.
        {BUNDLE_ALIGN + 8, ELF_BYTES},     // Not on a page.
        {size, 1},                         // Behind the end.
        {size - BUNDLE_ALIGN, 4097},       // Over it.
        {UINT64_MAX - 4095, ELF_BYTES},    // Around the end of numbers.
        {BUNDLE_ALIGN, UINT64_MAX - 100},  //
        {BUNDLE_ALIGN, 0},
    };
    for (const auto &[offset, bytes] : places) {
        bundle made = two_programs();
        made.program(0).offset = offset;
        made.program(0).bytes = bytes;
        expect_flaw(made.bytes(), BUNDLE_FLAW_BOUNDS);
    }
}

TEST(Bundle, test_reject_overlap) {
    bundle same = two_programs();
    same.program(1).offset = same.program(0).offset;
    expect_flaw(same.bytes(), BUNDLE_FLAW_OVERLAP);
    bundle longer = two_programs();
    longer.program(0).bytes = 2 * BUNDLE_ALIGN + 1;
    expect_flaw(longer.bytes(), BUNDLE_FLAW_OVERLAP);
}

TEST(Bundle, test_reject_writable_code) {
    std::vector<std::uint8_t> file = small_elf();
    put<std::uint32_t>(file, TEXT_HEADER_AT + HEADER_FLAGS, 4 | 2 | 1);
    expect_elf(file, ELF_REJECT_WRITE_EXECUTE);
}

TEST(Bundle, test_reject_entry_outside_code) {
    expect_elf(small_elf(BUNDLE_ALIGN), ELF_REJECT_ENTRY);  // In the data.
    expect_elf(small_elf(16 * BUNDLE_ALIGN), ELF_REJECT_ENTRY);
}

TEST(Bundle, test_reject_segments_that_overlap) {
    std::vector<std::uint8_t> file = small_elf();
    put<std::uint64_t>(file, DATA_HEADER_AT + HEADER_ADDRESS, USER_IMAGE_MIN);
    expect_elf(file, ELF_REJECT_OVERLAP);
}

TEST(Bundle, test_reject_segment_outside_file) {
    std::vector<std::uint8_t> file = small_elf();
    put<std::uint64_t>(file, DATA_HEADER_AT + HEADER_OFFSET, UINT64_C(8) * BUNDLE_ALIGN);
    expect_elf(file, ELF_REJECT_BOUNDS);
}

TEST(Bundle, test_reject_segment_outside_user_space) {
    std::vector<std::uint8_t> file = small_elf();
    put<std::uint64_t>(file, DATA_HEADER_AT + HEADER_MEMORY, USER_IMAGE_MAX);
    expect_elf(file, ELF_REJECT_ADDRESS);
}

TEST(Bundle, test_reject_what_is_no_program) {
    expect_elf(std::vector<std::uint8_t>(BUNDLE_ALIGN, 7), ELF_REJECT_MAGIC);
    expect_elf(std::vector<std::uint8_t>(63, 7), ELF_REJECT_SHORT);
}

TEST(Bundle, test_reject_abi_version) {
    std::vector<std::uint8_t> file = small_elf();
    put<std::uint32_t>(file, NOTE_AT + 20, ABI_VERSION + 1);
    expect_elf(file, ELF_REJECT_VERSION);
}

TEST(Bundle, every_flaw_has_a_text) {
    for (std::uint32_t i = 0; i < BUNDLE_FLAW_COUNT; i++) {
        EXPECT_STRNE(bundle_flaw_text(static_cast<bundle_flaw>(i)), "?");
    }
    EXPECT_STREQ(bundle_flaw_text(BUNDLE_FLAW_COUNT), "?");
}

}  // namespace
