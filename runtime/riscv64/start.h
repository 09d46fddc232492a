// runtime/riscv64/start.h: what crt0.S and start.c call in each other.
#pragma once

#include "runtime/runtime.h"

// From _start, with the registers of kernel/abi/layout.h.
void runtime_start(struct message_page *page, uint64_t argument, uint32_t instance);

// Executes ebreak, which ends the task.
NORETURN void runtime_break(void);
