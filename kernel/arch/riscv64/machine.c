// kernel/arch/riscv64/machine.c: see machine.h. Reference: Devicetree Specification 0.4; the riscv
// bindings for cpus.
#include <string.h>

#include "base/checked.h"
#include "kernel/arch/riscv64/machine_tree.h"

enum {
    CELLS_MAX = 2,
    CPU_NODES_MAX = 64,
};

// `count` big-endian cells as one number.
static uint64_t cells_value(const fdt32_t *cells, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) {
        value = (value << 32) | fdt32_to_cpu(cells[i]);
    }
    return value;
}

static bool cell_count_valid(int count) {
    return count >= 1 && count <= CELLS_MAX;
}

bool machine_reg(const void *blob, int node, int index, struct machine_range *out) {
    int parent = fdt_parent_offset(blob, node);
    int address_cells = fdt_address_cells(blob, parent);
    int size_cells = fdt_size_cells(blob, parent);
    if (!cell_count_valid(address_cells) || !cell_count_valid(size_cells)) {
        return false;
    }
    int bytes = 0;
    const fdt32_t *reg = (const fdt32_t *)fdt_getprop(blob, node, "reg", &bytes);
    int entry_cells = address_cells + size_cells;
    if (!reg || bytes < (index + 1) * entry_cells * MACHINE_CELL_BYTES) {
        return false;
    }
    reg += index * entry_cells;
    out->base = cells_value(reg, address_cells);
    out->bytes = cells_value(reg + address_cells, size_cells);
    uint64_t end = 0;
    return out->bytes != 0 && checked_add_u64(out->base, out->bytes, &end);
}

bool machine_number(const void *blob, int node, const char *name, uint64_t *out) {
    int bytes = 0;
    const fdt32_t *cells = (const fdt32_t *)fdt_getprop(blob, node, name, &bytes);
    if (!cells || (bytes != MACHINE_CELL_BYTES && bytes != 2 * MACHINE_CELL_BYTES)) {
        return false;
    }
    *out = cells_value(cells, bytes / MACHINE_CELL_BYTES);
    return true;
}

bool machine_node_usable(const void *blob, int node) {
    int bytes = 0;
    const char *status = (const char *)fdt_getprop(blob, node, "status", &bytes);
    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

bool machine_bus_translates(const void *blob, int node) {
    int parent = fdt_parent_offset(blob, node);
    int bytes = 0;
    return parent != 0 && (!fdt_getprop(blob, parent, "ranges", &bytes) || bytes != 0);
}

static enum machine_fault read_memory(const void *blob, struct machine *out) {
    static const char type[] = "memory";
    int node = fdt_node_offset_by_prop_value(blob, -1, "device_type", type, sizeof(type));
    if (node < 0 || !machine_reg(blob, node, 0, &out->ram)) {
        return MACHINE_NO_MEMORY;
    }
    struct machine_range second = {0, 0};
    bool more = fdt_node_offset_by_prop_value(blob, node, "device_type", type, sizeof(type)) >= 0;
    return more || machine_reg(blob, node, 1, &second) ? MACHINE_MEMORY_BANKS : MACHINE_OK;
}

static void read_seed(const void *blob, int chosen, struct machine *out) {
    int bytes = 0;
    const void *seed = fdt_getprop(blob, chosen, "rng-seed", &bytes);
    out->seeded = seed && bytes >= (int)sizeof(out->seed);
    if (out->seeded) {
        memcpy(out->seed, seed, sizeof(out->seed));
    }
}

static enum machine_fault read_chosen(const void *blob, struct machine *out) {
    int chosen = fdt_path_offset(blob, "/chosen");
    if (chosen < 0) {
        return MACHINE_NO_CHOSEN;
    }
    read_seed(blob, chosen, out);
    uint64_t start = 0;
    uint64_t end = 0;
    if (!machine_number(blob, chosen, "linux,initrd-start", &start) ||
        !machine_number(blob, chosen, "linux,initrd-end", &end)) {
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
static bool hart_has_sstc(const void *blob, int node) {
    static const char extension[] = "_sstc";
    if (fdt_stringlist_search(blob, node, "riscv,isa-extensions", extension + 1) >= 0) {
        return true;
    }
    int bytes = 0;
    const char *isa = (const char *)fdt_getprop(blob, node, "riscv,isa", &bytes);
    if (!isa || bytes <= 0 || isa[bytes - 1] != 0) {
        return false;
    }
    const char *found = strstr(isa, extension);
    return found && (found[sizeof(extension) - 1] == 0 || found[sizeof(extension) - 1] == '_');
}

static bool hart_has_sv39(const void *blob, int node) {
    int bytes = 0;
    const char *type = (const char *)fdt_getprop(blob, node, "mmu-type", &bytes);
    return type && (strcmp(type, "riscv,sv39") == 0 || strcmp(type, "riscv,sv48") == 0 ||
                    strcmp(type, "riscv,sv57") == 0);
}

static enum machine_fault read_hart(const void *blob, int node, struct machine *out) {
    if (out->hart_count == MACHINE_HART_MAX) {
        return MACHINE_TOO_MANY_HARTS;
    }
    uint64_t hartid = 0;
    if (!machine_number(blob, node, "reg", &hartid) || hartid > MACHINE_HARTID_MAX) {
        return MACHINE_BAD_HART;
    }
    for (uint32_t i = 0; i < out->hart_count; i++) {
        if (out->hartid[i] == hartid) {
            return MACHINE_BAD_HART;
        }
    }
    if (!hart_has_sv39(blob, node)) {
        return MACHINE_NO_SV39;
    }
    out->sstc = out->sstc && hart_has_sstc(blob, node);
    out->hartid[out->hart_count++] = (uint32_t)hartid;
    return MACHINE_OK;
}

static enum machine_fault read_harts(const void *blob, struct machine *out) {
    int cpus = fdt_path_offset(blob, "/cpus");
    if (cpus < 0) {
        return MACHINE_NO_CPUS;
    }
    uint64_t hz = 0;
    if (!machine_number(blob, cpus, "timebase-frequency", &hz)) {
        return MACHINE_NO_TIMEBASE;
    }
    if (hz == 0 || UINT64_C(1000000000) % hz != 0) {
        return MACHINE_BAD_TIMEBASE;
    }
    out->timebase_hz = (uint32_t)hz;
    out->sstc = true;
    int node = fdt_first_subnode(blob, cpus);
    for (uint32_t i = 0; i < CPU_NODES_MAX && node >= 0; i++, node = fdt_next_subnode(blob, node)) {
        int bytes = 0;
        const char *type = (const char *)fdt_getprop(blob, node, "device_type", &bytes);
        if (!type || strcmp(type, "cpu") != 0 || !machine_node_usable(blob, node)) {
            continue;
        }
        enum machine_fault fault = read_hart(blob, node, out);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return out->hart_count != 0 ? MACHINE_OK : MACHINE_NO_HARTS;
}

static enum machine_fault read_uart(const void *blob, struct machine *out) {
    int node = fdt_node_offset_by_compatible(blob, -1, "ns16550a");
    if (node < 0 || !machine_node_usable(blob, node) || !machine_reg(blob, node, 0, &out->uart)) {
        return MACHINE_NO_UART;
    }
    bool translates = machine_bus_translates(blob, node);
    uint64_t shift = 0;
    uint64_t width = 1;
    bool apart = machine_number(blob, node, "reg-shift", &shift) && shift != 0;
    bool wide = machine_number(blob, node, "reg-io-width", &width) && width != 1;
    return translates || apart || wide ? MACHINE_BAD_UART : MACHINE_OK;
}

static enum machine_fault add_reserved(struct machine *out, struct machine_range range) {
    if (out->reserved_count == MACHINE_RESERVED_MAX) {
        return MACHINE_TOO_MANY_RESERVED;
    }
    out->reserved[out->reserved_count++] = range;
    return MACHINE_OK;
}

static enum machine_fault read_reserved(const void *blob, struct machine *out) {
    int count = fdt_num_mem_rsv(blob);
    for (int i = 0; i < count; i++) {
        struct machine_range range = {0, 0};
        uint64_t end = 0;
        if (fdt_get_mem_rsv(blob, i, &range.base, &range.bytes) != 0 ||
            !checked_add_u64(range.base, range.bytes, &end)) {
            return MACHINE_BAD_RESERVED;
        }
        enum machine_fault fault = add_reserved(out, range);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    int parent = fdt_path_offset(blob, "/reserved-memory");
    int node = parent < 0 ? -1 : fdt_first_subnode(blob, parent);
    for (uint32_t i = 0; i <= MACHINE_RESERVED_MAX && node >= 0;
         i++, node = fdt_next_subnode(blob, node)) {
        struct machine_range range = {0, 0};
        if (!machine_reg(blob, node, 0, &range)) {
            return MACHINE_BAD_RESERVED;
        }
        enum machine_fault fault = add_reserved(out, range);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return MACHINE_OK;
}

// What libfdt takes for granted before it has looked: a whole header, and parts that begin where
// their words may be loaded.
static bool blob_aligned(const void *blob, uint64_t bytes_max) {
    return bytes_max >= sizeof(struct fdt_header) &&
           fdt_off_dt_struct(blob) % MACHINE_CELL_BYTES == 0 &&
           fdt_off_mem_rsvmap(blob) % sizeof(uint64_t) == 0;
}

enum machine_fault machine_read(const void *blob, uint64_t bytes_max, struct machine *out) {
    static enum machine_fault (*const steps[])(const void *, struct machine *) = {
        read_uart,     read_memory,       read_chosen,          read_harts,
        read_reserved, machine_read_plic, machine_read_devices,
    };
    memset(out, 0, sizeof(*out));
    if (!blob_aligned(blob, bytes_max) || fdt_check_full(blob, (size_t)bytes_max) != 0) {
        return MACHINE_BAD_BLOB;
    }
    out->tree_bytes = fdt_totalsize(blob);
    for (uint32_t i = 0; i < ARRAY_LEN(steps); i++) {
        enum machine_fault fault = steps[i](blob, out);
        if (fault != MACHINE_OK) {
            return fault;
        }
    }
    return MACHINE_OK;
}
