// kernel/arch/sim/sums_touch.c: which objects a hart touches. See sums.h.
#include "kernel/arch/sim/state.h"

static bool inside(size_t offset, size_t begin, size_t bytes) {
    return offset - begin < bytes;
}

// An address space gets and gives pages through the quota of its task, on the task's hart, or
// wherever it is made.
static void touch_in_task(struct sums_touched *entry, size_t offset) {
    uint32_t index = (uint32_t)(offset / sizeof(struct task));
    sums_set(entry->tasks, index);
    const struct task *task = &sim.kernel.tasks[index];
    bool runs = task->state.raw == TASK_LIVE || task->state.raw == TASK_DYING;
    if (inside(offset % sizeof(struct task), offsetof(struct task, quota.left[QUOTA_PAGES]),
               sizeof(struct atomic_u32)) &&
        (!runs || task->hart == sim_core_hart())) {
        sums_set(entry->spaces, index);
    }
}

// A VMO is returned in steps, without a look at any word of it.
static void touch_dying(struct sums_touched *entry) {
    uint32_t vmo = sim_core_hart()->vmo_dying;
    if (vmo < MAX_VMOS) {
        sums_set(entry->vmos, vmo);
    }
}

void sums_touch(const void *at) {
    const struct kernel *kernel = &sim.kernel;
    struct sums_touched *entry = &sim.sums.entry[sim.running];
    size_t offset = (size_t)at - (size_t)kernel;
    touch_dying(entry);
    if (inside(offset, offsetof(struct kernel, tasks), sizeof(kernel->tasks))) {
        touch_in_task(entry, offset - offsetof(struct kernel, tasks));
    } else if (inside(offset, offsetof(struct kernel, endpoints), sizeof(kernel->endpoints))) {
        offset -= offsetof(struct kernel, endpoints);
        sums_set(entry->endpoints, (uint32_t)(offset / sizeof(struct endpoint)));
    } else if (inside(offset, offsetof(struct kernel, vmos), sizeof(kernel->vmos))) {
        offset -= offsetof(struct kernel, vmos);
        sums_set(entry->vmos, (uint32_t)(offset / sizeof(struct vmo)));
    } else if (inside(offset, offsetof(struct kernel, grants), sizeof(kernel->grants))) {
        offset -= offsetof(struct kernel, grants);
        sums_set(entry->grants, (uint32_t)(offset / sizeof(struct grant)));
    }
}

void sums_touch_task(uint32_t index) {
    sums_set(sim.sums.entry[sim.running].tasks, index);
}

// It may be for a VMO whose pages are made in steps: then the task's work says which slot.
void sums_touch_page(void) {
    struct sums_touched *entry = &sim.sums.entry[sim.running];
    const struct task *task = sim_core_hart()->current;
    sim.sums.paged[sim.running] = true;
    touch_dying(entry);
    if (task && task->work < CAP_SLOT_COUNT && cap_kind_of(&task->caps[task->work]) == CAP_VMO) {
        sums_set(entry->vmos, task->caps[task->work].object % MAX_VMOS);
    }
}

// Whoever holds an endpoint's lock may change the tasks that are queued there.
static bool touch_queue(uint32_t number) {
    uint64_t *tasks = sim.sums.entry[sim.sums.turn].tasks;
    const uint64_t *waiting = sim.sums.of_endpoint[number].waiting;
    bool locked = sim.kernel.endpoints[number].lock.held.raw != 0;
    for (uint32_t i = 0; locked && i < SUMS_TASK_WORDS; i++) {
        tasks[i] |= waiting[i];
    }
    return true;
}

bool sums_touch_hands(void) {
    return sums_each(sim.sums.entry[sim.sums.turn].endpoints, kernel_endpoint_count(&sim.kernel),
                     touch_queue);
}
