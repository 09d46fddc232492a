// kernel/arch/riscv64/device_tree.c: see device_tree.h.
#include "kernel/arch/riscv64/device_tree.h"

#include <string.h>

enum {
    HEADER_BYTES = 40,
    VERSION = 17,
    VERSION_COMPATIBLE_MIN = 16,
    RESERVATION_BYTES = 16,
    KNOWN_COUNT = 128,  // A power of two.
};

#define MAGIC UINT32_C(0xd00dfeed)

enum header_field {
    HEADER_MAGIC = 0,
    HEADER_TOTAL = 4,
    HEADER_STRUCT = 8,
    HEADER_STRINGS = 12,
    HEADER_RESERVED = 16,
    HEADER_VERSION = 20,
    HEADER_COMPATIBLE = 24,
    HEADER_STRINGS_BYTES = 32,
    HEADER_STRUCT_BYTES = 36,
};

// Tags as a little-endian machine loads them.
enum tag {
    TAG_NODE = 0x01000000,
    TAG_NODE_END = 0x02000000,
    TAG_PROPERTY = 0x03000000,
    TAG_NOP = 0x04000000,
    TAG_END = 0x09000000,
};

// Where a name stands in the strings, as it is written in a property, and which it is: most
// properties have a name that was seen before.
struct known {
    uint32_t place;
    uint32_t name;
};

struct reader {
    const uint8_t *structure;
    uint32_t end;  // Of the structure, as the next ones.
    uint32_t at;
    const uint8_t *strings;
    uint32_t strings_bytes;
    uint32_t depth;  // Of the node that is open, plus 1.
    uint16_t open[TREE_DEPTH_MAX];
    struct known known[KNOWN_COUNT];
};

static uint32_t load(const uint8_t *at) {
    return *(const uint32_t *)(const void *)__builtin_assume_aligned(at, 4);
}

static bool part_within(uint32_t offset, uint32_t bytes, uint32_t total) {
    return offset >= HEADER_BYTES && offset <= total && bytes <= total - offset;
}

static bool header_read(const uint8_t *blob, uint64_t bytes_max, struct device_tree *out,
                        struct reader *reader) {
    if (bytes_max < HEADER_BYTES || tree_cell(blob + HEADER_MAGIC) != MAGIC) {
        return false;
    }
    uint32_t total = tree_cell(blob + HEADER_TOTAL);
    uint32_t structure = tree_cell(blob + HEADER_STRUCT);
    uint32_t strings = tree_cell(blob + HEADER_STRINGS);
    uint32_t reserved = tree_cell(blob + HEADER_RESERVED);
    reader->end = tree_cell(blob + HEADER_STRUCT_BYTES);
    reader->strings_bytes = tree_cell(blob + HEADER_STRINGS_BYTES);
    reader->structure = blob + structure;
    reader->strings = blob + strings;
    out->blob = blob;
    out->bytes = total;
    return total <= bytes_max && tree_cell(blob + HEADER_VERSION) >= VERSION &&
           tree_cell(blob + HEADER_COMPATIBLE) <= VERSION &&
           tree_cell(blob + HEADER_COMPATIBLE) >= VERSION_COMPATIBLE_MIN &&
           part_within(structure, reader->end, total) && structure % TREE_CELL_BYTES == 0 &&
           part_within(strings, reader->strings_bytes, total) &&
           part_within(reserved, RESERVATION_BYTES, total) && reserved % sizeof(uint64_t) == 0;
}

// Length of a text with its zero; 0: it does not end within `left` bytes.
static uint32_t text_bytes(const uint8_t *text, uint32_t left) {
    for (uint32_t i = 0; i < left; i++) {
        if (text[i] == 0) {
            return i + 1;
        }
    }
    return 0;
}

// Which name stands at that place of the strings: TREE_NAME_COUNT: none that is read. False: it
// does not end within them.
static bool name_read(const struct reader *reader, uint32_t offset, uint32_t *out) {
    static const struct {
        const char *text;
        uint32_t bytes;
    } names[] = {
#define TREE_NAME(name, text) {text, sizeof(text)},
#include "kernel/arch/riscv64/device_tree_name.def"
#undef TREE_NAME
    };
    if (offset >= reader->strings_bytes) {
        return false;
    }
    const uint8_t *text = reader->strings + offset;
    uint32_t bytes = text_bytes(text, reader->strings_bytes - offset);
    uint32_t name = 0;
    while (name < TREE_NAME_COUNT &&
           (names[name].bytes != bytes || memcmp(names[name].text, text, bytes) != 0)) {
        name++;
    }
    *out = name;
    return bytes != 0;
}

// `cell`: its place, in a property.
static bool name_find(struct reader *reader, const uint8_t *cell, uint32_t *out) {
    uint32_t place = load(cell);
    struct known *known = &reader->known[((place >> 24) + (place >> 16) * 37) & (KNOWN_COUNT - 1)];
    if (LIKELY(known->place == place && known->name <= TREE_NAME_COUNT)) {
        *out = known->name;
        return true;
    }
    uint32_t name = 0;
    if (!name_read(reader, tree_cell(cell), &name)) {
        return false;
    }
    *known = (struct known){place, name};
    *out = name;
    return true;
}

bool tree_text_has(const struct tree_property *property, const char *text) {
    size_t bytes = strlen(text) + 1;
    const uint8_t *at = property ? property->value : 0;
    uint32_t left = property ? property->bytes : 0;
    while (left >= bytes) {
        if (*at == (uint8_t)*text && memcmp(at, text, bytes) == 0) {
            return true;
        }
        const uint8_t *end = (const uint8_t *)memchr(at, 0, left);
        if (!end) {
            return false;
        }
        left -= (uint32_t)(end + 1 - at);
        at = end + 1;
    }
    return false;
}

static uint32_t kinds_of(const struct tree_property *compatible) {
    static const struct {
        const char *text;
        uint32_t bytes;
        uint32_t kind;
    } kinds[] = {
        {"ns16550a", sizeof("ns16550a"), TREE_KIND_UART},
        {"sifive,plic-1.0.0", sizeof("sifive,plic-1.0.0"), TREE_KIND_PLIC},
        {"riscv,plic0", sizeof("riscv,plic0"), TREE_KIND_PLIC_OTHER},
        {"virtio,mmio", sizeof("virtio,mmio"), TREE_KIND_VIRTIO},
    };
    uint32_t found = 0;
    const uint8_t *end = compatible->value + compatible->bytes;
    for (const uint8_t *at = compatible->value; at < end; at++) {  // Each text of the list.
        uint32_t bytes = text_bytes(at, (uint32_t)(end - at));
        for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++) {
            if (bytes == kinds[i].bytes && memcmp(at, kinds[i].text, bytes) == 0) {
                found |= kinds[i].kind;
            }
        }
        at += bytes == 0 ? (uint32_t)(end - at) : bytes - 1;
    }
    return found;
}

static bool property_read(struct reader *reader, struct device_tree *out) {
    const uint8_t *at = reader->structure + reader->at;
    uint32_t left = reader->end - reader->at;
    if (reader->depth == 0 || left < 3 * TREE_CELL_BYTES) {
        return false;
    }
    uint32_t bytes = tree_cell(at + TREE_CELL_BYTES);
    left -= 3 * TREE_CELL_BYTES;
    uint32_t name = 0;
    if (bytes > left || !name_find(reader, at + 2 * TREE_CELL_BYTES, &name)) {
        return false;
    }
    uint32_t rounded = (bytes + TREE_CELL_BYTES - 1) / TREE_CELL_BYTES * TREE_CELL_BYTES;
    if (rounded > left) {
        return false;
    }
    reader->at += 3 * TREE_CELL_BYTES + rounded;
    if (name == TREE_NAME_COUNT) {
        return true;
    }
    struct tree_node *node = &out->nodes[reader->open[reader->depth - 1]];
    // Properties come before the nodes below (section 5.4.2), so they stand together.
    if (out->property_count == TREE_PROPERTY_MAX ||
        node->first + node->count != out->property_count) {
        return false;
    }
    struct tree_property *property = &out->properties[out->property_count++];
    *property = (struct tree_property){at + 3 * TREE_CELL_BYTES, bytes, name};
    node->count++;
    if (name == TREE_COMPATIBLE && node->kinds == 0) {
        node->kinds = kinds_of(property);
    } else if (name == TREE_PHANDLE && bytes == TREE_CELL_BYTES && node->phandle == 0) {
        node->phandle = tree_cell(property->value);
    }
    return true;
}

// Whether one of the bytes of a word is zero.
static bool has_zero(uint32_t word) {
    return ((word - 0x01010101u) & ~word & 0x80808080u) != 0;
}

static bool node_read(struct reader *reader, struct device_tree *out) {
    const uint8_t *name = reader->structure + reader->at + TREE_CELL_BYTES;
    uint32_t at = reader->at + TREE_CELL_BYTES;
    while (at + TREE_CELL_BYTES <= reader->end && !has_zero(load(reader->structure + at))) {
        at += TREE_CELL_BYTES;
    }
    at += TREE_CELL_BYTES;
    bool second_root = reader->depth == 0 && out->node_count != 0;
    if (at > reader->end || second_root || out->node_count == TREE_NODE_MAX ||
        reader->depth == TREE_DEPTH_MAX) {
        return false;
    }
    out->nodes[out->node_count] = (struct tree_node){
        .name = (const char *)name,
        .parent = reader->depth == 0 ? TREE_NONE : reader->open[reader->depth - 1],
        .depth = (uint16_t)reader->depth,
        .first = (uint16_t)out->property_count,
    };
    reader->open[reader->depth++] = (uint16_t)out->node_count++;
    reader->at = at;
    return true;
}

// Each round moves on by a cell at least.
static bool structure_read(struct reader *reader, struct device_tree *out) {
    while (reader->end - reader->at >= TREE_CELL_BYTES) {
        bool good = true;
        switch (load(reader->structure + reader->at)) {
            case TAG_PROPERTY:
                good = property_read(reader, out);
                break;
            case TAG_NODE:
                good = node_read(reader, out);
                break;
            case TAG_NODE_END:
                good = reader->depth > 0;
                reader->depth -= good ? 1 : 0;
                reader->at += TREE_CELL_BYTES;
                break;
            case TAG_NOP:
                reader->at += TREE_CELL_BYTES;
                break;
            case TAG_END:
                return reader->depth == 0 && out->node_count != 0;
            default:
                good = false;
                break;
        }
        if (!good) {
            return false;
        }
    }
    return false;
}

bool device_tree_index(const void *blob, uint64_t bytes_max, struct device_tree *out) {
    struct reader reader;
    reader.at = 0;
    reader.depth = 0;
    for (uint32_t i = 0; i < KNOWN_COUNT; i++) {
        reader.known[i].name = UINT32_MAX;
    }
    out->node_count = 0;
    out->property_count = 0;
    return header_read((const uint8_t *)blob, bytes_max, out, &reader) &&
           structure_read(&reader, out);
}

const struct tree_property *tree_find(const struct device_tree *tree, uint32_t node,
                                      enum tree_name name) {
    const struct tree_property *property = &tree->properties[tree->nodes[node].first];
    for (uint32_t left = tree->nodes[node].count; left > 0; left--, property++) {
        if (property->name == (uint32_t)name) {
            return property;
        }
    }
    return 0;
}

uint32_t tree_top(const struct device_tree *tree, const char *name) {
    size_t length = strlen(name);
    for (uint32_t i = 1; i < tree->node_count; i++) {
        const struct tree_node *node = &tree->nodes[i];
        if (node->depth == 1 && strncmp(node->name, name, length) == 0 &&
            (node->name[length] == 0 || node->name[length] == '@')) {
            return i;
        }
    }
    return TREE_NONE;
}

bool tree_text_is(const struct tree_property *property, const char *text) {
    size_t bytes = strlen(text) + 1;
    return property && property->bytes == bytes && memcmp(property->value, text, bytes) == 0;
}

uint32_t tree_next(const struct device_tree *tree, uint32_t from, enum tree_kind kind) {
    for (uint32_t i = from; i < tree->node_count; i++) {
        if ((tree->nodes[i].kinds & kind) != 0) {
            return i;
        }
    }
    return TREE_NONE;
}

uint32_t tree_phandle(const struct device_tree *tree, uint32_t phandle) {
    for (uint32_t i = 0; phandle != 0 && i < tree->node_count; i++) {
        if (tree->nodes[i].phandle == phandle) {
            return i;
        }
    }
    return TREE_NONE;
}

bool tree_reservation(const struct device_tree *tree, uint32_t index, uint64_t *base,
                      uint64_t *bytes) {
    uint32_t offset = tree_cell(tree->blob + HEADER_RESERVED);
    // Never more than the blob has: the list ends with an empty one.
    if (index >= (tree->bytes - offset) / RESERVATION_BYTES) {
        return false;
    }
    const uint8_t *at = tree->blob + offset + (size_t)index * RESERVATION_BYTES;
    *base = ((uint64_t)tree_cell(at) << 32) | tree_cell(at + 4);
    *bytes = ((uint64_t)tree_cell(at + 8) << 32) | tree_cell(at + 12);
    return *base != 0 || *bytes != 0;
}
