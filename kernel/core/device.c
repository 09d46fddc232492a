// kernel/core/device.c: see device_ops.h. An interrupt stays claimed until irq_ack, so a line whose
// driver is slow, or dead, cannot storm.
#include "kernel/core/device_ops.h"

#include "kernel/core/cap_lookup.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/handler.h"
#include "kernel/core/image.h"
#include "kernel/core/panic.h"

static uint64_t name_of(const struct task *task) {
    return task_name(task->index, task->instance);
}

// Contiguous, zeroed, and never in the pool again: a device may write there until the machine ends.
static void make_arena(struct kernel *kernel, struct device *device, uint32_t page_count) {
    struct page_number first = {pool_reserve(&kernel->page_pool, page_count)};
    if (page_count > DEVICE_ARENA_PAGES_MAX || first.value == POOL_NONE) {
        kernel_panic("device %u: no DMA arena of %u pages", device->id, page_count);
    }
    for (uint32_t i = 0; i < page_count; i++) {
        struct page_number page = {first.value + i};
        arch_page_unpoison(page);
        arch_page_clear(page);
    }
    device->arena = first;
    device->arena_pages = page_count;
}

// The device that a manifest names (MANIFEST_GRANT_DEVICE). init looks for it in the same way, and
// says so when it is missing.
static struct device *find_target(struct kernel *kernel, uint32_t target) {
    uint32_t before = target >> MANIFEST_DEVICE_NUMBER_SHIFT;
    for (uint32_t i = 0; i < kernel->device_count; i++) {
        if (kernel->devices[i].id == (target & MANIFEST_DEVICE_ID_MASK) && before-- == 0) {
            return &kernel->devices[i];
        }
    }
    return 0;
}

static void make_arenas(struct kernel *kernel) {
    uint32_t count = 0;
    const struct manifest_grant *grants = image_grants(kernel, &count);
    for (uint32_t i = 0; i < count; i++) {
        bool wants =
            grants[i].kind == MANIFEST_GRANT_DEVICE && (grants[i].rights & RIGHT_DEVICE_DMA) != 0;
        struct device *device = wants ? find_target(kernel, grants[i].target) : 0;
        if (device && device->arena_pages == 0 && grants[i].badge != 0) {
            uint64_t pages = grants[i].badge <= DEVICE_ARENA_PAGES_MAX ? grants[i].badge
                                                                       : DEVICE_ARENA_PAGES_MAX + 1;
            make_arena(kernel, device, (uint32_t)pages);
        }
    }
}

void device_init(struct kernel *kernel, const struct boot_info *info) {
    lock_init(&kernel->device_lock, LOCK_RANK_DEVICE);
    KASSERT(info->device_count <= DEVICE_MAX);
    for (uint32_t i = 0; i < info->device_count; i++) {
        const struct boot_device *from = &info->devices[i];
        KASSERT(from->window_pages >= 1 && from->window_pages <= DEVICE_WINDOW_PAGES_MAX);
        kernel->devices[i] = (struct device){.window = from->window,
                                             .window_pages = from->window_pages,
                                             .line = from->line,
                                             .id = from->id};
    }
    kernel->device_count = info->device_count;
    kernel->devices[DEVICE_INPUT].line = info->input_line;
    make_arenas(kernel);
}

// Complete before disable: the controller ignores a completion on a line that is off.
static void line_off_locked(struct kernel *kernel, struct device *device)
    REQUIRES(kernel->device_lock) {
    (void)kernel;
    if (device->claimed && !fault_point_fires(FAULT_POINT_KEEP_CLAIM)) {
        arch_irq_complete(device->line, device->hart);
    }
    if (device->home != 0) {
        arch_irq_disable(device->line, device->hart);
    }
    device->claimed = false;
    device->home = 0;
    device->count = 0;
}

static struct device *find_line(struct kernel *kernel, uint32_t line) {
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        if (kernel->devices[i].line == line) {
            return &kernel->devices[i];
        }
    }
    return 0;
}

// Claims and records under the lock, so that whoever turns the line off knows of the claim. False
// when nothing waits.
static bool take_one(struct kernel *kernel, struct hart *hart, uint64_t *home, uint64_t *bits) {
    *home = 0;
    lock_acquire(&hart->locks, &kernel->device_lock);
    uint32_t line = arch_irq_claim();
    struct device *device = line != 0 ? find_line(kernel, line) : 0;
    if (device && device->home != 0) {
        device->claimed = true;
        device->count++;
        *home = device->home;
        *bits = UINT64_C(1) << device->bit;
    } else if (line != 0) {
        arch_irq_complete(line, hart->index);
        arch_irq_disable(line, hart->index);
    }
    lock_release(&hart->locks, &kernel->device_lock);
    return line != 0;
}

void device_interrupt(struct kernel *kernel, struct hart *hart) {
    uint64_t home = 0;
    uint64_t bits = 0;
    // A line comes once: it stays claimed, or is off. One that is left interrupts again at once.
    uint32_t most = hart_wakes_left(hart);
    for (; most > 0 && take_one(kernel, hart, &home, &bits); most--) {
        hart->woken++;
        if (home != 0) {
            status_ignore(notify_endpoint(kernel, hart, home, 0, bits),
                          "closed: the line stays claimed until its holder binds again or ends");
        }
    }
}

void device_release(struct kernel *kernel, struct hart *hart, const struct task *task) {
    lock_acquire(&hart->locks, &kernel->device_lock);
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        struct device *device = &kernel->devices[i];
        if (device->holder == name_of(task)) {
            line_off_locked(kernel, device);
            device->mapped = false;
            device->holder = 0;
        }
    }
    lock_release(&hart->locks, &kernel->device_lock);
}

enum status device_mint(const struct kernel *kernel, const struct capability *cap, uint64_t badge,
                        uint64_t rights) {
    if ((rights & ~(uint64_t)cap_rights_of(cap)) != 0) {
        return STATUS_DENIED;
    }
    bool names_one = badge >= 1 && badge <= kernel->device_count;
    return names_one && (cap->badge == 0 || cap->badge == badge) ? STATUS_OK : STATUS_BAD_ARG;
}

void device_query(struct kernel *kernel, struct hart *hart, const struct task *task,
                  const struct capability *cap, uint64_t out[2]) {
    if (cap->badge == 0) {
        out[0] = kernel->device_count;
        out[1] = 0;
        return;
    }
    uint32_t index = (uint32_t)cap->badge - 1;
    const struct device *device = &kernel->devices[index];
    lock_acquire(&hart->locks, &kernel->device_lock);
    bool tells = (cap_rights_of(cap) & RIGHT_DEVICE_DMA) != 0 && device->mapped &&
                 device->holder == name_of(task);
    lock_release(&hart->locks, &kernel->device_lock);
    out[0] = device_query_pack(index, device->window_pages, device->arena_pages, device->id);
    out[1] = tells ? (uint64_t)device->arena.value * PAGE_BYTES : 0;
}

// The device becomes the task's if it is nobody's. Errors: STATUS_BUSY.
static enum status hold_locked(const struct kernel *kernel, struct device *device,
                               const struct task *task) REQUIRES(kernel->device_lock) {
    (void)kernel;
    if (device->holder != 0 && device->holder != name_of(task)) {
        return STATUS_BUSY;
    }
    device->holder = name_of(task);
    return STATUS_OK;
}

// Read-write, never executable. A device's pages are all below one table of the lowest level: only
// the first can fail.
static enum status map_pages(struct kernel *kernel, struct task *task, uint64_t address,
                             struct page_number first, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct page_number page = {first.value + i};
        enum status status = arch_map(kernel, &task->space, address + (uint64_t)i * PAGE_BYTES,
                                      page, ARCH_READ | ARCH_WRITE, false);
        if (status != STATUS_OK) {
            KASSERT(i == 0);
            return status;
        }
    }
    return STATUS_OK;
}

static enum status take_for_map(struct kernel *kernel, struct hart *hart, struct device *device,
                                const struct task *task) {
    lock_acquire(&hart->locks, &kernel->device_lock);
    enum status status = device->mapped ? STATUS_BUSY : hold_locked(kernel, device, task);
    device->mapped = device->mapped || status == STATUS_OK;
    lock_release(&hart->locks, &kernel->device_lock);
    return status;
}

static void not_mapped(struct kernel *kernel, struct hart *hart, struct device *device) {
    lock_acquire(&hart->locks, &kernel->device_lock);
    device->mapped = false;
    lock_release(&hart->locks, &kernel->device_lock);
}

struct task *syscall_mmio_map(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_DEVICE, RIGHT_DEVICE_MAP, &cap);
    if (status == STATUS_OK && cap->badge == 0) {
        status = STATUS_BAD_ARG;
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    uint32_t index = (uint32_t)cap->badge - 1;
    struct device *device = &kernel->devices[index];
    status = take_for_map(kernel, hart, device, task);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    uint64_t window = device_window_address(index);
    status = map_pages(kernel, task, window, device->window, device->window_pages);
    if (status != STATUS_OK) {
        not_mapped(kernel, hart, device);
        return handler_finish(task, status);
    }
    bool with_arena = (cap_rights_of(cap) & RIGHT_DEVICE_DMA) != 0 && device->arena_pages != 0;
    uint64_t arena = with_arena ? device_arena_address(index) : 0;
    if (with_arena) {
        status = map_pages(kernel, task, arena, device->arena, device->arena_pages);
        KASSERT(status == STATUS_OK);
    }
    task_results(task, STATUS_OK, window, arena, 0);
    return task;
}

// The device whose interrupts a capability is for. Errors: of cap_lookup; STATUS_BAD_ARG (all
// devices, or there is no line).
static enum status find_source(struct kernel *kernel, struct task *task, struct device **out) {
    struct capability *cap = 0;
    uint64_t slot = handler_arg(task, 0);
    enum status status = cap_lookup(task, slot, CAP_DEVICE, RIGHT_DEVICE_IRQ, &cap);
    if (status == STATUS_OK) {
        *out = cap->badge != 0 ? &kernel->devices[cap->badge - 1] : 0;
    } else if (status == STATUS_BAD_CAP) {
        status = cap_lookup(task, slot, CAP_CONSOLE, RIGHT_READ_INPUT, &cap);
        *out = &kernel->devices[DEVICE_INPUT];
    }
    bool has_line = status == STATUS_OK && *out && (*out)->line != 0;
    return status == STATUS_OK && !has_line ? STATUS_BAD_ARG : status;
}

static enum status check_endpoint(struct kernel *kernel, struct task *task, uint64_t *home) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 1), CAP_ENDPOINT, RIGHT_RECV, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    *home = home_pack(cap->object, cap->generation);
    bool open = atomic_load_u32(&kernel->endpoints[cap->object].generation) == cap->generation;
    return open ? STATUS_OK : STATUS_PEER_CLOSED;
}

// Bound anew, a claimed interrupt is completed: a source that still asserts its line is heard
// again.
struct task *syscall_irq_bind(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct device *device = 0;
    uint64_t home = 0;
    uint64_t bit = handler_arg(task, 2);
    enum status status = find_source(kernel, task, &device);
    if (status == STATUS_OK) {
        status = check_endpoint(kernel, task, &home);
    }
    if (status == STATUS_OK && bit >= 64) {
        status = STATUS_BAD_ARG;
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    lock_acquire(&hart->locks, &kernel->device_lock);
    status = hold_locked(kernel, device, task);
    if (status == STATUS_OK) {
        line_off_locked(kernel, device);
        device->home = home;
        device->bit = (uint32_t)bit;
        device->hart = hart->index;
        arch_irq_enable(device->line, device->hart);
    }
    lock_release(&hart->locks, &kernel->device_lock);
    return handler_finish(task, status);
}

// Whether the task has bound the device.
static enum status bound_locked(const struct kernel *kernel, const struct device *device,
                                const struct task *task) REQUIRES(kernel->device_lock) {
    (void)kernel;
    return device->home != 0 && device->holder == name_of(task) ? STATUS_OK : STATUS_BUSY;
}

struct task *syscall_irq_ack(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct device *device = 0;
    uint64_t count = 0;
    enum status status = find_source(kernel, task, &device);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    lock_acquire(&hart->locks, &kernel->device_lock);
    status = bound_locked(kernel, device, task);
    if (status == STATUS_OK) {
        count = device->count;
        device->count = 0;
    }
    if (status == STATUS_OK && device->claimed) {
        device->claimed = false;
        arch_irq_complete(device->line, device->hart);
    }
    lock_release(&hart->locks, &kernel->device_lock);
    task_results(task, status, count, 0, 0);
    return task;
}

// The receiver's own queue is the only one: what waits there holds the line up until it is read.
struct task *syscall_console_read(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status =
        cap_lookup(task, handler_arg(task, 0), CAP_CONSOLE, RIGHT_READ_INPUT, &cap);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    uint8_t bytes[sizeof(uint64_t)] = {0};
    uint32_t count = 0;
    lock_acquire(&hart->locks, &kernel->device_lock);
    status = bound_locked(kernel, &kernel->devices[DEVICE_INPUT], task);
    if (status == STATUS_OK) {
        count = arch_console_read(bytes, sizeof(bytes));
    }
    lock_release(&hart->locks, &kernel->device_lock);
    uint64_t packed = 0;
    for (uint32_t i = 0; i < count; i++) {
        packed |= (uint64_t)bytes[i] << (8 * i);
    }
    task_results(task, status, count, packed, 0);
    return task;
}
