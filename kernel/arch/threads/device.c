// kernel/arch/threads/device.c: the devices of kernel/arch/sim/device.h, and a controller. What a
// device does is seen by the hart that its line is enabled for, when that looks.
#include "kernel/arch/sim/device.h"

#include "kernel/arch/threads/state.h"

void threads_devices_reset(void) {
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        atomic_store_u64(&threads.devices[i].raise_at_ns, UINT64_MAX);
    }
}

static bool is_mine(const struct threads_device *device) {
    uint32_t self = (uint32_t)(threads_this() - threads.harts);
    return atomic_load_u32(&device->hart) == self + 1;
}

static bool is_up(struct threads_device *device) {
    if (atomic_load_u64(&device->raise_at_ns) <= arch_time_ns()) {
        atomic_store_u64(&device->raise_at_ns, UINT64_MAX);
        atomic_store_u32(&device->level, 1);
    }
    return atomic_load_u32(&device->level) != 0 && atomic_load_u32(&device->claimed) == 0;
}

bool threads_device_pending(void) {
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        if (is_mine(&threads.devices[i]) && is_up(&threads.devices[i])) {
            return true;
        }
    }
    return false;
}

uint64_t threads_device_next_ns(void) {
    uint64_t next_ns = UINT64_MAX;
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        uint64_t at_ns = atomic_load_u64(&threads.devices[i].raise_at_ns);
        next_ns = is_mine(&threads.devices[i]) && at_ns < next_ns ? at_ns : next_ns;
    }
    return next_ns;
}

bool threads_device_find(struct page_number page, uint32_t *index) {
    *index = page.value - SIM_DEVICE_FIRST_PAGE;
    return *index < SIM_DEVICE_COUNT;
}

uint64_t threads_device_load(uint32_t index, uint64_t offset) {
    const struct threads_device *device = &threads.devices[index];
    return offset == SIM_DEVICE_STATUS ? atomic_load_u32(&device->level) : 0;
}

void threads_device_store(uint32_t index, uint64_t offset, uint64_t value) {
    struct threads_device *device = &threads.devices[index];
    atomic_store_u32(&device->level, 0);
    if (offset == SIM_DEVICE_PERIOD) {
        atomic_store_u64(&device->period_ns, value);
    }
    uint32_t period_ns = (uint32_t)atomic_load_u64(&device->period_ns);
    uint64_t at_ns = UINT64_MAX;
    if (period_ns != 0) {
        at_ns = arch_time_ns() + sim_random_below(&threads_this()->random, period_ns);
    }
    atomic_store_u64(&device->raise_at_ns, at_ns);
}

static struct threads_device *find_line(uint32_t line) {
    if (line < SIM_LINE_FIRST || line >= SIM_LINE_FIRST + DEVICE_COUNT) {
        threads_fail("the kernel touches an interrupt line that does not exist");
    }
    return &threads.devices[line - SIM_LINE_FIRST];
}

void arch_irq_enable(uint32_t line, uint32_t hart_index) {
    atomic_store_u32(&find_line(line)->hart, hart_index + 1);
}

void arch_irq_disable(uint32_t line, uint32_t hart_index) {
    struct threads_device *device = find_line(line);
    if (atomic_load_u32(&device->hart) == hart_index + 1) {
        atomic_store_u32(&device->hart, 0);
    }
}

uint32_t arch_irq_claim(void) {
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        struct threads_device *device = &threads.devices[i];
        if (is_mine(device) && is_up(device)) {
            atomic_store_u32(&device->claimed, 1);
            return SIM_LINE_FIRST + i;
        }
    }
    return 0;
}

// Ignored, as by the controller, while the line is not enabled for that hart.
void arch_irq_complete(uint32_t line, uint32_t hart_index) {
    struct threads_device *device = find_line(line);
    if (atomic_load_u32(&device->hart) == hart_index + 1) {
        atomic_store_u32(&device->claimed, 0);
    }
}

// Nobody types.
uint32_t arch_console_read(uint8_t *bytes, uint32_t max) {
    (void)bytes;
    (void)max;
    return 0;
}
