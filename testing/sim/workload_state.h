// testing/sim/workload_state.h: what the programs of the workload share: its record, and the
// frames' contents.
#pragma once

#include "kernel/abi/layout.h"
#include "kernel/arch/sim/user.h"
#include "runtime/syscall.h"
#include "testing/sim/workload.h"

extern struct workload *workload_now;

enum {
    SERVER_SLOT_ENDPOINT = 3,  // A client's too, for answers.
    SERVER_SLOT_GRANT = 22,    // REVOKE of a family that leads to it, if its argument names one.
    CLIENT_SLOT_SERVER = 4,    // The first server's; the others' follow. In a server: servers of a
                               // higher number.
    CLIENT_SLOT_FACTORY = 10,  // Makes VMOs. Clients of a manager have neither of the two.
    CLIENT_SLOT_WINDOW = 11,   // A VMO that all others have too.
    MANAGER_SLOT_FACTORY = 20,
    MANAGER_SLOT_IMAGE = 21,
    CLIENT_SLOT_COUNT = 40,  // Slots of every task but init.
    DRIVER_SLOT_DEVICE = 22,
    WATCHER_SLOT_STATS = 23,
    FRAME_TYPE_CALL = 7,
    FRAME_TYPE_SEND = 8,
    FRAME_TYPE_REPLY = 9,
    FRAME_TYPE_SEND_NOW = 10,  // Sent without waiting: such frames of one sender arrive in its
                               // order.
};

// The badge of a capability to a server: of which family it is (0: none), and to which server.
static inline uint64_t workload_badge(uint32_t family, uint32_t server) {
    return ((uint64_t)family << 8) | (1 + server);
}

static inline uint32_t workload_family(uint64_t badge) {
    return (uint32_t)(badge >> 8);
}

// What a server is told at its start: how many other servers it may call, and its own family.
static inline uint64_t workload_server_argument(uint64_t other_count, uint32_t family) {
    return other_count | ((uint64_t)family << 32);
}

// grant_revoke. From its return on, no server that begins to receive may get anything of the
// family.
void workload_revoke(struct slot grant, uint32_t family);

// Relaxed: programs may run in other threads (kernel/arch/threads).
static inline void workload_add(struct atomic_u32 *counter, uint64_t by) {
    uint32_t before = atomic_add_u32(counter, (uint32_t)by);
    (void)before;
}

static inline void workload_count(struct atomic_u32 *counter) {
    workload_add(counter, 1);
}

// Of now or soon. The clock is read before chance is asked: in one expression the compiler would
// choose, and a seed be another execution with another one.
static inline uint64_t workload_soon(uint32_t within_ns) {
    uint64_t now_ns = sys_clock_get();
    return now_ns + sim_user_random(within_ns);
}

void workload_expect(bool holds, const char *what, uint64_t value);

// A frame with a number, a length that follows from it, and bytes that follow from it: what arrives
// is checked against the number alone.
void frame_write(struct message_area *area, uint16_t type, uint64_t number);
WARN_UNUSED uint64_t frame_check(const struct message_area *area, uint16_t type);

// A system call that makes something answered `status`: false when a pool was empty, which
// simulation may arrange at any time.
WARN_UNUSED bool workload_made(enum status status, const char *what);
// Gives a task a class by chance, if that is what this run does. CAP_SLOT_NONE: the caller.
void workload_change_class(struct slot task);

// A task of that program made by `factory`, its program loaded. False when a pool was empty; the
// task's slot may be filled all the same.
WARN_UNUSED bool workload_create(struct slot factory, struct slot image, const char *name,
                                 struct slot *task);
void workload_start(struct slot task, uint64_t argument);
void workload_close(struct slot *slot);

// Sometimes a capability is to ride on the frame in call_out: a copy of the one it is sent through.
// Its slot, or 0.
struct slot workload_attach(struct message_page *page, struct slot server);
// It has moved exactly if the frame was handed over. `came` is where one came in the answer.
void workload_check_attached(struct message_page *page, struct slot slot, bool handed_over,
                             uint32_t came);

// Asynchronous requests that are under way.
struct ask {
    struct sequence sequence;
    uint64_t number;
};

struct asks {
    struct slot own;  // Where the answers come to.
    bool closed;      // It is known to be closed.
    uint32_t count;
    struct ask of[MAX_ASYNC];
};

void workload_ask(struct asks *asks, struct message_page *page, struct slot server,
                  uint64_t number);
// Something of kind RECEIVED_REPLY has come.
void workload_answered(struct asks *asks, const struct message_area *answer,
                       struct recv_result got);
void workload_cancel(struct asks *asks);  // One of them; there is one.

// Memory of a client's own: all zero but for one word.
struct memory {
    struct slot vmo;   // 0: none.
    uint64_t address;  // 0: not mapped.
    uint32_t pages;
    uint32_t page;    // Which of them was written,
    uint64_t number;  // and what.
    bool sealed;
};

// One thing that a client does with its memory.
void workload_memory_round(struct memory *memory);

void workload_server(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_client(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_manager(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_driver(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_watcher(struct message_page *page, uint64_t argument, uint32_t instance);
void workload_init(struct message_page *page, uint64_t argument, uint32_t instance);
