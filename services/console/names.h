// services/console/names.h: the services of the boot manifest by name and by service_id, as the
// boot image has them, and programs that execd has told of.
// Ownership: names of services point into the image, which outlives them; those of programs are
//            copies.
// Blocking:  never; looks at each service once.
// Errors:    of an image without a manifest, or with one that does not fit, there are no names.
#pragma once

#include <stdbool.h>

#include "kernel/abi/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NAMES_PROGRAM_MAX = 32,
    NAMES_PROGRAM_BYTES = 32,
};

struct names_program {
    uint64_t service_id;
    char name[NAMES_PROGRAM_BYTES];
};

struct names {
    const struct manifest_service *services;
    uint32_t count;
    uint32_t program_count;
    struct names_program programs[NAMES_PROGRAM_MAX];
};

void names_init(struct names *names, const void *image);

// There is a program of that name. What is not known yet and is a proper name (a-z, 0-9, _) is
// kept, while there is room.
void names_learn(struct names *names, const uint8_t *name, uint32_t name_bytes);

// The service_id of a program that was learned, with or without its mark; 0 if there is none.
uint64_t names_find_program(const struct names *names, const char *name);

// The name of a service, init included, or of a program; null if it is known as none.
const char *names_of(const struct names *names, uint64_t service_id);

// What stands before that name, as policies write it: "@" of a program, nothing of a service. So no
// program looks like a service that is called the same.
const char *names_mark(uint64_t service_id);

// The service_id of a name of the image; 0 if there is none.
uint64_t names_find(const struct names *names, const char *name);

#ifdef __cplusplus
}
#endif
