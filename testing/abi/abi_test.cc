// testing/abi/abi_test.cc: the contract changes only together with its golden file and its page.
#include "testing/abi/abi_tables.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace {

const char *const kHeaders[] = {"boot_image", "cap",      "elf_reject", "identity",
                                "layout",     "manifest", "message",    "stats",
                                "status",     "syscall",  "task"};

std::string read_text(const std::string &path) {
    std::ifstream stream(path);
    EXPECT_TRUE(stream) << path;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

std::set<std::string> all_matches(const std::string &text, const std::regex &pattern) {
    std::set<std::string> names;
    for (auto it = std::sregex_iterator(text.begin(), text.end(), pattern);
         it != std::sregex_iterator(); it++) {
        names.insert((*it)[1]);
    }
    return names;
}

// What a header defines: constants of enums and macros without parameters, and structs.
std::set<std::string> names_of(const std::string &header) {
    std::string text =
        std::regex_replace(read_text("kernel/abi/" + header + ".h"), std::regex("//[^\n]*"), "");
    std::set<std::string> names = all_matches(text, std::regex(R"(#define\s+([A-Z][A-Z0-9_]*)\s)"));
    names.merge(all_matches(text, std::regex(R"(\n\s+([A-Z][A-Z0-9_]*)(?=\s*[=,]|\n))")));
    names.merge(all_matches(text, std::regex(R"(\nstruct\s+(\w+)\s*\{)")));
    return names;
}

TEST(Abi, numbers_sizes_and_offsets_are_frozen) {
    EXPECT_EQ(abi_golden(), read_text("testing/abi/abi.golden"))
        << "The contract with existing programs changed. If that is meant: ./bazelw run "
           "//testing/abi:update, and a line in CHANGELOG.md.";
}

TEST(Abi, the_page_shows_the_headers) {
    EXPECT_EQ(abi_markdown(), read_text("docs/abi.md"))
        << "docs/abi.md is out of date: ./bazelw run //testing/abi:update";
    EXPECT_EQ(abi_statistics_markdown(), read_text("docs/abi-statistics.md"))
        << "docs/abi-statistics.md is out of date: ./bazelw run //testing/abi:update";
}

TEST(Abi, every_name_of_the_headers_is_listed) {
    // Counts of the .def files' rows: they grow with each addition, so they are no part of the
    // contract.
    std::set<std::string> listed = abi_names();
    listed.insert({"STATUS_COUNT", "SYSCALL_COUNT", "ELF_REJECT_COUNT"});
    size_t seen = 0;
    for (const char *header : kHeaders) {
        for (const std::string &name : names_of(header)) {
            EXPECT_TRUE(listed.contains(name)) << "kernel/abi/" << header << ".h has " << name
                                               << ": add it to testing/abi/abi_names.def";
            seen++;
        }
    }
    EXPECT_GT(seen, 100u) << "the headers were not understood";
}

TEST(Abi, structs_have_no_padding_and_no_unlisted_field) {
    EXPECT_FALSE(abi_struct_covers().empty());
    for (const StructCover &cover : abi_struct_covers()) {
        EXPECT_EQ(cover.bytes, cover.field_bytes) << cover.name;
    }
}

}  // namespace
