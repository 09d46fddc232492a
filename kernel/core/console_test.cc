// kernel/core/console_test.cc: who may print what. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t OUT = 4;

status print(user &self, slot at, const std::string &line) {
    std::memcpy(self.page->console, line.data(), line.size());
    return sys_console_write(at, line.size());
}

bool has_line(const std::string &line) {
    return (std::string("\n") + sim_console()).find("\n" + line + "\n") != std::string::npos;
}

TEST(Console, test_reject_marker_without_the_right) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        EXPECT_EQ(print(self, slot_at(OUT), "selftest: end"), STATUS_OK);
        EXPECT_EQ(print(self, slot_at(OUT), std::string(CONSOLE_LINE_MAX - 1, 'x')),
                  STATUS_TOO_LARGE);  // No room for the prefix.
        EXPECT_EQ(print(self, slot_at(OUT), std::string(CONSOLE_LINE_MAX - 2, 'y')), STATUS_OK);
    });
    machine.run([](user &init) {
        slot task = start("child", {{CONSOLE, OUT, RIGHT_WRITE}});
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        EXPECT_TRUE(has_line("| selftest: end"));
        EXPECT_FALSE(has_line("selftest: end"));
        EXPECT_TRUE(has_line("| " + std::string(CONSOLE_LINE_MAX - 2, 'y')));
        EXPECT_EQ(print(init, CONSOLE, "init: ready"), STATUS_OK);
        EXPECT_TRUE(has_line("init: ready"));
    });
}

status print_part(slot at, user &self, const std::string &text, std::uint64_t flags) {
    std::memcpy(self.page->console, text.data(), text.size());
    return sys_console_write(at, text.size() | flags);
}

bool ends_with(const std::string &text) {
    return std::string(sim_console()).ends_with(text);
}

TEST(Console, a_line_that_is_edited_and_then_ended_by_another) {
    sim_machine machine;
    machine.run([](user &init) {
        EXPECT_EQ(print(init, CONSOLE, "before"), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "> ", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "ab\bc", CONSOLE_OPEN | CONSOLE_CONTINUE), STATUS_OK);
        EXPECT_TRUE(ends_with("before\n> ab\bc"));
        EXPECT_EQ(print_part(CONSOLE, init, "", CONSOLE_CONTINUE), STATUS_OK);
        EXPECT_TRUE(ends_with("> ab\bc\n"));
        EXPECT_EQ(print_part(CONSOLE, init, "x", CONSOLE_CONTINUE), STATUS_BUSY);
        EXPECT_EQ(print_part(CONSOLE, init, "> d", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(print(init, CONSOLE, "between"), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "e", CONSOLE_OPEN | CONSOLE_CONTINUE), STATUS_BUSY);
        EXPECT_EQ(print_part(CONSOLE, init, "> de", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "> f", CONSOLE_OPEN), STATUS_OK);
        EXPECT_TRUE(ends_with("> d\nbetween\n> de\n> f"));
        EXPECT_EQ(print(init, CONSOLE, "after"), STATUS_OK);
    });
}

// Two tasks that both may edit a line: each goes on with its own only, whichever was there first,
// and no line is made of the parts of both.
TEST(Console, test_reject_going_on_with_the_line_of_another) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        const slot out = slot_at(OUT);
        EXPECT_EQ(print_part(out, self, "mine", CONSOLE_CONTINUE), STATUS_BUSY);
        EXPECT_EQ(print_part(out, self, "mine", CONSOLE_OPEN | CONSOLE_CONTINUE), STATUS_BUSY);
        EXPECT_TRUE(ends_with("before\n> a"));
        EXPECT_EQ(print_part(out, self, "< b", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(print_part(out, self, "c", CONSOLE_OPEN | CONSOLE_CONTINUE), STATUS_OK);
    });
    machine.run([](user &init) {
        EXPECT_EQ(print(init, CONSOLE, "before"), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "> a", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(wait_dead(start("child", {{CONSOLE, OUT, RIGHTS_CONSOLE}})).reason, EXIT_CODE);
        EXPECT_EQ(print_part(CONSOLE, init, "d", CONSOLE_CONTINUE), STATUS_BUSY);
        EXPECT_TRUE(ends_with("before\n> a\n< bc"));
        EXPECT_EQ(print_part(CONSOLE, init, "> ad", CONSOLE_OPEN), STATUS_OK);
        EXPECT_EQ(print_part(CONSOLE, init, "", CONSOLE_CONTINUE), STATUS_OK);
        EXPECT_TRUE(ends_with("before\n> a\n< bc\n> ad\n"));
    });
}

// Who leaves lines open could spoil or forge those of others: it takes both rights.
TEST(Console, test_reject_open_line_without_the_rights) {
    sim_machine machine;
    machine.run([](user &init) {
        const std::string before = sim_console();
        for (std::uint32_t rights : {RIGHT_WRITE, RIGHT_MARKER, RIGHT_READ_INPUT}) {
            slot less = sys_cap_clone(CONSOLE, RIGHTS_CONSOLE & ~rights).slot;
            for (std::uint64_t flags :
                 {CONSOLE_OPEN, CONSOLE_CONTINUE, CONSOLE_OPEN | CONSOLE_CONTINUE}) {
                EXPECT_EQ(print_part(less, init, "> ", flags), STATUS_DENIED) << rights;
            }
            EXPECT_EQ(sys_cap_close(less), STATUS_OK);
        }
        EXPECT_EQ(print_part(CONSOLE, init, "a\b", CONSOLE_OPEN), STATUS_BAD_ARG);
        EXPECT_EQ(print_part(CONSOLE, init, "\b", 0), STATUS_BAD_ARG);
        EXPECT_EQ(print_part(CONSOLE, init, "\r", CONSOLE_CONTINUE), STATUS_BAD_ARG);
        EXPECT_EQ(print_part(CONSOLE, init, "\x1b", CONSOLE_CONTINUE), STATUS_BAD_ARG);
        EXPECT_EQ(sys_console_write(CONSOLE, (CONSOLE_LINE_MAX + 1) | CONSOLE_OPEN),
                  STATUS_TOO_LARGE);
        EXPECT_EQ(sim_console(), before);
    });
}

// What is told of a broken kernel begins its own line.
TEST(Console, a_panic_begins_its_line) {
    sim_machine machine;
    const sim_result result = machine.run_once(
        [](user &init) {
            EXPECT_EQ(print_part(CONSOLE, init, "> ", CONSOLE_OPEN), STATUS_OK);
            sim_user_illegal_instruction();  // init's death is one.
        },
        1, 1);
    EXPECT_EQ(result.end, SIM_PANIC);
    EXPECT_NE(std::string(sim_console()).find("\nkernel: PANIC "), std::string::npos);
}

TEST(Console, lines_of_many_harts_stay_whole) {
    sim_machine machine;
    machine.harts({4});
    machine.program("child", [](user &self) {
        for (int i = 0; i < 10; i++) {
            EXPECT_EQ(
                print(self, slot_at(OUT), std::string(50, static_cast<char>('a' + self.argument))),
                STATUS_OK);
        }
    });
    machine.run([](user &) {
        slot tasks[4];
        for (std::uint64_t i = 0; i < 4; i++) {
            tasks[i] = start("child", {{CONSOLE, OUT, RIGHTS_CONSOLE}}, i);
        }
        for (slot task : tasks) {
            (void)wait_dead(task);
        }
        std::string all = sim_console();
        for (char letter : {'a', 'b', 'c', 'd'}) {
            std::size_t count = 0;
            std::string line = "\n" + std::string(50, letter) + "\n";
            for (std::size_t at = all.find(line); at != std::string::npos;
                 at = all.find(line, at + 1)) {
                count++;
            }
            EXPECT_EQ(count, 10u) << letter;
        }
    });
}

TEST(Console, test_reject_unprintable_and_over_long_lines) {
    sim_machine machine;
    machine.run([](user &init) {
        std::string before = sim_console();
        EXPECT_EQ(print(init, CONSOLE, "two\nlines"), STATUS_BAD_ARG);
        EXPECT_EQ(print(init, CONSOLE, "tab\t"), STATUS_BAD_ARG);
        EXPECT_EQ(print(init, CONSOLE, std::string("zero\0", 5)), STATUS_BAD_ARG);
        EXPECT_EQ(print(init, CONSOLE, "\x80"), STATUS_BAD_ARG);
        EXPECT_EQ(sys_console_write(CONSOLE, CONSOLE_LINE_MAX + 1), STATUS_TOO_LARGE);
        EXPECT_EQ(sys_console_write(CONSOLE, UINT64_MAX), STATUS_TOO_LARGE);
        slot mark_only = sys_cap_clone(CONSOLE, RIGHT_MARKER).slot;
        EXPECT_EQ(sys_console_write(mark_only, 1), STATUS_DENIED);
        EXPECT_EQ(sim_console(), before);
        EXPECT_EQ(print(init, CONSOLE, " to ~"), STATUS_OK);
    });
}

}  // namespace
