// testing/markers/test_table.cc: see the header.
#include "testing/markers/test_table.h"

#include <string>

namespace markers {

marker_table test_table() {
    marker_table table;
    for (const char *area : {"kernel: ", "init: ", "t: "}) {
        marker_table_add_area(table, area);
    }
    marker_table_add_text(table, "BOOT", "kernel: boot");
    marker_table_add_text(table, "POWER_OFF", "kernel: power off");
    marker_table_add_text(table, "HART_UP", "kernel: hart %u up");
    marker_table_add_text(table, "INIT_UP", "init: up %s");
    for (char letter = 'a'; letter <= 'h'; letter++) {
        marker_table_add_text(table, std::string("T_") + letter, std::string("t: ") + letter);
    }
    marker_table_add_text(table, "VALUE", "t: value %u");
    marker_table_add_fatal(table, "kernel: PANIC*", "a panic");
    marker_table_add_fatal(table, "kernel: lock order*", "a lock-order report");
    return table;
}

}  // namespace markers
