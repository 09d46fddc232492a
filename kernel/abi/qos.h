// kernel/abi/qos.h: classes of tasks: who runs before whom on one hart. A higher class that can run
// takes the hart from a lower one at once; kernel/core/README.md says how long a class may wait.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

enum qos {
    QOS_DEFAULT = 0,      // As a ceiling: NORMAL, or the creator's if that is lower. No class.
    QOS_IDLE = 1,         // What may wait for everything else.
    QOS_NORMAL = 2,       // What a task has, if nobody says otherwise.
    QOS_INTERACTIVE = 3,  // What somebody waits for.
    QOS_BURST = 4,        // Short work that must be done now.
    QOS_COUNT
};

static inline const char *qos_name(uint64_t qos) {
    static const char *const names[] = {"default", "idle", "normal", "interactive", "burst"};
    BASE_STATIC_ASSERT(sizeof(names) / sizeof(names[0]) == QOS_COUNT, "one name a class");
    return qos < QOS_COUNT ? names[qos] : "?";
}
