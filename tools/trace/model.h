// tools/trace/model.h: what the events of a run mean: who ran where and when, which call waited for
// whom, and what else happened to whom.
//
// The trace may begin and end anywhere: what has no beginning in it is left out, what has no end
// ends with the trace.
// Times are coarse: what happened first is told by the numbers of events.
// Units:     nanoseconds since boot.
// Ownership: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernel/abi/stats.h"

namespace trace {

struct run {
    std::uint32_t task = 0;
    std::uint8_t hart = 0;
    std::uint64_t begin_ns = 0;
    std::uint64_t end_ns = 0;
    std::uint8_t qos = 0;      // enum qos: its own class, or what those lend it who wait for it; 0:
                               // unknown.
    std::size_t begin_at = 0;  // The number of the event with which it begins,
    std::size_t end_at = 0;    // and ends.
};

enum class call_end { answered, dropped, left, open };

struct call {
    std::uint32_t caller = 0;
    std::uint32_t server = 0;
    std::uint16_t type = 0;    // Of the frame: protocol, operation, route (ipc/wire/wire.h).
    std::uint16_t status = 0;  // With call_end::left.
    std::uint32_t bytes = 0;   // Of the request's payload.
    call_end end = call_end::open;
    bool given = false;          // The server got it.
    std::uint64_t asked_ns = 0;  // It began to wait in a queue, or was given at once.
    std::uint64_t given_ns = 0;  // The server got it, or end_ns.
    std::uint64_t end_ns = 0;
    std::uint64_t sequence = 0;
    std::size_t given_at = 0;  // The number of the event with which the server got it,
    std::size_t end_at = 0;    // and it ended.
};

// The same system call, so many times, of a kernel that tells of each.
struct system_call {
    std::uint32_t task = 0;
    std::uint64_t time_ns = 0;
    std::uint64_t count = 0;
    std::size_t at = 0;  // The number of its event.
};

struct model {
    std::uint64_t begin_ns = 0;
    std::uint64_t end_ns = 0;
    std::map<std::uint32_t, std::string> tasks;  // By instance: a name, with its number if it has
                                                 // others of the same name.
    std::vector<run> runs;                       // In the order of their begin, as the next ones.
    std::map<std::uint32_t, std::vector<run>> runs_of;  // The same by task.
    std::vector<call> calls;
    std::vector<system_call> system_calls;
    std::vector<trace_event> marks;     // All other events but wake-ups,
    std::vector<std::size_t> marks_at;  // and their numbers.
};

model model_of(const std::vector<trace_event> &events,
               const std::map<std::uint64_t, std::string> &names);

// The name of a task, or its number.
std::string task_name(const model &model, std::uint32_t task);

// How long the task ran between two times, on whatever hart.
std::uint64_t run_ns(const model &model, std::uint32_t task, std::uint64_t begin_ns,
                     std::uint64_t end_ns);

}  // namespace trace
