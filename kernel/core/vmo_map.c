// kernel/core/vmo_map.c: the system calls on VMOs. See vmo_ops.h.
//
// A mapping goes through three states. It grows page by page while vmo_map goes on, is whole, and
// shrinks while vmo_unmap goes on, or when vmo_map finds no page for a table. It counts as a writer
// and as a reference from before its first page is mapped until the translations of its last one
// are shot down on every hart that may hold one.
#include "base/checked.h"
#include "kernel/abi/message.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_ops.h"
#include "kernel/core/handler.h"
#include "kernel/core/panic.h"
#include "kernel/core/vmo_ops.h"

// About 300 instructions a page where tables are made too. One entry may do two steps, or one after
// a step of returning pages.
enum {
    PAGES_A_STEP = 24,
    MAPPINGS_A_STEP = 8,
};

BASE_STATIC_ASSERT((int)RIGHT_VMO_READ == (int)ARCH_READ &&
                       (int)RIGHT_VMO_WRITE == (int)ARCH_WRITE &&
                       (int)RIGHT_VMO_EXECUTE == (int)ARCH_EXECUTE,
                   "rights and access are the same bits");

static bool finish(struct task *task, enum status status) {
    task_status(task, status);
    return true;
}

// The VMO stands in its slot from the first step on: a task that is killed in between gives it back
// like any other.
static enum status create_begin(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *factory = 0;
    uint64_t page_count = handler_arg(task, 1);
    enum status status =
        cap_lookup(task, handler_arg(task, 0), CAP_FACTORY, RIGHT_MAKE_VMO, &factory);
    if (status == STATUS_OK && (page_count == 0 || page_count > VMO_PAGES_MAX)) {
        status = STATUS_BAD_ARG;
    }
    if (status == STATUS_OK && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    uint32_t index = 0;
    if (status == STATUS_OK) {
        status = vmo_make(kernel, hart, task, (uint32_t)page_count, &index);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct capability cap = {.head = cap_head(CAP_VMO, RIGHTS_VMO), .object = (uint16_t)index};
    uint32_t slot = 0;
    status = cap_place(task, cap, &slot);
    KASSERT(status == STATUS_OK);
    task->work = slot;
    return STATUS_OK;
}

bool vmo_create_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->work == 0) {
        enum status status = create_begin(kernel, hart, task);
        if (status != STATUS_OK) {
            return finish(task, status);
        }
    }
    uint32_t slot = (uint32_t)task->work;
    enum status status = vmo_make_step(kernel, hart, &kernel->vmos[task->caps[slot].object]);
    if (status == STATUS_BUSY) {
        return false;
    }
    if (status != STATUS_OK) {
        cap_drop(kernel, hart, task, slot);
    }
    task_results(task, status, status == STATUS_OK ? slot : 0, 0, 0);
    return true;
}

static bool is_access(uint32_t access) {
    return access == ARCH_READ || access == (ARCH_READ | ARCH_WRITE) ||
           access == (ARCH_READ | ARCH_EXECUTE);
}

// Counts as a writer unless the VMO is sealed. Ends: each further round means that another mapping
// or the seal came in between.
static enum status writer_begin(struct vmo *vmo) {
    uint32_t writers = atomic_load_u32(&vmo->writers);
    while (writers != VMO_SEALED && !atomic_claim_u32(&vmo->writers, writers, writers + 1)) {
        writers = atomic_load_u32(&vmo->writers);
    }
    return writers == VMO_SEALED ? STATUS_DENIED : STATUS_OK;
}

// What the VMO's state allows; a writable mapping then counts.
static enum status allow(struct vmo *vmo, uint32_t access) {
    if ((access & ARCH_EXECUTE) != 0 && !vmo_is_sealed(vmo)) {
        return STATUS_BUSY;
    }
    return (access & ARCH_WRITE) != 0 ? writer_begin(vmo) : STATUS_OK;
}

static void mapping_end(struct kernel *kernel, struct hart *hart, const struct mapping *row) {
    struct vmo *vmo = &kernel->vmos[row->vmo];
    if ((row->access & ARCH_WRITE) != 0) {
        uint32_t before = atomic_add_ordered_u32(&vmo->writers, UINT32_MAX);
        KASSERT(before > 0 && before != VMO_SEALED);
    }
    vmo_release(kernel, hart, vmo);
}

// What the arguments ask for, checked against the capability.
static enum status map_wanted(struct kernel *kernel, struct task *task, struct mapping *out) {
    uint64_t first = handler_arg(task, 1);
    uint64_t count = handler_arg(task, 2);
    uint32_t access = (uint32_t)(handler_arg(task, 3) & VMO_MAP_ACCESS_MASK);
    if (!is_access(access)) {
        return STATUS_BAD_ARG;
    }
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_VMO, access, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    if (count == 0 || !range_within(first, count, kernel->vmos[cap->object].page_count)) {
        return STATUS_BAD_ARG;
    }
    *out = (struct mapping){.address = handler_arg(task, 3) & ~VMO_MAP_ACCESS_MASK,
                            .vmo = cap->object,
                            .page_first = (uint32_t)first,
                            .page_count = (uint32_t)count,
                            .access = access,
                            .state = MAPPING_GROWS};
    return STATUS_OK;
}

static enum status map_begin(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct mapping wanted;
    enum status status = map_wanted(kernel, task, &wanted);
    if (status == STATUS_OK) {
        status = allow(&kernel->vmos[wanted.vmo], wanted.access);
    }
    if (status != STATUS_OK) {
        return status;
    }
    vmo_reference(&kernel->vmos[wanted.vmo]);
    struct mapping *row = 0;
    status = mapping_insert(&task->mappings, &wanted, &row);
    if (status != STATUS_OK) {
        mapping_end(kernel, hart, &wanted);
        return status;
    }
    task->work = row->address;
    return STATUS_OK;
}

static bool can_be_large(const struct vmo *vmo, const struct mapping *row, uint64_t address) {
    uint32_t index = row->page_first + row->pages_done;
    return index % VMO_CHUNK_PAGES == 0 &&
           address % ((uint64_t)VMO_CHUNK_PAGES * PAGE_BYTES) == 0 &&
           row->page_count - row->pages_done >= VMO_CHUNK_PAGES &&
           vmo_is_large(vmo, index / VMO_CHUNK_PAGES);
}

// Maps the next page or large page.
static enum status map_next(struct kernel *kernel, struct task *task, struct mapping *row) {
    const struct vmo *vmo = &kernel->vmos[row->vmo];
    uint64_t address = row->address + (uint64_t)row->pages_done * PAGE_BYTES;
    struct page_number page = vmo_page(vmo, row->page_first + row->pages_done);
    enum status status = STATUS_BUSY;
    uint32_t pages = VMO_CHUNK_PAGES;
    if (can_be_large(vmo, row, address)) {
        status = arch_map_large(kernel, &task->space, address, page, row->access);
    }
    if (status == STATUS_BUSY) {
        pages = 1;
        status = arch_map(kernel, &task->space, address, page, row->access, false);
        KASSERT(status != STATUS_BUSY);
    }
    row->pages_done += status == STATUS_OK ? pages : 0;
    return status;
}

// STATUS_BUSY: more to do.
static enum status grow_step(struct kernel *kernel, struct task *task, struct mapping *row) {
    for (uint32_t i = 0; i < PAGES_A_STEP && row->pages_done < row->page_count; i++) {
        enum status status = map_next(kernel, task, row);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (row->pages_done < row->page_count) {
        return STATUS_BUSY;
    }
    row->state = MAPPING_WHOLE;
    if ((row->access & ARCH_EXECUTE) != 0) {
        vmo_make_fetchable(kernel, &kernel->vmos[row->vmo]);
    }
    return STATUS_OK;
}

// True when the mapping is gone.
static bool shrink_step(struct kernel *kernel, struct hart *hart, struct task *task,
                        struct mapping *row) {
    for (uint32_t i = 0; i < PAGES_A_STEP && row->pages_done < row->page_count; i++) {
        uint64_t address = row->address + (uint64_t)row->pages_done * PAGE_BYTES;
        row->pages_done += arch_unmap(&task->space, address);
    }
    if (row->pages_done < row->page_count) {
        return false;
    }
    if (!fault_point_fires(FAULT_POINT_LOSE_SHOOTDOWN)) {
        arch_tlb_shootdown(task->space.harts, task->space.asid);
    }
    struct mapping gone = *row;
    mapping_remove(&task->mappings, row);
    mapping_end(kernel, hart, &gone);
    return true;
}

static void shrink_begin(struct mapping *row) {
    row->state = MAPPING_SHRINKS;
    row->pages_done = 0;
}

bool vmo_map_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->work == 0) {
        enum status status = map_begin(kernel, hart, task);
        if (status != STATUS_OK) {
            return finish(task, status);
        }
    }
    struct mapping *row = mapping_find(&task->mappings, task->work);
    KASSERT(row);
    if (row->state == MAPPING_SHRINKS) {
        return shrink_step(kernel, hart, task, row) && finish(task, STATUS_NO_SPACE);
    }
    enum status status = grow_step(kernel, task, row);
    if (status == STATUS_OK) {
        task_results(task, STATUS_OK, task->work, 0, 0);
        return true;
    }
    if (status != STATUS_BUSY) {
        shrink_begin(row);
    }
    return false;
}

bool vmo_unmap_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct mapping *row = mapping_find(&task->mappings, handler_arg(task, 1));
    if (task->work == 0) {
        struct capability *cap = 0;
        enum status status = cap_lookup(task, handler_arg(task, 0), CAP_VMO, 0, &cap);
        if (status == STATUS_OK && (!row || row->vmo != cap->object)) {
            status = STATUS_BAD_ARG;
        }
        if (status != STATUS_OK) {
            return finish(task, status);
        }
        shrink_begin(row);
        task->work = row->address;
    }
    KASSERT(row);
    return shrink_step(kernel, hart, task, row) && finish(task, STATUS_OK);
}

bool vmo_unmap_dead_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct mapping_table *table = &task->mappings;
    for (uint32_t i = 0; i < MAPPINGS_A_STEP && table->count > 0; i++) {
        atomic_raw_store_shared(&table->count, table->count - 1);
        mapping_end(kernel, hart, &table->rows[table->count]);
    }
    if (table->count == 0) {
        vmo_release_program(kernel, hart, task);
    }
    return table->count == 0;
}

struct task *syscall_vmo_seal(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)hart;
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_VMO, RIGHT_VMO_WRITE, &cap);
    if (status == STATUS_OK) {
        struct vmo *vmo = &kernel->vmos[cap->object];
        // A claim that fails means a writer, or that it is sealed already.
        status = atomic_claim_u32(&vmo->writers, 0, VMO_SEALED) || vmo_is_sealed(vmo) ? STATUS_OK
                                                                                      : STATUS_BUSY;
    }
    task_status(task, status);
    return task;
}
