// testing/qemu/run_spec.h: what to boot and how to judge it, as the rules of qemu_test.bzl write
// it (JSON). Paths in the file are below the runfiles root; in the struct they are absolute.
// Errors: read_run_spec returns nothing and says why.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qemu {

struct run_spec {
    std::string name;
    std::string qemu;
    std::string firmware;
    std::string kernel;
    std::string boot_image;
    std::string golden;
    std::string golden_label;  // How messages name the golden file.
    std::string addr2line;
    std::string gdb_command;
    std::vector<std::pair<std::string, std::string>> programs;  // Name and ELF file with symbols.
    std::uint32_t hart_count = 1;
    std::uint32_t memory_mib = 128;
    std::string cpu = "rv64";  // As QEMU's -cpu reads it.
    double deadline_s = 90;
    bool icount = false;
    bool legacy_virtio = false;  // Devices speak only the interface before virtio 1.0.
    std::uint32_t rngs = 0;      // Virtio entropy devices.
    std::uint32_t disk_mib = 0;  // A virtio block device on a new empty file; 0: none.
    bool disk_read_only = false;
    std::uint32_t disk_iops = 0;  // So many requests a second at most; 0: any.
    std::string disk_faults;      // Errors that it has (QEMU's blkdebug). Empty: none.
    std::string script;           // What is typed at the UART and when (script.h). Empty: nothing.
    std::string script_label;     // How messages name it.
    bool interactive = false;  // For people: their terminal is the UART unless they say otherwise.
};

std::optional<run_spec> read_run_spec(const std::string &path, const std::string &runfiles_root,
                                      std::string &error);

// The runfiles root of this process: of a test, of `bazel run`, or of a program started by hand.
// Empty if none.
std::string find_runfiles_root(const std::string &argv0);

struct command_options {
    bool gdb = false;
    bool interactive = false;
    std::string disk;      // The file behind it.
    std::string disk_log;  // Where QEMU's blklogwrites puts what the disk is told. Empty: nowhere.
};

// The whole command line, the program first.
std::vector<std::string> qemu_command(const run_spec &spec, const command_options &options);

// The same for a shell.
std::string command_text(const std::vector<std::string> &command);

}  // namespace qemu
