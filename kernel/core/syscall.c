// kernel/core/syscall.c: one row a system call, and the calls that are not IPC. Each checks
// everything, then does what cannot fail.
#include "kernel/abi/syscall.h"

#include "base/checked.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/image.h"
#include "kernel/core/ipc.h"
#include "kernel/core/panic.h"
#include "kernel/core/syscall.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/transfer.h"

typedef struct task *syscall_handler(struct kernel *kernel, struct hart *hart, struct task *task);

static uint64_t arg(const struct task *task, uint32_t index) {
    return task->regs.x[REG_A0 + index];
}

static struct task *finish(struct task *task, enum status status) {
    task_status(task, status);
    return task;
}

static struct task *finish_value(struct task *task, enum status status, uint64_t value) {
    task_results(task, status, status == STATUS_OK ? value : 0, 0, 0);
    return task;
}

static struct task *syscall_yield(struct kernel *kernel, struct hart *hart, struct task *task) {
    task_status(task, STATUS_OK);
    run_queue_push(kernel, hart, task);
    return run_queue_next(kernel, hart);
}

static struct task *syscall_clock_get(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)kernel;
    (void)hart;
    return finish_value(task, STATUS_OK, arch_time_ns());
}

static struct task *syscall_endpoint_create(struct kernel *kernel, struct hart *hart,
                                            struct task *task) {
    struct capability *factory = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_FACTORY, RIGHT_MAKE_ENDPOINT, &factory);
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    uint32_t index = 0;
    if (status == STATUS_OK) {
        status = endpoint_make(kernel, hart, task, &index);
    }
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    uint32_t generation = atomic_load_u32(&kernel->endpoints[index].generation);
    struct capability cap = {.head = cap_head(CAP_ENDPOINT, RIGHTS_ENDPOINT),
                             .object = index,
                             .generation = generation,
                             .endpoint = &kernel->endpoints[index]};
    uint32_t slot = 0;
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    home_take(kernel, task, home_pack(index, generation));
    return finish_value(task, STATUS_OK, slot);
}

static struct task *syscall_endpoint_close(struct kernel *kernel, struct hart *hart,
                                           struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_MANAGE, &cap);
    if (status == STATUS_OK) {
        status = endpoint_end(kernel, hart, cap->object, cap->generation);
    }
    return finish(task, status);
}

// The ids of a factory: its badge, or without one those of the boot manifest.
static bool may_assign(const struct kernel *kernel, const struct capability *factory,
                       uint64_t service_id) {
    return factory->badge != 0 ? factory->badge == service_id
                               : image_has_service(kernel, service_id);
}

// What cap_mint makes of `cap`: a badged endpoint capability, or a factory for one service_id.
static enum status mint(const struct kernel *kernel, const struct capability *cap, uint64_t badge,
                        uint64_t rights, struct capability *out) {
    uint32_t held = cap_rights_of(cap);
    if (cap_kind_of(cap) == CAP_ENDPOINT) {
        if ((held & RIGHT_MINT) == 0 ||
            (rights & ~(uint64_t)(RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY)) != 0) {
            return STATUS_DENIED;
        }
    } else if (cap_kind_of(cap) == CAP_FACTORY) {
        if ((held & RIGHT_MAKE_TASK) == 0 || (rights & ~(uint64_t)held) != 0) {
            return STATUS_DENIED;
        }
        if (badge == 0 || !may_assign(kernel, cap, badge)) {
            return STATUS_BAD_IDENTITY;
        }
    } else {
        return STATUS_BAD_CAP;
    }
    if (rights == 0) {
        return STATUS_BAD_ARG;
    }
    *out = *cap;
    out->head = cap_head(cap_kind_of(cap), (uint32_t)rights);
    out->badge = badge;
    return STATUS_OK;
}

static struct task *syscall_cap_mint(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)hart;
    uint64_t from = arg(task, 0);
    struct capability cap = {0};
    uint32_t slot = 0;
    enum status status = from < CAP_SLOT_COUNT
                             ? mint(kernel, &task->caps[from], arg(task, 1), arg(task, 2), &cap)
                             : STATUS_BAD_CAP;
    if (status == STATUS_OK) {
        status = cap_place(task, cap, &slot);
    }
    return finish_value(task, status, slot);
}

static struct task *syscall_cap_clone(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)hart;
    uint64_t from = arg(task, 0);
    uint64_t rights = arg(task, 1);
    if (from >= CAP_SLOT_COUNT || task->caps[from].head == 0) {
        return finish(task, STATUS_BAD_CAP);
    }
    struct capability cap = task->caps[from];
    enum cap_kind kind = cap_kind_of(&cap);
    uint64_t never = kind == CAP_ENDPOINT ? RIGHT_RECV | RIGHT_MANAGE : 0;
    if (kind == CAP_FACTORY || (rights & (never | ~(uint64_t)cap_rights_of(&cap))) != 0) {
        return finish(task, STATUS_DENIED);
    }
    if (rights == 0) {
        return finish(task, STATUS_BAD_ARG);
    }
    cap.head = cap_head(kind, (uint32_t)rights);
    uint32_t slot = 0;
    enum status status = cap_place(task, cap, &slot);
    if (status == STATUS_OK && kind == CAP_TASK) {
        task_reference(&kernel->tasks[cap.object]);
    }
    return finish_value(task, status, slot);
}

static struct task *syscall_cap_close(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint64_t name = arg(task, 0);
    if ((name & REPLY_HANDLE_BIT) != 0) {
        struct reply_entry *entry = reply_find(task, name);
        if (!entry) {
            return finish(task, STATUS_BAD_CAP);
        }
        reply_drop(kernel, hart, task, entry);
        return finish(task, STATUS_OK);
    }
    if (name >= CAP_SLOT_COUNT || task->caps[name].head == 0) {
        return finish(task, STATUS_BAD_CAP);
    }
    cap_drop(kernel, hart, task, (uint32_t)name);
    return finish(task, STATUS_OK);
}

static struct task *query_reply(struct kernel *kernel, struct task *task, uint64_t handle) {
    const struct reply_entry *entry = reply_find(task, handle);
    if (!entry) {
        return finish(task, STATUS_BAD_CAP);
    }
    bool waits = atomic_load_u64(&kernel->tasks[entry->caller].wait) == entry->caller_wait;
    task_results(task, STATUS_OK, cap_query_pack(CAP_REPLY, 0), waits ? 1 : 0, 0);
    return task;
}

static struct task *syscall_cap_query(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)hart;
    uint64_t name = arg(task, 0);
    if ((name & REPLY_HANDLE_BIT) != 0) {
        return query_reply(kernel, task, name);
    }
    if (name >= CAP_SLOT_COUNT || task->caps[name].head == 0) {
        return finish(task, STATUS_BAD_CAP);
    }
    const struct capability *cap = &task->caps[name];
    uint64_t packed = cap_query_pack(cap_kind_of(cap), cap_rights_of(cap));
    if (cap_kind_of(cap) != CAP_TASK) {
        task_results(task, STATUS_OK, packed, cap->badge, 0);
        return task;
    }
    if ((cap_rights_of(cap) & RIGHT_TASK_QUERY) == 0) {
        return finish(task, STATUS_DENIED);
    }
    const struct task *named = &kernel->tasks[cap->object];
    // Acquire: pairs with the release of TASK_DEAD, so that the reason is complete.
    enum task_state state = (enum task_state)atomic_load_acquire_u32(&named->state);
    bool dead = state == TASK_DEAD;
    task_results(task, STATUS_OK, packed,
                 task_query_pack(state, dead ? named->exit_reason : EXIT_NONE, named->instance),
                 dead ? named->exit_detail : 0);
    return task;
}

// The ceiling that task_create's argument means; 0 if the creator may not give it.
static uint32_t ceiling_of(const struct task *creator, uint64_t wanted) {
    if (wanted == QOS_DEFAULT) {
        return creator->qos_ceiling < QOS_NORMAL ? creator->qos_ceiling : (uint32_t)QOS_NORMAL;
    }
    return wanted <= creator->qos_ceiling ? (uint32_t)wanted : 0;
}

static struct task *syscall_task_create(struct kernel *kernel, struct hart *hart,
                                        struct task *task) {
    struct capability *factory = 0;
    uint64_t service_id = arg(task, 1);
    enum status status = cap_lookup(task, arg(task, 0), CAP_FACTORY, RIGHT_MAKE_TASK, &factory);
    if (status == STATUS_OK) {
        status = may_assign(kernel, factory, service_id) ? STATUS_OK : STATUS_BAD_IDENTITY;
    }
    uint32_t ceiling = ceiling_of(task, arg(task, 2));
    if (status == STATUS_OK && ceiling == 0) {
        status = arg(task, 2) < QOS_COUNT ? STATUS_DENIED : STATUS_BAD_ARG;
    }
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    struct task *made = 0;
    if (status == STATUS_OK) {
        status = task_make(kernel, hart, service_id, task_name(task->index, task->instance),
                           ceiling, &made);
    }
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    uint32_t slot = 0;
    struct capability cap = {.head = cap_head(CAP_TASK, RIGHTS_TASK),
                             .object = made->index,
                             .generation = made->instance};
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    task_results(task, STATUS_OK, slot, made->instance, 0);
    return task;
}

// The task in a slot if the caller supervises it and it is in one of two states.
static enum status find_unstarted(struct kernel *kernel, struct task *task, uint64_t slot,
                                  enum task_state a, enum task_state b, struct task **out) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, slot, CAP_TASK, RIGHT_TASK_CONTROL, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    struct task *named = &kernel->tasks[cap->object];
    if (atomic_load_u64(&named->supervisor) != task_name(task->index, task->instance)) {
        return STATUS_DENIED;
    }
    enum task_state state = (enum task_state)atomic_load_acquire_u32(&named->state);
    if (state != a && state != b) {
        return STATUS_BUSY;
    }
    *out = named;
    return STATUS_OK;
}

static enum status check_grant(struct task *task, struct task *target,
                               const struct capability **out) {
    uint64_t from = arg(task, 1);
    uint64_t slot = arg(task, 2);
    uint64_t rights = arg(task, 3);
    if (from >= CAP_SLOT_COUNT || task->caps[from].head == 0) {
        return STATUS_BAD_CAP;
    }
    const struct capability *cap = &task->caps[from];
    if (slot == CAP_SLOT_NONE || slot >= CAP_SLOT_COUNT || rights == 0) {
        return STATUS_BAD_ARG;
    }
    if ((rights & ~(uint64_t)cap_rights_of(cap)) != 0) {
        return STATUS_DENIED;
    }
    *out = cap;
    return ((target->caps_free >> slot) & 1) != 0 ? STATUS_OK : STATUS_BUSY;
}

// Before and after a step of a long call. One that fails half-way leaves pages that belong to no
// program, and a place to go on from that fits no other call: such a task can only be ended.
static enum status work_check(const struct task *target) {
    return target->work_index == WORK_SPOILED ? STATUS_BUSY : STATUS_OK;
}

static void work_note(struct task *target, enum status status) {
    if (status != STATUS_OK && target->work_index != 0) {
        target->work_index = WORK_SPOILED;
    }
}

// One step of task_grant; false if there is more to do. Only the boot image, which is mapped too,
// takes more than one.
static bool grant_once(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct task *target = 0;
    const struct capability *cap = 0;
    enum status status = find_unstarted(kernel, task, arg(task, 0), TASK_NEW, TASK_LOADED, &target);
    if (status == STATUS_OK) {
        status = check_grant(task, target, &cap);
    }
    uint32_t rights = (uint32_t)arg(task, 3);
    bool maps = status == STATUS_OK && cap_kind_of(cap) == CAP_IMAGE;
    status = maps ? work_check(target) : status;
    if (maps && status == STATUS_OK) {
        status = task_map_image_step(kernel, target);
        if (status == STATUS_BUSY) {
            return false;
        }
        work_note(target, status);
    }
    bool gives_recv =
        status == STATUS_OK && cap_kind_of(cap) == CAP_ENDPOINT && (rights & RIGHT_RECV) != 0;
    if (gives_recv) {
        status = endpoint_give(kernel, hart, cap, target);
    }
    if (status == STATUS_OK) {
        uint32_t slot = (uint32_t)arg(task, 2);
        target->caps[slot] = *cap;
        target->caps[slot].head = cap_head(cap_kind_of(cap), rights);
        target->caps_free &= ~(UINT64_C(1) << slot);
        if (cap_kind_of(cap) == CAP_TASK) {
            task_reference(&kernel->tasks[cap->object]);
        }
        if (gives_recv) {
            task->caps[arg(task, 1)].head &= ~cap_head(CAP_NONE, RIGHT_RECV);
        }
    }
    task_status(task, status);
    return true;
}

// One step of task_load; false if there is more to do.
static bool load_once(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct task *target = 0;
    struct capability *image = 0;
    enum elf_reject reject = ELF_REJECT_NONE;
    uint64_t offset = arg(task, 2);
    uint64_t bytes = arg(task, 3);
    enum status status = find_unstarted(kernel, task, arg(task, 0), TASK_NEW, TASK_NEW, &target);
    if (status == STATUS_OK) {
        status = cap_lookup(task, arg(task, 1), CAP_IMAGE, RIGHT_READ, &image);
    }
    if (status == STATUS_OK &&
        (offset % PAGE_BYTES != 0 || !range_within(offset, bytes, kernel->image_bytes))) {
        status = STATUS_BAD_ARG;
    }
    status = status == STATUS_OK ? work_check(target) : status;
    if (status == STATUS_OK) {
        status = task_load_step(kernel, hart, target, offset, bytes, &reject);
        if (status == STATUS_BUSY) {
            return false;
        }
        work_note(target, status);
    }
    task_results(task, status, reject, 0, 0);
    return true;
}

bool syscall_resume(struct kernel *kernel, struct hart *hart, struct task *task) {
    bool is_load = task->regs.x[REG_A7] == SYSCALL_TASK_LOAD;
    bool done = is_load ? load_once(kernel, hart, task) : grant_once(kernel, hart, task);
    task->again = !done;
    return done;
}

// The first step of a long call. Its rest goes through the run queue, so that others and interrupts
// have their turn between steps.
static struct task *begin_long(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (syscall_resume(kernel, hart, task)) {
        return task;
    }
    run_queue_push(kernel, hart, task);
    return run_queue_next(kernel, hart);
}

static struct task *syscall_task_grant(struct kernel *kernel, struct hart *hart,
                                       struct task *task) {
    return begin_long(kernel, hart, task);
}

static struct task *syscall_task_load(struct kernel *kernel, struct hart *hart, struct task *task) {
    return begin_long(kernel, hart, task);
}

// The hart that task_start means; null if there is no such hart or it is not online.
static struct hart *choose_hart(struct kernel *kernel, uint64_t wanted) {
    uint64_t online = atomic_load_acquire_u64(&kernel->harts_online);
    if (wanted == TASK_HART_ANY) {
        for (uint32_t i = 0; i < kernel->hart_count; i++) {
            uint32_t index = atomic_add_u32(&kernel->next_hart, 1) % kernel->hart_count;
            if (((online >> index) & 1) != 0) {
                return &kernel->harts[index];
            }
        }
        return 0;
    }
    bool usable = wanted < kernel->hart_count && ((online >> wanted) & 1) != 0;
    return usable ? &kernel->harts[wanted] : 0;
}

static struct task *syscall_task_start(struct kernel *kernel, struct hart *hart,
                                       struct task *task) {
    struct task *target = 0;
    enum status status =
        find_unstarted(kernel, task, arg(task, 0), TASK_LOADED, TASK_LOADED, &target);
    struct hart *home = status == STATUS_OK ? choose_hart(kernel, arg(task, 2)) : 0;
    if (status == STATUS_OK && !home) {
        status = STATUS_BAD_ARG;
    }
    if (status == STATUS_OK) {
        task_run(kernel, hart, target, home, arg(task, 1));
    }
    return finish(task, status);
}

static struct task *syscall_task_kill(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_TASK, RIGHT_TASK_CONTROL, &cap);
    if (status == STATUS_OK) {
        struct task *named = &kernel->tasks[cap->object];
        enum task_state state = (enum task_state)atomic_load_acquire_u32(&named->state);
        bool unstarted = state == TASK_NEW || state == TASK_LOADED;
        if (unstarted &&
            atomic_load_u64(&named->supervisor) != task_name(task->index, task->instance)) {
            status = STATUS_BUSY;
        } else {
            task_kill(kernel, hart, named);
        }
    }
    task_status(task, status);
    task_kills_take(kernel, hart);  // The one of this hart is taken at once,
    if (atomic_load_u32(&task->killed) == 0) {
        return task;
    }
    run_queue_push(kernel, hart, task);  // and a task that ended itself does not go on.
    return run_queue_next(kernel, hart);
}

static struct task *syscall_task_exit(struct kernel *kernel, struct hart *hart, struct task *task) {
    task_end_current(kernel, hart, task, EXIT_CODE, arg(task, 0));
    return run_queue_next(kernel, hart);
}

static struct task *syscall_set_qos(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    uint64_t qos = arg(task, 1);
    enum status status = cap_lookup(task, arg(task, 0), CAP_TASK, RIGHT_TASK_QOS, &cap);
    if (status != STATUS_OK || qos == QOS_DEFAULT || qos >= QOS_COUNT) {
        return finish(task, status != STATUS_OK ? status : STATUS_BAD_ARG);
    }
    struct task *named = &kernel->tasks[cap->object];
    if (qos > named->qos_ceiling) {
        return finish(task, STATUS_DENIED);
    }
    task_set_qos(kernel, named, (uint32_t)qos);
    task_status(task, STATUS_OK);
    if (named != task) {
        return task;
    }
    run_queue_push(kernel, hart, task);  // Its own class: at once.
    return run_queue_next(kernel, hart);
}

static bool is_printable(const char *text, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

static struct task *syscall_console_write(struct kernel *kernel, struct hart *hart,
                                          struct task *task) {
    struct capability *cap = 0;
    uint64_t bytes = arg(task, 1);
    enum status status = cap_lookup(task, arg(task, 0), CAP_CONSOLE, RIGHT_WRITE, &cap);
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    char line[CONSOLE_LINE_MAX + 1] = "| ";
    uint64_t prefix = (cap_rights_of(cap) & RIGHT_MARKER) != 0 ? 0 : 2;
    if (bytes > CONSOLE_LINE_MAX - prefix) {
        return finish(task, STATUS_TOO_LARGE);
    }
    __builtin_memcpy(line + prefix, task->page->console, bytes);
    if (!is_printable(line + prefix, bytes)) {
        return finish(task, STATUS_BAD_ARG);
    }
    line[prefix + bytes] = '\n';
    lock_acquire(&hart->locks, &kernel->console_lock);
    arch_console_write(line, prefix + bytes + 1);
    lock_release(&hart->locks, &kernel->console_lock);
    return finish(task, STATUS_OK);
}

static syscall_handler *const handlers[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) [SYSCALL_##NAME] = syscall_##name,
#include "kernel/abi/syscall.def"
#undef SYSCALL
};
BASE_STATIC_ASSERT(ARRAY_LEN(handlers) == SYSCALL_COUNT, "one row a call");

struct task *kernel_syscall(struct kernel *kernel, struct hart *hart, struct regs *regs) {
    struct task *task = hart->current;
    uint64_t number = regs->x[REG_A7];
    if (LIKELY(number == SYSCALL_IPC_CALL)) {
        return syscall_ipc_call(kernel, hart, task);
    }
    if (LIKELY(number == SYSCALL_IPC_REPLY_RECV)) {
        return syscall_ipc_reply_recv(kernel, hart, task);
    }
    if (UNLIKELY(number >= SYSCALL_COUNT)) {
        return finish(task, STATUS_BAD_SYSCALL);
    }
    task = handlers[number](kernel, hart, task);
    return run_queue_leave(kernel, hart, task);
}
