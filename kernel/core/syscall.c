// kernel/core/syscall.c: one row a system call, and the calls that are not IPC. Each checks
// everything, then does what cannot fail.
#include "kernel/abi/syscall.h"

#include "base/checked.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_ops.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/handler.h"
#include "kernel/core/image.h"
#include "kernel/core/ipc.h"
#include "kernel/core/panic.h"
#include "kernel/core/qos.h"
#include "kernel/core/stats.h"
#include "kernel/core/syscall.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/transfer.h"
#include "kernel/core/vmo_ops.h"

typedef struct task *syscall_handler(struct kernel *kernel, struct hart *hart, struct task *task);

static struct task *syscall_yield(struct kernel *kernel, struct hart *hart, struct task *task) {
    task_status(task, STATUS_OK);
    return run_queue_yield(kernel, hart, task);
}

static struct task *syscall_clock_get(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)kernel;
    (void)hart;
    return handler_finish_value(task, STATUS_OK, arch_time_ns());
}

static struct task *syscall_endpoint_create(struct kernel *kernel, struct hart *hart,
                                            struct task *task) {
    struct capability *factory = 0;
    enum status status =
        cap_lookup(task, handler_arg(task, 0), CAP_FACTORY, RIGHT_MAKE_ENDPOINT, &factory);
    uint64_t flags = handler_arg(task, 1);
    if (status == STATUS_OK && (flags & ~(uint64_t)ENDPOINT_ACCEPT_CAPS) != 0) {
        status = STATUS_BAD_ARG;
    }
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    uint32_t index = 0;
    if (status == STATUS_OK) {
        status = endpoint_make(kernel, hart, task, (uint32_t)flags, &index);
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    uint32_t generation = atomic_load_u32(&kernel->endpoints[index].generation);
    struct capability cap = {.head = cap_head(CAP_ENDPOINT, RIGHTS_ENDPOINT),
                             .object = (uint16_t)index,
                             .generation = generation,
                             .endpoint = &kernel->endpoints[index]};
    uint32_t slot = 0;
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    home_take(kernel, task, home_pack(index, generation));
    return handler_finish_value(task, STATUS_OK, slot);
}

static struct task *syscall_endpoint_close(struct kernel *kernel, struct hart *hart,
                                           struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_ENDPOINT, RIGHT_MANAGE, &cap);
    if (status == STATUS_OK) {
        status = endpoint_end(kernel, hart, cap->object, cap->generation);
    }
    if (status == STATUS_OK) {
        home_leave(kernel, task, cap);
    }
    return syscall_give_back(kernel, hart, handler_finish(task, status));
}

// What the third and the fourth argument ask for.
static enum status read_limits(uint64_t packed, uint64_t shares, struct task_order *order) {
    struct task_shares use = task_shares_unpack(shares);
    order->cpu = use.cpu;
    if (packed >> TASK_LIMIT_BITS != 0 || shares >> TASK_SHARE_BITS != 0 ||
        order->cpu > TASK_SHARE_CPU_MAX) {
        return STATUS_BAD_ARG;
    }
    struct task_limits limits = task_limits_unpack(packed);
    order->limits = (struct quota_amounts){.of = {[QUOTA_PAGES] = limits.pages,
                                                  [QUOTA_TASKS] = limits.tasks,
                                                  [QUOTA_ENDPOINTS] = limits.endpoints,
                                                  [QUOTA_VMOS] = limits.vmos,
                                                  [QUOTA_GRANTS] = use.grants}};
    order->slots = limits.slots;
    return qos_ceiling_of(order->supervisor, task_ceiling_unpack(packed), &order->qos_ceiling);
}

static struct task *syscall_timer_set(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    uint64_t expirations = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_ENDPOINT, RIGHT_RECV, &cap);
    if (status == STATUS_OK) {
        status = endpoint_timer_set(kernel, hart, cap, handler_arg(task, 1), &expirations);
    }
    return handler_finish_value(task, status, expirations);
}

static struct task *syscall_task_create(struct kernel *kernel, struct hart *hart,
                                        struct task *task) {
    struct capability *factory = 0;
    uint64_t service_id = handler_arg(task, 1);
    enum status status =
        cap_lookup(task, handler_arg(task, 0), CAP_FACTORY, RIGHT_MAKE_TASK, &factory);
    if (status == STATUS_OK) {
        status = factory_may_assign(kernel, factory, service_id) ? STATUS_OK : STATUS_BAD_IDENTITY;
    }
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    struct task_order order = {.service_id = service_id, .supervisor = task};
    if (status == STATUS_OK) {
        status = read_limits(handler_arg(task, 2), handler_arg(task, 3), &order);
    }
    struct task *made = 0;
    if (status == STATUS_OK) {
        status = task_make(kernel, hart, &order, &made);
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    uint32_t slot = 0;
    struct capability cap = {.head = cap_head(CAP_TASK, RIGHTS_TASK),
                             .object = (uint16_t)made->index,
                             .generation = made->instance};
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    task_results(task, STATUS_OK, slot, made->instance, 0);
    return task;
}

// The task in a slot if the caller supervises it and it is in one of two states.
static enum status find_unstarted(struct task *task, uint64_t slot, enum task_state a,
                                  enum task_state b, struct task **out) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, slot, CAP_TASK, RIGHT_TASK_CONTROL, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    struct task *named = &task->hart->kernel->tasks[cap->object];
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

static enum status check_grant(const struct kernel *kernel, struct task *task, struct task *target,
                               const struct capability **out) {
    uint64_t from = handler_arg(task, 1);
    uint64_t slot = handler_arg(task, 2);
    uint64_t rights = handler_arg(task, 3);
    if (from >= CAP_SLOT_COUNT || task->caps[from].head == 0) {
        return STATUS_BAD_CAP;
    }
    const struct capability *cap = &task->caps[from];
    if (slot >= CAP_SLOT_COUNT || ((target->caps_all >> slot) & 1) == 0 || rights == 0) {
        return STATUS_BAD_ARG;
    }
    if ((rights & ~(uint64_t)cap_rights_of(cap)) != 0) {
        return STATUS_DENIED;
    }
    if (cap_is_stale(kernel, cap)) {
        return STATUS_REVOKED;
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
    enum status status = find_unstarted(task, handler_arg(task, 0), TASK_NEW, TASK_LOADED, &target);
    if (status == STATUS_OK) {
        status = check_grant(kernel, task, target, &cap);
    }
    uint32_t rights = (uint32_t)handler_arg(task, 3);
    bool maps = status == STATUS_OK && cap_kind_of(cap) == CAP_IMAGE && (rights & RIGHT_READ) != 0;
    status = maps ? work_check(target) : status;
    if (maps && status == STATUS_OK) {
        status = task_map_image_step(kernel, target, rights);
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
        uint32_t slot = (uint32_t)handler_arg(task, 2);
        target->caps[slot] = *cap;
        target->caps[slot].head = cap_head(cap_kind_of(cap), rights);
        atomic_raw_store_shared(&target->caps_free, target->caps_free & ~(UINT64_C(1) << slot));
        cap_reference(kernel, hart, &target->caps[slot]);
        if (gives_recv) {
            cap_lose_recv(kernel, hart, task, (uint32_t)handler_arg(task, 1));
        }
    }
    task_status(task, status);
    return true;
}

// The image that task_load names: the boot image, or a sealed VMO.
static enum status find_image(struct kernel *kernel, struct task *task, struct load_image *out) {
    uint64_t slot = handler_arg(task, 1);
    bool is_vmo = slot < CAP_SLOT_COUNT && cap_kind_of(&task->caps[slot]) == CAP_VMO;
    struct capability *cap = 0;
    enum status status =
        is_vmo ? cap_lookup(task, slot, CAP_VMO, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE, &cap)
               : cap_lookup(task, slot, CAP_IMAGE, RIGHT_READ, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    struct vmo *vmo = is_vmo ? &kernel->vmos[cap->object] : 0;
    uint64_t bytes = is_vmo ? (uint64_t)vmo->page_count * PAGE_BYTES
                            : image_bytes_seen(kernel, cap_rights_of(cap));
    *out = (struct load_image){vmo, handler_arg(task, 2), handler_arg(task, 3)};
    if (out->offset % PAGE_BYTES != 0 || !range_within(out->offset, out->bytes, bytes)) {
        return STATUS_BAD_ARG;
    }
    return vmo && !vmo_is_sealed(vmo) ? STATUS_BUSY : STATUS_OK;
}

// One step of task_load; false if there is more to do.
static bool load_once(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct task *target = 0;
    struct load_image image;
    enum elf_reject reject = ELF_REJECT_NONE;
    enum status status = find_unstarted(task, handler_arg(task, 0), TASK_NEW, TASK_NEW, &target);
    if (status == STATUS_OK) {
        status = find_image(kernel, task, &image);
    }
    status = status == STATUS_OK ? work_check(target) : status;
    if (status == STATUS_OK) {
        status = task_load_step(kernel, hart, target, &image, &reject);
        if (status == STATUS_BUSY) {
            return false;
        }
        work_note(target, status);
    }
    task_results(task, status, reject, 0, 0);
    return true;
}

// The calls that proceed in steps.
typedef bool long_call_step(struct kernel *kernel, struct hart *hart, struct task *task);
static long_call_step *const long_calls[SYSCALL_COUNT] = {
    [SYSCALL_TASK_GRANT] = grant_once,      [SYSCALL_TASK_LOAD] = load_once,
    [SYSCALL_VMO_CREATE] = vmo_create_step, [SYSCALL_VMO_MAP] = vmo_map_step,
    [SYSCALL_VMO_UNMAP] = vmo_unmap_step,
};

// The task has its results: done when this hart owes nothing.
static enum step returns_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (hart->vmo_dying != VMO_NONE) {
        vmo_return_step(kernel, hart);
    }
    if (hart_owes(hart)) {
        return STEP_MORE;
    }
    hart->returning--;
    task->again = false;
    return STEP_DONE;
}

static void begin_returns(struct hart *hart, struct task *task) {
    task->work = WORK_RETURNS;
    task->again = true;
    hart->returning++;
}

// Who gives up memory goes on when it has been returned, so it can take as much again; who closes
// an endpoint, when the last that was queued there is woken.
enum step syscall_resume(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->work == WORK_RETURNS) {
        return returns_step(kernel, hart, task);
    }
    uint64_t number = task->regs.x[REG_A7];
    if (number == SYSCALL_IPC_RECV) {
        task->again = false;  // Before it waits: then it may be another hart's.
        enum step step = receive_resume(kernel, hart, task);
        if (step == STEP_MORE) {
            task->again = true;
        }
        return step;
    }
    task->again = !long_calls[number](kernel, hart, task);
    if (!task->again && hart_owes(hart)) {
        begin_returns(hart, task);
    }
    return task->again ? STEP_MORE : STEP_DONE;
}

static struct task *go_through_queue(struct kernel *kernel, struct hart *hart, struct task *task) {
    run_queue_push(kernel, hart, task);
    return run_queue_next(kernel, hart);
}

struct task *syscall_again(struct kernel *kernel, struct hart *hart, struct task *task) {
    task->work = 0;
    task->again = true;
    return go_through_queue(kernel, hart, task);
}

// The first step of a long call. Its rest goes through the run queue, so that others and interrupts
// have their turn between steps. Where the look at the queue gives something back, all of it does:
// an entry does two steps of any kind.
static struct task *begin_long(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (UNLIKELY(hart_owes(hart))) {
        return syscall_again(kernel, hart, task);
    }
    task->work = 0;
    return syscall_resume(kernel, hart, task) == STEP_DONE ? task
                                                           : go_through_queue(kernel, hart, task);
}

struct task *syscall_give_back(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (LIKELY(!hart_owes(hart))) {
        return task;
    }
    begin_returns(hart, task);
    return go_through_queue(kernel, hart, task);
}

static struct task *syscall_task_grant(struct kernel *kernel, struct hart *hart,
                                       struct task *task) {
    return begin_long(kernel, hart, task);
}

static struct task *syscall_task_load(struct kernel *kernel, struct hart *hart, struct task *task) {
    return begin_long(kernel, hart, task);
}

static struct task *syscall_vmo_create(struct kernel *kernel, struct hart *hart,
                                       struct task *task) {
    return begin_long(kernel, hart, task);
}

static struct task *syscall_vmo_map(struct kernel *kernel, struct hart *hart, struct task *task) {
    return begin_long(kernel, hart, task);
}

static struct task *syscall_vmo_unmap(struct kernel *kernel, struct hart *hart, struct task *task) {
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
        find_unstarted(task, handler_arg(task, 0), TASK_LOADED, TASK_LOADED, &target);
    struct hart *home = status == STATUS_OK ? choose_hart(kernel, handler_arg(task, 2)) : 0;
    if (status == STATUS_OK && !home) {
        status = STATUS_BAD_ARG;
    }
    if (status == STATUS_OK) {
        event_note(hart, EVENT_START, target, task, target->service_id);
        target->pinned = handler_arg(task, 2) != TASK_HART_ANY;
        task_run(kernel, hart, target, home, handler_arg(task, 1));
    }
    return handler_finish(task, status);
}

static struct task *syscall_task_kill(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_TASK, RIGHT_TASK_CONTROL, &cap);
    if (status == STATUS_OK) {
        struct task *named = &kernel->tasks[cap->object];
        enum task_state state = (enum task_state)atomic_load_acquire_u32(&named->state);
        bool unstarted = state == TASK_NEW || state == TASK_LOADED;
        if (unstarted &&
            atomic_load_u64(&named->supervisor) != task_name(task->index, task->instance)) {
            status = STATUS_BUSY;
        } else {
            event_note(hart, EVENT_KILL, task, named, 0);
            task_kill(kernel, hart, named);
        }
    }
    task_status(task, status);
    hart->woken = 0;
    task_kills_take(kernel, hart);  // The one of this hart is taken at once,
    if (atomic_load_u32(&task->killed) == 0) {
        return task;
    }
    run_queue_push(kernel, hart, task);  // and a task that ended itself does not go on.
    return run_queue_next(kernel, hart);
}

static struct task *syscall_task_exit(struct kernel *kernel, struct hart *hart, struct task *task) {
    task_end_current(kernel, hart, task, EXIT_CODE, handler_arg(task, 0));
    return run_queue_next(kernel, hart);
}

static bool is_printable(const char *text, uint64_t bytes, bool edits) {
    for (uint64_t i = 0; i < bytes; i++) {
        if ((text[i] < ' ' || text[i] > '~') && !(edits && text[i] == '\b')) {
            return false;
        }
    }
    return true;
}

// Writes a line, or a part of one that its writer edits: nobody goes on with another's.
static enum status console_put(struct hart *hart, const struct task *writer, uint64_t flags,
                               const char *text, uint64_t bytes) {
    struct kernel *kernel = hart->kernel;
    enum status status = STATUS_OK;
    lock_acquire(&hart->locks, &kernel->console_lock);
    uint64_t name = task_name(writer->index, writer->instance);
    bool open = arch_console_open();
    bool continues = (flags & CONSOLE_CONTINUE) != 0;
    if (continues && (!open || kernel->console_writer != name)) {
        status = STATUS_BUSY;
    } else {
        if (open && !continues) {
            arch_console_write("\n", 1);
        }
        arch_console_write(text, bytes);
        kernel->console_writer = name;
    }
    lock_release(&hart->locks, &kernel->console_lock);
    return status;
}

static struct task *syscall_console_write(struct kernel *kernel, struct hart *hart,
                                          struct task *task) {
    (void)kernel;
    struct capability *cap = 0;
    uint64_t flags = handler_arg(task, 1) & (CONSOLE_OPEN | CONSOLE_CONTINUE);
    uint64_t bytes = handler_arg(task, 1) ^ flags;
    uint32_t rights = flags == 0 ? RIGHT_WRITE : RIGHT_WRITE | RIGHT_MARKER | RIGHT_READ_INPUT;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_CONSOLE, rights, &cap);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    char line[CONSOLE_LINE_MAX + 1] = "| ";
    uint64_t prefix = (cap_rights_of(cap) & RIGHT_MARKER) != 0 ? 0 : 2;
    if (bytes > CONSOLE_LINE_MAX - prefix) {
        return handler_finish(task, STATUS_TOO_LARGE);
    }
    __builtin_memcpy(line + prefix, task->page->console, bytes);
    if (!is_printable(line + prefix, bytes, (flags & CONSOLE_CONTINUE) != 0)) {
        return handler_finish(task, STATUS_BAD_ARG);
    }
    line[prefix + bytes] = '\n';
    uint64_t ends = (flags & CONSOLE_OPEN) == 0 ? 1 : 0;
    return handler_finish(task, console_put(hart, task, flags, line, prefix + bytes + ends));
}

static syscall_handler *const handlers[] = {
#define SYSCALL(NAME, name, arguments, results, purpose) [SYSCALL_##NAME] = syscall_##name,
#include "kernel/abi/syscall.def"
#undef SYSCALL
};
BASE_STATIC_ASSERT(ARRAY_LEN(handlers) == SYSCALL_COUNT, "one row a call");

struct task *kernel_syscall(struct kernel *kernel, struct hart *hart, struct task *task,
                            uint64_t number) {
    if (UNLIKELY(number >= SYSCALL_COUNT)) {
        return handler_finish(task, STATUS_BAD_SYSCALL);
    }
    return handlers[number](kernel, hart, task);
}
