// testing/hostile/acts.c: see acts.h.
#include "testing/hostile/acts.h"

#include "base/compiler.h"
#include "runtime/syscall.h"
#include "testing/hostile/instruction.h"

static void act_write_text(void) {
    touch_WRITE((uint64_t)&act_write_text & ~UINT64_C(7));
}

static void act_exit(void) {
    sys_task_exit(HOSTILE_EXIT_CODE);
}

struct act_row {
    void (*touch)(uint64_t address);  // One of the two.
    uint64_t address;
    void (*run)(void);
};

static const struct act_row rows[] = {
#define TOUCH(name, access, address) {touch_##access, address, 0},
#define RUN(name, function, reason, low, high) {0, 0, function},
#include "testing/hostile/acts.def"
#undef TOUCH
#undef RUN
};
BASE_STATIC_ASSERT(ARRAY_LEN(rows) == HOSTILE_ACT_COUNT, "one row an act");

void act_do(enum hostile_act act) {
    const struct act_row *row = &rows[act];
    if (row->touch) {
        row->touch(row->address);
    } else {
        row->run();
    }
}
