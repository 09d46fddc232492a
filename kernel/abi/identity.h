// kernel/abi/identity.h: a program's or service's name as the identity that the kernel carries.
//
// The 64-bit FNV-1a hash of the name without its top bit. Ids of the boot manifest so have that bit
// clear; those of the programs that execd starts have it set, and the two never meet. Uniqueness
// within an image is checked when it is built. Computing an id confers nothing: a task factory
// carries the ids that it may assign.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/fnv.h"

#define SERVICE_ID_TOP_BIT (UINT64_C(1) << 63)

static inline uint64_t service_id_of(const char *name, size_t name_bytes) {
    return fnv1a_64(name, name_bytes) & ~SERVICE_ID_TOP_BIT;
}

// The same of a program of a bundle (services/execd/bundle.h). A factory whose id is the top bit
// alone makes tasks of all such ids, and of no others.
static inline uint64_t program_id_of(const char *name, size_t name_bytes) {
    return fnv1a_64(name, name_bytes) | SERVICE_ID_TOP_BIT;
}
