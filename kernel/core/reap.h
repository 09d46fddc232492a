// kernel/core/reap.h: taking back everything that a dead task held, in bounded steps.
#pragma once

#include "kernel/core/kernel.h"

// Home hart only; the task was killed or has ended, and waits for nothing. One step: at most one
// endpoint closed, eight mappings or capabilities dropped, the reply table, or sixteen
// pages. True once it is dead: its supervisor has been told, and the object may be gone.
WARN_UNUSED bool reap_step(struct kernel *kernel, struct hart *hart, struct task *task);
