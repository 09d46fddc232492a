// kernel/abi/layout.h: user virtual addresses and what a task finds in its registers when it
// starts.
//
// At start: pc is the ELF entry, sp is the top of the stack (16-byte aligned), a0 is
// USER_MESSAGE_PAGE, a1 is task_start's argument, a2 is the task's instance; every other register
// is zero. The stack's size is the ELF's PT_GNU_STACK memory size, or USER_STACK_BYTES; an unmapped
// page lies below it.
// Units: bytes.
#pragma once

#define USER_IMAGE_MIN UINT64_C(0x10000)
#define USER_IMAGE_MAX UINT64_C(0x20000000)
#define USER_BOOT_IMAGE UINT64_C(0x20000000)  // Where init sees the boot image, read-only.
// Devices, one each USER_DEVICE_STRIDE: the window, and at USER_DEVICE_ARENA from it the DMA arena
// (kernel/abi/device.h).
#define USER_DEVICES UINT64_C(0x3e000000)
#define USER_DEVICE_STRIDE UINT64_C(0x100000)
#define USER_DEVICE_ARENA UINT64_C(0x80000)
#define USER_STACK_TOP UINT64_C(0x3fffe000)
#define USER_MESSAGE_PAGE UINT64_C(0x3ffff000)
#define USER_MAP_MIN UINT64_C(0x40000000)  // VMOs are mapped between these two.
#define USER_MAP_MAX UINT64_C(0x80000000)
#define USER_MAX UINT64_C(0x80000000)  // No user mapping at or above it.
#define USER_STACK_BYTES UINT64_C(0x4000)
#define USER_STACK_BYTES_MAX UINT64_C(0x100000)

// The slots init finds filled.
#define INIT_SLOT_CONSOLE 1  // All rights.
#define INIT_SLOT_FACTORY 2  // Both rights; any service_id of a program in the boot image.
#define INIT_SLOT_IMAGE 3    // RIGHTS_IMAGE
#define INIT_SLOT_DEVICES 4  // All rights; all devices.
#define INIT_SLOT_STATS 5    // All rights.
#define INIT_SLOT_FIRST_FREE 6

// The code with which init ends to have the machine started anew; 0 powers it off, any other is a
// failure.
#define INIT_EXIT_REBOOT 2
