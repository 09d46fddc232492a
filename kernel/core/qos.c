// kernel/core/qos.c: see qos.h.
#include "kernel/core/qos.h"

#include "kernel/core/cap_lookup.h"
#include "kernel/core/donation.h"
#include "kernel/core/handler.h"
#include "kernel/core/panic.h"

enum status qos_ceiling_of(const struct task *creator, uint64_t wanted, uint32_t *out) {
    if (wanted >= QOS_COUNT) {
        return STATUS_BAD_ARG;
    }
    uint32_t own = creator->qos_ceiling;
    if (wanted == QOS_DEFAULT) {
        *out = own < QOS_NORMAL ? own : (uint32_t)QOS_NORMAL;
        return STATUS_OK;
    }
    *out = (uint32_t)wanted;
    return wanted <= own ? STATUS_OK : STATUS_DENIED;
}

void qos_begin(struct kernel *kernel, struct task *task, uint32_t qos) {
    KASSERT(qos >= QOS_IDLE && qos <= task->qos_ceiling);
    // Seen before it is anybody's: who computes a class looks at it first.
    if (((atomic_load_u32(&kernel->qos_seen) >> qos) & 1) == 0) {
        atomic_or_u32(&kernel->qos_seen, UINT32_C(1) << qos);
    }
    atomic_store_u32(&task->qos, qos);
}

// The task named, or the caller itself, whose class its creator has bounded.
static enum status find(struct kernel *kernel, struct task *task, struct task **out) {
    struct capability *cap = 0;
    *out = task;
    if (handler_arg(task, 0) == CAP_SLOT_NONE) {
        return STATUS_OK;
    }
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_TASK, RIGHT_TASK_QOS, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    *out = &kernel->tasks[cap->object];
    enum task_state state = (enum task_state)atomic_load_acquire_u32(&(*out)->state);
    return state == TASK_NEW || state == TASK_LOADED || state == TASK_LIVE ? STATUS_OK
                                                                           : STATUS_BUSY;
}

struct task *syscall_set_qos(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct task *named = 0;
    uint64_t qos = handler_arg(task, 1);
    enum status status = find(kernel, task, &named);
    if (status == STATUS_OK && (qos == QOS_DEFAULT || qos >= QOS_COUNT)) {
        status = STATUS_BAD_ARG;
    }
    if (status == STATUS_OK && qos > named->qos_ceiling) {
        status = STATUS_DENIED;
    }
    if (status == STATUS_OK) {
        bool changes = atomic_load_u32(&named->qos) != qos;
        qos_begin(kernel, named, (uint32_t)qos);
        donation_spread(kernel, hart, named);
        struct hart *home = atomic_load_shared(&named->hart);
        // If it runs, its hart has to look what it counts as now. One that is queued it looks at
        // when it takes it.
        bool runs = changes && home && home != hart &&
                    wait_state_of(atomic_load_u64(&named->wait)) == WAIT_NONE &&
                    !run_queue_holds(hart, named);
        if (runs) {
            status_ignore(run_queue_ipi(kernel, hart, home->index), "a task's home is online");
        }
    }
    task_status(task, status);
    return run_queue_go_on(kernel, hart, task);
}
