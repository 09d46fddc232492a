// testing/hostile/arguments.c: see arguments.h.
#include "testing/hostile/arguments.h"

#include "base/compiler.h"

#define NEAR_NS UINT64_C(5000)

static const uint64_t edges[] = {
    0,
    1,
    2,
    3,
    7,
    8,
    15,
    31,
    32,
    62,
    63,
    64,
    65,
    127,
    128,
    255,
    256,
    511,
    512,
    513,
    4095,
    4096,
    4097,
    0xffff,
    0x10000,
    0x7fffffff,
    0x80000000,
    0xffffffff,
    UINT64_C(1) << 32,
    UINT64_C(1) << 38,
    UINT64_C(1) << 39,
    UINT64_C(1) << 48,
    UINT64_C(1) << 62,
    INT64_MAX,
    UINT64_C(1) << 63,
    UINT64_MAX - 4096,
    UINT64_MAX - 7,
    UINT64_MAX - 1,
    UINT64_MAX,
};

static const uint64_t pointers[] = {
    USER_MESSAGE_PAGE,
    USER_MESSAGE_PAGE + 4096,
    USER_STACK_TOP,
    USER_STACK_TOP - USER_STACK_BYTES,
    HOSTILE_ATTACKER_BASE,
    HOSTILE_NEIGHBOUR_BASE,
    USER_BOOT_IMAGE,
    USER_MAX,
    HOSTILE_KERNEL_RAM,
    HOSTILE_KERNEL_TEXT,
    0x10000000,
    0x80000000,
};

// splitmix64.
uint64_t arguments_random(struct arguments *arguments) {
    arguments->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t value = arguments->random;
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

// Stale and forged: any entry, generations near the ones in use, and any.
static uint64_t choose_reply(uint64_t random) {
    uint64_t generation = (random & 1) != 0 ? (random >> 8) & 3 : random >> 8;
    return REPLY_HANDLE_BIT | (generation << REPLY_HANDLE_GENERATION_SHIFT) |
           ((random >> 40) & REPLY_HANDLE_INDEX_MASK);
}

// Requests that were never made, or are over, and perhaps one that is under way.
static uint64_t choose_sequence(uint64_t random) {
    uint64_t count = (random & 1) != 0 ? (random >> 8) & 31 : random >> 8;
    return ASYNC_SEQUENCE_BIT | (count << ASYNC_SEQUENCE_COUNT_SHIFT) |
           ((random >> 40) & ASYNC_SEQUENCE_PLACE_MASK);
}

// Any, or one that there is.
static uint16_t choose_flags(uint64_t random) {
    return (random & 1) != 0 ? (uint16_t)(random >> 8) : (uint16_t)(1u << (random >> 8 & 3));
}

static uint64_t choose_deadline(const struct arguments *arguments, uint64_t random) {
    switch (random & 7) {
        case 0:
            return 1;
        case 1:
            return arguments->now_ns - 1;
        case 2:
            return arguments->now_ns + NEAR_NS;
        case 3:
            return UINT64_MAX - (random >> 32);
        default:
            return 0;
    }
}

static uint64_t choose_argument(struct arguments *arguments) {
    uint64_t random = arguments_random(arguments);
    uint64_t more = random >> 8;
    switch (random & 7) {
        case 0:
            return edges[more % ARRAY_LEN(edges)];
        case 1:
            return arguments_random(arguments);
        case 2:
            return more % (CAP_SLOT_COUNT + CAP_SLOT_COUNT / 4);
        case 3:
            return (more & 1) != 0 ? choose_sequence(more >> 1) : choose_reply(more >> 1);
        case 4:
            return pointers[more % ARRAY_LEN(pointers)] + (more >> 8 & 7);
        case 5:
            return choose_deadline(arguments, more);
        case 6:
            return more & ((UINT64_C(2) << (more >> 32 & 15)) - 1);  // Rights.
        default:
            return HOSTILE_SLOT;
    }
}

static uint64_t choose_number(struct arguments *arguments) {
    uint64_t random = arguments_random(arguments);
    uint64_t number = (random >> 16) % SYSCALL_COUNT;
    if ((random & 15) == 0) {
        number = edges[(random >> 16) % ARRAY_LEN(edges)];
    } else if ((random & 15) == 1) {
        number = SYSCALL_COUNT + (random >> 16) % 16;
    }
    return number == SYSCALL_TASK_EXIT ? SYSCALL_COUNT : number;
}

// Which argument is a deadline, or SYSCALL_ARG_COUNT.
static uint32_t deadline_place(uint64_t number) {
    switch (number) {
        case SYSCALL_IPC_CALL:
        case SYSCALL_IPC_RECV:
        case SYSCALL_IPC_SEND:
            return 1;
        case SYSCALL_IPC_REPLY_RECV:
            return 2;
        default:
            return SYSCALL_ARG_COUNT;
    }
}

void arguments_choose(struct arguments *arguments, struct attempt *attempt) {
    attempt->number = choose_number(arguments);
    for (uint32_t i = 0; i < SYSCALL_ARG_COUNT; i++) {
        attempt->args[i] = choose_argument(arguments);
    }
    uint64_t random = arguments_random(arguments);
    for (uint32_t i = 0; i < SYSCALL_ARG_COUNT && (random & 0x300) == 0; i++) {
        attempt->args[i] = (random >> (16 + 4 * i)) & 3;  // What more calls take.
    }
    if ((random & 1) != 0) {
        attempt->args[0] = HOSTILE_SLOT;  // What it has, more often than by chance,
    }
    bool gives_up =
        attempt->number == SYSCALL_CAP_CLOSE || attempt->number == SYSCALL_ENDPOINT_CLOSE;
    if (gives_up && attempt->args[0] == HOSTILE_SLOT && (random & 0xf0) != 0) {
        attempt->args[0]++;  // and given up seldom.
    }
    uint32_t deadline = deadline_place(attempt->number);
    uint64_t latest_ns = arguments->now_ns + NEAR_NS;
    if (deadline < SYSCALL_ARG_COUNT && !arguments->far && attempt->args[deadline] > latest_ns) {
        attempt->args[deadline] = latest_ns;
    }
}

static void scribble_area(struct arguments *arguments, struct message_area *area) {
    uint64_t random = arguments_random(arguments);
    uint64_t len = arguments_random(arguments);
    area->meta.service_id = random;
    area->meta.badge = ~random;
    area->meta.instance = (uint32_t)random;
    area->meta.slot = (uint32_t)(random >> 32);
    area->meta.reserved = random;
    area->header.src = (uint32_t)random;
    area->header.dst = (uint32_t)(random >> 16);
    area->header.type = (uint16_t)random;
    area->header.flags = (random & 3) == 0 ? choose_flags(random >> 2) : 0;
    area->header.len = (len & 3) == 0   ? (uint32_t)edges[(len >> 8) % ARRAY_LEN(edges)]
                       : (len & 3) == 1 ? (uint32_t)(len >> 8)
                                        : (uint32_t)(len >> 8) % (FRAME_PAYLOAD_MAX + 2);
}

void arguments_scribble(struct arguments *arguments, struct message_page *page) {
    scribble_area(arguments, &page->call_out);
    scribble_area(arguments, &page->reply_out);
    scribble_area(arguments, &page->request_in);
    uint64_t random = arguments_random(arguments);
    // Now and then something that can be printed.
    char base = (random & 7) == 0 ? ' ' : (char)(random >> 8);
    uint32_t stride = 1 + (uint32_t)(random >> 16 & 7);
    for (uint32_t i = 0; i < sizeof(page->console); i += stride) {
        page->console[i] = (char)(base + (char)(i % 64));
    }
}
