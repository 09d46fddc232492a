// kernel/arch/sim/device.c: devices that raise interrupts when the seed says, the console's
// receiver, and the controller between them and the harts.
//
// A line is level-triggered: while the device asserts it, it is pending unless claimed; what became
// pending stays so until it is claimed. It goes to the harts for which it is enabled. A completion
// works only while it is.
#include <string.h>

#include "kernel/arch/riscv64/sv39.h"
#include "kernel/arch/sim/state.h"
#include "kernel/arch/sim/user.h"

static void add(enum trace_kind kind, uint64_t a, uint64_t b) {
    trace_add(&sim.trace, (struct trace_record){sim.now_ns, a, b, 0, sim.running, kind});
}

static uint32_t bit_of_line(uint32_t line) {
    if (line < SIM_LINE_FIRST || line >= SIM_LINE_FIRST + DEVICE_COUNT) {
        sim_finish(SIM_CHECK_FAILED, "the kernel touches interrupt line %u, which does not exist",
                   line);
    }
    return 1u << (line - SIM_LINE_FIRST);
}

// The earliest thing a device will do.
static void note_next(void) {
    sim.device_next_ns = UINT64_MAX;
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        uint64_t at_ns = sim.devices[i].raise_at_ns;
        sim.device_next_ns = at_ns < sim.device_next_ns ? at_ns : sim.device_next_ns;
    }
}

static void schedule(struct sim_device *device) {
    device->raise_at_ns = sim.now_ns + sim_random_below(&sim.random, device->period_ns);
    note_next();
}

static void set_level(uint32_t index, bool level) {
    sim.devices[index].level = level;
    if (level && (sim.lines_claimed & (1u << index)) == 0) {
        sim.lines_pending |= 1u << index;
    }
}

// A byte arrives, if there is room; the next one comes later.
static void receive(struct sim_device *device) {
    const char *input = sim.options.input;
    if (sim.input_count < SIM_INPUT_ROOM) {
        sim.input[sim.input_count++] = (uint8_t)input[sim.input_sent++];
        set_level(DEVICE_INPUT, true);
    }
    device->raise_at_ns = UINT64_MAX;
    if (input[sim.input_sent] != 0) {
        schedule(device);
    }
}

// The device that a test brings, or null.
static const struct sim_device_model *model_of(uint32_t index) {
    return index == SIM_DEVICE_WITH_ARENA ? sim.options.model : 0;
}

// It does what is due; that may be the end of the machine.
static void run_model(const struct sim_device_model *model) {
    struct sim_device *device = &sim.devices[SIM_DEVICE_WITH_ARENA];
    device->raise_at_ns = model->run(model->context, sim.now_ns);
    set_level(SIM_DEVICE_WITH_ARENA, model->line(model->context));
    note_next();
}

static void raise(uint32_t index) {
    struct sim_device *device = &sim.devices[index];
    add(TRACE_DEVICE, index, device->raised);
    if (model_of(index)) {
        device->raised++;
        run_model(model_of(index));
        return;
    }
    if (index == DEVICE_INPUT) {
        receive(device);
        return;
    }
    device->raise_at_ns = UINT64_MAX;
    device->raised++;
    set_level(index, true);
}

void sim_devices_run(void) {
    if (LIKELY(sim.now_ns < sim.device_next_ns)) {
        return;
    }
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        if (sim.devices[i].raise_at_ns <= sim.now_ns) {
            raise(i);
        }
    }
    note_next();
}

void sim_devices_reset(void) {
    memset(sim.devices, 0, sizeof(sim.devices));
    memset(sim.lines_enabled, 0, sizeof(sim.lines_enabled));
    sim.lines_pending = 0;
    sim.lines_claimed = 0;
    sim.input_count = 0;
    sim.input_sent = 0;
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        sim.devices[i].raise_at_ns = UINT64_MAX;
    }
    note_next();
    struct sim_device *input = &sim.devices[DEVICE_INPUT];
    input->period_ns = SIM_INPUT_PERIOD_NS;
    if (sim.options.input && sim.options.input[0] != 0) {
        schedule(input);
    }
}

bool sim_user_type(const char *bytes) {
    struct sim_device *input = &sim.devices[DEVICE_INPUT];
    if (input->raise_at_ns != UINT64_MAX) {
        return false;
    }
    sim.options.input = bytes;
    sim.input_sent = 0;
    if (bytes[0] != 0) {
        schedule(input);
    }
    return true;
}

bool sim_device_find(struct page_number page, uint32_t *index) {
    *index = page.value - SIM_DEVICE_FIRST_PAGE;
    return *index < SIM_DEVICE_COUNT;
}

uint64_t sim_device_load(uint32_t index, uint64_t offset) {
    const struct sim_device *device = &sim.devices[index];
    switch (offset) {
        case SIM_DEVICE_MAGIC:
            return SIM_DEVICE_MAGIC_VALUE + index;
        case SIM_DEVICE_STATUS:
            return device->level;
        case SIM_DEVICE_PERIOD:
            return device->period_ns;
        case SIM_DEVICE_RAISED:
            return device->raised;
        default:
            return 0;
    }
}

void sim_device_store(uint32_t index, uint64_t offset, uint64_t value) {
    struct sim_device *device = &sim.devices[index];
    if (offset == SIM_DEVICE_PERIOD) {
        device->period_ns = (uint32_t)value;
        device->raise_at_ns = UINT64_MAX;
        device->level = false;
    } else if (offset == SIM_DEVICE_STATUS) {
        device->level = false;
    } else {
        return;
    }
    if (device->period_ns != 0) {
        schedule(device);
    }
    note_next();
}

uint32_t sim_device_read32(uint32_t index, uint32_t offset) {
    const struct sim_device_model *model = model_of(index);
    return model ? model->read(model->context, offset) : 0;
}

void sim_device_write32(uint32_t index, uint32_t offset, uint32_t value) {
    const struct sim_device_model *model = model_of(index);
    if (model) {
        model->write(model->context, offset, value);
        run_model(model);
    }
}

void arch_irq_enable(uint32_t line, uint32_t hart_index) {
    sim.lines_enabled[hart_index] |= bit_of_line(line);
    sim_point();
}

void arch_irq_disable(uint32_t line, uint32_t hart_index) {
    sim.lines_enabled[hart_index] &= ~bit_of_line(line);
    sim_point();
}

uint32_t arch_irq_claim(void) {
    sim_point();
    uint32_t waiting = sim.lines_pending & sim.lines_enabled[sim.running];
    if (waiting == 0) {
        return 0;
    }
    uint32_t index = (uint32_t)__builtin_ctz(waiting);
    sim.lines_pending &= ~(1u << index);
    sim.lines_claimed |= 1u << index;
    add(TRACE_CLAIM, index, 0);
    return SIM_LINE_FIRST + index;
}

void arch_irq_complete(uint32_t line, uint32_t hart_index) {
    uint32_t bit = bit_of_line(line);
    add(TRACE_COMPLETE, line - SIM_LINE_FIRST, hart_index);
    if ((sim.lines_enabled[hart_index] & bit) == 0) {
        return;  // Ignored, as by the controller.
    }
    sim.lines_claimed &= ~bit;
    uint32_t index = line - SIM_LINE_FIRST;
    set_level(index, sim.devices[index].level);
    sim_point();
}

uint32_t arch_console_read(uint8_t *bytes, uint32_t max) {
    uint32_t count = sim.input_count < max ? sim.input_count : max;
    memcpy(bytes, sim.input, count);
    memmove(sim.input, sim.input + count, sim.input_count - count);
    sim.input_count -= count;
    set_level(DEVICE_INPUT, sim.input_count != 0);
    sim_point();
    return count;
}

// Nobody but its holder has a device's window, and nobody can execute it.
static void check_mappings(const struct task *task) {
    for (uint32_t i = 0; i < SIM_DEVICE_COUNT; i++) {
        uint64_t leaf = sv39_walk(task->space.root, device_window_address(i));
        const struct device *device = &sim.kernel.devices[i];
        bool own = device->mapped && device->holder == task_name(task->index, task->instance) &&
                   sv39_page(leaf).value == device->window.value;
        if (leaf != 0 && (!own || (leaf & SV39_EXECUTE) != 0)) {
            sim_finish(SIM_CHECK_FAILED, "task %u has device %u mapped by entry %#llx", task->index,
                       i, (unsigned long long)leaf);
        }
    }
}

void sim_check_devices(void) {
    for (uint32_t i = 0; i < MAX_TASKS; i++) {
        const struct task *task = &sim.kernel.tasks[i];
        if (task->state.raw == TASK_LIVE) {
            check_mappings(task);
        }
    }
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        const struct device *device = &sim.kernel.devices[i];
        uint32_t bit = 1u << i;
        for (uint32_t hart = 0; hart < sim.options.hart_count; hart++) {
            bool expected = device->home != 0 && device->hart == hart;
            if (((sim.lines_enabled[hart] & bit) != 0) != expected) {
                sim_finish(SIM_CHECK_FAILED,
                           "the line of device %u is %s for hart %u, the kernel says otherwise", i,
                           expected ? "off" : "on", hart);
            }
        }
        if (((sim.lines_claimed & bit) != 0) != device->claimed) {
            sim_finish(SIM_CHECK_FAILED, "the line of device %u is %s, the kernel says otherwise",
                       i, device->claimed ? "not claimed" : "claimed");
        }
    }
}
