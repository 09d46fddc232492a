// ipc/crash.c: see crash.h.
#include "ipc/crash.h"

#include "kernel/abi/task.h"

// Each answer tells of at least one task.
enum { ANSWERS_MAX = 256 };

// The task among those that the last answer told of. False: it is not there.
static bool find_among(const struct runtime *runtime, uint64_t count, uint32_t instance,
                       struct crash_place *out) {
    for (uint64_t i = 0; i < count && i < STATS_TASK_MAX; i++) {
        struct stats_task one;
        __builtin_memcpy(&one, (const uint8_t *)runtime->page->stats + i * sizeof(one),
                         sizeof(one));
        if (one.instance == instance) {
            *out = (struct crash_place){.pc = one.fault_pc, .ra = one.fault_ra};
            return true;
        }
    }
    return false;
}

struct crash_place crash_place_of(const struct runtime *runtime, struct slot stats,
                                  uint32_t instance) {
    struct crash_place place = {.pc = 0, .ra = 0};
    uint64_t index = 0;
    for (uint32_t i = 0; i < ANSWERS_MAX && stats.value != CAP_SLOT_NONE; i++) {
        struct stats_result got = sys_kernel_stats(stats, STATS_TASKS, index, 0);
        if (got.status != STATUS_OK || find_among(runtime, got.count, instance, &place) ||
            got.next <= index) {
            break;
        }
        index = got.next;
    }
    return place;
}

void crash_say(const struct runtime *runtime, const char *who, const char *name,
               const struct log_crash *crash) {
    log_line(runtime, "%s: %s ended: %s %#lx", who, name, exit_reason_name(crash->reason),
             crash->detail);
    if (crash->pc != 0) {
        log_line(runtime, "%s: backtrace %s %#lx %#lx", who, name, crash->pc, crash->ra);
    }
}

struct log_message crash_message(const struct log_crash *crash) {
    return (struct log_message){.header = {.op = LOG_OP_CRASH},
                                .reason = crash->reason,
                                .subject = crash->subject,
                                .detail = crash->detail,
                                .instance = crash->instance,
                                .start = crash->start,
                                .pc = crash->pc,
                                .ra = crash->ra};
}
