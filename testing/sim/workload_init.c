// testing/sim/workload_init.c: starts, kills, closes and replaces servers and clients; in the end
// takes everything back.
#include <string.h>

#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    SLOT_FACTORY = 2,
    SLOT_IMAGE = 3,
    NS_ROUND = 40000,
    CHILD_COUNT = WORKLOAD_SERVER_COUNT + WORKLOAD_CLIENT_COUNT + WORKLOAD_MANAGER_COUNT,
    WAIT_ROUNDS_MAX = 400,
    UNSTARTED_ROUNDS = 8,
};

// Servers first, then clients, then managers.
struct child {
    struct slot task;      // 0: not there.
    struct slot endpoint;  // Of a server: all rights but RECV.
};

struct parent {
    struct slot home;
    struct child children[CHILD_COUNT];
};

static bool start_server(struct child *child) {
    struct slot_result endpoint = sys_endpoint_create(slot_at(SLOT_FACTORY));
    if (!workload_made(endpoint.status, "endpoint_create gave another status")) {
        return false;
    }
    child->endpoint = endpoint.slot;
    if (!workload_create(slot_at(SLOT_FACTORY), slot_at(SLOT_IMAGE), "server", &child->task)) {
        return false;
    }
    enum status status =
        sys_task_grant(child->task, child->endpoint, SERVER_SLOT_ENDPOINT, RIGHT_RECV);
    workload_expect(status == STATUS_OK, "granting RECV failed", status);
    return true;
}

// A badged capability to each server that is there; an endpoint that has been closed is granted as
// well, and found dead by the client.
static uint64_t grant_servers(struct parent *parent, struct child *child, uint32_t first) {
    uint64_t count = 0;
    for (uint32_t i = first; i < WORKLOAD_SERVER_COUNT; i++) {
        if (parent->children[i].endpoint.value == 0) {
            continue;
        }
        struct slot_result minted = sys_cap_mint(parent->children[i].endpoint, 1 + i,
                                                 RIGHT_CALL | RIGHT_SEND | RIGHT_NOTIFY);
        workload_expect(minted.status == STATUS_OK, "cap_mint failed", minted.status);
        enum status status =
            sys_task_grant(child->task, minted.slot, (uint32_t)(CLIENT_SLOT_SERVER + count),
                           RIGHT_CALL | RIGHT_SEND | RIGHT_NOTIFY);
        workload_expect(status == STATUS_OK, "granting a server failed", status);
        workload_close(&minted.slot);
        count++;
    }
    return count;
}

// What a manager needs to make clients: a factory for just that, and the boot image.
static bool grant_making(struct child *child) {
    const char *name = "client";
    struct slot_result minted =
        sys_cap_mint(slot_at(SLOT_FACTORY), service_id_of(name, strlen(name)), RIGHT_MAKE_TASK);
    workload_expect(minted.status == STATUS_OK, "minting a factory failed", minted.status);
    enum status status =
        sys_task_grant(child->task, minted.slot, MANAGER_SLOT_FACTORY, RIGHT_MAKE_TASK);
    workload_expect(status == STATUS_OK, "granting a factory failed", status);
    workload_close(&minted.slot);
    return workload_made(
        sys_task_grant(child->task, slot_at(SLOT_IMAGE), MANAGER_SLOT_IMAGE, RIGHT_READ),
        "granting the image failed");
}

static bool make_child(struct parent *parent, uint32_t index, uint64_t *argument) {
    struct child *child = &parent->children[index];
    if (index < WORKLOAD_SERVER_COUNT) {
        bool made = start_server(child);
        *argument = made ? grant_servers(parent, child, index + 1) : 0;
        return made;
    }
    bool manages = index >= WORKLOAD_SERVER_COUNT + WORKLOAD_CLIENT_COUNT;
    const char *name = manages ? "manager" : "client";
    if (!workload_create(slot_at(SLOT_FACTORY), slot_at(SLOT_IMAGE), name, &child->task)) {
        return false;
    }
    *argument = grant_servers(parent, child, 0);
    return *argument != 0 && (!manages || grant_making(child));
}

static void start_child(struct parent *parent, uint32_t index) {
    struct child *child = &parent->children[index];
    uint64_t argument = 0;
    if (make_child(parent, index, &argument)) {
        workload_start(child->task, argument);
        return;
    }
    workload_close(&child->task);  // Of a task that never started: it is reclaimed.
    workload_close(&child->endpoint);
}

static enum task_state state_of(const struct child *child) {
    struct query_result got = sys_cap_query(child->task);
    workload_expect(got.status == STATUS_OK, "a child cannot be asked about", got.status);
    return task_query_state(got.value);
}

// Gives up children that have ended; the number that are still there.
static uint32_t bury(struct parent *parent) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < CHILD_COUNT; i++) {
        struct child *child = &parent->children[i];
        if (child->task.value == 0) {
            continue;
        }
        if (state_of(child) == TASK_DEAD) {
            workload_close(&child->task);
            workload_close(&child->endpoint);
        } else {
            left++;
        }
    }
    return left;
}

static void disturb(struct parent *parent) {
    struct child *child = &parent->children[sim_user_random(CHILD_COUNT)];
    uint32_t draw = sim_user_random(8);
    if (child->task.value == 0) {
        return;
    }
    if (draw == 0 && child->endpoint.value != 0) {
        enum status status = sys_endpoint_close(child->endpoint);
        workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                        "endpoint_close gave another status", status);
        workload_count(&workload_now->closes);
    } else if (draw < 3) {
        enum status status = sys_task_kill(child->task);
        workload_expect(status == STATUS_OK, "task_kill gave another status", status);
        workload_count(&workload_now->kills);
    }
}

static void wait_a_round(struct parent *parent) {
    struct recv_result got =
        sys_ipc_recv(parent->home, sys_clock_get() + 1 + sim_user_random(NS_ROUND));
    if (got.status == STATUS_OK) {
        workload_expect(
            got.received == RECEIVED_NOTIFICATION && got.kernel_bits == NOTIFY_CHILD_EXIT,
            "init heard something else", got.received);
    } else {
        workload_expect(got.status == STATUS_TIMED_OUT, "init's recv gave another status",
                        got.status);
    }
}

static void end_all(struct parent *parent) {
    for (uint32_t i = 0; i < CHILD_COUNT; i++) {
        if (parent->children[i].task.value != 0) {
            enum status status = sys_task_kill(parent->children[i].task);
            workload_expect(status == STATUS_OK, "the last task_kill gave another status", status);
        }
    }
    uint32_t left = CHILD_COUNT;
    for (uint32_t round = 0; round < WAIT_ROUNDS_MAX && left > 0; round++) {
        left = bury(parent);
        if (left > 0) {
            wait_a_round(parent);
        }
    }
    workload_expect(left == 0, "children are left that do not die", left);
    for (uint32_t round = 0; round < UNSTARTED_ROUNDS; round++) {  // A task that never started is
                                                                   // reclaimed without a notice.
        wait_a_round(parent);
    }
    workload_close(&parent->home);
}

void workload_init(struct message_page *page, uint64_t argument, uint32_t instance) {
    (void)page;
    (void)argument;
    (void)instance;
    struct parent parent = {.home = {0}};
    for (uint32_t try = 0; parent.home.value == 0 && try < WAIT_ROUNDS_MAX; try++) {
        parent.home = sys_endpoint_create(slot_at(SLOT_FACTORY)).slot;
    }
    for (uint32_t round = 0; round < workload_now->rounds; round++) {
        for (uint32_t i = 0; i < CHILD_COUNT; i++) {
            if (parent.children[i].task.value == 0) {
                start_child(&parent, i);
            }
        }
        wait_a_round(&parent);
        disturb(&parent);
        (void)bury(&parent);
    }
    end_all(&parent);
    sys_task_exit(atomic_load_u32(&workload_now->failed) != 0 ? 1 : 0);
}
