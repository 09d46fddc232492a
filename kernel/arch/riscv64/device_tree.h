// kernel/arch/riscv64/device_tree.h: a flattened device tree, checked and indexed in one pass: its
// nodes, and of their properties those that the kernel reads.
//
// Every offset and length is checked before anything behind it is looked at, and what the index
// names lies within the blob.
// Reference:  Devicetree Specification 0.4, chapter 5.
// Ownership:  the index points into the blob, which stays the caller's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
    TREE_NODE_MAX = 128,
    TREE_PROPERTY_MAX = 256,  // Of those in device_tree_name.def.
    TREE_DEPTH_MAX = 16,
    TREE_CELL_BYTES = 4,
    TREE_NONE = 0xffff,
};

enum tree_name {
#define TREE_NAME(name, text) TREE_##name,
#include "kernel/arch/riscv64/device_tree_name.def"
#undef TREE_NAME
    TREE_NAME_COUNT,
    TREE_NAME_STORED = TREE_DEVICE_TYPE,
};

struct tree_property {
    const uint8_t *value;
    uint32_t bytes;
    uint32_t name;  // enum tree_name
};

// What a node says that it is compatible with.
enum tree_kind {
    TREE_KIND_UART = 1u << 0,        // ns16550a
    TREE_KIND_PLIC = 1u << 1,        // sifive,plic-1.0.0
    TREE_KIND_PLIC_OTHER = 1u << 2,  // riscv,plic0
    TREE_KIND_VIRTIO = 1u << 3,      // virtio,mmio
};

struct tree_node {
    const char *name;  // Ends with a zero within the blob.
    uint32_t phandle;  // 0: none.
    uint32_t names;    // Bit i: it has the property enum tree_name i.
    uint16_t parent;   // Before it in the table; of the root TREE_NONE.
    uint16_t depth;    // Of the root 0.
    uint16_t first;    // Its properties stand together.
    uint16_t count;
    uint8_t kinds;          // enum tree_kind
    uint8_t address_cells;  // Of an address in the nodes below: 1 or 2; 0: not usable.
    uint8_t size_cells;     // Likewise of a length.
};

// Nodes in the order of the blob; the root is 0.
struct device_tree {
    const uint8_t *blob;
    uint32_t bytes;  // Of the blob.
    uint32_t node_count;
    struct tree_node nodes[TREE_NODE_MAX];
    struct tree_property properties[TREE_PROPERTY_MAX];
};

// At most `bytes_max` bytes, aligned to 8. False: it is no such blob, damaged, deeper than
// TREE_DEPTH_MAX, or has more than the tables hold.
WARN_UNUSED bool device_tree_index(const void *blob, uint64_t bytes_max, struct device_tree *out);

// A node's property, or null. Of those that are kept in the node (TREE_NAME_STORED) always null.
WARN_UNUSED static inline const struct tree_property *tree_find(const struct device_tree *tree,
                                                                uint32_t node,
                                                                enum tree_name name) {
    if (((tree->nodes[node].names >> name) & 1) == 0) {
        return 0;
    }
    const struct tree_property *property = &tree->properties[tree->nodes[node].first];
    for (uint32_t left = tree->nodes[node].count; left > 0; left--, property++) {
        if (property->name == (uint32_t)name) {
            return property;
        }
    }
    return 0;
}

// Below the root, with that name and any address behind it; TREE_NONE.
WARN_UNUSED uint32_t tree_top(const struct device_tree *tree, const char *name);

// The first node from `from` on of that kind; TREE_NONE.
WARN_UNUSED static inline uint32_t tree_next(const struct device_tree *tree, uint32_t from,
                                             enum tree_kind kind) {
    for (uint32_t i = from; i < tree->node_count; i++) {
        if ((tree->nodes[i].kinds & kind) != 0) {
            return i;
        }
    }
    return TREE_NONE;
}

// The node of that phandle, which is not 0; TREE_NONE.
WARN_UNUSED uint32_t tree_phandle(const struct device_tree *tree, uint32_t phandle);

// Whether a text that ends with a zero is this one.
static inline bool tree_text_same(const uint8_t *text, const char *other) {
    while (*text == (uint8_t)*other) {
        if (*text == 0) {
            return true;
        }
        text++;
        other++;
    }
    return false;
}

// Whether a property, or null, is exactly that text with its zero, or one of a list of texts.
WARN_UNUSED bool tree_text_is(const struct tree_property *property, const char *text);
WARN_UNUSED bool tree_text_has(const struct tree_property *property, const char *text);

// Entry `index` of the memory reservations; false if there is none.
WARN_UNUSED bool tree_reservation(const struct device_tree *tree, uint32_t index, uint64_t *base,
                                  uint64_t *bytes);

// A big-endian cell, aligned as the blob has it; the machine is little-endian.
static inline uint32_t tree_cell(const uint8_t *at) {
    uint32_t cell = *(const uint32_t *)(const void *)__builtin_assume_aligned(at, TREE_CELL_BYTES);
    return (cell >> 24) | ((cell >> 8) & 0xff00u) | ((cell & 0xff00u) << 8) | (cell << 24);
}
