// tools/trace/work.h: whose work a run was: what servers did for each call, and what tasks did for
// nobody else.
//
// A server's time belongs to the call that it took last and still owes an answer; a client's is of
// its own when it owes none.
// Units:     nanoseconds; under `-icount shift=0` that is instructions.
// Ownership: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tools/trace/model.h"

namespace trace {

struct work {
    static constexpr std::size_t NONE = SIZE_MAX;

    std::size_t within = NONE;   // Of a call: the one that its caller served when it asked.
    bool taken = false;          // Of a call: it was given to its server, and took time.
    std::uint64_t own_ns = 0;    // Its server, or the task, ran for it.
    std::uint64_t switches = 0;  // How often that one was switched to for it.
    std::uint64_t messages = 0;  // That it sent meanwhile, besides calls and their answers.
    std::uint64_t syscalls = 0;  // System calls that it made.
};

struct works {
    std::vector<work> calls;              // As those of the model.
    std::map<std::uint32_t, work> tasks;  // By instance: for nobody else.
};

works works_of(const model &model);

// All calls of one operation to one server that were answered.
struct operation {
    std::string server;      // Without the number of its instance.
    std::uint16_t type = 0;  // Without how its route served it.
    std::uint64_t calls = 0;
    std::uint64_t via[5] = {};    // By enum wire_via.
    std::uint64_t waited_ns = 0;  // From asking to the answer.
    std::uint64_t own_ns = 0;     // The server ran for it,
    std::uint64_t below_ns = 0;   // and whom it asked in turn,
    std::uint64_t route_ns = 0;   // and samgrd, and whom that asked, to find its route before.
    std::uint64_t messages = 0;   // There, back, and all that were sent meanwhile for it,
    std::uint64_t switches = 0;   // and switches between tasks; all with those for its route.
    // System calls: the caller's one, and those of the server and whom it asked until the answer.
    // 0: the kernel did not tell of them.
    std::uint64_t syscalls = 0;
};

// The dearest first, by the work in all.
std::vector<operation> operations_of(const model &model, const works &works);

// The name of a task without the number of its instance.
std::string plain_name(const model &model, std::uint32_t task);

}  // namespace trace
