// testing/sim/workload_init.c: starts, kills, closes and replaces servers and clients; in the end
// takes everything back.
#include <string.h>

#include "kernel/abi/identity.h"
#include "kernel/abi/stats.h"
#include "testing/sim/workload_state.h"

enum {
    SLOT_FACTORY = 2,
    SLOT_IMAGE = 3,
    SLOT_DEVICES = 4,
    SLOT_STATS = 5,
    NS_ROUND = 40000,
    MANAGER_FIRST = WORKLOAD_SERVER_COUNT + WORKLOAD_CLIENT_COUNT,
    DRIVER_FIRST = MANAGER_FIRST + WORKLOAD_MANAGER_COUNT,
    WATCHER_FIRST = DRIVER_FIRST + WORKLOAD_DRIVER_COUNT,
    CHILD_COUNT = WATCHER_FIRST + WORKLOAD_WATCHER_COUNT,
    WAIT_ROUNDS_MAX = 4000,
};

// A grant, and the number of its family, which is part of the badges. 0: there was no grant.
struct family {
    struct slot grant;
    uint32_t number;
};

// Servers first, then clients, managers, drivers, watchers.
struct child {
    struct slot task;      // 0: not there.
    struct slot endpoint;  // Of all but a manager: all rights but RECV.
    // Its capabilities to servers are minted under `family`, which init revokes, or under `own` of
    // the server, which that server revokes.
    struct family family;
    struct family own;
};

struct parent {
    struct slot home;
    struct slot window;
    struct child children[CHILD_COUNT];
};

// Creates a child with an endpoint of its own.
static bool start_server(struct child *child, const char *name) {
    struct slot_result endpoint = sys_endpoint_create_accepting(slot_at(SLOT_FACTORY));
    if (!workload_made(endpoint.status, "endpoint_create gave another status")) {
        return false;
    }
    child->endpoint = endpoint.slot;
    if (!workload_create(slot_at(SLOT_FACTORY), slot_at(SLOT_IMAGE), name, &child->task)) {
        return false;
    }
    enum status status =
        sys_task_grant(child->task, child->endpoint, SERVER_SLOT_ENDPOINT, RIGHT_RECV);
    workload_expect(status == STATUS_OK, "granting RECV failed", status);
    return true;
}

static struct slot_result mint_of(struct slot endpoint, const struct family *family, uint32_t i) {
    return sys_cap_mint_under(endpoint, workload_badge(family->number, i), RIGHTS_SENDER,
                              family->grant);
}

// Of the server's own family, if it has not revoked it, or of the child's.
static struct slot_result mint(const struct child *server, const struct child *child, uint32_t i) {
    struct slot_result minted = {.status = STATUS_REVOKED};
    if (server->own.number != 0 && sim_user_random(2) == 0) {
        minted = mint_of(server->endpoint, &server->own, i);
    }
    if (minted.status == STATUS_REVOKED) {
        minted = mint_of(server->endpoint, &child->family, i);
    }
    workload_expect(minted.status == STATUS_OK, "cap_mint failed", minted.status);
    return minted;
}

// A badged capability to each server that is there; an endpoint that has been closed is granted as
// well, and found dead by the client.
static uint64_t grant_servers(struct parent *parent, struct child *child, uint32_t first) {
    uint64_t count = 0;
    for (uint32_t i = first; i < WORKLOAD_SERVER_COUNT; i++) {
        const struct child *server = &parent->children[i];
        if (server->endpoint.value == 0) {
            continue;
        }
        struct slot_result minted = mint(server, child, i);
        enum status status = sys_task_grant(child->task, minted.slot,
                                            (uint32_t)(CLIENT_SLOT_SERVER + count), RIGHTS_SENDER);
        bool revoked = status == STATUS_REVOKED && server->own.number != 0;  // Just now.
        workload_expect(status == STATUS_OK || revoked, "granting a server failed", status);
        workload_close(&minted.slot);
        count += status == STATUS_OK;
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

static struct family make_family(void) {
    struct family family = {.number = 0};
    if (workload_now->grants + 1 < WORKLOAD_GRANT_MAX) {
        struct slot_result made = sys_grant_create(slot_at(SLOT_FACTORY));
        if (workload_made(made.status, "grant_create gave another status")) {
            family.grant = made.slot;
            family.number = ++workload_now->grants;
        }
    }
    return family;
}

// A server can revoke one family that leads to it.
static void grant_own_family(struct child *server) {
    server->own = make_family();
    if (server->own.number != 0) {
        enum status status =
            sys_task_grant(server->task, server->own.grant, SERVER_SLOT_GRANT, RIGHT_REVOKE);
        workload_expect(status == STATUS_OK, "granting REVOKE failed", status);
    }
}

static void revoke(struct child *child) {
    workload_revoke(child->family.grant, child->family.number);
    workload_close(&child->family.grant);
}

static void give_up(struct child *child) {
    workload_close(&child->task);
    workload_close(&child->endpoint);
    workload_close(&child->family.grant);
    workload_close(&child->own.grant);
}

// One of the devices: now and then that of another driver, which still holds it or has just died.
static bool start_driver(struct child *child) {
    if (!start_server(child, "driver")) {
        return false;
    }
    uint64_t number = 1 + sim_user_random(WORKLOAD_DRIVER_COUNT);
    struct slot_result minted = sys_cap_mint(slot_at(SLOT_DEVICES), number, RIGHTS_DEVICE);
    workload_expect(minted.status == STATUS_OK, "minting a device failed", minted.status);
    enum status status =
        sys_task_grant(child->task, minted.slot, DRIVER_SLOT_DEVICE, RIGHTS_DEVICE);
    workload_expect(status == STATUS_OK, "granting a device failed", status);
    workload_close(&minted.slot);
    return true;
}

static bool start_watcher(struct child *child) {
    if (!workload_create(slot_at(SLOT_FACTORY), slot_at(SLOT_IMAGE), "watcher", &child->task)) {
        return false;
    }
    enum status status =
        sys_task_grant(child->task, slot_at(SLOT_STATS), WATCHER_SLOT_STATS, RIGHTS_STATS);
    workload_expect(status == STATUS_OK, "granting statistics failed", status);
    return true;
}

// What a client needs to make VMOs, and the window that it shares with others.
static bool grant_memory(struct parent *parent, struct child *child) {
    const char *name = "client";
    struct slot_result minted =
        sys_cap_mint(slot_at(SLOT_FACTORY), service_id_of(name, strlen(name)), RIGHT_MAKE_VMO);
    workload_expect(minted.status == STATUS_OK, "minting a factory of VMOs failed", minted.status);
    enum status status =
        sys_task_grant(child->task, minted.slot, CLIENT_SLOT_FACTORY, RIGHT_MAKE_VMO);
    workload_expect(status == STATUS_OK, "granting a factory of VMOs failed", status);
    workload_close(&minted.slot);
    if (parent->window.value != 0) {
        status = sys_task_grant(child->task, parent->window, CLIENT_SLOT_WINDOW,
                                RIGHT_VMO_READ | RIGHT_VMO_WRITE);
        workload_expect(status == STATUS_OK, "granting the window failed", status);
    }
    return status == STATUS_OK;
}

static bool make_child(struct parent *parent, uint32_t index, uint64_t *argument) {
    struct child *child = &parent->children[index];
    child->family = make_family();
    child->own = (struct family){.number = 0};
    if (index < WORKLOAD_SERVER_COUNT) {
        bool made = start_server(child, "server");
        if (!made) {
            return false;
        }
        grant_own_family(child);
        *argument =
            workload_server_argument(grant_servers(parent, child, index + 1), child->own.number);
        return true;
    }
    if (index >= WATCHER_FIRST) {
        *argument = sim_hart_count();
        return start_watcher(child);
    }
    if (index >= DRIVER_FIRST) {
        return start_driver(child);
    }
    bool manages = index >= MANAGER_FIRST;
    bool made = manages ? workload_create(slot_at(SLOT_FACTORY), slot_at(SLOT_IMAGE), "manager",
                                          &child->task)
                        : start_server(child, "client");
    if (!made) {
        return false;
    }
    *argument = grant_servers(parent, child, 0);
    return *argument != 0 && (manages ? grant_making(child) : grant_memory(parent, child));
}

static void start_child(struct parent *parent, uint32_t index) {
    struct child *child = &parent->children[index];
    uint64_t argument = 0;
    if (make_child(parent, index, &argument)) {
        workload_start(child->task, argument);
        return;
    }
    give_up(child);  // Of a task that never started: it is reclaimed.
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
            give_up(child);
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
    } else if (draw < 5 && child->family.grant.value != 0) {
        revoke(child);
    } else if (draw < 7) {
        workload_change_class(child->task);
    }
}

static void wait_a_round(struct parent *parent) {
    struct recv_result got = sys_ipc_recv(parent->home, 1 + workload_soon(NS_ROUND));
    if (got.status == STATUS_OK) {
        workload_expect(
            got.received == RECEIVED_NOTIFICATION && got.kernel_bits == NOTIFY_CHILD_EXIT,
            "init heard something else", got.received);
    } else {
        workload_expect(got.status == STATUS_TIMED_OUT, "init's recv gave another status",
                        got.status);
    }
}

// A task that never started is reclaimed without a notice.
static bool is_alone(struct message_page *page) {
    struct stats_result got = sys_kernel_stats(slot_at(SLOT_STATS), STATS_SYSTEM, 0, 0);
    workload_expect(got.status == STATUS_OK, "init cannot read statistics", got.status);
    struct stats_system system;
    memcpy(&system, page->stats, sizeof(system));
    return system.tasks.free + 1 == system.tasks.total;
}

static void end_all(struct parent *parent, struct message_page *page) {
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
    bool alone = is_alone(page);
    for (uint32_t round = 0; round < WAIT_ROUNDS_MAX && !alone; round++) {
        wait_a_round(parent);
        alone = is_alone(page);
    }
    workload_expect(alone, "tasks are left that nobody is told of", 0);
    workload_close(&parent->window);
    workload_close(&parent->home);
}

void workload_init(struct message_page *page, uint64_t argument, uint32_t instance) {
    (void)argument;
    (void)instance;
    struct parent parent = {.home = {0}};
    workload_now->classes = sim_user_random(3) != 0;
    if (workload_now->classes) {  // So that nobody keeps it from looking.
        enum status status = sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_BURST);
        workload_expect(status == STATUS_OK, "init cannot have its own class", status);
    }
    for (uint32_t try = 0; parent.home.value == 0 && try < WAIT_ROUNDS_MAX; try++) {
        parent.home = sys_endpoint_create(slot_at(SLOT_FACTORY)).slot;
    }
    struct slot_result window = sys_vmo_create(slot_at(SLOT_FACTORY), WORKLOAD_WINDOW_PAGES);
    if (workload_made(window.status, "making the window gave another status")) {
        parent.window = window.slot;
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
    end_all(&parent, page);
    sys_task_exit(atomic_load_u32(&workload_now->failed) != 0 ? 1 : 0);
}
