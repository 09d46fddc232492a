// testing/sim/workload_manager.c: supervises clients of its own. When it ends, however, they end
// with it.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    OWN_CLIENT_COUNT = 2,
    ROUNDS_MAX = 12,
    NS_ROUND = 30000,
};

// False when a capability that it would pass on was revoked.
static bool start_client(struct slot *task, uint64_t server_count) {
    if (!workload_create(slot_at(MANAGER_SLOT_FACTORY), slot_at(MANAGER_SLOT_IMAGE), "client",
                         task)) {
        workload_close(task);
        return true;
    }
    for (uint32_t i = 0; i < server_count; i++) {
        const uint32_t rights = RIGHT_CALL | RIGHT_SEND | RIGHT_NOTIFY;
        enum status status =
            sys_task_grant(*task, slot_at(CLIENT_SLOT_SERVER + i), CLIENT_SLOT_SERVER + i, rights);
        workload_expect(status == STATUS_OK || status == STATUS_REVOKED, "a manager's grant failed",
                        status);
        if (status == STATUS_REVOKED) {
            return false;
        }
    }
    workload_start(*task, server_count);
    return true;
}

static void bury(struct slot *task) {
    struct query_result got = sys_cap_query(*task);
    workload_expect(got.status == STATUS_OK, "a manager's child cannot be asked about", got.status);
    if (task_query_state(got.value) == TASK_DEAD) {
        workload_close(task);
    }
}

void workload_manager(struct message_page *page, uint64_t argument, uint32_t instance) {
    (void)page;
    (void)instance;
    struct slot tasks[OWN_CLIENT_COUNT] = {{0}, {0}};
    struct task_result other = sys_task_create(slot_at(MANAGER_SLOT_FACTORY), 1);
    workload_expect(other.status == STATUS_BAD_IDENTITY, "a factory made what it must not",
                    other.status);
    other = sys_task_create_up_to(slot_at(MANAGER_SLOT_FACTORY), service_id_of("client", 6),
                                  (struct task_limits){.pages = 8, .slots = 1}, QOS_BURST);
    workload_expect(other.status == STATUS_DENIED, "a manager gave more than it may have",
                    other.status);
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        struct slot *task = &tasks[round % OWN_CLIENT_COUNT];
        if (task->value == 0) {
            if (!start_client(task, argument)) {
                return;
            }
        } else if (sim_user_random(4) == 0) {
            enum status status = sys_task_kill(*task);
            workload_expect(status == STATUS_OK, "a manager's kill failed", status);
        } else {
            bury(task);
        }
        sim_user_work(sim_user_random(NS_ROUND));
        sys_yield();
    }
}
