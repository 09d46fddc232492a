// kernel/arch/riscv64/machine.c: see machine.h. Reference: Devicetree Specification 0.4; the riscv
// bindings for cpus.
#include <string.h>

#include "base/checked.h"
#include "base/words.h"
#include "kernel/arch/riscv64/machine_tree.h"

// One big-endian cell or two as one number.
static ALWAYS_INLINE uint64_t cells_value(const uint8_t *cells, uint32_t count) {
    uint64_t first = tree_cell(cells);
    return count == 1 ? first : (first << 32) | tree_cell(cells + TREE_CELL_BYTES);
}

bool machine_reg(const struct device_tree *tree, uint32_t node, uint32_t index,
                 struct machine_range *out) {
    const struct tree_property *reg = tree_find(tree, node, TREE_REG);
    uint32_t parent = tree->nodes[node].parent;
    if (!reg || parent == TREE_NONE) {
        return false;
    }
    uint32_t address_cells = tree->nodes[parent].address_cells;
    uint32_t size_cells = tree->nodes[parent].size_cells;
    uint32_t entry_bytes = (address_cells + size_cells) * TREE_CELL_BYTES;
    if (address_cells == 0 || size_cells == 0 || reg->bytes < (index + 1) * entry_bytes) {
        return false;
    }
    const uint8_t *entry = reg->value + (size_t)index * entry_bytes;
    out->base = cells_value(entry, address_cells);
    out->bytes = cells_value(entry + (size_t)address_cells * TREE_CELL_BYTES, size_cells);
    uint64_t end = 0;
    return out->bytes != 0 && checked_add_u64(out->base, out->bytes, &end);
}

bool machine_number(const struct device_tree *tree, uint32_t node, enum tree_name name,
                    uint64_t *out) {
    const struct tree_property *property = tree_find(tree, node, name);
    if (!property ||
        (property->bytes != TREE_CELL_BYTES && property->bytes != 2 * TREE_CELL_BYTES)) {
        return false;
    }
    *out = cells_value(property->value, property->bytes / TREE_CELL_BYTES);
    return true;
}

bool machine_node_usable(const struct device_tree *tree, uint32_t node) {
    const struct tree_property *status = tree_find(tree, node, TREE_STATUS);
    return !status || tree_text_is(status, "okay") || tree_text_is(status, "ok");
}

bool machine_bus_translates(const struct device_tree *tree, uint32_t node) {
    uint32_t parent = tree->nodes[node].parent;
    if (parent == 0 || parent == TREE_NONE) {
        return false;
    }
    const struct tree_property *ranges = tree_find(tree, parent, TREE_RANGES);
    return !ranges || ranges->bytes != 0;
}

static uint32_t find_memory(const struct device_tree *tree, uint32_t from) {
    for (uint32_t i = from; i < tree->node_count; i++) {
        if (tree_text_is(tree_find(tree, i, TREE_DEVICE_TYPE), "memory")) {
            return i;
        }
    }
    return TREE_NONE;
}

static enum machine_fault read_memory(const struct device_tree *tree, struct machine *out) {
    uint32_t node = find_memory(tree, 0);
    if (node == TREE_NONE || !machine_reg(tree, node, 0, &out->ram)) {
        return MACHINE_NO_MEMORY;
    }
    struct machine_range second = {0, 0};
    bool more = find_memory(tree, node + 1) != TREE_NONE;
    return more || machine_reg(tree, node, 1, &second) ? MACHINE_MEMORY_BANKS : MACHINE_OK;
}

static void read_seed(const struct device_tree *tree, uint32_t chosen, struct machine *out) {
    const struct tree_property *seed = tree_find(tree, chosen, TREE_RNG_SEED);
    out->seeded = seed && seed->bytes >= sizeof(out->seed);
    if (out->seeded) {
        memcpy(out->seed, seed->value, sizeof(out->seed));
    }
}

// The kernel knows one word; with anything else there it does as without.
static void read_arguments(const struct device_tree *tree, uint32_t chosen, struct machine *out) {
    static const char word[] = "trace";
    const struct tree_property *arguments = tree_find(tree, chosen, TREE_BOOTARGS);
    out->traced = arguments && arguments->bytes == sizeof(word) &&
                  memcmp(arguments->value, word, sizeof(word)) == 0;
}

static enum machine_fault read_chosen(const struct device_tree *tree, struct machine *out) {
    uint32_t chosen = tree_top(tree, "chosen");
    if (chosen == TREE_NONE) {
        return MACHINE_NO_CHOSEN;
    }
    read_seed(tree, chosen, out);
    read_arguments(tree, chosen, out);
    uint64_t start = 0;
    uint64_t end = 0;
    if (!machine_number(tree, chosen, TREE_INITRD_START, &start) ||
        !machine_number(tree, chosen, TREE_INITRD_END, &end)) {
        return MACHINE_NO_BOOT_IMAGE;
    }
    bool inside = start >= out->ram.base && end > start &&
                  range_within(start - out->ram.base, end - start, out->ram.bytes);
    if (!inside || start % MACHINE_PAGE_BYTES != 0) {
        return MACHINE_BAD_BOOT_IMAGE;
    }
    out->boot_image = (struct machine_range){start, end - start};
    return MACHINE_OK;
}

// Whether the ISA string names `_sstc`, or the newer list of extensions has it.
static bool hart_has_sstc(const struct device_tree *tree, uint32_t node) {
    static const char extension[] = "_sstc";
    if (tree_text_has(tree_find(tree, node, TREE_ISA_EXTENSIONS), extension + 1)) {
        return true;
    }
    const struct tree_property *isa = tree_find(tree, node, TREE_ISA);
    if (!isa || isa->bytes == 0 || isa->value[isa->bytes - 1] != 0) {
        return false;
    }
    const char *found = strstr((const char *)isa->value, extension);
    return found && (found[sizeof(extension) - 1] == 0 || found[sizeof(extension) - 1] == '_');
}

static bool hart_zeroes_blocks(const struct device_tree *tree, uint32_t node) {
    uint64_t bytes = 0;
    return machine_number(tree, node, TREE_ZERO_BYTES, &bytes) && bytes == MACHINE_ZERO_BYTES;
}

static bool hart_has_sv39(const struct device_tree *tree, uint32_t node) {
    const struct tree_property *type = tree_find(tree, node, TREE_MMU_TYPE);
    return tree_text_is(type, "riscv,sv39") || tree_text_is(type, "riscv,sv48") ||
           tree_text_is(type, "riscv,sv57");
}

static enum machine_fault read_hart(const struct device_tree *tree, uint32_t node,
                                    struct machine *out) {
    if (out->hart_count == MACHINE_HART_MAX) {
        return MACHINE_TOO_MANY_HARTS;
    }
    uint64_t hartid = 0;
    if (!machine_number(tree, node, TREE_REG, &hartid) || hartid > MACHINE_HARTID_MAX) {
        return MACHINE_BAD_HART;
    }
    for (uint32_t i = 0; i < out->hart_count; i++) {
        if (out->hartid[i] == hartid) {
            return MACHINE_BAD_HART;
        }
    }
    if (!hart_has_sv39(tree, node)) {
        return MACHINE_NO_SV39;
    }
    out->sstc = out->sstc && hart_has_sstc(tree, node);
    out->zeroes_blocks = out->zeroes_blocks && hart_zeroes_blocks(tree, node);
    out->hartid[out->hart_count++] = (uint32_t)hartid;
    return MACHINE_OK;
}

static enum machine_fault read_harts(const struct device_tree *tree, struct machine *out) {
    uint32_t cpus = tree_top(tree, "cpus");
    if (cpus == TREE_NONE) {
        return MACHINE_NO_CPUS;
    }
    uint64_t hz = 0;
    if (!machine_number(tree, cpus, TREE_TIMEBASE, &hz)) {
        return MACHINE_NO_TIMEBASE;
    }
    if (hz == 0 || UINT64_C(1000000000) % hz != 0) {
        return MACHINE_BAD_TIMEBASE;
    }
    out->timebase_hz = (uint32_t)hz;
    out->sstc = true;
    out->zeroes_blocks = true;
    for (uint32_t node = cpus + 1; node < tree->node_count; node++) {
        if (tree->nodes[node].parent != cpus ||
            !tree_text_is(tree_find(tree, node, TREE_DEVICE_TYPE), "cpu") ||
            !machine_node_usable(tree, node)) {
            continue;
        }
        enum machine_fault fault = read_hart(tree, node, out);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return out->hart_count != 0 ? MACHINE_OK : MACHINE_NO_HARTS;
}

static enum machine_fault read_uart(const struct device_tree *tree, struct machine *out) {
    uint32_t node = tree_next(tree, 0, TREE_KIND_UART);
    if (node == TREE_NONE || !machine_node_usable(tree, node) ||
        !machine_reg(tree, node, 0, &out->uart)) {
        return MACHINE_NO_UART;
    }
    bool translates = machine_bus_translates(tree, node);
    uint64_t shift = 0;
    uint64_t width = 1;
    bool apart = machine_number(tree, node, TREE_REG_SHIFT, &shift) && shift != 0;
    bool wide = machine_number(tree, node, TREE_REG_IO_WIDTH, &width) && width != 1;
    return translates || apart || wide ? MACHINE_BAD_UART : MACHINE_OK;
}

static enum machine_fault add_reserved(struct machine *out, struct machine_range range) {
    if (out->reserved_count == MACHINE_RESERVED_MAX) {
        return MACHINE_TOO_MANY_RESERVED;
    }
    out->reserved[out->reserved_count++] = range;
    return MACHINE_OK;
}

static enum machine_fault read_reserved(const struct device_tree *tree, struct machine *out) {
    struct machine_range range = {0, 0};
    // One more than can be kept, which is then refused.
    for (uint32_t i = 0;
         i <= MACHINE_RESERVED_MAX && tree_reservation(tree, i, &range.base, &range.bytes); i++) {
        uint64_t end = 0;
        if (!checked_add_u64(range.base, range.bytes, &end)) {
            return MACHINE_BAD_RESERVED;
        }
        enum machine_fault fault = add_reserved(out, range);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    uint32_t parent = tree_top(tree, "reserved-memory");
    for (uint32_t node = 0; parent != TREE_NONE && node < tree->node_count; node++) {
        if (tree->nodes[node].parent != parent) {
            continue;
        }
        if (!machine_reg(tree, node, 0, &range)) {
            return MACHINE_BAD_RESERVED;
        }
        enum machine_fault fault = add_reserved(out, range);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return MACHINE_OK;
}

enum machine_fault machine_read(const void *blob, uint64_t bytes_max, struct machine *out) {
    static enum machine_fault (*const steps[])(const struct device_tree *, struct machine *) = {
        read_uart,     read_memory,       read_chosen,          read_harts,
        read_reserved, machine_read_plic, machine_read_devices,
    };
    words_zero(out, sizeof(*out) / 8);
    struct device_tree tree;
    if (!device_tree_index(blob, bytes_max, &tree)) {
        return MACHINE_BAD_BLOB;
    }
    out->tree_bytes = tree.bytes;
    for (uint32_t i = 0; i < ARRAY_LEN(steps); i++) {
        enum machine_fault fault = steps[i](&tree, out);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return MACHINE_OK;
}
