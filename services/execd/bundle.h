// services/execd/bundle.h: a bundle: programs that execd may start, each with what it may hold.
// tools/mkbundle writes one from text, execd reads it, from the boot image or from memory that a
// client has sealed. Little-endian. A header, a table whose names rise, then the files in the
// table's order, each on a page of its own.
//
// Nothing of a bundle is used before bundle_open has looked at all of it: the table, and each
// program by the code with which the kernel looks again when it loads one (kernel/core/elf.h).
// Units:     bytes from the start of the bundle.
// Ownership: a view points into the caller's bytes, which do not change while it is used.
// Blocking:  never; each program is looked at once, and compared with those before it.
// Errors:    struct bundle_verdict; the view is untouched unless nothing is wrong.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/elf_reject.h"
#include "kernel/abi/identity.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BUNDLE_MAGIC UINT64_C(0x31454c444e554254)  // "TBUNDLE1"
#define BUNDLE_BYTES_MAX UINT64_C(0x400000)

// A file of the boot image of that name is the bundle that execd begins with.
#define BUNDLE_NAME "bundle"

enum {
    BUNDLE_PROGRAM_MAX = 16,
    BUNDLE_NAME_BYTES = 32,  // With the final zero; unused bytes are zero.
    BUNDLE_ALIGN = 4096,
    BUNDLE_AT_ONCE_MAX = 8,
};

// What a program finds in its slots (runtime/slots.h).
enum bundle_flag {
    BUNDLE_CONSOLE = 1u << 0,  // SLOT_CONSOLE: RIGHT_WRITE. Its lines get "| " in front.
    BUNDLE_FACTORY = 1u << 1,  // SLOT_FIRST_OWN: a factory of endpoints and memory, of its share.
    BUNDLE_ROUTES = 1u << 2,   // SLOT_SAMGRD: it may ask for routes, which policy gives it or not.
    BUNDLE_FLAGS = (1u << 3) - 1,
};

struct bundle_header {
    uint64_t magic;
    uint32_t abi_version;  // Of the programs: kernel/abi/boot_image.h.
    uint32_t program_count;
    uint64_t bytes;  // Of the whole bundle; a multiple of BUNDLE_ALIGN.
    uint64_t reserved;
};
BASE_STATIC_ASSERT(sizeof(struct bundle_header) == 32, "frozen");

struct bundle_program {
    char name[BUNDLE_NAME_BYTES];
    uint64_t service_id;  // program_id_of the name.
    uint64_t offset;
    uint64_t bytes;
    uint64_t limits;   // What it may hold: task_create's third argument.
    uint32_t flags;    // enum bundle_flag
    uint32_t at_once;  // Instances at one time, 1 to BUNDLE_AT_ONCE_MAX.
    uint64_t reserved;
};
BASE_STATIC_ASSERT(sizeof(struct bundle_program) == 80, "frozen");

enum bundle_flaw {
    BUNDLE_FLAW_NONE,
    BUNDLE_FLAW_HEADER,   // Magic, version, counts and length do not fit together.
    BUNDLE_FLAW_NAME,     // No proper name: a-z, then a-z 0-9 _, then zeros.
    BUNDLE_FLAW_ORDER,    // The names do not rise, or one stands twice.
    BUNDLE_FLAW_ID,       // A service_id that is not its name's, or that another program has.
    BUNDLE_FLAW_LIMITS,   // More than a task can be given, no page, no slot, or tasks to make.
    BUNDLE_FLAW_FLAGS,    // Unknown, or for a slot that the limits do not give.
    BUNDLE_FLAW_BOUNDS,   // A file outside the bundle, in its table, empty, or not on a page.
    BUNDLE_FLAW_OVERLAP,  // A file that begins before the one before it has ended.
    BUNDLE_FLAW_PROGRAM,  // A program that the kernel would refuse: enum elf_reject.
    BUNDLE_FLAW_KNOWN,    // A program of that name is in another bundle. Not said by bundle_open.
    BUNDLE_FLAW_COUNT
};

struct bundle_verdict {
    enum bundle_flaw flaw;
    enum elf_reject elf;  // BUNDLE_FLAW_PROGRAM
    uint32_t program;     // Which one, of flaws of one.
};

struct bundle_view {
    const uint8_t *bytes;
    const struct bundle_program *programs;
    uint32_t program_count;
};

// `bytes` lie at a multiple of 8, and are all that there is of it: `count`.
WARN_UNUSED struct bundle_verdict bundle_open(const void *bytes, uint64_t count,
                                              struct bundle_view *out);

// For people.
const char *bundle_flaw_text(enum bundle_flaw flaw);

// The program with that id; null if there is none.
const struct bundle_program *bundle_find(const struct bundle_view *view, uint64_t service_id);

#ifdef __cplusplus
}
#endif
