// testing/qemu/main.cc: the program behind every image's target. A rule makes a link to it and,
// beside the link, LINK.run.json with what to boot.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "testing/markers/marker_table.h"
#include "testing/qemu/run_spec.h"
#include "testing/qemu/runner.h"

namespace {

std::string environment(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// `bazel run` changes the folder; what a person types is meant from where it was typed.
std::string from_working_folder(const std::string &path) {
    const std::string folder = environment("BUILD_WORKING_DIRECTORY");
    return path.empty() || folder.empty() ? path : (std::filesystem::path(folder) / path).string();
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{
        "Boots an image in QEMU, shows its UART with the time since power-on, and judges its "
        "markers."};
    qemu::run_options options;
    std::string spec_path = std::string(argv[0]) + ".run.json";
    app.add_flag("--gdb", options.gdb, "wait for a debugger, and print how to start it");
    CLI::Option *log =
        app.add_option("--log", options.log_path, "write the UART's bytes to this file");
    CLI::Option *trace = app.add_option("--trace", options.trace_path,
                                        "record what the kernel does from the start: FILE.perfetto "
                                        "for Perfetto's viewer, FILE and "
                                        "FILE.image for //tools/trace")
                             ->type_name("FILE");
    CLI::Option *profile = app.add_option(
        "--profile", options.profile_path,
        "count the instructions of each function, show the dearest, and write all into this file "
        "as flame graph tools read them");
    app.add_option("--disk", options.disk_path,
                   "use this file as the machine's disk and keep it; made if it is not there");
    app.add_option(
        "--disk-log", options.disk_log,
        "log each write and flush of the disk to this file, as QEMU's blklogwrites does");
    app.add_flag("--print", options.print, "print QEMU's command line and do nothing");
    app.add_flag("--interactive", options.interactive,
                 "connect the terminal to the UART; nothing is judged")
        ->excludes(log)
        ->excludes(profile)
        ->excludes(trace);
    app.add_option("--spec", spec_path, "what to boot, as JSON; beside the program if not given");
    app.add_option("--lock", options.lock_path,
                   "the file that keeps QEMU runs of this machine apart");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? qemu::RUN_PASSED : qemu::RUN_WRONG_INPUT;
    }
    options.log_path = from_working_folder(options.log_path);
    options.trace_path = from_working_folder(options.trace_path);
    options.profile_path = from_working_folder(options.profile_path);
    options.disk_path = from_working_folder(options.disk_path);
    options.disk_log = from_working_folder(options.disk_log);
    options.outputs_dir = environment("TEST_UNDECLARED_OUTPUTS_DIR");
    const std::string root = qemu::find_runfiles_root(argv[0]);
    std::string error;
    const std::optional<qemu::run_spec> spec = qemu::read_run_spec(spec_path, root, error);
    if (!spec) {
        std::cerr << error << "\n";
        return qemu::RUN_WRONG_INPUT;
    }
    options.interactive = options.interactive || (spec->interactive && options.log_path.empty() &&
                                                  options.trace_path.empty());
    return qemu::run_image(*spec, options, markers::compiled_marker_table(), std::cout);
}
