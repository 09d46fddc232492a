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
