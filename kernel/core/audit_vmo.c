// kernel/core/audit_vmo.c: mappings, and VMOs with their references and pages. See audit.h.
#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "kernel/core/audit.h"

static bool mapping_is_whole(const struct kernel *kernel, const struct task *task,
                             const struct mapping *row, struct audit_tally *tally) {
    if (!audit_says(tally, row->vmo < kernel_vmo_count(kernel) && row->page_count != 0,
                    "task %lu maps VMO %lu, which there is not", task->index, row->vmo)) {
        return false;
    }
    const struct vmo *vmo = &kernel->vmos[row->vmo];
    bool writes = (row->access & ARCH_WRITE) != 0;
    bool executes = (row->access & ARCH_EXECUTE) != 0;
    bool sealed = vmo->writers.raw == VMO_SEALED;
    tally->vmo_references[row->vmo]++;
    tally->vmo_writers[row->vmo] += writes;
    return audit_says(tally,
                      row->page_first + row->page_count <= vmo->page_count &&
                          row->pages_done <= row->page_count,
                      "task %lu maps pages beyond the end of VMO %lu", task->index, row->vmo) &&
           audit_says(tally, writes ? !sealed && !executes : sealed || !executes,
                      "task %lu maps VMO %lu as its state forbids", task->index, row->vmo);
}

static bool table_is_sorted(const struct mapping_table *table) {
    uint64_t end = USER_MAP_MIN;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct mapping *row = &table->rows[i];
        if (row->address < end || row->address % PAGE_BYTES != 0) {
            return false;
        }
        end = row->address + (uint64_t)row->page_count * PAGE_BYTES;
    }
    return end <= USER_MAP_MAX;
}

bool audit_mappings(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        const struct mapping_table *table = &task->mappings;
        bool holds = task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD;
        if (!holds) {
            continue;
        }
        if (task->program_vmo != VMO_NONE) {
            if (!audit_says(tally, task->program_vmo < kernel_vmo_count(kernel),
                            "task %lu runs VMO %lu, which there is not", i, task->program_vmo)) {
                return false;
            }
            tally->vmo_references[task->program_vmo]++;
        }
        if (!audit_says(tally, table->count <= TASK_MAPPING_COUNT && table_is_sorted(table),
                        "the mappings of task %lu overlap or are not in order", i, 0)) {
            return false;
        }
        for (uint32_t row = 0; row < table->count; row++) {
            if (!mapping_is_whole(kernel, task, &table->rows[row], tally)) {
                return false;
            }
        }
    }
    return true;
}

static bool vmo_is_whole(const struct kernel *kernel, uint32_t index, struct audit_tally *tally) {
    const struct vmo *vmo = &kernel->vmos[index];
    uint32_t writers = vmo->writers.raw == VMO_SEALED ? 0 : vmo->writers.raw;
    tally->vmo_pages += vmo_pages_held(vmo);
    return audit_says(tally, vmo->references.raw == tally->vmo_references[index],
                      "VMO %lu counts other references than the %lu it has", index,
                      tally->vmo_references[index]) &&
           audit_says(tally, writers == tally->vmo_writers[index],
                      "VMO %lu counts other writers than the %lu it has", index,
                      tally->vmo_writers[index]) &&
           audit_says(tally, vmo->pages_made <= vmo->page_count, "VMO %lu has %lu pages too many",
                      index, vmo->pages_made - vmo->page_count);
}

// A VMO is referenced, or in the list of one hart that returns it, or free and without pages.
bool audit_vmos(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t used = 0;
    for (uint32_t i = 0; i < kernel_vmo_count(kernel); i++) {
        used += kernel->vmos[i].references.raw != 0;
        if (!vmo_is_whole(kernel, i, tally)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        for (uint32_t index = kernel->harts[i].vmo_dying; index != VMO_NONE && used <= MAX_VMOS;
             index = kernel->vmos[index].next_dying) {
            if (!audit_says(tally, kernel->vmos[index].references.raw == 0,
                            "VMO %lu is returned and has references", index, 0)) {
                return false;
            }
            used++;
        }
    }
    uint32_t taken = kernel->vmo_pool.total_count - kernel->vmo_pool.free_count;
    return audit_says(tally, used == taken, "%lu VMO objects are taken, %lu are in use", taken,
                      used);
}
