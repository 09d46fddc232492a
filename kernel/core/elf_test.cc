// kernel/core/elf_test.cc: a good program is read as it is; each reason to refuse one has a test.
// No refused byte may be touched: runs under ASan.
#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "kernel/core/arch.h"
#include "kernel/core/elf.h"
}

namespace {

struct Header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_header_count, section_header_bytes,
        section_header_count, section_names;
};
static_assert(sizeof(Header) == 64);

struct Segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, align;
};
static_assert(sizeof(Segment) == 56);

struct Note {
    uint32_t name_bytes, desc_bytes, type;
    char name[8];
    uint32_t version;
};
static_assert(sizeof(Note) == 24);

constexpr uint32_t kLoad = 1, kNote = 4, kStack = 0x6474e551;
constexpr uint32_t kX = 1, kW = 2, kR = 4;

// A small program: text, data with zeroed memory behind it, a note and a stack.
struct Program {
    Header header{};
    std::vector<Segment> segments;
    Note note{8, 4, ABI_NOTE_TYPE, "Tessera", ABI_VERSION};
    uint64_t bytes = 0x3000;

    Program() {
        const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        std::memcpy(header.ident, ident, sizeof(ident));
        header.type = 2;
        header.machine = 243;
        header.entry = 0x10010;
        header.program_headers = sizeof(Header);
        header.program_header_bytes = sizeof(Segment);
        segments = {
            {kLoad, kR | kX, 0x1000, 0x10000, 0, 0x200, 0x200, 0x1000},
            {kLoad, kR | kW, 0x2000, 0x12000, 0, 0x100, 0x1800, 0x1000},
            {kNote, kR, 0x800, 0, 0, sizeof(Note), 0, 4},
            {kStack, kR | kW, 0, 0, 0, 0, 0x2000, 16},
        };
    }

    uint64_t head_bytes = UINT64_MAX;  // What can be read of the file, if less than all.
    const void *more = nullptr;        // Instead of the note.
    size_t more_bytes = 0;
    const Segment *behind = nullptr;  // One more than the header says.

    enum elf_reject Read(elf_program *out) {
        header.program_header_count = static_cast<uint16_t>(segments.size());
        std::vector<uint64_t> words((bytes + 7) / 8);
        auto *file = reinterpret_cast<uint8_t *>(words.data());
        auto put = [&](uint64_t at, const void *from, size_t count) {
            if (at < bytes) {
                std::memcpy(file + at, from, std::min<uint64_t>(count, bytes - at));
            }
        };
        put(0, &header, sizeof(header));
        put(sizeof(Header), segments.data(), segments.size() * sizeof(Segment));
        if (behind != nullptr) {
            put(sizeof(Header) + segments.size() * sizeof(Segment), behind, sizeof(Segment));
        }
        put(0x800, &note, sizeof(note));
        if (more != nullptr) {
            put(0x800, more, more_bytes);
        }
        return head_bytes < bytes ? elf_read_head(file, head_bytes, bytes, out)
                                  : elf_read(file, bytes, out);
    }
};

TEST(Elf, ReadsAGoodProgram) {
    Program program;
    elf_program out{};
    ASSERT_EQ(program.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.entry, 0x10010u);
    EXPECT_EQ(out.stack_bytes, 0x2000u);
    ASSERT_EQ(out.segment_count, 2u);
    EXPECT_EQ(out.segments[0].access, uint32_t{ARCH_READ | ARCH_EXECUTE});
    EXPECT_EQ(out.segments[1].access, uint32_t{ARCH_READ | ARCH_WRITE});
    EXPECT_EQ(out.segments[1].file_bytes, 0x100u);
    EXPECT_EQ(out.segments[1].memory_bytes, 0x1800u);
}

TEST(Elf, GivesADefaultStack) {
    Program program;
    program.segments.pop_back();
    elf_program out{};
    ASSERT_EQ(program.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.stack_bytes, USER_STACK_BYTES);
}

// Each at the last value that is accepted.
TEST(Elf, ReadsWhatIsJustWithinItsLimits) {
    elf_program out{};
    Program rows;
    rows.segments.resize(16);
    EXPECT_EQ(rows.Read(&out), ELF_REJECT_NONE);
    Program stack;
    stack.segments[3].memory_bytes = USER_STACK_BYTES_MAX;
    EXPECT_EQ(stack.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.stack_bytes, USER_STACK_BYTES_MAX);
    stack.segments[3].memory_bytes = 0x1001;
    EXPECT_EQ(stack.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.stack_bytes, 0x2000u);
    for (uint64_t entry : {0x10000, 0x101fe}) {
        Program program;
        program.header.entry = entry;
        EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
        EXPECT_EQ(out.entry, entry);
    }
    Program whole_page;
    whole_page.segments[0].file_bytes = whole_page.segments[0].memory_bytes = 0x1000;
    whole_page.segments[1].address = 0x11000;
    EXPECT_EQ(whole_page.Read(&out), ELF_REJECT_NONE);
}

// Each at the last value that is accepted, of what lies in the middle of something.
TEST(Elf, ReadsWhatIsWithinByOneByte) {
    elf_program out{};
    Program text;
    text.segments[0].file_bytes = text.segments[0].memory_bytes = 0x201;
    text.header.entry = 0x10200;  // In its last byte.
    EXPECT_EQ(text.Read(&out), ELF_REJECT_NONE);
    Program execute_only;
    execute_only.segments[0].flags = kX;
    EXPECT_EQ(execute_only.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.segments[0].access, uint32_t{ARCH_EXECUTE});
    // Notes without a body, and then its own: at most eight are looked at.
    for (const auto &[before, reject] :
         {std::pair{7u, ELF_REJECT_NONE}, std::pair{8u, ELF_REJECT_VERSION}}) {
        std::vector<uint32_t> notes(3 * before);
        const Note own{8, 4, ABI_NOTE_TYPE, "Tessera", ABI_VERSION};
        notes.resize(notes.size() + sizeof(own) / 4);
        std::memcpy(notes.data() + 3 * before, &own, sizeof(own));
        Program many;
        many.more = notes.data();
        many.more_bytes = 4 * notes.size();
        many.segments[2].file_bytes = many.more_bytes;
        EXPECT_EQ(many.Read(&out), reject) << before;
    }
}

// What is in memory behind the header's list, or behind the list that was made, is none of it.
TEST(Elf, LooksAtNothingBehindItsLists) {
    elf_program out{};
    Program program;
    const Segment behind{kLoad, kR | kW | kX, 0x2000, 0x12000, 0, 0x100, 0x1800, 0x1000};
    program.behind = &behind;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
    std::memset(static_cast<void *>(&out), 0, sizeof(out));
    out.segments[2] = {0x20000, 0x1000, 0, 0, ARCH_READ | ARCH_EXECUTE, 0};
    program.header.entry = 0x20000;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_ENTRY);
}

TEST(Elf, FindsItsNoteBehindAnothers) {
    struct {
        Note first{5, 3, ABI_NOTE_TYPE, "Else", 0};
        Note second{8, 4, ABI_NOTE_TYPE, "Tessera", ABI_VERSION};
    } notes;
    Program program;
    program.segments[2].file_bytes = sizeof(notes);
    program.more = &notes;
    program.more_bytes = sizeof(notes);
    elf_program out{};
    EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
    notes.first = {8, 4, ABI_NOTE_TYPE + 1, "Tessera", ABI_VERSION};
    EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
    notes.second.type++;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_VERSION);
}

TEST(Elf, SkipsEmptySegments) {
    Program program;
    program.segments.push_back({kLoad, kR, 0, 0, 0, 0, 0, 1});
    elf_program out{};
    EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
    EXPECT_EQ(out.segment_count, 2u);
}

struct Refusal {
    const char *name;
    enum elf_reject reason;
    std::function<void(Program &)> spoil;
};

void PrintTo(const Refusal &refusal, std::ostream *out) {
    *out << refusal.name;
}

class ElfRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(ElfRefusal, test_reject_program) {
    Program program;
    GetParam().spoil(program);
    elf_program out{};
    EXPECT_STREQ(elf_reject_name(program.Read(&out)), elf_reject_name(GetParam().reason));
}

const Refusal kRefusals[] = {
    {"empty_file", ELF_REJECT_SHORT, [](Program &p) { p.bytes = 0; }},
    {"half_a_header", ELF_REJECT_SHORT, [](Program &p) { p.bytes = 63; }},
    {"table_past_the_end", ELF_REJECT_SHORT,
     [](Program &p) { p.header.program_headers = 0x3000 - 56; }},
    {"table_offset_wraps", ELF_REJECT_SHORT,
     [](Program &p) { p.header.program_headers = UINT64_MAX - 7; }},
    {"table_misaligned", ELF_REJECT_SHORT, [](Program &p) { p.header.program_headers = 65; }},
    {"wrong_magic", ELF_REJECT_MAGIC, [](Program &p) { p.header.ident[0] = 0; }},
    {"elf32", ELF_REJECT_MAGIC, [](Program &p) { p.header.ident[4] = 1; }},
    {"big_endian", ELF_REJECT_MAGIC, [](Program &p) { p.header.ident[5] = 2; }},
    {"x86_64", ELF_REJECT_MACHINE, [](Program &p) { p.header.machine = 62; }},
    {"shared_object", ELF_REJECT_MACHINE, [](Program &p) { p.header.type = 3; }},
    {"odd_table_rows", ELF_REJECT_SEGMENTS, [](Program &p) { p.header.program_header_bytes = 32; }},
    {"no_rows", ELF_REJECT_SEGMENTS, [](Program &p) { p.segments.clear(); }},
    {"too_many_rows", ELF_REJECT_SEGMENTS, [](Program &p) { p.segments.resize(17); }},
    {"no_loadable_segment", ELF_REJECT_SEGMENTS,
     [](Program &p) { p.segments.erase(p.segments.begin(), p.segments.begin() + 2); }},
    {"no_access_at_all", ELF_REJECT_SEGMENTS, [](Program &p) { p.segments[0].flags = 0; }},
    {"too_many_segments", ELF_REJECT_SEGMENTS,
     [](Program &p) {
         for (uint64_t i = 0; i < 7; i++) {
             p.segments.push_back({kLoad, kR, 0x1000, 0x20000 + i * 0x1000, 0, 8, 8, 0x1000});
         }
     }},
    {"file_bytes_past_the_end", ELF_REJECT_BOUNDS,
     [](Program &p) { p.segments[1].file_bytes = p.segments[1].memory_bytes = 0x1001; }},
    {"offset_past_the_end", ELF_REJECT_BOUNDS, [](Program &p) { p.segments[0].offset = 0x10000; }},
    {"offset_wraps", ELF_REJECT_BOUNDS,
     [](Program &p) { p.segments[0].offset = UINT64_MAX - 0xfff; }},
    {"more_in_file_than_in_memory", ELF_REJECT_BOUNDS,
     [](Program &p) { p.segments[1].memory_bytes = 0xff; }},
    {"zeroed_memory_without_write", ELF_REJECT_BOUNDS,
     [](Program &p) { p.segments[0].memory_bytes = 0x300; }},
    {"below_the_image_range", ELF_REJECT_ADDRESS, [](Program &p) { p.segments[0].address = 0; }},
    {"in_the_kernel_half", ELF_REJECT_ADDRESS,
     [](Program &p) { p.segments[0].address = 0xffffffc080200000; }},
    {"across_the_end_of_the_range", ELF_REJECT_ADDRESS,
     [](Program &p) { p.segments[1].address = USER_IMAGE_MAX - 0x1000; }},
    {"memory_size_wraps", ELF_REJECT_ADDRESS,
     [](Program &p) { p.segments[1].memory_bytes = UINT64_MAX - 0x100; }},
    {"offset_not_congruent", ELF_REJECT_ALIGNMENT,
     [](Program &p) { p.segments[0].offset = 0x1008; }},
    {"same_page_twice", ELF_REJECT_OVERLAP, [](Program &p) { p.segments[1].address = 0x10000; }},
    {"shares_the_last_page", ELF_REJECT_OVERLAP,
     [](Program &p) {
         p.segments[1].address = 0x10800;
         p.segments[1].offset = 0x2800;
     }},
    {"shares_one_byte_of_a_page", ELF_REJECT_OVERLAP,
     [](Program &p) {
         p.bytes = 0x4000;
         p.segments[0].file_bytes = p.segments[0].memory_bytes = 0x1001;
         p.segments[1].address = 0x11100;
         p.segments[1].offset = 0x3100;
     }},
    {"falling_order", ELF_REJECT_OVERLAP,
     [](Program &p) { std::swap(p.segments[0], p.segments[1]); }},
    {"write_and_execute", ELF_REJECT_WRITE_EXECUTE,
     [](Program &p) { p.segments[1].flags = kR | kW | kX; }},
    {"entry_in_data", ELF_REJECT_ENTRY, [](Program &p) { p.header.entry = 0x12000; }},
    {"entry_past_the_text", ELF_REJECT_ENTRY, [](Program &p) { p.header.entry = 0x10200; }},
    {"entry_odd", ELF_REJECT_ENTRY, [](Program &p) { p.header.entry = 0x10011; }},
    {"stack_too_large", ELF_REJECT_STACK,
     [](Program &p) { p.segments[3].memory_bytes = USER_STACK_BYTES_MAX + 1; }},
    {"no_note", ELF_REJECT_VERSION, [](Program &p) { p.segments.erase(p.segments.begin() + 2); }},
    {"wrong_abi_version", ELF_REJECT_VERSION, [](Program &p) { p.note.version = ABI_VERSION + 1; }},
    {"note_of_somebody_else", ELF_REJECT_VERSION, [](Program &p) { p.note.name[0] = 'X'; }},
    {"note_cut_short", ELF_REJECT_VERSION, [](Program &p) { p.segments[2].file_bytes = 20; }},
    {"note_without_its_last_byte", ELF_REJECT_VERSION,
     [](Program &p) { p.segments[2].file_bytes = sizeof(Note) - 1; }},
    {"note_past_the_end", ELF_REJECT_VERSION, [](Program &p) { p.segments[2].offset = 0x2ff8; }},
    {"note_sizes_wrap", ELF_REJECT_VERSION, [](Program &p) { p.note.name_bytes = UINT32_MAX; }},
};

INSTANTIATE_TEST_SUITE_P(Each, ElfRefusal, testing::ValuesIn(kRefusals),
                         [](const testing::TestParamInfo<Refusal> &info) {
                             return std::string(info.param.name);
                         });

// Every prefix of a good file is read without touching a byte behind it.
// Of a VMO only the first page is looked at.
TEST(Elf, test_reject_headers_and_notes_beyond_the_head) {
    elf_program out;
    Program program;
    program.head_bytes = 0x800 + sizeof(Note);
    EXPECT_EQ(program.Read(&out), ELF_REJECT_NONE);
    program.head_bytes--;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_VERSION);
    program.head_bytes = sizeof(Header) + 4 * sizeof(Segment) - 1;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_SHORT);
    program.head_bytes = sizeof(Header) - 1;
    EXPECT_EQ(program.Read(&out), ELF_REJECT_SHORT);
}

TEST(Elf, test_reject_every_truncation) {
    for (uint64_t bytes = 0; bytes < 0x2100; bytes += 8) {
        Program program;
        program.bytes = bytes;
        elf_program out{};
        EXPECT_NE(program.Read(&out), ELF_REJECT_NONE) << bytes;
    }
}

}  // namespace
