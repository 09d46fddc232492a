// testing/qemu/runner.cc: lock, boot, verdict, backtrace, files.
#include "testing/qemu/runner.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "testing/markers/golden.h"
#include "testing/markers/matcher.h"
#include "testing/markers/report.h"
#include "testing/qemu/exec_pipe.h"
#include "testing/qemu/memory_dump.h"
#include "testing/qemu/scratch_disk.h"
#include "testing/qemu/session.h"
#include "tools/profile/profile.h"
#include "tools/symbolize/backtrace.h"
#include "tools/trace/events.h"
#include "tools/trace/perfetto.h"

namespace qemu {
namespace {

constexpr double NANOSECONDS_A_SECOND = 1e9;
constexpr std::size_t PROFILE_ROWS = 16;  // Of each table that is shown.
constexpr double PROFILE_TIMES_SLOWER = 10;

bool read_golden(const run_spec &spec, const markers::marker_table &table, markers::golden &rules,
                 std::ostream &out) {
    std::ifstream file(spec.golden, std::ios::binary);
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    if (!file) {
        out << spec.golden << ": can't be read" << std::endl;
        return false;
    }
    markers::golden_result result = markers::golden_read(spec.golden_label, contents, table);
    for (const markers::golden_mistake &mistake : result.mistakes) {
        out << markers::mistake_text(mistake) << std::endl;
    }
    rules = std::move(result.rules);
    return result.mistakes.empty();
}

bool read_script(const run_spec &spec, std::vector<script_step> &script, std::ostream &out) {
    if (spec.script.empty()) {
        return true;
    }
    std::ifstream file(spec.script, std::ios::binary);
    const std::string contents(std::istreambuf_iterator<char>(file), {});
    std::string error = ": can't be read";
    std::optional<std::vector<script_step>> steps;
    if (file) {
        steps = script_read(contents, error);
    }
    if (!steps) {
        out << spec.script_label << ":" << error << std::endl;
        return false;
    }
    script = std::move(*steps);
    return true;
}

void write_file(const std::string &path, const std::string &contents, std::ostream &out) {
    std::ofstream file(path, std::ios::binary);
    file << contents;
    file.close();
    if (!file) {
        out << path << ": can't be written" << std::endl;
    }
}

// QEMU with our own input and output; it makes a terminal raw, and whatever becomes of it the
// terminal is then as it was. Its exit status.
int run_in_terminal(const std::vector<std::string> &command) {
    termios before{};
    const bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    std::vector<char *> argv;
    for (const std::string &word : command) {
        argv.push_back(const_cast<char *>(word.c_str()));
    }
    argv.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t machine = fork();
    if (machine == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) {
            execv(argv[0], argv.data());
        }
        _exit(RUN_WRONG_INPUT);
    }
    int status = 0;
    while (machine > 0 && waitpid(machine, &status, 0) < 0 && errno == EINTR) {
    }
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
    return machine > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : RUN_FAILED;
}

// The terminal is the machine's, and nothing is judged.
int lend_terminal(const std::vector<std::string> &command, const run_options &options,
                  std::ostream &out) {
    std::string error;
    const std::unique_ptr<machine_lock> lock = machine_lock::take(options.lock_path, out, error);
    if (lock == nullptr) {
        out << error << std::endl;
        return RUN_WRONG_INPUT;
    }
    out << "the terminal is the machine's UART: Ctrl-A X ends it, Ctrl-A C is QEMU's monitor"
        << std::endl;
    return run_in_terminal(command);
}

void print_debugger_help(const run_spec &spec, std::ostream &out) {
    out << "QEMU waits for a debugger. In another terminal, at the root of the workspace:\n  "
        << spec.gdb_command << " -ex 'target remote 127.0.0.1:1234' " << command_text({spec.kernel})
        << "\nthen, for the symbols of one program (they share addresses):\n";
    for (const auto &[name, path] : spec.programs) {
        out << "  add-symbol-file " << path << "\n";
    }
    out << "`continue` starts the machine; there is no deadline." << std::endl;
}

std::string backtraces(const run_spec &spec, const markers::matcher &judge) {
    symbolize::backtrace_reader reader({.addr2line = spec.addr2line,
                                        .elf = spec.kernel,
                                        .programs = {spec.programs.begin(), spec.programs.end()}});
    std::string out;
    for (const markers::seen_line &line : judge.lines()) {
        if (const std::string frames = reader.line(line.text); !frames.empty()) {
            out += "  " + line.text + "\n" + frames;
        }
    }
    return out.empty() ? out : "  backtrace:\n" + out;
}

std::string verdict_text(const run_spec &spec, const markers::matcher &judge, std::int64_t used_ns,
                         double deadline_s) {
    std::array<char, 128> time{};
    const double used_s = static_cast<double>(used_ns) / NANOSECONDS_A_SECOND;
    std::snprintf(time.data(), time.size(), "%.2f s", used_s);
    std::string out = judge.failures().empty() ? "PASS " : "FAIL ";
    out += spec.name + ": " + std::to_string(judge.rules_met()) + " of " +
           std::to_string(judge.rules_needed()) + " rules of " + spec.golden_label + " in " +
           time.data();
    if (deadline_s > 0) {
        std::snprintf(time.data(), time.size(), ", %.1f %% of the %g s deadline",
                      100.0 * used_s / deadline_s, deadline_s);
        out += time.data();
    }
    return out + "\n";
}

// What a boot is judged by.
struct expected {
    markers::golden rules;
    std::vector<script_step> script;
};

class run {
  public:
    run(const run_spec &spec, const run_options &options, const markers::marker_table &table,
        const expected &all, std::ostream &out)
        : spec_(spec),
          options_(options),
          judge_(all.rules, table),
          script_(all.script),
          out_(out) {}

    int boot() {
        if (!open_log()) {
            return RUN_WRONG_INPUT;
        }
        std::string error;
        const std::unique_ptr<machine_lock> lock =
            machine_lock::take(options_.lock_path, out_, error);
        if (lock == nullptr) {
            out_ << error << std::endl;
            return RUN_WRONG_INPUT;
        }
        if (options_.gdb) {
            print_debugger_help(spec_, out_);
        }
        session_options session;
        std::unique_ptr<scratch_disk> disk;
        if (spec_.disk_mib > 0 && (disk = open_disk(error)) == nullptr) {
            out_ << error << std::endl;
            return RUN_WRONG_INPUT;
        }
        if (!options_.disk_log.empty()) {
            std::ofstream(options_.disk_log, std::ios::trunc).close();  // QEMU wants it to be
                                                                        // there.
        }
        session.command = qemu_command(spec_, {.gdb = options_.gdb,
                                               .interactive = false,
                                               .disk = disk == nullptr ? "" : disk->path(),
                                               .disk_log = options_.disk_log});
        session.deadline_ns =
            static_cast<std::int64_t>(deadline_of(spec_, options_) * NANOSECONDS_A_SECOND);
        session.script = script_;
        session.script_label = spec_.script_label;
        std::optional<memory_dump> events;
        if (!options_.trace_path.empty()) {
            events.emplace(options_.trace_path);
            for (const std::string &word : events->arguments()) {
                session.command.push_back(word);
            }
            session.aside = [&](const std::string &line) { return events->see(line); };
            session.power_off = [&] { take_events(*events); };
        }
        std::optional<profile::counter> counts;
        std::optional<exec_pipe> pipe;
        if (!options_.profile_path.empty()) {
            counts.emplace(read_text(spec_.kernel));
            pipe.emplace([&](const profile::step &step) { counts->take(step); });
            for (const std::string &word : pipe->arguments()) {
                session.command.push_back(word);
            }
        }
        session.raw_output = [this](const std::string &bytes) {
            uart_ += bytes;
            log_ << bytes << std::flush;
        };
        const session_result result = run_session(session, judge_, out_);
        if (pipe) {
            pipe->close();
            tell_profile(*counts);
        }
        return conclude(result);
    }

  private:
    std::unique_ptr<scratch_disk> open_disk(std::string &error) const {
        return options_.disk_path.empty()
                   ? scratch_disk::make(spec_.disk_mib, error)
                   : scratch_disk::keep(options_.disk_path, spec_.disk_mib, error);
    }

    bool open_log() {
        if (options_.log_path.empty()) {
            return true;
        }
        log_.open(options_.log_path, std::ios::binary | std::ios::trunc);
        if (!log_) {
            out_ << options_.log_path << ": can't be written" << std::endl;
        }
        return static_cast<bool>(log_);
    }

    void take_events(memory_dump &events) {
        std::error_code error;
        const std::string image = options_.trace_path + ".image";
        std::filesystem::copy_file(spec_.boot_image, image,
                                   std::filesystem::copy_options::overwrite_existing, error);
        const std::optional<std::string> failure = events.take();
        if (failure || error) {
            judge_.abandon("no trace: " + (failure ? *failure : image + ": " + error.message()));
            return;
        }
        write_perfetto(image);
        out_ << "           events: ./bazelw run //tools/trace -- " << options_.trace_path << ' '
             << image << std::endl;
    }

    static std::vector<std::uint8_t> bytes_of(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    void write_perfetto(const std::string &image) {
        const std::string path = options_.trace_path + ".perfetto";
        try {
            const auto events = trace::events_of(bytes_of(options_.trace_path));
            write_file(path,
                       trace::perfetto(trace::model_of(events, trace::names_of(bytes_of(image)))),
                       out_);
            out_ << "           for Perfetto's viewer: " << path << std::endl;
        } catch (const std::exception &error) {
            judge_.abandon("no trace for Perfetto's viewer: " + std::string(error.what()));
        }
    }

    static profile::elf_text read_text(const std::string &path) {
        std::ifstream file(path, std::ios::binary);
        return profile::elf_text_of({std::istreambuf_iterator<char>(file), {}}, path);
    }

    void tell_profile(profile::counter &counts) {
        std::map<std::string, profile::elf_text> programs;
        for (const auto &[name, path] : spec_.programs) {
            programs[name] = read_text(path);
        }
        std::vector<std::string> lines;
        for (const markers::seen_line &line : judge_.lines()) {
            if (!lines.empty() || line.text == "kernel: boot") {
                lines.push_back(line.text);
            }
        }
        const std::vector<profile::section> sections = counts.finish(programs, lines);
        for (const profile::section &section : sections) {
            if (section.line.rfind("bench: ", 0) == 0) {
                out_ << profile::table_of(section, PROFILE_ROWS);
            }
        }
        out_ << profile::table_of(profile::sum_of(sections, "all of the boot"), PROFILE_ROWS);
        write_file(options_.profile_path, profile::folded_of(sections), out_);
    }

    int conclude(const session_result &result) {
        const bool passed = judge_.failures().empty();
        std::string text;
        if (!passed) {
            text += markers::failures_text(judge_) + backtraces(spec_, judge_);
            for (const std::string &line : result.qemu_messages) {
                text += "  QEMU said: " + line + "\n";
            }
        }
        text += verdict_text(spec_, judge_, result.used_ns, deadline_of(spec_, options_));
        out_ << "\n" << text << std::flush;
        if (!options_.outputs_dir.empty()) {
            write_file(options_.outputs_dir + "/uart.log", uart_, out_);
            write_file(options_.outputs_dir + "/times.json", markers::times_json(judge_), out_);
            write_file(options_.outputs_dir + "/verdict.txt", text, out_);
        }
        return passed ? RUN_PASSED : RUN_FAILED;
    }

    const run_spec &spec_;
    const run_options &options_;
    markers::matcher judge_;
    const std::vector<script_step> &script_;
    std::ostream &out_;
    std::string uart_;
    std::ofstream log_;
};

}  // namespace

double deadline_of(const run_spec &spec, const run_options &options) {
    if (options.gdb) {
        return 0;
    }
    return spec.deadline_s * (options.profile_path.empty() ? 1 : PROFILE_TIMES_SLOWER);
}

int run_image(const run_spec &spec, const run_options &options, const markers::marker_table &table,
              std::ostream &out) {
    const std::vector<std::string> command = qemu_command(spec, {.gdb = options.gdb,
                                                                 .interactive = options.interactive,
                                                                 .disk = "",
                                                                 .disk_log = options.disk_log});
    if (options.print) {
        out << command_text(command) << std::endl;
        return RUN_PASSED;
    }
    if (options.interactive) {
        if (options.gdb) {
            print_debugger_help(spec, out);
        }
        return lend_terminal(command, options, out);
    }
    expected all;
    if (!read_golden(spec, table, all.rules, out) || !read_script(spec, all.script, out)) {
        return RUN_WRONG_INPUT;
    }
    try {
        return run(spec, options, table, all, out).boot();
    } catch (const std::runtime_error &error) {
        out << error.what() << std::endl;
        return RUN_WRONG_INPUT;
    }
}

}  // namespace qemu
