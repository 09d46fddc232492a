// kernel/core/boot.c: from a port's description of the machine to the first task.
#include "images/markers.h"
#include "kernel/abi/layout.h"
#include "kernel/core/cap_ops.h"
#include "kernel/core/deadline.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/image.h"
#include "kernel/core/panic.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/stats.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/vmo_ops.h"

static void init_harts(struct kernel *kernel, const struct boot_info *info) {
    KASSERT(info->hart_count >= 1 && info->hart_count <= MAX_HARTS);
    kernel->hart_count = info->hart_count;
    for (uint32_t i = 0; i < info->hart_count; i++) {
        struct hart *hart = &kernel->harts[i];
        hart->kernel = kernel;
        hart->index = i;
        run_queue_init(hart);
        deadline_init(kernel, hart);
    }
}

// The pool's words, one a page, stand in the first pages of the first range.
static void init_pages(struct kernel *kernel, const struct boot_info *info) {
    uint32_t base = UINT32_MAX;
    uint32_t end = 0;
    for (uint32_t i = 0; i < info->range_count; i++) {
        uint32_t first = info->range_first[i].value;
        base = first < base ? first : base;
        end = first + info->range_pages[i] > end ? first + info->range_pages[i] : end;
    }
    uint32_t table_pages =
        (uint32_t)(((uint64_t)(end - base) * sizeof(uint32_t) + PAGE_BYTES - 1) / PAGE_BYTES);
    if (info->range_count == 0 || info->range_pages[0] <= table_pages) {
        kernel_panic("no memory: %u ranges", info->range_count);
    }
    pool_init(&kernel->page_pool, FAULT_POINT_TAKE_PAGE,
              (uint32_t *)arch_page(info->range_first[0]), base);
    pool_add_blocks(&kernel->page_pool, info->range_first[0].value + table_pages,
                    info->range_pages[0] - table_pages);
    for (uint32_t i = 1; i < info->range_count; i++) {
        pool_add_blocks(&kernel->page_pool, info->range_first[i].value, info->range_pages[i]);
    }
}

static void place(struct task *task, uint32_t slot, enum cap_kind kind, uint32_t rights) {
    uint32_t placed = 0;
    enum status status =
        cap_place(task, (struct capability){.head = cap_head(kind, rights)}, &placed);
    if (status != STATUS_OK || placed != slot) {
        kernel_panic("init: slot %u is not free", slot);
    }
}

static void make_init(struct kernel *kernel, struct hart *hart) {
    const struct boot_image_entry *entry =
        image_find(kernel, BOOT_IMAGE_PROGRAM, BOOT_IMAGE_INIT_NAME);
    if (!entry) {
        kernel_panic("boot image: no program named " BOOT_IMAGE_INIT_NAME);
    }
    struct task *task = 0;
    // What is left of the machine.
    const struct task_order order = {
        .service_id = entry->service_id,
        .limits = {.of = {[QUOTA_PAGES] = kernel->page_pool.free_count,
                          [QUOTA_TASKS] = MAX_TASKS - 1,
                          [QUOTA_ENDPOINTS] = MAX_ENDPOINTS,
                          [QUOTA_VMOS] = MAX_VMOS,
                          [QUOTA_GRANTS] = MAX_GRANTS}},
        .slots = CAP_SLOT_COUNT - 1,
        .qos_ceiling = QOS_NORMAL,
    };
    enum status status = task_make(kernel, hart, &order, &task);
    const struct load_image program = {0, entry->offset, entry->bytes};
    enum elf_reject reject = ELF_REJECT_NONE;
    while (status == STATUS_OK && atomic_load_u32(&task->state) != TASK_LOADED) {
        status = task_load_step(kernel, hart, task, &program, &reject);
        status = status == STATUS_BUSY ? STATUS_OK : status;
    }
    while (status == STATUS_OK) {
        status = task_map_image_step(kernel, task, RIGHTS_IMAGE);
        if (status == STATUS_OK) {
            break;
        }
        status = status == STATUS_BUSY ? STATUS_OK : status;
    }
    if (status != STATUS_OK) {
        kernel_panic("init: %s %s", status_name(status), elf_reject_name(reject));
    }
    place(task, INIT_SLOT_CONSOLE, CAP_CONSOLE, RIGHTS_CONSOLE);
    place(task, INIT_SLOT_FACTORY, CAP_FACTORY, RIGHTS_FACTORY);
    place(task, INIT_SLOT_IMAGE, CAP_IMAGE, RIGHTS_IMAGE);
    place(task, INIT_SLOT_DEVICES, CAP_DEVICE, RIGHTS_DEVICE);
    place(task, INIT_SLOT_STATS, CAP_STATS, RIGHTS_STATS);
    task->qos_ceiling = QOS_BURST;  // What it may give.
    kernel->init_task = task->index;
    task_run(kernel, hart, task, hart, 0);
}

void kernel_init(struct kernel *kernel, const struct boot_info *info) {
    init_harts(kernel, info);
    struct hart *hart = &kernel->harts[0];
    lock_init(&kernel->console_lock, LOCK_RANK_CONSOLE);
    kernel->init_task = TASK_NONE;
    init_pages(kernel, info);
    task_pool_init(kernel);
    endpoint_pool_init(kernel);
    grant_pool_init(kernel);
    quiesce_init(kernel);
    kernel->cpu_period_ns = CPU_PERIOD_NS;
    vmo_pool_init(kernel);
    stats_init(kernel, info);
    image_check(kernel, info);
    device_init(kernel, info);
    kernel_print(kernel, hart, MARKER_KERNEL_IMAGE, kernel->image->entry_count);
    make_init(kernel, hart);
    if (info->traced) {
        event_print_place(kernel, hart);
    }
    kernel_print(kernel, hart, "%s", MARKER_KERNEL_INIT);
}
