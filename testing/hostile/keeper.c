// testing/hostile/keeper.c: starts hostile tasks one after the other, each with at most one
// capability, and looks meanwhile whether a neighbour notices anything.
#include <string.h>

#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/hostile/suspect.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)

// How often the neighbour is asked while a hostile task lives.
#define ASK_EVERY_NS (200 * US)
// How long a hostile task may take until it has ended, and when one that never ends is killed.
#define LIFE_NS (1000 * MS)
#define SPIN_NS (5 * MS)
// At most: a task that computes keeps its hart for up to two of the kernel's time slices of 10 ms
// (the tick need not fall on the end of its slice), and QEMU's turn of the other hart comes on top.
#define LATENCY_MAX_NS (31 * MS)
#define PATIENCE_NS (5000 * MS)

enum {
    TRIES_A_LIFE = 250,
    NEIGHBOUR_HART = 1,
    CALLS_AT_REST = 100,
    MEMORY_PAGES = 4,
    MEMORY_WORDS = MEMORY_PAGES * 4096 / 8,
};

struct act_end {
    const char *name;
    enum exit_reason reason;
    uint64_t low;
    uint64_t high;  // Excluded.
};

#define REASON_READ EXIT_FAULT_READ
#define REASON_WRITE EXIT_FAULT_WRITE
#define REASON_EXECUTE EXIT_FAULT_EXEC

static const struct act_end act_ends[] = {
#define TOUCH(name, access, address) {#name, REASON_##access, address, (address) + 1},
#define RUN(name, function, reason, low, high) {#name, reason, low, high},
#include "testing/hostile/acts.def"
#undef TOUCH
#undef RUN
};

struct keeper {
    struct runtime *runtime;
    const struct boot_image_entry *attacker;
    struct suspect neighbour;
    struct slot neighbour_endpoint;
    struct slot lent;  // A VMO,
    const uint64_t *lent_words;
    struct slot family;
    uint64_t answers;  // What the neighbour must say next follows from these two.
    uint64_t memory[NEIGHBOUR_MEMORY_WORDS];
    uint64_t latency_max_ns;
    uint64_t strangers;
    uint32_t lives;
    uint32_t hart_count;
};

static const struct boot_image_entry *find_program(const struct boot_image_header *image,
                                                   const char *name) {
    const struct boot_image_entry *entries =
        (const struct boot_image_entry *)(const void *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (entries[i].kind == BOOT_IMAGE_PROGRAM && strcmp(entries[i].name, name) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

static bool equal(const struct keeper *keeper, const char *what, uint64_t got, uint64_t wanted) {
    if (got != wanted) {
        log_line(keeper->runtime, "hostile: %s: got %#lx, expected %#lx", what, got, wanted);
    }
    return got == wanted;
}

// One call to the neighbour: its figures and its memory are what its work makes them, and it
// answers in time.
static bool neighbour_is_well(struct keeper *keeper) {
    struct message_page *page = keeper->runtime->page;
    frame_finish(&page->call_out, 0, 0);
    uint64_t begin_ns = sys_clock_get();
    struct call_result result = sys_ipc_call(keeper->neighbour_endpoint, begin_ns + PATIENCE_NS);
    uint64_t spent_ns = sys_clock_get() - begin_ns;
    if (!suspect_ok(keeper->runtime, "the neighbour's answer", result.status)) {
        return false;
    }
    uint64_t words[NEIGHBOUR_WORDS];
    memcpy(words, page->reply_in.payload, sizeof(words));
    keeper->answers++;
    keeper->strangers = words[NEIGHBOUR_STRANGERS];
    keeper->latency_max_ns = spent_ns > keeper->latency_max_ns ? spent_ns : keeper->latency_max_ns;
    return equal(keeper, "the neighbour's instance", page->reply_in.meta.instance,
                 keeper->neighbour.instance) &&
           equal(keeper, "the neighbour's count", words[NEIGHBOUR_COUNT], keeper->answers) &&
           equal(keeper, "the neighbour's memory", words[NEIGHBOUR_CHECKSUM],
                 neighbour_work(keeper->memory, keeper->answers)) &&
           equal(keeper, "a slow answer", spent_ns > LATENCY_MAX_NS ? spent_ns : 0, 0);
}

static bool start_neighbour(struct keeper *keeper, const struct boot_image_header *image) {
    struct slot_result endpoint = sys_endpoint_create(slot_at(KEEPER_SLOT_FACTORY));
    static const char own_name[] = "keeper";
    const struct suspect_plan plan = {
        .factory = slot_at(KEEPER_SLOT_FACTORY_NEIGHBOUR),
        .program = find_program(image, "neighbour"),
        .capability = endpoint.slot,
        .to = SLOT_ENDPOINT,
        .rights = RIGHT_RECV,
        .argument = find_program(image, own_name)->service_id,
        .hart = NEIGHBOUR_HART,
    };
    keeper->neighbour_endpoint = endpoint.slot;
    if (!suspect_ok(keeper->runtime, "endpoint_create", endpoint.status) ||
        !suspect_start(keeper->runtime, &plan, &keeper->neighbour)) {
        return false;
    }
    bool well = true;
    for (uint32_t i = 0; i < CALLS_AT_REST && well; i++) {
        well = neighbour_is_well(keeper);
    }
    return well;
}

// What is given to hostile tasks that may not change it: a VMO, its words numbered, and a grant.
static bool make_what_is_lent(struct keeper *keeper) {
    struct slot_result memory = sys_vmo_create(slot_at(KEEPER_SLOT_FACTORY), MEMORY_PAGES);
    struct slot_result family = sys_grant_create(slot_at(KEEPER_SLOT_FACTORY));
    keeper->lent = memory.slot;
    keeper->family = family.slot;
    if (!suspect_ok(keeper->runtime, "vmo_create", memory.status) ||
        !suspect_ok(keeper->runtime, "grant_create", family.status)) {
        return false;
    }
    struct vmo_map_result mapped =
        sys_vmo_map(memory.slot, 0, MEMORY_PAGES, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
    uint64_t *words = (uint64_t *)mapped.address;
    for (uint64_t i = 0; mapped.status == STATUS_OK && i < MEMORY_WORDS; i++) {
        words[i] = i;
    }
    keeper->lent_words = words;
    return suspect_ok(keeper->runtime, "vmo_map", mapped.status);
}

static bool lent_is_whole(const struct keeper *keeper) {
    uint64_t i = 0;
    while (i < MEMORY_WORDS && keeper->lent_words[i] == i) {
        i++;
    }
    return equal(keeper, "words of the VMO that nobody may write", i, MEMORY_WORDS);
}

// What the round gives. An endpoint made for it is closed with the life.
static struct slot source_of(const struct keeper *keeper, enum hostile_source source,
                             struct slot own) {
    switch (source) {
        case HOSTILE_FROM_NOBODY:
            return slot_at(CAP_SLOT_NONE);
        case HOSTILE_FROM_NEIGHBOUR:
            return keeper->neighbour_endpoint;
        case HOSTILE_FROM_NEIGHBOURS_TASK:
            return keeper->neighbour.task;
        case HOSTILE_FROM_FACTORY:
            return slot_at(KEEPER_SLOT_FACTORY);
        case HOSTILE_FROM_CONSOLE:
            return slot_at(SLOT_CONSOLE);
        case HOSTILE_FROM_IMAGE:
            return slot_at(KEEPER_SLOT_IMAGE);
        case HOSTILE_FROM_STATS:
            return slot_at(KEEPER_SLOT_STATS);
        case HOSTILE_FROM_MEMORY:
            return keeper->lent;
        case HOSTILE_FROM_FAMILY:
            return keeper->family;
        case HOSTILE_FROM_DEVICE:
            return slot_at(KEEPER_SLOT_DEVICE);
        case HOSTILE_FROM_OWN:
        case HOSTILE_FROM_VICTIM:
            return own;
    }
    return slot_at(CAP_SLOT_NONE);
}

// Asks the neighbour again and again until the hostile task has ended, and kills the one that never
// does. `own`: an endpoint at which it may wait; it is woken there each time.
static bool watch(struct keeper *keeper, const struct suspect *suspect, bool spins, struct slot own,
                  struct suspect_end *end) {
    uint64_t begin_ns = sys_clock_get();
    bool killed = false;
    while (!suspect_ended(keeper->runtime, suspect, end)) {  // Ends by LIFE_NS at the latest.
        uint64_t now_ns = sys_clock_get();
        if (!neighbour_is_well(keeper) || now_ns > begin_ns + LIFE_NS) {
            log_line(keeper->runtime, "hostile: watched for %lu ns", now_ns - begin_ns);
            return false;
        }
        if (spins && !killed && now_ns > begin_ns + SPIN_NS) {
            killed = suspect_ok(keeper->runtime, "task_kill", sys_task_kill(suspect->task));
        }
        if (own.value != CAP_SLOT_NONE) {
            status_ignore(sys_ipc_notify(own), "it may have closed it");
        }
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + ASK_EVERY_NS);
        if (event.status != STATUS_OK && event.status != STATUS_TIMED_OUT) {
            return suspect_ok(keeper->runtime, "ipc_recv", event.status);
        }
    }
    return neighbour_is_well(keeper);
}

static bool ended_by_act(const struct keeper *keeper, struct suspect_end end, uint32_t act) {
    const struct act_end *wanted = &act_ends[act];
    if (end.reason == wanted->reason && end.detail >= wanted->low && end.detail < wanted->high) {
        return true;
    }
    log_line(keeper->runtime, "hostile: %s: ended by %s %#lx, expected %s %#lx", wanted->name,
             exit_reason_name(end.reason), end.detail, exit_reason_name(wanted->reason),
             wanted->low);
    return false;
}

// The firmware sees instructions of the machine and of the supervisor before the kernel does, and
// complains of these on the console without a line feed: one follows here.
static void end_the_firmwares_line(const struct keeper *keeper, uint32_t act) {
    if (act >= HOSTILE_ACT_supervisor_return && act <= HOSTILE_ACT_flush_translations) {
        log_line(keeper->runtime, "hostile: %s", act_ends[act].name);
    }
}

// Waits for the end of a task, which must be that of its act.
static bool see_it_end(struct keeper *keeper, const struct suspect *suspect, uint32_t act,
                       struct slot own) {
    struct suspect_end end = {.reason = EXIT_NONE};
    bool seen = watch(keeper, suspect, act == HOSTILE_ACT_never_end, own, &end);
    end_the_firmwares_line(keeper, act);
    return seen && ended_by_act(keeper, end, act) &&
           suspect_ok(keeper->runtime, "cap_close", sys_cap_close(suspect->task));
}

static bool make_endpoint(const struct keeper *keeper, struct slot *out) {
    struct slot_result made = sys_endpoint_create(slot_at(KEEPER_SLOT_FACTORY));
    *out = made.slot;
    return suspect_ok(keeper->runtime, "endpoint_create", made.status);
}

static struct suspect_plan plan_of(const struct keeper *keeper, struct hostile_order order,
                                   struct slot own) {
    const struct hostile_round *round = &hostile_rounds[order.round];
    struct suspect_plan plan = {
        .factory = slot_at(KEEPER_SLOT_FACTORY),
        .program = keeper->attacker,
        .capability = source_of(keeper, round->source, own),
        .to = HOSTILE_SLOT,
        .rights = round->rights,
        .argument = hostile_order_pack(order),
        .hart = keeper->lives % keeper->hart_count,
    };
    return plan;
}

static bool one_life(struct keeper *keeper, struct hostile_order order) {
    struct slot own = slot_at(CAP_SLOT_NONE);
    bool needs_endpoint = hostile_rounds[order.round].source == HOSTILE_FROM_OWN;
    if (needs_endpoint && !make_endpoint(keeper, &own)) {
        return false;
    }
    const struct suspect_plan plan = plan_of(keeper, order, own);
    struct suspect suspect;
    return suspect_start(keeper->runtime, &plan, &suspect) &&
           see_it_end(keeper, &suspect, order.act, own) &&
           (!needs_endpoint || suspect_ok(keeper->runtime, "cap_close", sys_cap_close(own)));
}

// The victim receives a call and does the act; its caller then checks its own registers and exits.
static bool two_lives(struct keeper *keeper, struct hostile_order order) {
    struct slot own;
    if (!make_endpoint(keeper, &own)) {
        return false;
    }
    struct hostile_order calls = order;
    calls.act = HOSTILE_ACT_exit;
    order.serves = true;
    struct suspect_plan victims = plan_of(keeper, order, own);
    victims.rights = RIGHT_RECV;
    struct suspect_plan callers = plan_of(keeper, calls, own);
    callers.hart = keeper->lives / keeper->hart_count % keeper->hart_count;
    struct suspect victim;
    struct suspect caller;
    const struct slot nowhere = slot_at(CAP_SLOT_NONE);
    return suspect_start(keeper->runtime, &victims, &victim) &&
           suspect_start(keeper->runtime, &callers, &caller) &&
           see_it_end(keeper, &victim, order.act, nowhere) &&
           see_it_end(keeper, &caller, calls.act, nowhere) &&
           suspect_ok(keeper->runtime, "cap_close", sys_cap_close(own));
}

// The acts one after the other. Above the message page lies what it has mapped, if it may.
static uint32_t act_of(const struct keeper *keeper, uint32_t round) {
    uint32_t act = keeper->lives % HOSTILE_ACT_COUNT;
    bool may_map = (hostile_rounds[round].allowed & HOSTILE_CALL(VMO_MAP)) != 0;
    return may_map && act == HOSTILE_ACT_read_above_message_page ? HOSTILE_ACT_exit : act;
}

static bool one_round(struct keeper *keeper, uint32_t round) {
    bool with_victim = hostile_rounds[round].source == HOSTILE_FROM_VICTIM;
    uint32_t tries_a_life = with_victim ? 1 : TRIES_A_LIFE;
    for (uint32_t done = 0; done < hostile_rounds[round].tries; done += tries_a_life) {
        const struct hostile_order order = {.seed = keeper->lives * 0x9e3779b9u + 1,
                                            .tries = tries_a_life,
                                            .round = round,
                                            .act = act_of(keeper, round)};
        bool well = with_victim ? two_lives(keeper, order) : one_life(keeper, order);
        keeper->lives++;
        if (!well) {
            log_line(keeper->runtime, "hostile: round %s, seed %u, act %s",
                     hostile_rounds[round].name, order.seed, act_ends[order.act].name);
            return false;
        }
    }
    if (!lent_is_whole(keeper)) {
        return false;
    }
    marker(keeper->runtime, MARKER_HOSTILE_ROUND, hostile_rounds[round].name,
           hostile_rounds[round].tries);
    return true;
}

int service_main(struct runtime *runtime) {
    const struct boot_image_header *image = (const struct boot_image_header *)USER_BOOT_IMAGE;
    struct keeper keeper = {.runtime = runtime,
                            .attacker = find_program(image, "attacker"),
                            .hart_count = image->hart_count};
    if (ipc_ready(runtime) != STATUS_OK || !start_neighbour(&keeper, image) ||
        !make_what_is_lent(&keeper)) {
        return 1;
    }
    marker_text(runtime, MARKER_HOSTILE_READY);
    uint64_t at_rest_ns = keeper.latency_max_ns;
    for (uint32_t round = 0; round < HOSTILE_ROUND_COUNT; round++) {
        if (!one_round(&keeper, round)) {
            return 1;
        }
    }
    marker_text(runtime, MARKER_HOSTILE_NEIGHBOUR);
    log_line(runtime, "hostile: %u lives, %lu answers of the neighbour, %lu strangers' messages",
             keeper.lives, keeper.answers, keeper.strangers);
    log_line(runtime, "hostile: the slowest answer: %lu ns at rest, %lu ns", at_rest_ns,
             keeper.latency_max_ns);
    marker_text(runtime, MARKER_HOSTILE_END);
    return 0;
}
