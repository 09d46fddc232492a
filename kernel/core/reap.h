// kernel/core/reap.h: taking back everything that a dead task held, in bounded steps.
#pragma once

#include "kernel/core/run_queue.h"

// Home hart only; the task was killed or has ended, and waits for nothing. One step: at most one
// endpoint closed, eight mappings or capabilities dropped, the reply table, or sixteen
// pages. STEP_GONE once it is dead: its supervisor has been told, and the object may be gone.
WARN_UNUSED enum step reap_step(struct kernel *kernel, struct hart *hart, struct task *task);
