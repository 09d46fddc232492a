// kernel/arch/riscv64/device_tree.c: see device_tree.h.
#include "kernel/arch/riscv64/device_tree.h"

#include <stddef.h>

#include "base/words.h"

enum {
    HEADER_BYTES = 40,
    VERSION = 17,
    VERSION_COMPATIBLE_MIN = 16,
    RESERVATION_BYTES = 16,
    PROPERTY_BYTES = 3 * TREE_CELL_BYTES,  // The tag, the length, the name's place.
    KNOWN_COUNT = 1024,                    // Places behind are looked up each time.
    START_COUNT = 64,
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

// Which name stands at a place of the strings. Most properties have a name that was seen before.
struct names {
    uint8_t known[KNOWN_COUNT] ALIGNED(8);  // By place: 0 not seen yet, or enum tree_name plus 1.
    uint8_t first[START_COUNT] ALIGNED(8);  // By how they start: enum tree_name plus 1, or 0.
    uint8_t next[TREE_NAME_COUNT];          // Others that start so, likewise.
};

struct reader {
    const uint8_t *at;
    const uint8_t *last;     // The end tag: the last cell of the structure. No look goes beyond it.
    const uint8_t *strings;  // They end with a zero.
    uint32_t strings_bytes;
    uint32_t depth;              // Of the node that is open, plus 1.
    struct tree_node *node;      // Whose properties come now; null behind the nodes below it.
    struct tree_property *next;  // Where the next one goes.
    struct tree_property *end;
    uint16_t open[TREE_DEPTH_MAX];
};

_Static_assert(TREE_NAME_STORED == TREE_SIZE_CELLS + 1, "keep_in_node knows the others");
_Static_assert(TREE_NAME_COUNT <= 32, "a bit each in tree_node.names");

static const struct {
    const char *text;
    uint32_t bytes;  // With its zero.
} known_names[] = {
#define TREE_NAME(name, text) {text, sizeof(text)},
#include "kernel/arch/riscv64/device_tree_name.def"
#undef TREE_NAME
};

static uint32_t load(const uint8_t *at) {
    return *(const uint32_t *)(const void *)__builtin_assume_aligned(at, 4);
}

// A cell below 64 KiB: two bytes to turn round.
static uint64_t small_cell(const uint8_t *at) {
    uint64_t cell = load(at);
    return (cell >> 24) | ((cell >> 8) & 0xff00u);
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
    uint32_t structure_bytes = tree_cell(blob + HEADER_STRUCT_BYTES);
    uint32_t strings = tree_cell(blob + HEADER_STRINGS);
    uint32_t strings_bytes = tree_cell(blob + HEADER_STRINGS_BYTES);
    uint32_t reserved = tree_cell(blob + HEADER_RESERVED);
    bool good = total <= bytes_max && tree_cell(blob + HEADER_VERSION) >= VERSION &&
                tree_cell(blob + HEADER_COMPATIBLE) <= VERSION &&
                tree_cell(blob + HEADER_COMPATIBLE) >= VERSION_COMPATIBLE_MIN &&
                part_within(structure, structure_bytes, total) && structure_bytes != 0 &&
                (structure | structure_bytes) % TREE_CELL_BYTES == 0 &&
                part_within(strings, strings_bytes, total) && strings_bytes != 0 &&
                part_within(reserved, RESERVATION_BYTES, total) && reserved % sizeof(uint64_t) == 0;
    if (!good) {
        return false;
    }
    reader->at = blob + structure;
    reader->last = reader->at + structure_bytes - TREE_CELL_BYTES;
    reader->strings = blob + strings;
    reader->strings_bytes = strings_bytes;
    reader->depth = 0;
    reader->node = 0;
    out->blob = blob;
    out->bytes = total;
    out->node_count = 0;
    reader->next = out->properties;
    reader->end = out->properties + TREE_PROPERTY_MAX;
    // With these two no text and no walk leaves the blob.
    return load(reader->last) == TAG_END && reader->strings[strings_bytes - 1] == 0;
}

// Two letters as one number; a text may be empty.
static uint32_t start_of(const uint8_t *text) {
    return text[0] != 0 ? (3u * text[0] + text[1]) % START_COUNT : 0;
}

static void names_init(struct names *names) {
    words_zero(names->known, sizeof(names->known) / 8);
    words_zero(names->first, sizeof(names->first) / 8);
    for (uint32_t name = 0; name < TREE_NAME_COUNT; name++) {
        uint8_t *first = &names->first[start_of((const uint8_t *)known_names[name].text)];
        names->next[name] = *first;
        *first = (uint8_t)(name + 1);
    }
}

// The length is looked at first: most that begin alike differ in it.
static bool is_known_name(const struct reader *reader, const uint8_t *text, uint32_t name) {
    uint32_t bytes = known_names[name].bytes;
    return bytes <= reader->strings_bytes - (uint64_t)(text - reader->strings) &&
           text[bytes - 1] == 0 && tree_text_same(text, known_names[name].text);
}

// At that place, which lies within the strings; TREE_NAME_COUNT: none that is read.
static uint32_t name_find(const struct reader *reader, struct names *names, uint64_t place) {
    if (LIKELY(place < KNOWN_COUNT && names->known[place] != 0)) {
        return names->known[place] - 1u;
    }
    const uint8_t *text = reader->strings + place;
    uint32_t found = names->first[start_of(text)];
    while (found != 0 && !is_known_name(reader, text, found - 1)) {
        found = names->next[found - 1];
    }
    uint32_t name = found != 0 ? found - 1 : TREE_NAME_COUNT;
    if (place < KNOWN_COUNT) {
        names->known[place] = (uint8_t)(name + 1);
    }
    return name;
}

// A list of texts: the last byte is a zero.
static bool is_list(const uint8_t *value, uint32_t bytes) {
    return bytes != 0 && value[bytes - 1] == 0;
}

static const uint8_t *behind_text(const uint8_t *text) {
    while (*text++ != 0) {
    }
    return text;
}

// From the end: a list of extensions is in the order of the alphabet, and what is asked for stands
// late.
bool tree_text_has(const struct tree_property *property, const char *text) {
    if (!property || !is_list(property->value, property->bytes)) {
        return false;
    }
    const uint8_t *at = property->value + property->bytes - 1;
    while (at > property->value) {
        at--;
        if ((at == property->value || at[-1] == 0) && tree_text_same(at, text)) {
            return true;
        }
    }
    return false;
}

static uint8_t kinds_of(const uint8_t *value, uint32_t bytes) {
    if (!is_list(value, bytes)) {
        return 0;
    }
    if (bytes == sizeof("virtio,mmio") && tree_text_same(value, "virtio,mmio")) {
        return TREE_KIND_VIRTIO;  // Most of them, and nothing else is said.
    }
    uint32_t found = 0;
    for (const uint8_t *at = value; at < value + bytes; at = behind_text(at)) {
        found |= tree_text_same(at, "ns16550a") ? TREE_KIND_UART : 0u;
        found |= tree_text_same(at, "sifive,plic-1.0.0") ? TREE_KIND_PLIC : 0u;
        found |= tree_text_same(at, "riscv,plic0") ? TREE_KIND_PLIC_OTHER : 0u;
        found |= tree_text_same(at, "virtio,mmio") ? TREE_KIND_VIRTIO : 0u;
    }
    return (uint8_t)found;
}

// One or two cells; 0: anything else.
static uint8_t cells_of(const uint8_t *value, uint32_t bytes) {
    uint32_t count = bytes == TREE_CELL_BYTES ? tree_cell(value) : 0;
    return count <= 2 ? (uint8_t)count : 0;
}

// A property that its node keeps itself.
static void keep_in_node(struct tree_node *node, const struct tree_property *property) {
    if (property->name == TREE_COMPATIBLE) {
        node->kinds = kinds_of(property->value, property->bytes);
    } else if (property->name == TREE_PHANDLE) {
        node->phandle = property->bytes == TREE_CELL_BYTES ? tree_cell(property->value) : 0;
    } else if (property->name == TREE_ADDRESS_CELLS) {
        node->address_cells = cells_of(property->value, property->bytes);
    } else {
        node->size_cells = cells_of(property->value, property->bytes);
    }
}

// The lengths are compared without the padding: all that is left is whole cells.
static bool property_read(struct reader *reader, struct names *names) {
    const uint8_t *at = reader->at;
    uint64_t left = (uint64_t)(reader->last - at);
    if (reader->depth == 0 || left < PROPERTY_BYTES) {
        return false;
    }
    const uint8_t *bytes_at = at + TREE_CELL_BYTES;
    const uint8_t *place_at = bytes_at + TREE_CELL_BYTES;
    bool small = ((load(bytes_at) | load(place_at)) & 0xffffu) == 0;
    uint64_t bytes = LIKELY(small) ? small_cell(bytes_at) : tree_cell(bytes_at);
    uint64_t place = LIKELY(small) ? small_cell(place_at) : tree_cell(place_at);
    if (bytes > left - PROPERTY_BYTES || place >= reader->strings_bytes) {
        return false;
    }
    at += PROPERTY_BYTES;
    reader->at = at + ((bytes + TREE_CELL_BYTES - 1) & ~(uint64_t)(TREE_CELL_BYTES - 1));
    uint32_t name = name_find(reader, names, place);
    if (name == TREE_NAME_COUNT) {
        return true;
    }
    // Properties come before the nodes below (section 5.4.2), so they stand together.
    struct tree_node *node = reader->node;
    if (!node) {
        return false;
    }
    bool again = ((node->names >> name) & 1) != 0;
    node->names |= 1u << name;
    const struct tree_property property = {at, (uint32_t)bytes, name};
    if (name < TREE_NAME_STORED) {
        if (!again) {
            keep_in_node(node, &property);
        }
        return true;
    }
    if (reader->next == reader->end) {
        return false;
    }
    *reader->next++ = property;
    node->count++;
    return true;
}

// Whether one of the bytes of a word is zero.
static bool has_zero(uint32_t word) {
    return ((word - 0x01010101u) & ~word & 0x80808080u) != 0;
}

static bool node_read(struct reader *reader, struct device_tree *out) {
    const uint8_t *name = reader->at + TREE_CELL_BYTES;
    const uint8_t *at = name;
    // Ends at the end tag, which has a zero, at the latest.
    while (!has_zero(load(at))) {
        at += TREE_CELL_BYTES;
    }
    at += TREE_CELL_BYTES;
    bool second_root = reader->depth == 0 && out->node_count != 0;
    if (at > reader->last || second_root || out->node_count == TREE_NODE_MAX ||
        reader->depth == TREE_DEPTH_MAX) {
        return false;
    }
    reader->node = &out->nodes[out->node_count];
    *reader->node = (struct tree_node){
        .name = (const char *)name,
        .parent = reader->depth == 0 ? TREE_NONE : reader->open[reader->depth - 1],
        .depth = (uint16_t)reader->depth,
        .first = (uint16_t)(reader->next - out->properties),
        .address_cells = 2,
        .size_cells = 1,
    };
    reader->open[reader->depth++] = (uint16_t)out->node_count++;
    reader->at = at;
    return true;
}

// Each round moves on by a cell at least, and none goes beyond the end tag.
static bool structure_read(struct reader *reader, struct names *names, struct device_tree *out) {
    for (;;) {
        bool good = true;
        switch (load(reader->at)) {
            case TAG_PROPERTY:
                good = property_read(reader, names);
                break;
            case TAG_NODE:
                good = node_read(reader, out);
                break;
            case TAG_NODE_END:
                good = reader->depth > 0;
                reader->depth -= good ? 1 : 0;
                reader->node = 0;
                reader->at += TREE_CELL_BYTES;
                break;
            case TAG_NOP:
                reader->at += TREE_CELL_BYTES;
                break;
            case TAG_END:
                return reader->at == reader->last && reader->depth == 0 && out->node_count != 0;
            default:
                good = false;
                break;
        }
        if (!good) {
            return false;
        }
    }
}

bool device_tree_index(const void *blob, uint64_t bytes_max, struct device_tree *out) {
    struct reader reader;
    struct names names;
    names_init(&names);
    return header_read((const uint8_t *)blob, bytes_max, out, &reader) &&
           structure_read(&reader, &names, out);
}

// Up to an address behind it.
static bool name_is(const char *name, const char *wanted) {
    while (*wanted != 0 && *name == *wanted) {
        name++;
        wanted++;
    }
    return *wanted == 0 && (*name == 0 || *name == '@');
}

uint32_t tree_top(const struct device_tree *tree, const char *name) {
    for (uint32_t i = 1; i < tree->node_count; i++) {
        if (tree->nodes[i].depth == 1 && name_is(tree->nodes[i].name, name)) {
            return i;
        }
    }
    return TREE_NONE;
}

bool tree_text_is(const struct tree_property *property, const char *text) {
    if (!property || !is_list(property->value, property->bytes) ||
        !tree_text_same(property->value, text)) {
        return false;
    }
    return behind_text(property->value) == property->value + property->bytes;
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
