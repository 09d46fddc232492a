// kernel/arch/sim/trace.h: what happened, as small records: hashed always, the last of them kept,
// printed on demand. No record holds an address of the process.
#pragma once

#include <stdint.h>
#include <stdio.h>

enum trace_kind {
    TRACE_SWITCH,     // to hart, -, -
    TRACE_SYSCALL,    // task, number, a0
    TRACE_RESUME,     // task, a0, a1
    TRACE_INTERRUPT,  // task, events, -
    TRACE_FAULT,      // task, reason, detail
    TRACE_SLEEP,      // -
    TRACE_WAKE,       // events, -, -
    TRACE_IPI,        // mask, delay, -
    TRACE_TIMER,      // time, -, -
    TRACE_SHOOTDOWN,  // mask, asid, -
    TRACE_FIRES,      // fault point, -, -
    TRACE_CONSOLE,    // bytes, hash, -
    TRACE_BEGIN,      // task, instance, program
    TRACE_CHANCE,     // bound, value, -
    TRACE_DEVICE,     // device, raised before, -
    TRACE_CLAIM,      // device, -, -
    TRACE_COMPLETE,   // device, hart, -
    TRACE_KIND_COUNT
};

enum { TRACE_KEPT = 64 };

struct trace_record {
    uint64_t now_ns;
    uint64_t a;
    uint64_t b;
    uint64_t c;
    uint32_t hart;
    uint32_t kind;
};

struct trace {
    uint64_t hash;
    uint64_t count;
    FILE *to;
    struct trace_record kept[TRACE_KEPT];  // Ring; count % TRACE_KEPT is the next.
};

void trace_begin(struct trace *trace, FILE *to);
void trace_add(struct trace *trace, struct trace_record record);
void trace_print_kept(const struct trace *trace, FILE *to);
