// kernel/arch/sim/sums_task.c: what a touched task and its capabilities hold is counted anew. See
// sums.h.
#include "base/words.h"
#include "kernel/arch/sim/state.h"

// Not memcmp: the sanitizer's looks at the shadow of all of it first.
static ALWAYS_INLINE bool same_words(const void *a, const void *b, size_t bytes) {
    const aliasing_word *left = (const aliasing_word *)a;
    const aliasing_word *right = (const aliasing_word *)b;
    uint64_t differs = 0;
    for (size_t i = 0; i < bytes / sizeof(*left); i++) {
        differs |= left[i] ^ right[i];
    }
    return differs == 0;
}

// What a capability names is looked at: it is one more or one less.
static void touch_named(const struct capability *cap) {
    enum cap_kind kind = cap_kind_of(cap);
    sums_set(sim.sums.touched.grants, cap->grant % (MAX_GRANTS + 1));
    if (kind == CAP_TASK) {
        sums_set(sim.sums.touched.tasks, cap->object % MAX_TASKS);
    } else if (kind == CAP_VMO) {
        sums_set(sim.sums.touched.vmos, cap->object % MAX_VMOS);
    } else if (kind == CAP_ENDPOINT) {
        sums_set(sim.sums.touched.endpoints, cap->object % MAX_ENDPOINTS);
    }
}

bool sums_cap_comes(const struct capability *cap) {
    touch_named(cap);
    return audit_capability(&sim.kernel, cap, &sim.sums.tally);
}

// What audit_capability counted. A life of an endpoint that is over counts nothing any more
// (endpoint_begins).
void sums_cap_goes(const struct capability *cap) {
    struct audit_tally *tally = &sim.sums.tally;
    touch_named(cap);
    // Nothing but the audit counts those of no family.
    bool lost = cap->grant == 0 && fault_point_fires(FAULT_POINT_LOSE_SUM);
    tally->grants[cap->grant] -= !lost;
    enum cap_kind kind = cap_kind_of(cap);
    if (kind == CAP_TASK) {
        tally->references[cap->object]--;
    } else if (kind == CAP_VMO) {
        tally->vmo_references[cap->object]--;
    } else if (kind == CAP_ENDPOINT &&
               cap->generation == sim.sums.of_endpoint[cap->object].generation) {
        tally->receivers[cap->object] -= (cap_rights_of(cap) & RIGHT_RECV) != 0;
        tally->senders[cap->object] -= cap_sends(cap);
    }
}

// What an empty slot holds besides is nothing.
static bool count_table(const struct task *task, struct sums_task *was, bool holds) {
    uint64_t used = 0;
    for (uint32_t slot = 0; holds && slot < CAP_SLOT_COUNT; slot++) {
        used |= (uint64_t)(task->caps[slot].head != 0) << slot;
    }
    uint64_t left = used | was->caps_used;
    const uint64_t used_before = was->caps_used;
    was->caps_used = used;
    for (; left != 0; left &= left - 1) {
        uint32_t slot = (uint32_t)__builtin_ctzll(left);
        struct capability *old = &was->caps[slot];
        bool is = ((used >> slot) & 1) != 0;
        bool was_there = ((used_before >> slot) & 1) != 0;
        if (is && was_there && same_words(old, &task->caps[slot], sizeof(*old))) {
            continue;
        }
        if (was_there) {
            sums_cap_goes(old);
        }
        *old = task->caps[slot];
        if (is && !sums_cap_comes(old)) {
            return false;
        }
    }
    return true;
}

static void count_row(const struct mapping *row, uint32_t by) {
    struct audit_tally *tally = &sim.sums.tally;
    uint32_t vmo = row->vmo % MAX_VMOS;
    tally->vmo_references[vmo] += by;
    tally->vmo_writers[vmo] += (row->access & ARCH_WRITE) != 0 ? by : 0;
    sums_set(sim.sums.touched.vmos, vmo);
}

static void count_program(uint32_t vmo, uint32_t by) {
    if (vmo != VMO_NONE) {
        sim.sums.tally.vmo_references[vmo % MAX_VMOS] += by;
        sums_set(sim.sums.touched.vmos, vmo % MAX_VMOS);
    }
}

static void count_mappings(const struct task *task, struct sums_task *was, bool holds) {
    uint32_t program = holds ? task->program_vmo : VMO_NONE;
    if (program != was->program_vmo) {
        count_program(was->program_vmo, UINT32_MAX);
        count_program(program, 1);
        was->program_vmo = program;
    }
    uint32_t count = holds ? task->mappings.count : 0;
    count = count < TASK_MAPPING_COUNT ? count : TASK_MAPPING_COUNT;
    struct mapping_table *old = &was->mappings;
    if (count == old->count &&
        same_words(old->rows, task->mappings.rows, count * sizeof(old->rows[0]))) {
        return;
    }
    for (uint32_t i = 0; i < old->count; i++) {
        count_row(&old->rows[i], UINT32_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        old->rows[i] = task->mappings.rows[i];
        count_row(&old->rows[i], 1);
    }
    old->count = count;
}

// Who holds the reply that ends the wait of the word, if it is one for a reply.
static void touch_answerer(uint64_t word) {
    enum wait_state state = wait_state_of(word);
    if (state == WAIT_REPLY || state == WAIT_REPLY_CAP) {
        sums_set(sim.sums.touched.answers, wait_object_of(word));
    }
}

// The task is queued by the word, or no longer.
static void note_queue(uint64_t word, uint32_t index) {
    if (wait_state_of(word) == WAIT_QUEUED && wait_object_of(word) < MAX_ENDPOINTS) {
        uint64_t *waiting = sim.sums.of_endpoint[wait_object_of(word)].waiting;
        waiting[index / 64] ^= UINT64_C(1) << (index % 64);
    }
}

// First of all: whoever answers it is counted again, now and when it has left.
bool sums_count_wait(uint32_t index) {
    struct sums *sums = &sim.sums;
    const struct task *task = &sim.kernel.tasks[index];
    struct sums_task *was = &sums->of_task[index];
    bool waits = task->state.raw == TASK_LIVE || task->state.raw == TASK_DYING;
    bool parked = waits && task->cpu.parked;
    sums->parked += (uint32_t)parked - (uint32_t)was->parked;
    was->parked = parked;
    enum wait_state state = wait_state_of(task->wait.raw);
    uint32_t wait = waits && (unsigned)state < SUMS_WAITS ? (uint32_t)state + 1 : 0;
    if (task->wait.raw == was->wait_word && wait == was->wait) {
        return true;
    }
    if (was->wait != 0) {
        sums->waits[was->wait - 1]--;
        note_queue(was->wait_word, index);
    }
    if (wait != 0) {
        sums->waits[wait - 1]++;
        note_queue(task->wait.raw, index);
    }
    touch_answerer(was->wait_word);
    touch_answerer(task->wait.raw);
    was->wait = wait;
    was->wait_word = task->wait.raw;
    return true;
}

static void count_replies(uint32_t index, bool holds) {
    const struct task *task = &sim.kernel.tasks[index];
    struct sums_task *was = &sim.sums.of_task[index];
    if (holds && same_words(was->replies, task->replies, sizeof(was->replies))) {
        return;
    }
    words_copy(was->replies, task->replies,
               REPLY_SLOT_COUNT * sizeof(struct reply_entry) / sizeof(aliasing_word));
    sums_set(sim.sums.touched.answers, index);
}

// Whose wait the entry can end, plus 1; 0: nobody's.
static uint32_t answers(const struct reply_entry *entry) {
    uint32_t caller = (uint32_t)((size_t)(entry->task - sim.kernel.tasks) % MAX_TASKS);
    return sim.sums.of_task[caller].wait_word == reply_word(entry) ? caller + 1 : 0;
}

static void count_answer(uint32_t caller, uint32_t by) {
    if (caller != 0) {
        sim.sums.tally.answers[caller - 1] += by;
        sums_set(sim.sums.touched.tasks, caller - 1);
    }
}

// By what was counted of it and of those who ask it.
bool sums_count_answers(uint32_t index) {
    struct sums_task *was = &sim.sums.of_task[index];
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        const struct reply_entry *entry = &was->replies[i];
        bool held = was->state != TASK_FREE && entry->caller_wait != 0;
        uint32_t now = held ? answers(entry) : 0;
        if (now != was->answers[i]) {
            count_answer(was->answers[i], UINT32_MAX);
            count_answer(now, 1);
            was->answers[i] = now;
        }
    }
    return true;
}

// What harts have touched of a space that is there no longer says nothing of the next one.
static void forget_space(uint32_t index) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        struct sums_touched *entry = &sim.sums.entry[i];
        entry->spaces[index / 64] &= ~(UINT64_C(1) << (index % 64));
    }
}

// At the end of the turn in which a task is made nobody has taken or given anything yet, but for
// the pages of its space.
static void note_given(const struct task *task, struct sums_task *was) {
    if (task->state.raw == TASK_FREE || was->instance == task->instance) {
        return;
    }
    was->instance = task->instance;
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        was->given[kind] = kind == QUOTA_PAGES ? task->pages_given : task->quota.left[kind].raw;
    }
}

static void count_quota(uint32_t index) {
    const struct task *task = &sim.kernel.tasks[index];
    struct sums_task *was = &sim.sums.of_task[index];
    struct sums *sums = &sim.sums;
    uint32_t state = task->state.raw;
    bool counts = state != TASK_FREE;
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        uint32_t left = counts ? task->quota.left[kind].raw : 0;
        sums->quota[kind] += (uint64_t)left - was->quota[kind];
        was->quota[kind] = left;
    }
    bool has_space = counts && state != TASK_DEAD;
    if (!has_space && state != was->state) {
        forget_space(index);
    }
    // One that is reclaimed names pages that have gone back, until its hart's step is over.
    bool names_its_own = state != TASK_DYING || (sums->leaving && task->hart == sim_core_hart());
    bool whole = names_its_own && sums->paged[sums->turn] && sums_has(sums->touched.spaces, index);
    if (whole || (state != TASK_DYING && state != was->state)) {
        uint32_t *pages = &sums->tally.space_pages[index];
        uint32_t now = has_space ? arch_space_pages(&task->space) : 0;
        sums->space_pages += now - *pages;
        *pages = now;
    }
    uint32_t async_pages = audit_async_pages(task);
    sums->async_pages += async_pages - was->async_pages;
    was->async_pages = async_pages;
    sums->tasks += (uint32_t)counts - (uint32_t)(was->state != TASK_FREE);
    was->state = state;
}

bool sums_count_task(uint32_t index) {
    const struct task *task = &sim.kernel.tasks[index];
    struct sums_task *was = &sim.sums.of_task[index];
    bool holds = task->state.raw != TASK_FREE;
    note_given(task, was);
    count_mappings(task, was, holds && task->state.raw != TASK_DEAD);
    bool held = was->state != TASK_FREE;
    count_quota(index);
    if (!holds && !held) {
        return true;
    }
    count_replies(index, holds);
    return count_table(task, was, holds);
}

static bool replies_are_whole(const struct task *task) {
    uint32_t held = 0;
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        held += task->replies[i].caller_wait != 0;
    }
    uint32_t free_count = 0;
    for (const struct reply_entry *entry = task->reply_free;
         entry && free_count <= REPLY_SLOT_COUNT; free_count++) {
        entry = entry->next;
    }
    return audit_says(&sim.sums.tally, free_count + held == REPLY_SLOT_COUNT,
                      "%lu replies are held, %lu are on the free list", held, free_count);
}

static bool others_touch(uint32_t index) {
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        if (i != sim.sums.turn && sim.harts[i].in_kernel &&
            sums_has(sim.sums.entry[i].tasks, index)) {
            return true;
        }
    }
    return false;
}

// What is of one piece only while no hart is at work on it.
bool sums_look_at_task(uint32_t index) {
    const struct task *task = &sim.kernel.tasks[index];
    if (task->state.raw == TASK_FREE || others_touch(index)) {
        return true;
    }
    uint64_t used = sim.sums.of_task[index].caps_used;
    uint64_t marked = task->caps_all & ~task->caps_free;
    return audit_says(&sim.sums.tally, used == marked, "slots %#lx of task %lu are marked wrongly",
                      used ^ marked, index) &&
           replies_are_whole(task);
}
