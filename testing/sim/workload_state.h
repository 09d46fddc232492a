// testing/sim/workload_state.h: what the programs of the workload share: its record, and the
// frames' contents.
#pragma once

#include "kernel/abi/layout.h"
#include "kernel/arch/sim/user.h"
#include "runtime/syscall.h"
#include "testing/sim/workload.h"

extern struct workload *workload_now;

enum {
    SERVER_SLOT_ENDPOINT = 3,
    CLIENT_SLOT_SERVER = 4,  // The first server's; the others' follow. In a server: servers of a
                             // higher number.
    MANAGER_SLOT_FACTORY = 20,
    MANAGER_SLOT_IMAGE = 21,
    FRAME_TYPE_CALL = 7,
    FRAME_TYPE_SEND = 8,
    FRAME_TYPE_REPLY = 9,
};

void workload_count(struct atomic_u32 *counter);
void workload_expect(bool holds, const char *what, uint64_t value);

// A frame with a number, a length that follows from it, and bytes that follow from it: what arrives
// is checked against the number alone.
void frame_write(struct message_area *area, uint16_t type, uint64_t number);
WARN_UNUSED uint64_t frame_check(const struct message_area *area, uint16_t type);

// A system call that makes something answered `status`: false when a pool was empty, which
// simulation may arrange at any time.
WARN_UNUSED bool workload_made(enum status status, const char *what);
// A task of that program made by `factory`, its program loaded. False when a pool was empty; the
// task's slot may be filled all the same.
WARN_UNUSED bool workload_create(struct slot factory, struct slot image, const char *name,
                                 struct slot *task);
void workload_start(struct slot task, uint64_t argument);
void workload_close(struct slot *slot);

void workload_server(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_client(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_manager(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_init(struct message_page *page, uint64_t argument, uint32_t instance);
