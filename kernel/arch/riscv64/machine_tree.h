// kernel/arch/riscv64/machine_tree.h: what the readers of the device tree share: properties as
// checked numbers. For machine.c and machine_device.c.
// Errors:    false: missing, malformed, or out of range.
#pragma once

#include <libfdt.h>

#include "kernel/arch/riscv64/machine.h"

enum { MACHINE_CELL_BYTES = 4 };

// Entry `index` of a node's reg property: not empty, and its end is an address.
WARN_UNUSED bool machine_reg(const void *blob, int node, int index, struct machine_range *out);

// A property of one or two cells.
WARN_UNUSED bool machine_number(const void *blob, int node, const char *name, uint64_t *out);

// No status property, or one that says okay.
WARN_UNUSED bool machine_node_usable(const void *blob, int node);

// Whether the bus of a node gives its devices other addresses than the harts use: only the root and
// an empty `ranges` do not.
WARN_UNUSED bool machine_bus_translates(const void *blob, int node);

// machine_device.c. The PLIC needs the harts, the devices need the PLIC, the UART and the memory.
WARN_UNUSED enum machine_fault machine_read_plic(const void *blob, struct machine *out);
WARN_UNUSED enum machine_fault machine_read_devices(const void *blob, struct machine *out);
