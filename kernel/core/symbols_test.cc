// kernel/core/symbols_test.cc: all kernel state is in struct kernel: the objects of kernel/core
// define no writable symbol. Reads the archive that the build made (ar(5); System V ABI, ELF-64
// object files) and looks at each symbol's section.
#include <ar.h>
#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "testing/symbols/symbols.h"

namespace {

// The ELF members of an archive.
std::vector<Bytes> members(const Bytes &archive) {
    std::vector<Bytes> out;
    if (archive.size() < SARMAG || std::memcmp(archive.data(), ARMAG, SARMAG) != 0) {
        return out;
    }
    for (std::size_t offset = 8; offset + 60 <= archive.size();) {
        std::size_t size = std::stoul(std::string(archive.data() + offset + 48, 10));
        Bytes member(archive.begin() + static_cast<std::ptrdiff_t>(offset + 60),
                     archive.begin() + static_cast<std::ptrdiff_t>(offset + 60 + size));
        if (size > SELFMAG && std::memcmp(member.data(), ELFMAG, SELFMAG) == 0) {
            out.push_back(member);
        }
        offset += 60 + size + size % 2;
    }
    return out;
}

std::vector<std::string> of_archive(const std::string &path, std::size_t *function_count) {
    std::vector<std::string> found;
    Bytes archive = read_file(path);
    EXPECT_GT(archive.size(), 8u) << path;
    for (const Bytes &member : members(archive)) {
        for (const std::string &name : writable_symbols(member, function_count)) {
            found.push_back(name);
        }
    }
    return found;
}

// Beside this test, as the build names it.
std::string archive_path(const std::string &library) {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    std::string folder = root != nullptr && workspace != nullptr
                             ? std::string(root) + "/" + workspace + "/kernel/core/lib"
                             : "./lib";
    std::string plain = folder + library + ".a";
    return std::ifstream(plain) ? plain : folder + library + ".pic.a";
}

TEST(Symbols, kernel_core_has_no_state_of_its_own) {
    std::size_t function_count = 0;
    EXPECT_EQ(of_archive(archive_path("core"), &function_count), std::vector<std::string>());
    EXPECT_EQ(of_archive(archive_path("elf"), &function_count), std::vector<std::string>());
    EXPECT_GT(function_count, 50u);
}

// The same look finds what is there in an object that has such symbols.
TEST(Symbols, a_writable_symbol_is_found) {
    std::size_t function_count = 0;
    std::vector<std::string> found = of_archive(archive_path("stateful_for_test"), &function_count);
    EXPECT_EQ(found.size(), 3u);
    // gcc writes stateful_local.0, clang stateful_next.stateful_local.
    for (const char *expected : {"stateful_common", "stateful_initialised", "stateful_local"}) {
        EXPECT_EQ(std::count_if(found.begin(), found.end(),
                                [&](const std::string &name) {
                                    return name.find(expected) != std::string::npos;
                                }),
                  1)
            << expected;
    }
}

}  // namespace
