// testing/qemu/run_spec.cc: see the header.
#include "testing/qemu/run_spec.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace qemu {
namespace {

std::string environment(const char *name) {
    const char *value = std::getenv(name);
    return value == nullptr ? "" : value;
}

run_spec spec_of(const nlohmann::json &root, const std::filesystem::path &base) {
    const auto path = [&](const char *key) {
        return (base / root.at(key).get<std::string>()).string();
    };
    run_spec spec;
    spec.name = root.at("name");
    spec.qemu = path("qemu");
    spec.firmware = path("firmware");
    spec.kernel = path("kernel");
    spec.boot_image = path("boot_image");
    spec.golden = path("golden");
    spec.golden_label = root.at("golden_label");
    spec.addr2line = path("addr2line");
    spec.gdb_command = root.at("gdb_command");
    for (const auto &[name, file] : root.at("programs").items()) {
        spec.programs.emplace_back(name, (base / file.get<std::string>()).string());
    }
    spec.hart_count = root.at("hart_count");
    spec.memory_mib = root.at("memory_mib");
    spec.deadline_s = root.at("deadline_s");
    spec.icount = root.at("icount");
    spec.rngs = root.at("rngs");
    spec.legacy_virtio = root.at("legacy_virtio");
    // Most images have none.
    spec.cpu = root.value("cpu", "rv64");
    spec.disk_mib = root.value("disk_mib", 0U);
    spec.disk_read_only = root.value("disk_read_only", false);
    spec.disk_iops = root.value("disk_iops", 0U);
    spec.disk_faults = root.value("disk_faults", "").empty() ? "" : path("disk_faults");
    spec.script_label = root.at("script_label");
    spec.script = spec.script_label.empty() ? "" : path("script");
    spec.interactive = root.at("interactive");
    return spec;
}

bool is_plain_word(const std::string &word) {
    return !word.empty() &&
           word.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=/.,:@%") ==
               std::string::npos;
}

// The flush of the machine goes to the file, and its writes to the host's cache.
std::vector<std::string> disk_words(const run_spec &spec, const std::string &file,
                                    const std::string &log) {
    std::string drive = "if=none,id=disk,format=raw,cache=writeback";
    if (!log.empty()) {
        drive +=
            ",file.driver=blklogwrites,file.log-sector-size=512,file.file.driver=file,"
            "file.file.filename=" +
            file + ",file.log.driver=file,file.log.filename=" + log;
    } else if (spec.disk_faults.empty()) {
        drive += ",file=" + file;
    } else {
        drive += ",file.driver=blkdebug,file.config=" + spec.disk_faults +
                 ",file.image.driver=file,file.image.filename=" + file;
    }
    drive += spec.disk_read_only ? ",readonly=on" : "";
    drive += spec.disk_iops == 0 ? "" : ",throttling.iops-total=" + std::to_string(spec.disk_iops);
    return {"-drive", drive, "-device", "virtio-blk-device,drive=disk"};
}

}  // namespace

std::optional<run_spec> read_run_spec(const std::string &path, const std::string &runfiles_root,
                                      std::string &error) {
    std::ifstream file(path);
    if (!file) {
        error = path + ": can't be read";
        return std::nullopt;
    }
    try {
        return spec_of(nlohmann::json::parse(file), std::filesystem::absolute(runfiles_root));
    } catch (const nlohmann::json::exception &problem) {
        error = path + ": " + problem.what();
        return std::nullopt;
    }
}

std::string find_runfiles_root(const std::string &argv0) {
    for (const std::string &candidate :
         {environment("TEST_SRCDIR"), environment("RUNFILES_DIR"), argv0 + ".runfiles"}) {
        std::error_code ignored;
        if (!candidate.empty() && std::filesystem::is_directory(candidate, ignored)) {
            return candidate;
        }
    }
    return "";
}

std::vector<std::string> qemu_command(const run_spec &spec, const command_options &options) {
    std::vector<std::string> command = {
        spec.qemu,
        "-machine",
        "virt",
        "-cpu",
        spec.cpu,
        "-smp",
        std::to_string(spec.hart_count),
        "-m",
        std::to_string(spec.memory_mib) + "M",
        "-nodefaults",
        "-display",
        "none",
        "-audio",
        "none",
        "-no-reboot",
        "-global",
        std::string("virtio-mmio.force-legacy=") + (spec.legacy_virtio ? "on" : "off")};
    const auto add = [&](std::initializer_list<std::string> words) {
        command.insert(command.end(), words);
    };
    if (options.interactive) {
        // One channel for the UART and for QEMU's monitor; Ctrl-A C switches, Ctrl-A X ends.
        add({"-chardev", "stdio,id=uart,mux=on,signal=off", "-mon", "chardev=uart,mode=readline"});
    } else {
        add({"-chardev", "stdio,id=uart,signal=off"});
    }
    add({"-serial", "chardev:uart", "-bios", spec.firmware, "-kernel", spec.kernel, "-initrd",
         spec.boot_image});
    if (spec.rngs > 0) {
        // QEMU's own generator, which -seed makes repeatable.
        add({"-object", "rng-builtin,id=entropy"});
    }
    for (std::uint32_t i = 0; i < spec.rngs; i++) {
        add({"-device", "virtio-rng-device,rng=entropy"});
    }
    if (spec.disk_mib > 0) {
        const std::vector<std::string> words =
            disk_words(spec, options.disk.empty() ? "DISK" : options.disk, options.disk_log);
        command.insert(command.end(), words.begin(), words.end());
    }
    if (spec.icount) {
        // A guest that waits for a disk must not jump over the disk's time.
        const std::string sleep = spec.disk_mib > 0 ? "shift=0" : "shift=0,sleep=off";
        add({"-icount", sleep, "-seed", "1", "-rtc", "base=2024-01-01,clock=vm"});
    }
    if (options.gdb) {
        // Only for this machine: whoever reaches the port owns the guest.
        add({"-gdb", "tcp:127.0.0.1:1234", "-S"});
    }
    return command;
}

std::string command_text(const std::vector<std::string> &command) {
    std::string out;
    for (const std::string &word : command) {
        out += out.empty() ? "" : " ";
        if (is_plain_word(word)) {
            out += word;
            continue;
        }
        out += "'";
        for (const char byte : word) {
            out += byte == '\'' ? std::string("'\\''") : std::string(1, byte);
        }
        out += "'";
    }
    return out;
}

}  // namespace qemu
