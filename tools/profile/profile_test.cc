// tools/profile/profile_test.cc: programs at the same addresses are told apart; every instruction
// is counted once.
#include "tools/profile/profile.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

namespace {

constexpr std::uint64_t KERNEL_TEXT = UINT64_C(0xffffffc080200000);
constexpr std::uint64_t WRITE = KERNEL_TEXT + 0x10;
constexpr std::uint64_t TEXT = 0x10000;

profile::elf_text kernel_text() {
    return {{{KERNEL_TEXT, {WRITE, "trap"}}, {WRITE, {WRITE + 8, profile::LINE_FUNCTION}}},
            {KERNEL_TEXT, KERNEL_TEXT + 4, WRITE, WRITE + 4}};
}

// At the same addresses, but instructions begin elsewhere.
std::map<std::string, profile::elf_text> two_programs() {
    return {
        {"echo", {{{TEXT, {TEXT + 8, "serve"}}}, {TEXT, TEXT + 4, TEXT + 6}}},
        {"timed", {{{TEXT, {TEXT + 4, "wait"}}, {TEXT + 4, {TEXT + 8, "tick"}}}, {TEXT, TEXT + 4}}},
    };
}

// Blocks from 100 on are of echo, from 200 on of timed.
void user(profile::counter &counter, std::uint64_t block, std::uint64_t offset) {
    counter.take({0, block, TEXT + offset});
}

void kernel(profile::counter &counter, std::uint64_t pc) {
    counter.take({0, pc, pc});
}

std::uint64_t count_of(const profile::section &section, const std::string &program,
                       const std::string &function) {
    for (const profile::cost &cost : section.costs) {
        if (cost.program == program && cost.function == function) {
            return cost.count;
        }
    }
    return 0;
}

TEST(Profile, programs_at_the_same_addresses_are_told_apart) {
    profile::counter counter(kernel_text());
    user(counter, 100, 0);
    user(counter, 101, 6);
    kernel(counter, KERNEL_TEXT);
    user(counter, 200, 0);
    user(counter, 201, 4);
    user(counter, 200, 0);
    kernel(counter, KERNEL_TEXT);
    user(counter, 102, 4);  // Joined to the others below.
    user(counter, 101, 6);
    const auto sections = counter.finish(two_programs(), {});
    ASSERT_EQ(sections.size(), 1U);
    EXPECT_EQ(count_of(sections[0], "echo", "serve"), 4U);
    EXPECT_EQ(count_of(sections[0], "kernel", "trap"), 2U);
    // What ran of timed fits echo too: its file has instructions wherever one ran.
    EXPECT_EQ(count_of(sections[0], "?", "?"), 3U);
    EXPECT_EQ(count_of(sections[0], "timed", "wait"), 0U);
}

TEST(Profile, a_program_is_the_only_one_that_fits) {
    std::map<std::string, profile::elf_text> programs = two_programs();
    programs["echo"].instructions.erase(TEXT + 4);
    profile::counter counter(kernel_text());
    user(counter, 200, 0);
    user(counter, 201, 4);
    kernel(counter, KERNEL_TEXT);
    user(counter, 300, 6);  // Of nobody's blocks, and only echo has that one.
    const auto sections = counter.finish(programs, {});
    EXPECT_EQ(count_of(sections[0], "timed", "wait"), 1U);
    EXPECT_EQ(count_of(sections[0], "timed", "tick"), 1U);
    EXPECT_EQ(count_of(sections[0], "echo", "serve"), 1U);
}

TEST(Profile, a_place_that_qemu_uses_again_is_another_block) {
    std::map<std::string, profile::elf_text> programs = two_programs();
    programs["echo"].instructions.erase(TEXT + 4);
    profile::counter counter(kernel_text());
    user(counter, 200, 4);
    kernel(counter, KERNEL_TEXT);
    user(counter, 200, 6);
    const auto sections = counter.finish(programs, {});
    EXPECT_EQ(count_of(sections[0], "timed", "tick"), 1U);
    EXPECT_EQ(count_of(sections[0], "echo", "serve"), 1U);
}

TEST(Profile, each_line_ends_a_section) {
    profile::counter counter(kernel_text());
    kernel(counter, KERNEL_TEXT);
    kernel(counter, WRITE);
    kernel(counter, WRITE + 4);
    kernel(counter, KERNEL_TEXT);
    kernel(counter, WRITE);
    const auto sections = counter.finish({}, {"kernel: boot", "a;b"});
    ASSERT_EQ(sections.size(), 3U);
    EXPECT_EQ(sections[0].line, "kernel: boot");
    EXPECT_EQ(count_of(sections[0], "kernel", profile::LINE_FUNCTION), 1U);
    EXPECT_EQ(count_of(sections[1], "kernel", "trap"), 1U);
    EXPECT_EQ(sections[2].line, "afterwards");
    EXPECT_EQ(profile::folded_of({sections[1]}),
              "a,b;kernel;arch_console_write 2\na,b;kernel;trap 1\n");
    EXPECT_EQ(profile::table_of(sections[1], 1),
              "           3  100.0%  a;b\n"
              "           2   66.7%    kernel arch_console_write\n");
}

TEST(Profile, folded_is_read_again) {
    const std::vector<profile::section> sections = {
        {"bench: a 1 mean 2", {{"kernel", "trap", 5}, {"echo", "serve it", 1}}},
        {"end", {{"?", "?", 7}}}};
    const std::string folded = profile::folded_of(sections);
    EXPECT_EQ(profile::folded_of(profile::sections_of(folded)), folded);
    EXPECT_EQ(profile::count_of(profile::sections_of(folded)[0]), 6U);
    for (const char *line : {"a;b 1", "a;b;c", "a;b;c x", "a;b;c ", "a;b;c 12345678901234567890"}) {
        EXPECT_THROW(profile::sections_of(line), std::runtime_error) << line;
    }
}

TEST(Profile, lines_that_do_not_match_make_one_section) {
    profile::counter counter(kernel_text());
    kernel(counter, WRITE);
    kernel(counter, KERNEL_TEXT);
    const auto sections = counter.finish({}, {"one", "two"});
    ASSERT_EQ(sections.size(), 1U);
    EXPECT_EQ(sections[0].line, "all");
    EXPECT_EQ(sections[0].costs.size(), 2U);
}

TEST(Profile, harts_do_not_join_each_others_programs) {
    std::map<std::string, profile::elf_text> programs = two_programs();
    programs["echo"].instructions.erase(TEXT + 4);
    profile::counter counter(kernel_text());
    counter.take({0, 100, TEXT + 6});
    counter.take({1, 200, TEXT + 4});
    counter.take({0, 101, TEXT});
    const auto sections = counter.finish(programs, {});
    EXPECT_EQ(count_of(sections[0], "echo", "serve"), 2U);
    EXPECT_EQ(count_of(sections[0], "timed", "tick"), 1U);
}

TEST(Profile, test_reject_a_kernel_without_the_function_that_ends_sections) {
    profile::elf_text text = kernel_text();
    text.functions.erase(WRITE);
    EXPECT_THROW(profile::counter counter(text), std::runtime_error);
}

TEST(ExecLog, a_line_is_a_step) {
    const auto step = profile::step_of(
        "Trace 1: 0x7f647c51d800 [00000000/ffffffc08020004e/82424001/ff022201] kernel_main");
    ASSERT_TRUE(step);
    EXPECT_EQ(step->hart, 1U);
    EXPECT_EQ(step->block, UINT64_C(0x7f647c51d800));
    EXPECT_EQ(step->pc, UINT64_C(0xffffffc08020004e));
}

TEST(ExecLog, test_reject_other_lines) {
    for (const char *line :
         {"", "Trace", "Trace x: 0x1 [0/1/2/3]", "Trace 0: 0x1 [0/1", "Trace 0: 1 [0/1/2/3]",
          "Linking TBs 0x1 index 0 -> 0x2", "Trace 0: 0x1 (0/1/2/3)"}) {
        EXPECT_FALSE(profile::step_of(line)) << line;
    }
}

// An ELF file with one section of text and one function in it.
struct small_elf {
    Elf64_Ehdr header{};
    Elf64_Shdr sections[3]{};
    std::uint8_t text[8] = {0x01, 0x00, 0x13, 0x00, 0x00, 0x00, 0x01, 0x00};  // 2, 4, 2 bytes.
    char names[8] = "\0serve";
    Elf64_Sym symbol{};

    small_elf() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_machine = EM_RISCV;
        header.e_shentsize = sizeof(Elf64_Shdr);
        header.e_shnum = 3;
        header.e_shoff = offsetof(small_elf, sections);
        sections[0] = {
            0, SHT_PROGBITS, SHF_EXECINSTR, TEXT, offsetof(small_elf, text), sizeof(text), 0, 0, 0,
            0};
        sections[1] = {0, SHT_SYMTAB, 0, 0, offsetof(small_elf, symbol), sizeof(symbol),
                       2, 0,          0, 0};
        sections[2] = {0, SHT_STRTAB, 0, 0, offsetof(small_elf, names), sizeof(names), 0, 0, 0, 0};
        symbol.st_name = 1;
        symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
        symbol.st_value = TEXT;
        symbol.st_size = 6;
    }

    std::string bytes() const {
        return {reinterpret_cast<const char *>(this), sizeof(*this)};
    }
};

TEST(ElfText, functions_and_where_instructions_begin) {
    const profile::elf_text text = profile::elf_text_of(small_elf().bytes(), "small");
    EXPECT_EQ(text.instructions, (std::set<std::uint64_t>{TEXT, TEXT + 2, TEXT + 6}));
    EXPECT_EQ(profile::function_at(text, TEXT), "serve");
    EXPECT_EQ(profile::function_at(text, TEXT + 5), "serve");
    EXPECT_EQ(profile::function_at(text, TEXT + 6), "?");
    EXPECT_EQ(profile::function_at(text, TEXT - 1), "?");
}

TEST(ElfText, test_reject_what_is_no_such_file) {
    small_elf other;
    other.header.e_machine = EM_X86_64;
    EXPECT_THROW(profile::elf_text_of(other.bytes(), "other"), std::runtime_error);
    small_elf stripped;
    stripped.sections[1].sh_type = SHT_NULL;
    EXPECT_THROW(profile::elf_text_of(stripped.bytes(), "stripped"), std::runtime_error);
    small_elf beyond;
    beyond.sections[0].sh_offset = UINT64_MAX - 4;
    EXPECT_THROW(profile::elf_text_of(beyond.bytes(), "beyond"), std::runtime_error);
    EXPECT_THROW(profile::elf_text_of("ELF", "short"), std::runtime_error);
    const std::string whole = small_elf().bytes();
    for (std::size_t bytes = 0; bytes < whole.size() - 8; bytes++) {
        EXPECT_THROW(profile::elf_text_of(whole.substr(0, bytes), "cut"), std::runtime_error)
            << bytes;
    }
}

}  // namespace
