// images/symbols_test.cc: what is writable in the linked files that images boot: of the kernel its
// one state and the port's, of a program nothing.
#include "testing/symbols/symbols.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::vector<std::string> writable_of(const std::string &path) {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    std::size_t function_count = 0;
    std::vector<std::string> found = writable_symbols(
        read_file(std::string(root) + "/" + workspace + "/" + path), &function_count);
    EXPECT_GT(function_count, 10u) << path;
    std::sort(found.begin(), found.end());
    return found;
}

TEST(Symbols, the_kernel_has_two_states) {
    std::vector<std::string> found = writable_of("kernel/kernel");
    // Labels of the linker script: where the tables, the stacks and .bss lie.
    auto label = [](const std::string &name) { return name.rfind("kernel_", 0) == 0; };
    auto is_label = [&](const std::string &name) { return label(name) && name != "kernel_state"; };
    found.erase(std::remove_if(found.begin(), found.end(), is_label), found.end());
    EXPECT_EQ(found, std::vector<std::string>({"kernel_state", "port"}));
}

TEST(Symbols, programs_have_no_state_outside_their_stack) {
    for (const char *path : {"services/init/init", "services/timed/timed",
                             "services/selftest/selftest", "services/selftest/probe/probe"}) {
        EXPECT_EQ(writable_of(path), std::vector<std::string>()) << path;
    }
}

}  // namespace
