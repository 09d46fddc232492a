// base/fnv.h: the 64-bit FNV-1a hash that turns a service's name into its service_id.
// Reference: draft-eastlake-fnv. Hashing a name confers nothing: authority comes from capabilities.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Of a text up to its zero, or of `max` bytes; *count: how many.
static inline uint64_t fnv1a_64_text(const char *text, size_t max, size_t *count) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t i = 0;
    for (; i < max && text[i] != 0; i++) {
        hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
    }
    *count = i;
    return hash;
}

static inline uint64_t fnv1a_64(const char *bytes, size_t count) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}
