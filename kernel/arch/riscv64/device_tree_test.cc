// kernel/arch/riscv64/device_tree_test.cc: what the tables of the index do not hold, and what the
// specification forbids, is a damaged blob. machine_test.cc has the rest.
#include <gtest/gtest.h>
#include <libfdt.h>

#include <cstring>
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
    static const char *const names[] = {"reg", "status", "ranges", "reg-shift"};
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

std::vector<char> blob_of(const shape &what) {
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
    return blob;
}

// A tree that is read as a whole has no UART.
machine_fault read_blob(const std::vector<char> &blob) {
    machine out{};
    return machine_read(blob.data(), blob.size(), &out);
}

machine_fault read(const shape &what) {
    return read_blob(blob_of(what));
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

// Whoever looks for the end of a text, or walks on, stops there at the latest.
TEST(DeviceTree, test_reject_strings_without_end) {
    std::vector<char> blob = blob_of({3});
    const auto *bytes = blob.data();
    blob[fdt_off_dt_strings(bytes) + fdt_size_dt_strings(bytes) - 1] = 'x';
    EXPECT_EQ(read_blob(blob), MACHINE_BAD_BLOB);
}

TEST(DeviceTree, test_reject_structure_without_end) {
    for (int tag : {FDT_NOP, FDT_END_NODE, FDT_BEGIN_NODE, FDT_PROP}) {
        std::vector<char> blob = blob_of({3});
        const auto *bytes = blob.data();
        blob[fdt_off_dt_struct(bytes) + fdt_size_dt_struct(bytes) - 1] = static_cast<char>(tag);
        EXPECT_EQ(read_blob(blob), MACHINE_BAD_BLOB) << tag;
    }
}

TEST(DeviceTree, test_reject_end_before_the_end) {
    std::vector<char> blob = blob_of({3});
    blob[fdt_off_dt_struct(blob.data()) + 3] = FDT_END;  // Where the root begins.
    EXPECT_EQ(read_blob(blob), MACHINE_BAD_BLOB);
}

TEST(DeviceTree, test_reject_property_longer_than_the_structure) {
    for (int length : {64, 0x10000, 0x7fffffff, -1}) {
        std::vector<char> blob = blob_of({1});
        // The root's tag and name, the node's likewise, then its property: tag and length.
        const int at = fdt_off_dt_struct(blob.data()) + 5 * 4;
        const fdt32_t bytes = cpu_to_fdt32(static_cast<std::uint32_t>(length));
        std::memcpy(&blob[at], &bytes, sizeof(bytes));
        EXPECT_EQ(read_blob(blob), MACHINE_BAD_BLOB) << length;
    }
}

}  // namespace
