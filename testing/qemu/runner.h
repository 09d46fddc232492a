// testing/qemu/runner.h: boots an image, shows it, and says how it went: what both forms of an
// image's target do.
// Errors: run_image returns the exit status: RUN_PASSED, RUN_FAILED, or RUN_WRONG_INPUT if there
//         was nothing to run.
#pragma once
#include <ostream>
#include <string>

#include "testing/markers/marker_table.h"
#include "testing/qemu/machine_lock.h"
#include "testing/qemu/run_spec.h"

namespace qemu {

enum run_status { RUN_PASSED = 0, RUN_FAILED = 1, RUN_WRONG_INPUT = 2 };

struct run_options {
    bool gdb = false;
    bool print = false;
    bool interactive = false;
    std::string log_path;    // The bytes of the UART go here too.
    std::string trace_path;  // The kernel's events go here, what tools/trace needs of the image to
                             // trace_path.image, and all for Perfetto's viewer to
                             // trace_path.perfetto. Empty: none are recorded.
    std::string profile_path;  // How many instructions each function took (tools/profile) goes
                               // here, and the dearest are shown. Empty: nowhere.
    std::string disk_path;  // The disk's file, which is kept, and made if it is not there. Empty: a
                            // new one.
    std::string disk_log;  // What the disk is told goes here (QEMU's blklogwrites). Empty: nowhere.
    std::string outputs_dir;  // Of a test: uart.log, times.json, verdict.txt go here.
    std::string lock_path = MACHINE_LOCK_PATH;
};

// Seconds that the boot may take: the image's own; ten times as many while a profile is taken, for
// that makes a machine so much slower; 0, any time, for a debugger.
double deadline_of(const run_spec &spec, const run_options &options);

int run_image(const run_spec &spec, const run_options &options, const markers::marker_table &table,
              std::ostream &out);

}  // namespace qemu
