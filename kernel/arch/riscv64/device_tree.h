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
    TREE_NAME_COUNT
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
    uint32_t kinds;    // enum tree_kind
    uint16_t parent;   // Before it in the table; of the root TREE_NONE.
    uint16_t depth;    // Of the root 0.
    uint16_t first;    // Its properties stand together.
    uint16_t count;
};

// Nodes in the order of the blob; the root is 0.
struct device_tree {
    const uint8_t *blob;
    uint32_t bytes;  // Of the blob.
    uint32_t node_count;
    uint32_t property_count;
    struct tree_node nodes[TREE_NODE_MAX];
    struct tree_property properties[TREE_PROPERTY_MAX];
};

// At most `bytes_max` bytes, aligned to 8. False: it is no such blob, damaged, deeper than
// TREE_DEPTH_MAX, or has more than the tables hold.
WARN_UNUSED bool device_tree_index(const void *blob, uint64_t bytes_max, struct device_tree *out);

// A node's property, or null.
WARN_UNUSED const struct tree_property *tree_find(const struct device_tree *tree, uint32_t node,
                                                  enum tree_name name);

// Below the root, with that name and any address behind it; TREE_NONE.
WARN_UNUSED uint32_t tree_top(const struct device_tree *tree, const char *name);

// The first node from `from` on of that kind; TREE_NONE.
WARN_UNUSED uint32_t tree_next(const struct device_tree *tree, uint32_t from, enum tree_kind kind);

// The node of that phandle, which is not 0; TREE_NONE.
WARN_UNUSED uint32_t tree_phandle(const struct device_tree *tree, uint32_t phandle);

// Whether a property is exactly that text with its zero, or one of a list of texts.
WARN_UNUSED bool tree_text_is(const struct tree_property *property, const char *text);
WARN_UNUSED bool tree_text_has(const struct tree_property *property, const char *text);

// Entry `index` of the memory reservations; false if there is none.
WARN_UNUSED bool tree_reservation(const struct device_tree *tree, uint32_t index, uint64_t *base,
                                  uint64_t *bytes);

// A big-endian cell.
static inline uint32_t tree_cell(const uint8_t *at) {
    return ((uint32_t)at[0] << 24) | ((uint32_t)at[1] << 16) | ((uint32_t)at[2] << 8) | at[3];
}
