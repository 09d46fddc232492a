// tools/symbolize/backtrace_test.cc: addresses of a line, and what is asked of addr2line.
#include "tools/symbolize/backtrace.h"

#include <gtest/gtest.h>

namespace symbolize {
namespace {

const symbol_source SOURCE{.addr2line = "tools/symbolize/fake_addr2line",
                           .elf = "k.elf",
                           .programs = {{"greet", "g.elf"}}};

TEST(Backtrace, addresses) {
    EXPECT_EQ(backtrace_addresses("kernel: backtrace 0xffffffc080200134 0x20"),
              (std::vector<std::uint64_t>{0xffffffc080200134, 0x20}));
    EXPECT_EQ(backtrace_addresses("   0.100 s  kernel: backtrace 0x1"),
              (std::vector<std::uint64_t>{1}));
    EXPECT_TRUE(backtrace_addresses("kernel: boot").empty());
    EXPECT_TRUE(backtrace_addresses("kernel: backtrace none").empty());
    EXPECT_EQ(backtrace_addresses("kernel: backtrace 0x1 tail 0x2"),
              (std::vector<std::uint64_t>{1}));
}

TEST(Backtrace, return_addresses_show_the_call_before_them) {
    backtrace_reader reader(SOURCE);
    EXPECT_EQ(reader.line("kernel: boot"), "");
    EXPECT_EQ(reader.line("kernel: backtrace 0x100 0x200"),
              "    #0 0x0000000000000100 at_0x0000000000000100 at k.elf:1\n"
              "       (inlined by) caller at k.elf:2\n"
              "    #1 0x0000000000000200 at_0x00000000000001ff at k.elf:1\n"
              "       (inlined by) caller at k.elf:2\n");
}

TEST(Backtrace, the_innermost_frame_is_a_return_address_if_it_is_ra) {
    backtrace_reader reader(SOURCE);
    EXPECT_EQ(reader.line("kernel: registers ra 0x0000000000000100 sp 0x0000000000000007"), "");
    EXPECT_TRUE(reader.line("kernel: backtrace 0x100")
                    .starts_with("    #0 0x0000000000000100 at_0x00000000000000ff at k.elf:1\n"));
}

TEST(Backtrace, a_second_line_goes_on_with_return_addresses) {
    backtrace_reader reader(SOURCE);
    reader.line("kernel: backtrace 0x100 0x200");
    EXPECT_TRUE(reader.line("kernel: backtrace 0x300")
                    .starts_with("    #2 0x0000000000000300 at_0x00000000000002ff at k.elf:1\n"));
    reader.line("kernel: boot");
    EXPECT_TRUE(reader.line("kernel: backtrace 0x300")
                    .starts_with("    #0 0x0000000000000300 at_0x0000000000000300 at k.elf:1\n"))
        << "another backtrace begins anew";
}

TEST(Backtrace, programs_have_files_of_their_own) {
    backtrace_reader reader(SOURCE);
    for (const char *line : {"| execd: backtrace greet 0x100 0x200",
                             "greet ended: break 0x100, backtrace greet 0x100 0x200"}) {
        EXPECT_EQ(reader.line(line),
                  "    #0 0x0000000000000100 at_0x0000000000000100 at g.elf:1\n"
                  "       (inlined by) caller at g.elf:2\n"
                  "    #1 0x0000000000000200 at_0x00000000000001ff at g.elf:1\n"
                  "       (inlined by) caller at g.elf:2\n");
    }
    EXPECT_EQ(reader.line("| init: backtrace timed 0x1 0x2"),
              "    no symbols: no file was given for timed\n");
}

TEST(Backtrace, test_reject_what_is_no_backtrace_of_a_program) {
    for (const char *line :
         {"backtrace ", "backtrace greet", "backtrace greet x", "backtrace 0x1"}) {
        EXPECT_EQ(program_backtrace_of(line).name, "") << line;
    }
}

TEST(Backtrace, a_tool_that_fails_is_quoted) {
    backtrace_reader missing({.addr2line = SOURCE.addr2line, .elf = "missing.elf", .programs = {}});
    EXPECT_EQ(missing.line("kernel: backtrace 0x1"),
              "    no symbols: addr2line: 'missing.elf': No such file\n\n");
    backtrace_reader no_tool({.addr2line = "/nonexistent/tool", .elf = "k.elf", .programs = {}});
    EXPECT_EQ(no_tool.line("kernel: backtrace 0x1"),
              "    no symbols: can't start /nonexistent/tool: No such file or directory\n\n");
}

}  // namespace
}  // namespace symbolize
