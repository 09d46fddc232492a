// testing/hostile/rounds.c: what a hostile task holds in each round, and what it may achieve by it.
#include "testing/hostile/hostile.h"

// What any capability allows to its holder: look at it, copy it with fewer rights, give it up.
#define OWN_TABLE (HOSTILE_CALL(CAP_QUERY) | HOSTILE_CALL(CAP_CLONE) | HOSTILE_CALL(CAP_CLOSE))

// An endpoint of one's own: everything but a call, for nobody else receives there; and answers to
// asynchronous requests of one's own.
#define OWN_ENDPOINT                                                                    \
    (OWN_TABLE | HOSTILE_CALL(ENDPOINT_CREATE) | HOSTILE_CALL(ENDPOINT_CLOSE) |         \
     HOSTILE_CALL(IPC_SEND) | HOSTILE_CALL(IPC_NOTIFY) | HOSTILE_CALL(IPC_RECV) |       \
     HOSTILE_CALL(IPC_REPLY) | HOSTILE_CALL(IPC_REPLY_RECV) | HOSTILE_CALL(TIMER_SET) | \
     HOSTILE_CALL(CAP_MINT))

// Children that never get a program: there is no right to the boot image.
#define OWN_CHILDREN                                                                              \
    (OWN_TABLE | HOSTILE_CALL(TASK_CREATE) | HOSTILE_CALL(TASK_GRANT) | HOSTILE_CALL(TASK_KILL) | \
     HOSTILE_CALL(CAP_MINT))

// Memory and families of one's own.
#define OWN_MEMORY                                                                            \
    (OWN_TABLE | HOSTILE_CALL(VMO_CREATE) | HOSTILE_CALL(VMO_MAP) | HOSTILE_CALL(VMO_UNMAP) | \
     HOSTILE_CALL(VMO_SEAL))
#define OWN_FAMILIES (OWN_TABLE | HOSTILE_CALL(GRANT_CREATE) | HOSTILE_CALL(GRANT_REVOKE))

const struct hostile_round hostile_rounds[HOSTILE_ROUND_COUNT] = {
    {"nothing", 25000, HOSTILE_FROM_NOBODY, 0, true, 0},
    {"send", 5000, HOSTILE_FROM_NEIGHBOUR, RIGHT_SEND, true, OWN_TABLE | HOSTILE_CALL(IPC_SEND)},
    {"call", 5000, HOSTILE_FROM_NEIGHBOUR, RIGHT_CALL, true, OWN_TABLE},
    {"notify", 5000, HOSTILE_FROM_NEIGHBOUR, RIGHT_NOTIFY, true,
     OWN_TABLE | HOSTILE_CALL(IPC_NOTIFY)},
    {"mint", 5000, HOSTILE_FROM_OWN, RIGHT_MINT, false,
     OWN_TABLE | HOSTILE_CALL(CAP_MINT) | HOSTILE_CALL(IPC_SEND) | HOSTILE_CALL(IPC_NOTIFY)},
    {"manage", 5000, HOSTILE_FROM_OWN, RIGHT_MANAGE, true,
     OWN_TABLE | HOSTILE_CALL(ENDPOINT_CLOSE)},
    {"receive", 5000, HOSTILE_FROM_OWN, RIGHT_RECV, true,
     OWN_TABLE | HOSTILE_CALL(IPC_RECV) | HOSTILE_CALL(TIMER_SET)},
    {"task_query", 5000, HOSTILE_FROM_NEIGHBOURS_TASK, RIGHT_TASK_QUERY, true, OWN_TABLE},
    {"factory_endpoint", 5000, HOSTILE_FROM_FACTORY, RIGHT_MAKE_ENDPOINT, false, OWN_ENDPOINT},
    {"factory_task", 5000, HOSTILE_FROM_FACTORY, RIGHT_MAKE_TASK, true, OWN_CHILDREN},
    {"console", 5000, HOSTILE_FROM_CONSOLE, RIGHT_WRITE, true,
     OWN_TABLE | HOSTILE_CALL(CONSOLE_WRITE)},
    {"image", 5000, HOSTILE_FROM_IMAGE, RIGHT_READ, true, OWN_TABLE},
    {"stats", 5000, HOSTILE_FROM_STATS, RIGHT_STATS_READ | RIGHT_STATS_TRACE, true,
     OWN_TABLE | HOSTILE_CALL(KERNEL_STATS)},
    {"vmo", 4000, HOSTILE_FROM_MEMORY, RIGHT_VMO_READ, true,
     OWN_TABLE | HOSTILE_CALL(VMO_MAP) | HOSTILE_CALL(VMO_UNMAP)},
    {"grant", 4000, HOSTILE_FROM_FAMILY, RIGHT_MINT_UNDER, true, OWN_TABLE},
    {"factory_vmo", 4000, HOSTILE_FROM_FACTORY, RIGHT_MAKE_VMO, true, OWN_MEMORY},
    {"factory_grant", 4000, HOSTILE_FROM_FACTORY, RIGHT_MAKE_GRANT, true, OWN_FAMILIES},
    {"device", 4000, HOSTILE_FROM_DEVICE, RIGHT_DEVICE_MAP, true,
     HOSTILE_CALL(CAP_QUERY) | HOSTILE_CALL(CAP_CLOSE) | HOSTILE_CALL(CAP_MINT) |
         HOSTILE_CALL(MMIO_MAP)},
    {"callee_dies", HOSTILE_ACT_COUNT, HOSTILE_FROM_VICTIM, RIGHT_CALL, true, 0},
};
