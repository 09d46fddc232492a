// kernel/core/cap_ops.c: see cap_ops.h.
#include "kernel/core/cap_ops.h"

#include "kernel/abi/identity.h"
#include "kernel/core/async.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/handler.h"
#include "kernel/core/image.h"
#include "kernel/core/ipc.h"
#include "kernel/core/panic.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/syscall.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/transfer.h"
#include "kernel/core/vmo_ops.h"

enum status cap_place(struct task *task, struct capability cap, uint32_t *slot) {
    if (task->caps_free == 0) {
        return STATUS_NO_SPACE;
    }
    *slot = cap_place_free(task, &cap);
    return STATUS_OK;
}

void cap_reference(struct kernel *kernel, struct hart *hart, const struct capability *cap) {
    if (cap_sends(cap)) {
        endpoint_sender_add(hart, cap);
    }
    if (cap_kind_of(cap) == CAP_TASK) {
        task_reference(&kernel->tasks[cap->object]);
    }
    if (cap_kind_of(cap) == CAP_VMO) {
        vmo_reference(&kernel->vmos[cap->object]);
    }
    if (cap->grant != 0) {
        grant_reference(kernel, cap->grant);
    }
}

void cap_release_sent(struct kernel *kernel, struct hart *hart, const struct capability *cap) {
    if (cap_sends(cap)) {
        endpoint_sender_drop(kernel, hart, cap->endpoint, cap->generation);
    }
    if (cap_kind_of(cap) == CAP_TASK && !fault_point_fires(FAULT_POINT_LOSE_RELEASE)) {
        task_release(kernel, hart, &kernel->tasks[cap->object]);
    }
    if (cap_kind_of(cap) == CAP_VMO) {
        vmo_release(kernel, hart, &kernel->vmos[cap->object]);
    }
    if (cap->grant != 0) {
        grant_release(kernel, hart, cap->grant);
    }
}

void cap_release(struct kernel *kernel, struct hart *hart, const struct capability *cap) {
    if (cap_kind_of(cap) == CAP_ENDPOINT && (cap_rights_of(cap) & RIGHT_RECV) != 0) {
        status_ignore(endpoint_end(kernel, hart, cap->object, cap->generation),
                      "closed before by a manager");
    }
    cap_release_sent(kernel, hart, cap);
}

void cap_lose_recv(struct kernel *kernel, struct hart *hart, struct task *task, uint32_t slot) {
    struct capability *cap = &task->caps[slot];
    cap->head = cap_head(cap_kind_of(cap), cap_rights_of(cap) & ~(uint32_t)RIGHT_RECV);
    if (cap_sends(cap)) {
        endpoint_sender_add(hart, cap);
    }
    home_leave(kernel, task, cap);
}

// Whether the task can still start or end `named`.
static bool controls(const struct task *task, uint32_t named) {
    const uint32_t wanted = cap_head(CAP_TASK, RIGHT_TASK_CONTROL);
    for (uint32_t slot = CAP_SLOT_NONE + 1; slot < CAP_SLOT_COUNT; slot++) {
        const struct capability *cap = &task->caps[slot];
        if ((cap->head & (wanted | 0xff)) == wanted && cap->object == named) {
            return true;
        }
    }
    return false;
}

// What is more than a way to send: it may be the last hold on a task, or end its endpoint.
static COLD void drop_other(struct kernel *kernel, struct hart *hart, struct task *task,
                            uint32_t slot) {
    struct capability cap = task->caps[slot];
    cap_slot_empty(task, slot);
    if (cap_kind_of(&cap) == CAP_TASK) {
        struct task *named = &kernel->tasks[cap.object];
        enum task_state state = (enum task_state)atomic_load_acquire_u32(&named->state);
        bool unstarted = state == TASK_NEW || state == TASK_LOADED;
        if (unstarted &&
            atomic_load_u64(&named->supervisor) == task_name(task->index, task->instance) &&
            !controls(task, named->index)) {
            task_kill(kernel, hart, named);  // Nobody else could start it any more.
        }
    }
    cap_release(kernel, hart, &cap);
    if (cap_kind_of(&cap) == CAP_ENDPOINT && (cap_rights_of(&cap) & RIGHT_RECV) != 0) {
        home_leave(kernel, task, &cap);
    }
}

// Nothing but a way to send, in no family: all that has to be done is to count one sender less.
static ALWAYS_INLINE bool is_plain_sender(const struct capability *cap) {
    return cap_sends(cap) && cap->grant == 0;
}

static ALWAYS_INLINE void drop_plain_sender(struct kernel *kernel, struct hart *hart,
                                            struct task *task, uint32_t slot) {
    struct endpoint *endpoint = task->caps[slot].endpoint;
    uint32_t generation = task->caps[slot].generation;
    cap_slot_empty(task, slot);
    endpoint_sender_drop(kernel, hart, endpoint, generation);
}

void cap_drop(struct kernel *kernel, struct hart *hart, struct task *task, uint32_t slot) {
    if (is_plain_sender(&task->caps[slot])) {
        drop_plain_sender(kernel, hart, task, slot);
    } else {
        drop_other(kernel, hart, task, slot);
    }
}

bool factory_may_assign(const struct kernel *kernel, const struct capability *factory,
                        uint64_t service_id) {
    if (factory->badge == SERVICE_ID_TOP_BIT) {
        return service_id > SERVICE_ID_TOP_BIT;
    }
    return factory->badge != 0 ? factory->badge == service_id
                               : image_has_service(kernel, service_id);
}

// A factory of one identity, or, out of init's, the one of all programs' identities.
static bool may_narrow(const struct kernel *kernel, const struct capability *factory,
                       uint64_t service_id) {
    return factory_may_assign(kernel, factory, service_id) ||
           (factory->badge == 0 && service_id == SERVICE_ID_TOP_BIT);
}

// The grant in slot `named` joins the endpoint capability that is being made to its family. Slot 0:
// it has none.
static enum status mint_under(const struct kernel *kernel, struct task *task, uint64_t named,
                              struct capability *out) {
    if (named == CAP_SLOT_NONE) {
        return STATUS_OK;
    }
    struct capability *grant = 0;
    enum status status = cap_lookup(task, named, CAP_GRANT, RIGHT_MINT_UNDER, &grant);
    if (status != STATUS_OK) {
        return status;
    }
    if (cap_is_stale(kernel, grant)) {
        return STATUS_REVOKED;
    }
    out->grant = grant->grant;
    out->epoch = grant->epoch;
    return STATUS_OK;
}

static enum status mint_endpoint(const struct kernel *kernel, struct task *task,
                                 const struct capability *cap, struct capability *out) {
    uint64_t rights = handler_arg(task, 2);
    // What has a grant stays in the family that it was born in: it is minted without MINT, and this
    // says it once more.
    if ((cap_rights_of(cap) & RIGHT_MINT) == 0 || cap->grant != 0 ||
        (rights & ~(uint64_t)RIGHTS_SENDER) != 0) {
        return STATUS_DENIED;
    }
    *out = *cap;
    return mint_under(kernel, task, handler_arg(task, 3), out);
}

static enum status mint_factory(const struct kernel *kernel, struct task *task,
                                const struct capability *cap, struct capability *out) {
    uint32_t held = cap_rights_of(cap);
    if ((held & RIGHT_MAKE_TASK) == 0 || (handler_arg(task, 2) & ~(uint64_t)held) != 0) {
        return STATUS_DENIED;
    }
    uint64_t service_id = handler_arg(task, 1);
    if (service_id == 0 || !may_narrow(kernel, cap, service_id)) {
        return STATUS_BAD_IDENTITY;
    }
    if (handler_arg(task, 3) != CAP_SLOT_NONE) {
        return STATUS_BAD_ARG;
    }
    *out = *cap;
    return STATUS_OK;
}

static enum status mint_device(const struct kernel *kernel, const struct task *task,
                               const struct capability *cap, struct capability *out) {
    enum status status = device_mint(kernel, cap, handler_arg(task, 1), handler_arg(task, 2));
    if (status == STATUS_OK && handler_arg(task, 3) != CAP_SLOT_NONE) {
        status = STATUS_BAD_ARG;
    }
    *out = *cap;
    return status;
}

// What cap_mint makes: a badged endpoint capability, a factory for one service_id, or one device.
static enum status mint(const struct kernel *kernel, struct task *task, struct capability *out) {
    uint64_t from = handler_arg(task, 0);
    if (from >= CAP_SLOT_COUNT) {
        return STATUS_BAD_CAP;
    }
    const struct capability *cap = &task->caps[from];
    enum status status = STATUS_BAD_CAP;
    if (cap_kind_of(cap) == CAP_ENDPOINT) {
        status = mint_endpoint(kernel, task, cap, out);
    } else if (cap_kind_of(cap) == CAP_FACTORY) {
        status = mint_factory(kernel, task, cap, out);
    } else if (cap_kind_of(cap) == CAP_DEVICE) {
        status = mint_device(kernel, task, cap, out);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t rights = (uint32_t)handler_arg(task, 2);  // Checked to be among those held.
    out->head = cap_head(cap_kind_of(cap), rights);
    out->badge = handler_arg(task, 1);
    return rights == 0 ? STATUS_BAD_ARG : STATUS_OK;
}

// Ends a call that makes a copy: `cap` is checked and is placed if there is room.
static struct task *place_copy(struct kernel *kernel, struct hart *hart, struct task *task,
                               const struct capability *cap) {
    uint32_t slot = 0;
    enum status status = cap_place(task, *cap, &slot);
    if (status == STATUS_OK) {
        cap_reference(kernel, hart, cap);
    }
    return handler_finish_value(task, status, slot);
}

struct task *syscall_cap_mint(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability cap = {0};
    enum status status = mint(kernel, task, &cap);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    return place_copy(kernel, hart, task, &cap);
}

// Rights that a copy never has.
static uint32_t rights_not_cloned(enum cap_kind kind) {
    switch (kind) {
        case CAP_ENDPOINT:
            return RIGHT_RECV | RIGHT_MANAGE;
        case CAP_GRANT:
            return RIGHT_REVOKE;
        case CAP_FACTORY:
        case CAP_DEVICE:
            return UINT32_MAX;
        case CAP_TASK:
        case CAP_CONSOLE:
        case CAP_IMAGE:
        case CAP_VMO:
        case CAP_STATS:
            return 0;
        case CAP_NONE:
        case CAP_REPLY:
        case CAP_KIND_COUNT:
            break;
    }
    return UINT32_MAX;
}

struct task *syscall_cap_clone(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint64_t from = handler_arg(task, 0);
    uint64_t rights = handler_arg(task, 1);
    if (from >= CAP_SLOT_COUNT || task->caps[from].head == 0) {
        return handler_finish(task, STATUS_BAD_CAP);
    }
    struct capability cap = task->caps[from];
    enum cap_kind kind = cap_kind_of(&cap);
    uint64_t given = cap_rights_of(&cap) & ~rights_not_cloned(kind);
    if ((rights & ~given) != 0 || kind == CAP_FACTORY || kind == CAP_DEVICE) {
        return handler_finish(task, STATUS_DENIED);
    }
    if (rights == 0) {
        return handler_finish(task, STATUS_BAD_ARG);
    }
    if (cap_is_stale(kernel, &cap)) {
        return handler_finish(task, STATUS_REVOKED);
    }
    cap.head = cap_head(kind, (uint32_t)rights);
    return place_copy(kernel, hart, task, &cap);
}

static struct task *close_reply(struct kernel *kernel, struct hart *hart, struct task *task,
                                uint64_t handle) {
    struct reply_entry *entry = reply_find(task, handle);
    if (!entry) {
        return handler_finish(task, STATUS_BAD_CAP);
    }
    reply_drop(kernel, hart, task, entry);
    return handler_finish(task, STATUS_OK);
}

static NOINLINE struct task *close_other(struct kernel *kernel, struct hart *hart,
                                         struct task *task, uint64_t name) {
    if ((name & REPLY_HANDLE_BIT) != 0) {
        return close_reply(kernel, hart, task, name);
    }
    if ((name & ASYNC_SEQUENCE_BIT) != 0) {
        bool found = async_cancel(kernel, hart, task, name);
        return handler_finish(task, found ? STATUS_OK : STATUS_BAD_CAP);
    }
    if (name >= CAP_SLOT_COUNT || task->caps[name].head == 0) {
        return handler_finish(task, STATUS_BAD_CAP);
    }
    drop_other(kernel, hart, task, (uint32_t)name);
    task_status(task, STATUS_OK);
    return syscall_give_back(kernel, hart, task);
}

struct task *syscall_cap_close(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint64_t name = handler_arg(task, 0);
    if (UNLIKELY(name >= CAP_SLOT_COUNT || !is_plain_sender(&task->caps[name]))) {
        return close_other(kernel, hart, task, name);
    }
    task_status(task, STATUS_OK);
    drop_plain_sender(kernel, hart, task, (uint32_t)name);
    return task;
}

static struct task *query_reply(struct task *task, uint64_t handle) {
    const struct reply_entry *entry = reply_find(task, handle);
    if (!entry) {
        return handler_finish(task, STATUS_BAD_CAP);
    }
    struct async_ref async = async_of_reply(entry);
    bool waits = reply_is_async(entry) ? async_stands(&async)
                                       : atomic_load_u64(&entry->task->wait) == reply_word(entry);
    task_results(task, STATUS_OK, cap_query_pack(CAP_REPLY, 0), waits ? 1 : 0, 0);
    return task;
}

static struct task *query_task(const struct kernel *kernel, struct task *task,
                               const struct capability *cap, uint64_t packed) {
    if ((cap_rights_of(cap) & RIGHT_TASK_QUERY) == 0) {
        return handler_finish(task, STATUS_DENIED);
    }
    const struct task *named = &kernel->tasks[cap->object];
    // Acquire: pairs with the release of TASK_DEAD, so that the reason is complete.
    enum task_state state = (enum task_state)(fault_point_fires(FAULT_POINT_UNORDERED_END)
                                                  ? atomic_load_u32(&named->state)
                                                  : atomic_load_acquire_u32(&named->state));
    bool dead = state == TASK_DEAD;
    const struct hart *home = state == TASK_LIVE ? atomic_load_shared(&named->hart) : 0;
    task_results(
        task, STATUS_OK, packed,
        task_query_pack(state, dead ? named->exit_reason : EXIT_NONE, home ? home->index : 0,
                        atomic_load_u32(&named->qos), named->instance),
        dead ? named->exit_detail : 0);
    return task;
}

// How many can send to the endpoint that the holder receives at; otherwise what stands against the
// use of the capability.
static uint64_t query_detail(const struct kernel *kernel, const struct capability *cap) {
    uint64_t against = cap_is_stale(kernel, cap) ? CAP_QUERY_REVOKED : 0;
    if (cap_kind_of(cap) != CAP_ENDPOINT) {
        return against;
    }
    const struct endpoint *endpoint = &kernel->endpoints[cap->object];
    bool open = atomic_load_u32(&endpoint->generation) == cap->generation;
    if ((cap_rights_of(cap) & RIGHT_RECV) != 0) {
        return open ? atomic_load_u32(&endpoint->senders) : 0;
    }
    return against | (open ? 0 : CAP_QUERY_CLOSED);
}

struct task *syscall_cap_query(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint64_t name = handler_arg(task, 0);
    if ((name & REPLY_HANDLE_BIT) != 0) {
        return query_reply(task, name);
    }
    if (name >= CAP_SLOT_COUNT || task->caps[name].head == 0) {
        return handler_finish(task, STATUS_BAD_CAP);
    }
    const struct capability *cap = &task->caps[name];
    uint64_t packed = cap_query_pack(cap_kind_of(cap), cap_rights_of(cap));
    if (cap_kind_of(cap) == CAP_TASK) {
        return query_task(kernel, task, cap, packed);
    }
    if (cap_kind_of(cap) == CAP_DEVICE) {
        uint64_t of_device[2];
        device_query(kernel, hart, task, cap, of_device);
        task_results(task, STATUS_OK, packed, of_device[0], of_device[1]);
        return task;
    }
    if (cap_kind_of(cap) == CAP_VMO) {
        const struct vmo *vmo = &kernel->vmos[cap->object];
        task_results(task, STATUS_OK, packed, vmo->page_count,
                     vmo_is_sealed(vmo) ? VMO_QUERY_SEALED : 0);
        return task;
    }
    task_results(task, STATUS_OK, packed, cap->badge, query_detail(kernel, cap));
    return task;
}

struct task *syscall_grant_create(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *factory = 0;
    enum status status =
        cap_lookup(task, handler_arg(task, 0), CAP_FACTORY, RIGHT_MAKE_GRANT, &factory);
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    uint32_t index = 0;
    if (status == STATUS_OK) {
        status = grant_make(kernel, hart, task, &index);
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    struct capability cap = {.head = cap_head(CAP_GRANT, RIGHTS_GRANT),
                             .object = (uint16_t)index,
                             .grant = (uint16_t)index,
                             .epoch = atomic_load_u32(&kernel->grant_epochs[index])};
    uint32_t slot = 0;
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    event_note(hart, EVENT_GRANT, task, 0, index);
    return handler_finish_value(task, STATUS_OK, slot);
}

struct task *syscall_grant_revoke(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *grant = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_GRANT, RIGHT_REVOKE, &grant);
    task_status(task, status);
    if (status != STATUS_OK) {
        return task;
    }
    // This capability goes on with the new epoch: what is minted under it from now on is a new
    // family.
    uint32_t epoch = grant_bump(kernel, grant->grant);
    grant->epoch = epoch != GRANT_SPENT ? epoch : grant->epoch;
    event_note(hart, EVENT_REVOKE, task, 0, grant->grant);
    return quiesce_wait(kernel, hart, task) ? run_queue_next(kernel, hart) : task;
}
