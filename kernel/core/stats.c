// kernel/core/stats.c: see stats.h.
#include "kernel/core/stats.h"

#include "kernel/abi/stats.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/event.h"
#include "kernel/core/handler.h"
#include "kernel/core/stop.h"

enum { HART_NONE = 255 };
BASE_STATIC_ASSERT((int)STATS_HART_MAX >= (int)MAX_HARTS, "one call tells of every hart");

// What kernel_stats answers beside its status.
struct answer {
    uint64_t count;
    uint64_t next;
    uint64_t lost;
};

static struct stats_pool of_pool(const struct pool *pool) {
    return (struct stats_pool){pool->total_count, atomic_raw_load_shared(&pool->free_count)};
}

static void tell_system(const struct kernel *kernel, struct stats_system *out) {
    const struct hart *first = &kernel->harts[0];
    *out = (struct stats_system){
        .now_ns = arch_time_ns(),
        .hart_count = kernel->hart_count,
        .tracing = event_is_on(first) ? 1 : 0,
        .trace_events = (uint32_t)event_room(&first->events),
        .instances = atomic_load_u32(&kernel->next_instance),
        .pages = of_pool(&kernel->page_pool),
        .tasks = of_pool(&kernel->task_pool),
        .endpoints = of_pool(&kernel->endpoint_pool),
        .vmos = of_pool(&kernel->vmo_pool),
        .grants = of_pool(&kernel->grant_pool),
    };
}

struct hart_times {
    uint64_t busy_ns;
    uint64_t idle_ns;
};

// Both add up to a moment of this call, at which the hart did what it says before and after.
static struct hart_times times_of(const struct hart *hart) {
    uint64_t use = 0;
    uint64_t now_ns = 0;
    bool same = false;
    // Ends: in each further round that hart began or stopped to idle, for which it must enter the
    //       kernel or a round of its idle loop.
    while (!same) {
        use = atomic_load_u64(&hart->counts.use);
        atomic_fence();
        now_ns = arch_time_ns();
        atomic_fence();
        same = use != HART_TURNS && atomic_load_u64(&hart->counts.use) == use;
        if (!same) {
            arch_spin_hint();
        }
    }
    uint64_t other_ns = use & ~HART_IDLES;
    return (use & HART_IDLES) != 0 ? (struct hart_times){other_ns, now_ns - other_ns}
                                   : (struct hart_times){now_ns - other_ns, other_ns};
}

// Of a task that another hart may be making anew; 0: there is none yet.
static uint32_t instance_of(const struct task *task) {
    // Acquire: pairs with the release of TASK_NEW.
    return atomic_load_acquire_u32(&task->state) != TASK_FREE
               ? atomic_raw_load_shared(&task->instance)
               : 0;
}

static void tell_hart(const struct kernel *kernel, uint32_t index, struct stats_hart *out) {
    const struct hart *hart = &kernel->harts[index];
    const struct hart_counts *counts = &hart->counts;
    const struct sched_counts *sched = &hart->sched;
    const struct task *current = atomic_load_shared(&hart->current);
    struct hart_times times = times_of(hart);
    *out = (struct stats_hart){
        .busy_ns = times.busy_ns,
        .idle_ns = times.idle_ns,
        .switches = atomic_load_u64(&counts->switches),
        .preemptions = atomic_load_u64(&counts->preemptions),
        .idles = atomic_load_u64(&counts->idles),
        .ticks = atomic_load_u64(&counts->ticks),
        .ipis_sent = atomic_load_u64(&counts->ipis_sent),
        .ipis_taken = atomic_load_u64(&counts->ipis_taken),
        .interrupts = atomic_load_u64(&counts->interrupts),
        .faults = atomic_load_u64(&counts->faults),
        .lock_spins = atomic_raw_load_shared(&hart->locks.spins),
        .slow_calls = atomic_load_u64(&counts->slow_calls),
        .late_replies = atomic_load_u64(&counts->late_replies),
        .gone_requests = atomic_load_u64(&counts->gone_requests),
        .stale_sends = atomic_load_u64(&counts->stale_sends),
        .events = atomic_load_u64(&hart->events.next),
        .index = index,
        .online = (uint32_t)(atomic_load_u64(&kernel->harts_online) >> index) & 1,
        .instance = current ? instance_of(current) : 0,
        .runnable = atomic_raw_load_shared(&hart->run_count),
        .runnable_most = (uint32_t)atomic_load_u64(&counts->runnable_most),
        .refused_sends = (uint32_t)atomic_load_u64(&counts->refused_sends),
        .ipis_spared = atomic_load_u64(&sched->ipis_spared),
        .raises = atomic_load_u64(&sched->raises),
        .steals = atomic_load_u64(&sched->steals),
        .steals_pinned = atomic_load_u64(&sched->steals_pinned),
        .steals_bound = (uint32_t)atomic_load_u64(&sched->steals_bound),
        .steals_higher = (uint32_t)atomic_load_u64(&sched->steals_higher),
        .ipis_invalid = (uint32_t)atomic_load_u64(&sched->ipis_invalid),
        .ipis_offline = (uint32_t)atomic_load_u64(&sched->ipis_offline),
    };
}

static struct answer tell_harts(const struct kernel *kernel, uint32_t index, void *area) {
    struct stats_hart *out = (struct stats_hart *)area;
    uint32_t count = 0;
    for (; index + count < kernel->hart_count; count++) {
        tell_hart(kernel, index + count, &out[count]);
    }
    return (struct answer){.count = count};
}

static uint16_t bit_count(uint64_t bits) {
    uint16_t count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

// What the task waits for, and for whom. Words of one task's wait name objects that there are.
static enum stats_wait wait_of(const struct kernel *kernel, uint64_t word, uint32_t *peer) {
    uint32_t object = wait_object_of(word);
    uint32_t owner = TASK_NONE;
    enum stats_wait wait = STATS_WAIT_NONE;
    switch (wait_state_of(word)) {
        case WAIT_NONE:
        case WAIT_ASYNC:  // In no wait word.
            break;
        case WAIT_RECV:
        case WAIT_RECV_NOCALL:
            wait = STATS_WAIT_RECEIVE;
            break;
        case WAIT_QUEUED:
            wait = STATS_WAIT_QUEUE;
            owner = object < MAX_ENDPOINTS
                        ? atomic_raw_load_shared(&kernel->endpoints[object].owner)
                        : TASK_NONE;
            break;
        case WAIT_REPLY:
        case WAIT_REPLY_CAP:
            wait = STATS_WAIT_REPLY;
            owner = object;
            break;
        case WAIT_QUIESCE:
            wait = STATS_WAIT_HARTS;
            break;
    }
    *peer = owner < MAX_TASKS ? instance_of(&kernel->tasks[owner]) : 0;
    return wait;
}

static void tell_replies(const struct task *task, struct stats_task *out) {
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        const struct reply_entry *entry = &task->replies[i];
        out->replies = (uint16_t)(out->replies + (atomic_load_shared(&entry->caller_wait) != 0));
        out->answers += (atomic_raw_load_shared(&entry->handle) & ~REPLY_HANDLE_BIT) >>
                        REPLY_HANDLE_GENERATION_SHIFT;
    }
}

static void tell_task(const struct kernel *kernel, const struct task *task,
                      struct stats_task *out) {
    uint64_t word = atomic_load_u64(&task->wait);
    uint32_t peer = 0;
    enum stats_wait wait = wait_of(kernel, word, &peer);
    const struct hart *home = atomic_load_shared(&task->hart);
    uint64_t slots = atomic_raw_load_shared(&task->caps_all);
    // Acquire: of one that is dead the reason is complete.
    enum task_state state = (enum task_state)atomic_load_acquire_u32(&task->state);
    *out = (struct stats_task){
        .service_id = atomic_raw_load_shared(&task->service_id),
        .run_ns = atomic_load_u64(&task->run_ns),
        .waits = (word >> 16) - atomic_raw_load_shared(&task->wait_first),
        .deadline_ns =
            wait != STATS_WAIT_NONE ? atomic_load_shared(&task->deadline_ns) : UINT64_MAX,
        .instance = atomic_raw_load_shared(&task->instance),
        .index = task->index,
        .supervisor = (uint32_t)(atomic_load_u64(&task->supervisor) >> 32),
        .peer = peer,
        .pages_given = atomic_raw_load_shared(&task->pages_given),
        .pages_left = atomic_load_u32(&task->quota.left[QUOTA_PAGES]),
        .tasks_left = atomic_load_u32(&task->quota.left[QUOTA_TASKS]),
        .endpoints_left = atomic_load_u32(&task->quota.left[QUOTA_ENDPOINTS]),
        .vmos_left = atomic_load_u32(&task->quota.left[QUOTA_VMOS]),
        .slots = bit_count(slots),
        .slots_used = bit_count(slots & ~atomic_raw_load_shared(&task->caps_free)),
        .mappings = (uint16_t)atomic_raw_load_shared(&task->mappings.count),
        .state = (uint8_t)state,
        .wait = (uint8_t)wait,
        .hart = home ? (uint8_t)home->index : (uint8_t)HART_NONE,
        .cpu = atomic_load_u32(&task->cpu.share),
        .grants_left = atomic_load_u32(&task->quota.left[QUOTA_GRANTS]),
        .cpu_spent = atomic_load_u32(&task->cpu.spent_count),
    };
    out->exit_reason = state == TASK_DEAD ? (uint8_t)atomic_raw_load_shared(&task->exit_reason)
                                          : (uint8_t)EXIT_NONE;
    if (out->exit_reason >= EXIT_FAULT_READ) {  // Its registers stay as the fault found them.
        out->fault_pc = atomic_raw_load_shared(&task->regs.pc);
        out->fault_ra = atomic_raw_load_shared(&task->regs.x[REG_RA]);
    }
    tell_replies(task, out);
}

// False when there is none, or another has begun in its object while this was told.
static bool tell_one_task(const struct kernel *kernel, const struct task *task,
                          struct stats_task *out) {
    // Acquire: pairs with the release of TASK_NEW, so that all of it is there.
    if (atomic_load_acquire_u32(&task->state) == TASK_FREE) {
        return false;
    }
    uint32_t instance = atomic_raw_load_shared(&task->instance);
    tell_task(kernel, task, out);
    atomic_fence();
    return atomic_load_u32(&task->state) != TASK_FREE &&
           atomic_raw_load_shared(&task->instance) == instance && out->instance == instance;
}

// Whether the object was ever made: before that it holds anything.
static bool has_begun(const struct kernel *kernel, uint32_t index) {
    // Acquire: pairs with the release in take_object.
    uint64_t begun = atomic_load_acquire_u64(&kernel->tasks_begun[index / 64]);
    return ((begun >> index % 64) & 1) != 0;
}

static struct answer tell_tasks(const struct kernel *kernel, uint32_t index, void *area) {
    struct stats_task *out = (struct stats_task *)area;
    uint32_t end = kernel_task_count(kernel);
    struct answer answer = {.count = 0};
    for (; index < end && answer.count < STATS_TASK_MAX; index++) {
        if (has_begun(kernel, index)) {
            answer.count += tell_one_task(kernel, &kernel->tasks[index], &out[answer.count]);
        }
    }
    answer.next = index < end ? index : 0;
    return answer;
}

static struct answer set_tracing(struct kernel *kernel, bool on) {
    struct answer answer = {.count = event_is_on(&kernel->harts[0])};
    event_set(kernel, on);
    return answer;
}

static struct answer read_events(const struct event_ring *ring, uint64_t from, uint64_t *area) {
    uint64_t first = from;
    uint32_t count = event_read(ring, &first, STATS_EVENT_MAX, area);
    return (struct answer){count, first + count, first - from};
}

// The arguments that a request does not use are 0, and those that it uses name what there is.
static enum status check_arguments(const struct kernel *kernel, enum stats_what what,
                                   uint64_t index, uint64_t from) {
    uint64_t end = 1;
    switch (what) {
        case STATS_SYSTEM:
        case STATS_AUDIT:
            break;
        case STATS_HARTS:
            end = kernel->hart_count;
            break;
        case STATS_TASKS:
            end = MAX_TASKS;
            break;
        case STATS_TRACE_SET:
            end = 2;
            break;
        case STATS_TRACE_READ:
            end = kernel->hart_count;
            if (index < end && from <= atomic_load_u64(&kernel->harts[index].events.next)) {
                return STATUS_OK;
            }
            return STATUS_BAD_ARG;
        case STATS_WHAT_COUNT:
            return STATUS_BAD_ARG;
    }
    return index < end && from == 0 ? STATUS_OK : STATUS_BAD_ARG;
}

static enum status tell(struct kernel *kernel, struct hart *hart, struct task *task,
                        struct answer *answer) {
    uint64_t *area = task->page->stats;
    uint32_t index = (uint32_t)handler_arg(task, 2);
    switch ((enum stats_what)handler_arg(task, 1)) {
        case STATS_SYSTEM:
            tell_system(kernel, (struct stats_system *)(void *)area);
            answer->count = 1;
            return STATUS_OK;
        case STATS_HARTS:
            *answer = tell_harts(kernel, index, area);
            return STATUS_OK;
        case STATS_TASKS:
            *answer = tell_tasks(kernel, index, area);
            return STATUS_OK;
        case STATS_TRACE_SET:
            *answer = set_tracing(kernel, index != 0);
            return STATUS_OK;
        case STATS_TRACE_READ:
            *answer = read_events(&kernel->harts[index].events, handler_arg(task, 3), area);
            return STATUS_OK;
        case STATS_AUDIT:
            if (!stop_begin(kernel, hart)) {
                return STATUS_BUSY;
            }
            answer->count = !stats_audit(kernel, hart);
            stop_end(kernel, hart);
            return STATUS_OK;
        case STATS_WHAT_COUNT:
            break;
    }
    return STATUS_BAD_ARG;
}

struct task *syscall_kernel_stats(struct kernel *kernel, struct hart *hart, struct task *task) {
    static const uint32_t right_for[STATS_WHAT_COUNT] = {
        [STATS_SYSTEM] = RIGHT_STATS_READ,      [STATS_HARTS] = RIGHT_STATS_READ,
        [STATS_TASKS] = RIGHT_STATS_READ,       [STATS_TRACE_SET] = RIGHT_STATS_TRACE,
        [STATS_TRACE_READ] = RIGHT_STATS_TRACE, [STATS_AUDIT] = RIGHT_STATS_AUDIT,
    };
    uint64_t what = handler_arg(task, 1);
    struct capability *cap = 0;
    struct answer answer = {.count = 0};
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_STATS,
                                    what < STATS_WHAT_COUNT ? right_for[what] : 0, &cap);
    if (status == STATUS_OK) {
        status = what < STATS_WHAT_COUNT
                     ? check_arguments(kernel, (enum stats_what)what, handler_arg(task, 2),
                                       handler_arg(task, 3))
                     : STATUS_BAD_ARG;
    }
    if (status == STATUS_OK) {
        status = tell(kernel, hart, task, &answer);
    }
    task_results(task, status, answer.count, answer.next, answer.lost);
    return task;
}
