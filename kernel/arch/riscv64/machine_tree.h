// kernel/arch/riscv64/machine_tree.h: what the readers of the device tree share: properties as
// checked numbers. For machine.c and machine_device.c.
// Errors:    false: missing, malformed, or out of range.
#pragma once

#include "kernel/arch/riscv64/device_tree.h"
#include "kernel/arch/riscv64/machine.h"

// Entry `index` of a node's reg property: not empty, and its end is an address.
WARN_UNUSED bool machine_reg(const struct device_tree *tree, uint32_t node, uint32_t index,
                             struct machine_range *out);

// A property of one or two cells.
WARN_UNUSED bool machine_number(const struct device_tree *tree, uint32_t node, enum tree_name name,
                                uint64_t *out);

// No status property, or one that says okay.
WARN_UNUSED bool machine_node_usable(const struct device_tree *tree, uint32_t node);

// Whether the bus of a node gives its devices other addresses than the harts use: only the root and
// an empty `ranges` do not.
WARN_UNUSED bool machine_bus_translates(const struct device_tree *tree, uint32_t node);

// machine_device.c. The PLIC needs the harts, the devices need the PLIC, the UART and the memory.
WARN_UNUSED enum machine_fault machine_read_plic(const struct device_tree *tree,
                                                 struct machine *out);
WARN_UNUSED enum machine_fault machine_read_devices(const struct device_tree *tree,
                                                    struct machine *out);
