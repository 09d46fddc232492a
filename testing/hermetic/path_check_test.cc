// The checker itself, and then what the toolchains print.
#include "testing/hermetic/path_check.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace {

const std::string kHead = "execroot: /work/root\n";

TEST(PathCheck, takes_what_lies_below_the_execution_root) {
    EXPECT_TRUE(
        outside_paths(kHead + ". external/gcc/usr/bin/../lib/x.h\n /work/root/a -o bazel-out/x.o\n")
            .empty());
    EXPECT_TRUE(outside_paths(kHead + "Configured with: --prefix=/usr\n").empty());
    EXPECT_TRUE(
        outside_paths(kHead + "ld -dynamic-linker /lib64/ld-linux-x86-64.so.2 -o x\n").empty());
}

TEST(PathCheck, test_reject_system_header) {
    EXPECT_EQ(outside_paths(kHead + ".. /usr/include/stdio.h\n").size(), 1U);
}

TEST(PathCheck, test_reject_system_folder_in_option) {
    EXPECT_EQ(outside_paths(kHead + "cc1 -I/usr/include -L/lib x.c\n").size(), 2U);
    EXPECT_EQ(outside_paths(kHead + "LIBRARY_PATH=external/a/:/usr/lib/\n").size(), 1U);
    EXPECT_EQ(outside_paths(kHead + "cc1 --sysroot=/ x.c\n").size(), 1U);
}

TEST(PathCheck, test_reject_climbing_out) {
    EXPECT_EQ(outside_paths(kHead + "external/gcc/../../../elsewhere.o\n").size(), 1U);
    EXPECT_EQ(outside_paths(kHead + "/work/root/../elsewhere.o\n").size(), 1U);
    EXPECT_EQ(outside_paths(kHead + "/work/rootless/x.o\n").size(), 1U);
}

TEST(PathCheck, test_reject_log_without_head) {
    EXPECT_EQ(outside_paths("").size(), 1U);
}

class Toolchains : public testing::TestWithParam<const char *> {};

TEST_P(Toolchains, reads_only_below_the_execution_root) {
    std::ifstream file(std::string("testing/hermetic/") + GetParam() + "_probe.log");
    std::stringstream text;
    text << file.rdbuf();
    const std::string log = text.str();
    for (const char *step : {"== S", "== c\n", "== cc", "== link"}) {
        EXPECT_NE(log.find(step), std::string::npos) << "the probe did not run " << step;
    }
    EXPECT_GE(external_lines(log), 12)
        << "too few to be the headers, programs and archives of four steps";
    for (const std::string &offence : outside_paths(log)) {
        ADD_FAILURE() << offence;
    }
}

INSTANTIATE_TEST_SUITE_P(Probes, Toolchains,
                         testing::Values("gcc", "gcc_sanitized", "clang", "riscv_gcc"));

}  // namespace
