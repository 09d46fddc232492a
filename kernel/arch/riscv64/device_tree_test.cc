// kernel/arch/riscv64/device_tree_test.cc: what the tables of the index do not hold, and what the
// specification forbids, is a damaged blob. machine_test.cc has the rest.
#include <gtest/gtest.h>
#include <libfdt.h>

#include <string>
#include <vector>

extern "C" {
#include "kernel/arch/riscv64/machine.h"
}

namespace {

struct shape {
    int nodes = 0;  // Below the root, each with `depth` nodes one below the other.
    int depth = 1;
    int properties = 1;  // Of each node, that the kernel reads.
    bool property_last = false;
};

void write_nodes(void *blob, const shape &what) {
    static const char *const names[] = {"reg", "status", "phandle", "reg-shift"};
    for (int i = 0; i < what.nodes; i++) {
        for (int level = 0; level < what.depth; level++) {
            fdt_begin_node(blob, ("n" + std::to_string(i)).c_str());
            for (int n = 0; n < what.properties; n++) {
                fdt_property_u32(blob, names[n], 1);
            }
        }
        for (int level = 0; level < what.depth; level++) {
            fdt_end_node(blob);
        }
    }
}

// A tree that is read as a whole has no UART.
machine_fault read(const shape &what) {
    std::vector<char> blob(65536);
    fdt_create(blob.data(), static_cast<int>(blob.size()));
    fdt_finish_reservemap(blob.data());
    fdt_begin_node(blob.data(), "");
    write_nodes(blob.data(), what);
    if (what.property_last) {
        fdt_property_u32(blob.data(), "phandle", 1);
    }
    fdt_end_node(blob.data());
    EXPECT_EQ(fdt_finish(blob.data()), 0);
    machine out{};
    return machine_read(blob.data(), blob.size(), &out);
}

TEST(DeviceTree, test_reject_more_nodes_than_the_table_holds) {
    EXPECT_EQ(read({127}), MACHINE_NO_UART);
    EXPECT_EQ(read({128}), MACHINE_BAD_BLOB);
}

TEST(DeviceTree, test_reject_too_deep) {
    EXPECT_EQ(read({1, 15}), MACHINE_NO_UART);
    EXPECT_EQ(read({1, 16}), MACHINE_BAD_BLOB);
}

TEST(DeviceTree, test_reject_more_properties_than_the_table_holds) {
    EXPECT_EQ(read({64, 1, 4}), MACHINE_NO_UART);
    EXPECT_EQ(read({65, 1, 4}), MACHINE_BAD_BLOB);
}

TEST(DeviceTree, test_reject_property_behind_a_node) {
    EXPECT_EQ(read({0, 1, 1, true}), MACHINE_NO_UART);
    EXPECT_EQ(read({1, 1, 1, true}), MACHINE_BAD_BLOB);
}

}  // namespace
