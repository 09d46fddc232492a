// kernel/abi/manifest.h: the compiled boot manifest: what init starts, in order, with exactly these
// capabilities. Written by tools/mkimage from text, read by init; the kernel reads the service_ids
// that init's factory may assign. Little-endian; indices name records of the same file.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#define MANIFEST_MAGIC UINT64_C(0x315453464e414d54)  // "TMANFST1"

enum {
    MANIFEST_SERVICE_MAX = 32,
    MANIFEST_GRANT_MAX = 128,
    MANIFEST_HART_ANY = 0xffffffffu,
    MANIFEST_TARGET_PROGRAMS = 0xfffffffdu,  // A factory's target: every program of a bundle
                                             // (kernel/abi/identity.h), and no service.
    MANIFEST_TARGET_INIT = 0xfffffffeu,      // A route's target: the endpoint of init itself, where
                                             // each service says that it is ready.
};

enum manifest_service_flag {
    MANIFEST_CRITICAL = 1u << 0,  // The system ends with failure when it gives up on this one.
    MANIFEST_FINAL = 1u << 1,  // When it exits with 0 the system powers off; when it ends otherwise
                               // and its restarts are used up, the system fails. At least one
                               // service has it.
    MANIFEST_AUTOSTART = 1u << 2,  // Started by init; without it, a program that others start by a
                                   // factory capability.
};

enum {
    MANIFEST_DEVICE_ID_MASK = 0xffff,
    MANIFEST_DEVICE_NUMBER_SHIFT = 16,
};

enum manifest_grant_kind {
    MANIFEST_GRANT_CONSOLE = 1,   // rights: RIGHT_WRITE, RIGHT_MARKER
    MANIFEST_GRANT_ENDPOINT = 2,  // the service's own endpoint: RIGHT_RECV and more; and
                                  // MANIFEST_ACCEPT_CAPS
    MANIFEST_GRANT_ROUTE = 3,     // to another service's endpoint: RIGHT_SEND, RIGHT_CALL,
                                  // RIGHT_NOTIFY; `target` is its index, `badge` is given
    MANIFEST_GRANT_FACTORY = 4,  // rights of a factory; `target` is the program whose service_id it
                                 // makes, MANIFEST_TARGET_PROGRAMS, or MANIFEST_HART_ANY if it
                                 // makes no tasks
    MANIFEST_GRANT_IMAGE = 5,    // rights: RIGHT_READ (mapped read-only)
    MANIFEST_GRANT_DEVICE = 6,   // rights of a device; `target` is its device identifier and, from
                                 // MANIFEST_DEVICE_NUMBER_SHIFT on, which of those, 0 the first;
                                 // `badge` is the pages of its DMA arena
    MANIFEST_GRANT_STATS = 7,    // rights of statistics
    MANIFEST_GRANT_FAMILY = 8,   // rights of a grant: the one that init keeps for the service,
                                 // revoked before each start after the first
};

struct manifest_header {
    uint64_t magic;
    uint32_t service_count;
    uint32_t grant_count;
};
BASE_STATIC_ASSERT(sizeof(struct manifest_header) == 16, "frozen");

// Follows the header, service_count times, in start order.
struct manifest_service {
    char name[32];
    char program[32];  // The boot image entry to load.
    uint64_t service_id;
    uint32_t grant_first;
    uint32_t grant_count;
    uint32_t flags;
    uint32_t hart;  // Index, or MANIFEST_HART_ANY.
    uint32_t argument;
    uint32_t restart_budget;  // Restarts before init gives up.
    uint64_t limits;          // What it may hold: task_create's third argument.
};
BASE_STATIC_ASSERT(sizeof(struct manifest_service) == 104, "frozen");

// Beside the rights of an endpoint: frames to it may carry capabilities (ENDPOINT_ACCEPT_CAPS).
#define MANIFEST_ACCEPT_CAPS (1u << 31)

// Follows the services, grant_count times.
struct manifest_grant {
    uint32_t kind;
    uint32_t slot;  // The slot in the new task.
    uint32_t rights;
    uint32_t target;
    uint64_t badge;
};
BASE_STATIC_ASSERT(sizeof(struct manifest_grant) == 24, "frozen");
