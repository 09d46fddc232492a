// kernel/abi/qos.h: classes of tasks: who runs before whom on one hart
// (docs/decisions/0011-scheduling.md).
#pragma once

#include "base/compiler.h"

// A higher class that can run takes the hart from a lower one at once; each class that waits still
// gets a quantum now and then.
enum qos {
    QOS_DEFAULT = 0,      // In task_create: NORMAL, or the creator's ceiling if that is lower.
    QOS_IDLE = 1,         // What may wait for everything else.
    QOS_NORMAL = 2,       // What a task begins with, if its ceiling allows.
    QOS_INTERACTIVE = 3,  // What somebody waits for.
    QOS_BURST = 4,        // Short work that must be done now.
    QOS_COUNT
};
