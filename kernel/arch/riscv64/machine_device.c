// kernel/arch/riscv64/machine_device.c: the interrupt controller and the devices for drivers in
// user mode. See machine.h.
// Reference:  Devicetree Specification 0.4, "Interrupts and Interrupt Mapping"; bindings
//             sifive,plic-1.0.0 and virtio,mmio; RISC-V PLIC Specification, memory map.
#include <stddef.h>

#include "kernel/arch/riscv64/machine_tree.h"

enum {
    CAUSE_SUPERVISOR_EXTERNAL = 9,  // The hart's own interrupt number of a supervisor's context.
    CONTEXTS_MAX = 2 * (MACHINE_HARTID_MAX + 1),
};

#define CONTEXT_NONE UINT32_MAX

static uint32_t hart_index(const struct machine *machine, uint64_t hartid) {
    uint32_t index = 0;
    while (index < machine->hart_count && machine->hartid[index] != hartid) {
        index++;
    }
    return index;
}

// One entry of interrupts-extended: the hart's controller, and which of its interrupts is raised.
static bool read_context(const struct device_tree *tree, const uint8_t *entry, uint32_t context,
                         struct machine *out) {
    uint32_t controller = tree_phandle(tree, tree_cell(entry));
    uint64_t cells = 0;
    uint64_t hartid = 0;
    if (controller == TREE_NONE || tree->nodes[controller].parent == TREE_NONE ||
        !machine_number(tree, controller, TREE_INTERRUPT_CELLS, &cells) || cells != 1 ||
        !machine_number(tree, tree->nodes[controller].parent, TREE_REG, &hartid)) {
        return false;
    }
    uint32_t index = hart_index(out, hartid);
    if (tree_cell(entry + TREE_CELL_BYTES) != CAUSE_SUPERVISOR_EXTERNAL ||
        index == out->hart_count) {
        return true;  // Another mode's, or a hart that is not used.
    }
    bool first = out->plic_context[index] == CONTEXT_NONE;
    out->plic_context[index] = context;
    return first;
}

static bool read_contexts(const struct device_tree *tree, uint32_t node, struct machine *out) {
    const struct tree_property *entries = tree_find(tree, node, TREE_INTERRUPTS_EXTENDED);
    const uint32_t entry_bytes = 2 * TREE_CELL_BYTES;
    if (!entries || entries->bytes % entry_bytes != 0 ||
        entries->bytes / entry_bytes > CONTEXTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < out->hart_count; i++) {
        out->plic_context[i] = CONTEXT_NONE;
    }
    for (uint32_t i = 0; i < entries->bytes / entry_bytes; i++) {
        if (!read_context(tree, entries->value + (size_t)i * entry_bytes, i, out)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < out->hart_count; i++) {
        uint64_t end = MACHINE_PLIC_CONTEXT_FIRST +
                       (UINT64_C(1) + out->plic_context[i]) * MACHINE_PLIC_CONTEXT_BYTES;
        if (out->plic_context[i] == CONTEXT_NONE || end > out->plic.bytes) {
            return false;
        }
    }
    return true;
}

enum machine_fault machine_read_plic(const struct device_tree *tree, struct machine *out) {
    uint32_t node = tree_next(tree, 0, TREE_KIND_PLIC);
    if (node == TREE_NONE) {
        node = tree_next(tree, 0, TREE_KIND_PLIC_OTHER);
    }
    if (node == TREE_NONE || !machine_node_usable(tree, node) ||
        !machine_reg(tree, node, 0, &out->plic)) {
        return MACHINE_NO_PLIC;
    }
    uint64_t cells = 0;
    uint64_t lines = 0;
    bool sound = machine_number(tree, node, TREE_INTERRUPT_CELLS, &cells) && cells == 1 &&
                 machine_number(tree, node, TREE_NDEV, &lines) && lines >= 1 &&
                 lines <= MACHINE_LINE_MAX && !machine_bus_translates(tree, node) &&
                 out->plic.base % MACHINE_PAGE_BYTES == 0;
    out->plic_line_max = (uint32_t)lines;
    out->plic_phandle = tree->nodes[node].phandle;
    return sound && read_contexts(tree, node, out) ? MACHINE_OK : MACHINE_BAD_PLIC;
}

// Whether a node's interrupts go to the PLIC: its own word says so, or the nearest above it.
static bool is_below_plic(const struct device_tree *tree, uint32_t node,
                          const struct machine *machine) {
    uint64_t phandle = 0;
    for (; node != TREE_NONE; node = tree->nodes[node].parent) {  // Up to the root.
        if (machine_number(tree, node, TREE_INTERRUPT_PARENT, &phandle)) {
            return phandle != 0 && phandle == machine->plic_phandle;
        }
    }
    return false;
}

// The node's only interrupt: a line of the PLIC.
static bool read_line(const struct device_tree *tree, uint32_t node, const struct machine *machine,
                      uint32_t *out) {
    const struct tree_property *interrupts = tree_find(tree, node, TREE_INTERRUPTS);
    if (!interrupts || interrupts->bytes != TREE_CELL_BYTES ||
        !is_below_plic(tree, node, machine)) {
        return false;
    }
    uint32_t line = tree_cell(interrupts->value);
    *out = line;
    return line >= 1 && line <= machine->plic_line_max;
}

static bool overlap(struct machine_range a, struct machine_range b) {
    uint64_t a_first = a.base / MACHINE_PAGE_BYTES;
    uint64_t b_first = b.base / MACHINE_PAGE_BYTES;
    uint64_t a_last = (a.base + a.bytes - 1) / MACHINE_PAGE_BYTES;
    uint64_t b_last = (b.base + b.bytes - 1) / MACHINE_PAGE_BYTES;
    return b.bytes != 0 && a_first <= b_last && b_first <= a_last;
}

// The table is in the order of addresses, whatever the tree's is: where a device belongs.
static uint32_t place_of(const struct machine *machine, const struct machine_device *device) {
    uint32_t place = machine->device_count;
    while (place > 0 && machine->devices[place - 1].window.base > device->window.base) {
        place--;
    }
    return place;
}

// A page that is mapped for a driver must not show it anything else. No two windows of the table
// overlap, so of those only the neighbours of the device's place can.
static bool stands_alone(const struct machine *machine, const struct machine_device *device,
                         uint32_t place) {
    bool alone = !overlap(device->window, machine->ram) &&
                 !overlap(device->window, machine->uart) &&
                 !overlap(device->window, machine->plic) && device->line != machine->uart_line;
    if (place > 0) {
        alone = alone && !overlap(device->window, machine->devices[place - 1].window);
    }
    if (place < machine->device_count) {
        alone = alone && !overlap(device->window, machine->devices[place].window);
    }
    for (uint32_t i = 0; i < machine->device_count; i++) {
        alone = alone && device->line != machine->devices[i].line;
    }
    return alone;
}

static void insert(struct machine *out, const struct machine_device *device, uint32_t place) {
    for (uint32_t i = out->device_count; i > place; i--) {
        out->devices[i] = out->devices[i - 1];
    }
    out->devices[place] = *device;
    out->device_count++;
}

static enum machine_fault read_device(const struct device_tree *tree, uint32_t node,
                                      struct machine *out) {
    struct machine_device device = {{0, 0}, 0};
    if (!machine_reg(tree, node, 0, &device.window) || machine_bus_translates(tree, node) ||
        device.window.base % MACHINE_PAGE_BYTES != 0 ||
        device.window.bytes % MACHINE_PAGE_BYTES != 0 ||
        device.window.bytes > (uint64_t)MACHINE_WINDOW_PAGES_MAX * MACHINE_PAGE_BYTES ||
        !read_line(tree, node, out, &device.line)) {
        return MACHINE_BAD_DEVICE;
    }
    uint32_t place = place_of(out, &device);
    if (!stands_alone(out, &device, place)) {
        return MACHINE_SHARED_DEVICE;
    }
    if (out->device_count == MACHINE_DEVICE_MAX) {
        return MACHINE_TOO_MANY_DEVICES;
    }
    insert(out, &device, place);
    return MACHINE_OK;
}

static enum machine_fault read_uart_line(const struct device_tree *tree, struct machine *out) {
    uint32_t node = tree_next(tree, 0, TREE_KIND_UART);
    bool has_line = node != TREE_NONE && tree_find(tree, node, TREE_INTERRUPTS);
    return !has_line || read_line(tree, node, out, &out->uart_line) ? MACHINE_OK : MACHINE_BAD_UART;
}

enum machine_fault machine_read_devices(const struct device_tree *tree, struct machine *out) {
    enum machine_fault fault = read_uart_line(tree, out);
    uint32_t node = tree_next(tree, 0, TREE_KIND_VIRTIO);
    while (node != TREE_NONE && fault == MACHINE_OK) {  // At most every node once.
        if (machine_node_usable(tree, node)) {
            fault = read_device(tree, node, out);
        }
        node = tree_next(tree, node + 1, TREE_KIND_VIRTIO);
    }
    return fault;
}
