// testing/qemu/session.h: one boot from power-on to verdict.
// Units:    nanoseconds since power-on, which is the start of QEMU's process.
// Blocking: run_session returns when the machine ended or was killed, at the latest shortly after
//           the deadline.
// Errors:   everything that fails the run is in `failures`, the matcher's first; the matcher keeps
//           the lines.
#pragma once
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "testing/markers/matcher.h"
#include "testing/qemu/script.h"

namespace qemu {

struct session_options {
    std::vector<std::string> command;
    std::vector<script_step> script;  // What is typed, and what must come in between.
    std::string script_label;
    std::int64_t deadline_ns = 0;                // 0: none, for debugging.
    std::int64_t failure_grace_ns = 1000000000;  // Lines that follow a failure are still read so
                                                 // long.
    std::int64_t power_off_grace_ns = 5000000000;
    std::function<void(const std::string &)> raw_output;  // Each block of bytes of the UART.
    std::function<bool(const std::string &)> aside;       // Whether a line is not to be judged.
    std::function<void()> power_off;                      // Once, after that line.
};

struct session_result {
    std::int64_t used_ns = 0;
    std::vector<std::string> qemu_messages;  // What QEMU printed on its error output.
};

// Prints each line as it comes to `out`. All verdicts go to `judge`.
session_result run_session(const session_options &options, markers::matcher &judge,
                           std::ostream &out);

}  // namespace qemu
