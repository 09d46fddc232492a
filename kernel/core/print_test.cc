// kernel/core/print_test.cc: the kernel's own lines, to the character.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "kernel/abi/message.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/kernel.h"
}

namespace {

using simtest::user;

// What the console gets while that runs, on one hart.
std::string printed(const std::function<void(user &, kernel *, hart *)> &prints) {
    static std::string text;
    simtest::sim_machine machine;
    sim_result result = machine.run_once(
        [&](user &self) {
            const std::size_t before = std::string(sim_console()).size();
            prints(self, sim_kernel(), &sim_kernel()->harts[0]);
            text = std::string(sim_console()).substr(before);
        },
        1, 1);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    return text;
}

TEST(Print, each_conversion) {
    EXPECT_EQ(printed([](user &, kernel *all, hart *own) {
                  kernel_print(all, own, "%s is %u of %lu, %x %lx %#x %#lx", "it", 10u,
                               99999999999ul, 0xabcu, 0xfedcba9876543210ul, 0u, 1ul << 63);
                  kernel_print(all, own, "%c%c 100%%", 'o', 'k');
              }),
              "it is 10 of 99999999999, abc fedcba9876543210 0x0 0x8000000000000000\n"
              "ok 100%\n");
}

TEST(Print, a_line_has_so_many_characters_and_no_more) {
    const std::string fits(CONSOLE_LINE_MAX, 'x');
    EXPECT_EQ(printed([&](user &, kernel *all, hart *own) {
                  kernel_print(all, own, "%s", fits.c_str());
                  kernel_print(all, own, "%sy", fits.c_str());
                  kernel_print(all, own, "%sx%c%u", fits.substr(1).c_str(), 'y', 7u);
              }),
              fits + "\n" + fits + "\n" + fits + "\n");
}

TEST(Print, begins_its_own_line) {
    EXPECT_EQ(printed([](user &self, kernel *all, hart *own) {
                  self.page->console[0] = '>';
                  EXPECT_EQ(sys_console_write(simtest::CONSOLE, 1 | CONSOLE_OPEN), STATUS_OK);
                  kernel_print(all, own, "own");
                  kernel_print(all, own, "next");
              }),
              ">\nown\nnext\n");
}

}  // namespace
