// kernel/arch/sim/trace.c: see trace.h.
#include "kernel/arch/sim/trace.h"

#include <string.h>

#include "base/compiler.h"
#include "kernel/abi/status.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/task.h"
#include "kernel/core/fault_point.h"

static const char *const kind_names[] = {
    [TRACE_SWITCH] = "switch",       [TRACE_SYSCALL] = "syscall",   [TRACE_RESUME] = "resume",
    [TRACE_INTERRUPT] = "interrupt", [TRACE_FAULT] = "fault",       [TRACE_SLEEP] = "sleep",
    [TRACE_WAKE] = "wake",           [TRACE_IPI] = "ipi",           [TRACE_TIMER] = "timer",
    [TRACE_SHOOTDOWN] = "shootdown", [TRACE_FIRES] = "fires",       [TRACE_CONSOLE] = "console",
    [TRACE_BEGIN] = "begin",         [TRACE_CHANCE] = "chance",     [TRACE_DEVICE] = "device",
    [TRACE_CLAIM] = "claim",         [TRACE_COMPLETE] = "complete",
};
BASE_STATIC_ASSERT(ARRAY_LEN(kind_names) == TRACE_KIND_COUNT, "one name a kind");

static const char *const fault_names[] = {
#define FAULT_POINT(name, kind, what) #name,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
};

static void print(const struct trace_record *record, FILE *to) {
    fprintf(to, "%12llu hart %u %-9s ", (unsigned long long)record->now_ns, record->hart,
            kind_names[record->kind]);
    unsigned long long a = record->a;
    unsigned long long b = record->b;
    unsigned long long c = record->c;
    if (record->kind == TRACE_SYSCALL) {
        fprintf(to, "task %llu %s %#llx\n", a, syscall_name(b), c);
    } else if (record->kind == TRACE_RESUME) {
        fprintf(to, "task %llu %s %#llx\n", a, status_name((enum status)b), c);
    } else if (record->kind == TRACE_FAULT) {
        fprintf(to, "task %llu %s %#llx\n", a, exit_reason_name(b), c);
    } else if (record->kind == TRACE_FIRES) {
        fprintf(to, "%s\n", a < ARRAY_LEN(fault_names) ? fault_names[a] : "?");
    } else {
        fprintf(to, "%llu %llu %llu\n", a, b, c);
    }
}

static uint64_t mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    return hash ^ (hash >> 29);
}

void trace_begin(struct trace *trace, FILE *to) {
    memset(trace, 0, sizeof(*trace));
    trace->hash = UINT64_C(0xcbf29ce484222325);
    trace->to = to;
}

void trace_add(struct trace *trace, struct trace_record record) {
    uint64_t hash = mix(
        trace->hash, record.now_ns ^ ((uint64_t)record.kind << 56) ^ ((uint64_t)record.hart << 48));
    trace->hash = mix(mix(mix(hash, record.a), record.b), record.c);
    trace->kept[trace->count % TRACE_KEPT] = record;
    trace->count++;
    if (UNLIKELY(trace->to != 0)) {
        print(&record, trace->to);
    }
}

void trace_print_kept(const struct trace *trace, FILE *to) {
    uint64_t first = trace->count > TRACE_KEPT ? trace->count - TRACE_KEPT : 0;
    for (uint64_t i = first; i < trace->count; i++) {
        print(&trace->kept[i % TRACE_KEPT], to);
    }
}
