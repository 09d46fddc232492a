// kernel/arch/riscv64/machine_device.c: the interrupt controller and the devices for drivers in
// user mode. See machine.h.
// Reference:  Devicetree Specification 0.4, "Interrupts and Interrupt Mapping"; bindings
//             sifive,plic-1.0.0 and virtio,mmio; RISC-V PLIC Specification, memory map.
#include <string.h>

#include "base/checked.h"
#include "kernel/arch/riscv64/machine_tree.h"

enum {
    CAUSE_SUPERVISOR_EXTERNAL = 9,  // The hart's own interrupt number of a supervisor's context.
    CONTEXTS_MAX = 2 * (MACHINE_HARTID_MAX + 1),
    DEPTH_MAX = 8,
    NODES_MAX = 64,
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
static bool read_context(const void *blob, const fdt32_t *entry, uint32_t context,
                         struct machine *out) {
    int controller = fdt_node_offset_by_phandle(blob, fdt32_to_cpu(entry[0]));
    uint64_t cells = 0;
    uint64_t hartid = 0;
    if (controller < 0 || !machine_number(blob, controller, "#interrupt-cells", &cells) ||
        cells != 1 || !machine_number(blob, fdt_parent_offset(blob, controller), "reg", &hartid)) {
        return false;
    }
    uint32_t index = hart_index(out, hartid);
    if (fdt32_to_cpu(entry[1]) != CAUSE_SUPERVISOR_EXTERNAL || index == out->hart_count) {
        return true;  // Another mode's, or a hart that is not used.
    }
    bool first = out->plic_context[index] == CONTEXT_NONE;
    out->plic_context[index] = context;
    return first;
}

static bool read_contexts(const void *blob, int node, struct machine *out) {
    int bytes = 0;
    const fdt32_t *entries =
        (const fdt32_t *)fdt_getprop(blob, node, "interrupts-extended", &bytes);
    const int entry_bytes = 2 * MACHINE_CELL_BYTES;
    if (!entries || bytes % entry_bytes != 0 || bytes / entry_bytes > CONTEXTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < out->hart_count; i++) {
        out->plic_context[i] = CONTEXT_NONE;
    }
    for (int i = 0; i < bytes / entry_bytes; i++) {
        if (!read_context(blob, entries + (size_t)i * 2, (uint32_t)i, out)) {
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

enum machine_fault machine_read_plic(const void *blob, struct machine *out) {
    int node = fdt_node_offset_by_compatible(blob, -1, "sifive,plic-1.0.0");
    if (node < 0) {
        node = fdt_node_offset_by_compatible(blob, -1, "riscv,plic0");
    }
    if (node < 0 || !machine_node_usable(blob, node) || !machine_reg(blob, node, 0, &out->plic)) {
        return MACHINE_NO_PLIC;
    }
    uint64_t cells = 0;
    uint64_t lines = 0;
    bool sound = machine_number(blob, node, "#interrupt-cells", &cells) && cells == 1 &&
                 machine_number(blob, node, "riscv,ndev", &lines) && lines >= 1 &&
                 lines <= MACHINE_LINE_MAX && !machine_bus_translates(blob, node) &&
                 out->plic.base % MACHINE_PAGE_BYTES == 0;
    out->plic_line_max = (uint32_t)lines;
    return sound && read_contexts(blob, node, out) ? MACHINE_OK : MACHINE_BAD_PLIC;
}

// The controller that a node's interrupts go to: its own word, or the nearest above it.
static int interrupt_parent(const void *blob, int node) {
    uint64_t phandle = 0;
    for (uint32_t depth = 0; depth < DEPTH_MAX && node >= 0; depth++) {
        if (machine_number(blob, node, "interrupt-parent", &phandle)) {
            return fdt_node_offset_by_phandle(blob, (uint32_t)phandle);
        }
        node = fdt_parent_offset(blob, node);
    }
    return -1;
}

// The node's only interrupt: a line of the PLIC.
static bool read_line(const void *blob, int node, const struct machine *machine, uint32_t *out) {
    int controller = interrupt_parent(blob, node);
    struct machine_range plic = {0, 0};
    uint64_t line = 0;
    int bytes = 0;
    const void *property = fdt_getprop(blob, node, "interrupts", &bytes);
    if (controller < 0 || !machine_reg(blob, controller, 0, &plic) ||
        plic.base != machine->plic.base || !property || bytes != MACHINE_CELL_BYTES ||
        !machine_number(blob, node, "interrupts", &line)) {
        return false;
    }
    *out = (uint32_t)line;
    return line >= 1 && line <= machine->plic_line_max;
}

static bool overlap(struct machine_range a, struct machine_range b) {
    uint64_t a_first = a.base / MACHINE_PAGE_BYTES;
    uint64_t b_first = b.base / MACHINE_PAGE_BYTES;
    uint64_t a_last = (a.base + a.bytes - 1) / MACHINE_PAGE_BYTES;
    uint64_t b_last = (b.base + b.bytes - 1) / MACHINE_PAGE_BYTES;
    return b.bytes != 0 && a_first <= b_last && b_first <= a_last;
}

// A page that is mapped for a driver must not show it anything else.
static bool stands_alone(const struct machine *machine, const struct machine_device *device) {
    bool alone = !overlap(device->window, machine->ram) &&
                 !overlap(device->window, machine->uart) &&
                 !overlap(device->window, machine->plic) && device->line != machine->uart_line;
    for (uint32_t i = 0; i < machine->device_count; i++) {
        alone = alone && !overlap(device->window, machine->devices[i].window) &&
                device->line != machine->devices[i].line;
    }
    return alone;
}

// Keeps the table in the order of addresses, whatever the tree's is.
static void insert(struct machine *out, struct machine_device device) {
    uint32_t place = out->device_count;
    for (; place > 0 && out->devices[place - 1].window.base > device.window.base; place--) {
        out->devices[place] = out->devices[place - 1];
    }
    out->devices[place] = device;
    out->device_count++;
}

static enum machine_fault read_device(const void *blob, int node, struct machine *out) {
    struct machine_device device = {{0, 0}, 0};
    if (!machine_reg(blob, node, 0, &device.window) || machine_bus_translates(blob, node) ||
        device.window.base % MACHINE_PAGE_BYTES != 0 ||
        device.window.bytes % MACHINE_PAGE_BYTES != 0 ||
        device.window.bytes > MACHINE_WINDOW_PAGES_MAX * MACHINE_PAGE_BYTES ||
        !read_line(blob, node, out, &device.line)) {
        return MACHINE_BAD_DEVICE;
    }
    if (!stands_alone(out, &device)) {
        return MACHINE_SHARED_DEVICE;
    }
    if (out->device_count == MACHINE_DEVICE_MAX) {
        return MACHINE_TOO_MANY_DEVICES;
    }
    insert(out, device);
    return MACHINE_OK;
}

static enum machine_fault read_uart_line(const void *blob, struct machine *out) {
    int node = fdt_node_offset_by_compatible(blob, -1, "ns16550a");
    bool has_line = node >= 0 && fdt_getprop(blob, node, "interrupts", 0);
    return !has_line || read_line(blob, node, out, &out->uart_line) ? MACHINE_OK : MACHINE_BAD_UART;
}

enum machine_fault machine_read_devices(const void *blob, struct machine *out) {
    enum machine_fault fault = read_uart_line(blob, out);
    int node = fdt_node_offset_by_compatible(blob, -1, "virtio,mmio");
    for (uint32_t i = 0; i < NODES_MAX && node >= 0 && fault == MACHINE_OK; i++) {
        if (machine_node_usable(blob, node)) {
            fault = read_device(blob, node, out);
        }
        node = fdt_node_offset_by_compatible(blob, node, "virtio,mmio");
    }
    return node >= 0 && fault == MACHINE_OK ? MACHINE_TOO_MANY_DEVICES : fault;
}
