// testing/protocols/pages_test.cc: the pages are those of the rows, and the rows hold together.
#include "testing/protocols/pages.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "gtest/gtest.h"
#include "ipc/wire/protocols.h"

namespace {

std::string read_text(const std::string &path) {
    std::ifstream stream(path);
    EXPECT_TRUE(stream) << path;
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

TEST(Pages, show_the_rows) {
    EXPECT_EQ(wire_page(), read_text("docs/wire.md"))
        << "docs/wire.md is out of date: ./bazelw run //testing/protocols:update";
    EXPECT_EQ(route_page(), read_text("docs/route-cache.md"))
        << "docs/route-cache.md is out of date: ./bazelw run //testing/protocols:update";
    EXPECT_EQ(example_page(read_text), read_text("docs/example-service.md"))
        << "docs/example-service.md is out of date: ./bazelw run //testing/protocols:update";
}

// What a reader is promised.
TEST(Pages, the_example_has_at_most_sixty_lines) {
    const std::string all =
        read_text("services/echo/service.c") + read_text("services/echo/main.c");
    EXPECT_LE(std::count(all.begin(), all.end(), '\n'), 60);
}

TEST(Protocols, have_letters_types_and_operations_of_their_own) {
    std::set<std::string> letters;
    std::set<int> types;
    for (const wire_protocol_rows *rows : wire_protocols) {
        EXPECT_TRUE(letters
                        .insert(std::string(rows->magic.letters,
                                            rows->magic.letters + sizeof(rows->magic.letters)))
                        .second)
            << rows->name;
        EXPECT_TRUE(types.insert(rows->type).second) << rows->name;
        std::set<int> numbers;
        for (uint32_t i = 0; i < rows->op_count; i++) {
            EXPECT_TRUE(numbers.insert(rows->ops[i].number).second) << rows->ops[i].name;
            EXPECT_LT(rows->ops[i].number, WIRE_REPLY_BIT);
            uint64_t all = rows->ops[i].fields[WIRE_REQUEST] | rows->ops[i].fields[WIRE_REPLY];
            EXPECT_EQ(all >> rows->field_count, 0u) << rows->ops[i].name;
        }
    }
}

// A field that no operation carries would be a promise that nobody keeps.
TEST(Protocols, have_no_field_that_nothing_carries) {
    for (const wire_protocol_rows *rows : wire_protocols) {
        uint64_t used = 0;
        for (uint32_t i = 0; i < rows->op_count; i++) {
            used |= rows->ops[i].fields[WIRE_REQUEST] | rows->ops[i].fields[WIRE_REPLY];
        }
        EXPECT_EQ(used, (UINT64_C(1) << rows->field_count) - 1) << rows->name;
    }
}

}  // namespace
