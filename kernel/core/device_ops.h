// kernel/core/device_ops.h: devices from boot to the death of their holders.
// Locking:   the functions take device_lock, and endpoint locks after they have given it back.
// Blocking:  never; bounded by the number of devices and the pages of one.
#pragma once

#include "kernel/core/kernel.h"

// Boot hart, once the boot image is checked: the table, and the arenas that the manifest asks for.
// No memory for an arena is a panic.
void device_init(struct kernel *kernel, const struct boot_info *info);

// Takes the interrupts that wait for this hart, as many as the entry has room for: notifies who has
// bound one; a line that nobody has bound is turned off.
void device_interrupt(struct kernel *kernel, struct hart *hart) EXCLUDES(kernel->device_lock);

// Of a task that has ended: its lines are turned off, claimed interrupts completed, its devices
// free for another holder. Its mappings must be gone.
void device_release(struct kernel *kernel, struct hart *hart, const struct task *task)
    EXCLUDES(kernel->device_lock);

// Whether cap_mint may make a capability to device `badge` - 1 from `cap`. Errors: STATUS_DENIED
// (more rights), STATUS_BAD_ARG (no such device, or another than the capability's).
WARN_UNUSED enum status device_mint(const struct kernel *kernel, const struct capability *cap,
                                    uint64_t badge, uint64_t rights);

// cap_query's second and third result (kernel/abi/device.h).
void device_query(struct kernel *kernel, struct hart *hart, const struct task *task,
                  const struct capability *cap, uint64_t out[2]) EXCLUDES(kernel->device_lock);

WARN_UNUSED struct task *syscall_mmio_map(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_irq_bind(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_irq_ack(struct kernel *kernel, struct hart *hart,
                                         struct task *task);
WARN_UNUSED struct task *syscall_console_read(struct kernel *kernel, struct hart *hart,
                                              struct task *task);
