// testing/qemu/session.cc: reads both pipes of QEMU, feeds the matcher, and ends the machine in
// time.
#include "testing/qemu/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <memory>
#include <optional>

#include "testing/markers/log_lines.h"
#include "testing/markers/report.h"
#include "testing/qemu/child.h"
#include "testing/qemu/machine_lock.h"

namespace qemu {
namespace {

constexpr int END_WAIT_MS = 5000;  // From the end of its output to the end of QEMU.
constexpr std::int64_t NANOSECONDS_A_MS = 1000000;

class session {
  public:
    session(const session_options &options, markers::matcher &judge, std::ostream &out)
        : options_(options), judge_(judge), out_(out), start_ns_(now_ns()) {}

    session_result run() {
        std::string error;
        machine_ = child::start(options_.command, !options_.script.empty(), error);
        if (machine_ == nullptr) {
            judge_.abandon("QEMU did not start: " + error);
            return std::move(result_);
        }
        stop_at_ns_ = options_.deadline_ns;
        type_on();
        while (output_open_ || errors_open_) {
            if (!wait_for_output()) {
                give_up();
                break;
            }
            read_errors();
            read_output();
        }
        finish();
        result_.used_ns = elapsed_ns();
        return std::move(result_);
    }

  private:
    std::int64_t elapsed_ns() const {
        return now_ns() - start_ns_;
    }

    // False when the time is over.
    bool wait_for_output() {
        int timeout_ms = -1;
        if (stop_at_ns_ > 0) {
            const std::int64_t left_ns = stop_at_ns_ - elapsed_ns();
            if (left_ns <= 0) {
                return false;
            }
            timeout_ms = static_cast<int>(left_ns / NANOSECONDS_A_MS) + 1;
        }
        std::array<pollfd, 2> fds = {{{output_open_ ? machine_->output_fd() : -1, POLLIN, 0},
                                      {errors_open_ ? machine_->error_fd() : -1, POLLIN, 0}}};
        poll(fds.data(), fds.size(), timeout_ms);
        return true;
    }

    void read_output() {
        std::string bytes;
        if (output_open_) {
            output_open_ = read_available(machine_->output_fd(), bytes);
        }
        if (!bytes.empty() && options_.raw_output) {
            options_.raw_output(bytes);
        }
        std::vector<markers::log_line> lines;
        splitter_.feed(bytes, lines);
        for (const markers::log_line &line : lines) {
            take_line(line);
        }
    }

    void take_line(const markers::log_line &line) {
        const std::int64_t at_ns = elapsed_ns();
        if (options_.aside && options_.aside(line.text)) {
            out_ << markers::seconds_text(at_ns) << "           " << line.text << std::endl;
            return;
        }
        const bool was_well = judge_.failures().empty();
        const markers::line_role role = judge_.line(line, at_ns);
        out_ << markers::seconds_text(at_ns) << "  ";
        if (role == markers::line_role::marker) {
            out_ << std::setw(3) << judge_.rules_met() << "/" << std::left << std::setw(3)
                 << judge_.rules_needed() << std::right;
        } else {
            out_ << (role == markers::line_role::bad ? "   !   " : "       ");
        }
        out_ << "  " << line.text << std::endl;
        if (options_.power_off && role == markers::line_role::power_off) {
            options_.power_off();
        }
        if (script_waits() && markers::pattern_matches(step().glob, line.text)) {
            step_++;
            type_on();
        }
        if (was_well && !judge_.failures().empty()) {
            out_ << "           it failed: " << judge_.failures().back().what << std::endl;
            stop_within(options_.failure_grace_ns);
        } else if (role == markers::line_role::power_off) {
            stop_within(options_.power_off_grace_ns);
        }
    }

    const script_step &step() const {
        return options_.script[step_];
    }

    bool script_waits() const {
        return step_ < options_.script.size();
    }

    // Types until the script waits for a line.
    void type_on() {
        while (script_waits() && step().types) {
            machine_->type(step().text);
            step_++;
        }
    }

    // What kept the script from its end, for a message.
    std::string waited_for() const {
        return options_.script_label + ":" + std::to_string(step().line) + ": no line `" +
               step().text + "` came";
    }

    void stop_within(std::int64_t grace_ns) {
        const std::int64_t at_ns = elapsed_ns() + grace_ns;
        stop_at_ns_ = stop_at_ns_ == 0 ? at_ns : std::min(stop_at_ns_, at_ns);
    }

    void read_errors() {
        std::string bytes;
        if (errors_open_) {
            errors_open_ = read_available(machine_->error_fd(), bytes);
        }
        std::vector<markers::log_line> lines;
        error_splitter_.feed(bytes, lines);
        for (const markers::log_line &line : lines) {
            out_ << markers::seconds_text(elapsed_ns()) << "  qemu:    " << line.text << std::endl;
            result_.qemu_messages.push_back(line.text);
        }
    }

    // The time is over: for a failed machine the grace, else the deadline.
    void give_up() {
        machine_->kill_now();
        killed_ = true;
        if (!judge_.failures().empty()) {
            return;
        }
        if (judge_.power_off_seen()) {
            judge_.abandon("QEMU did not end after `kernel: power off`");
        } else {
            judge_.abandon("the deadline passed: no verdict after" +
                           markers::seconds_text(elapsed_ns()) +
                           (script_waits() ? "; " + waited_for() : ""));
        }
    }

    void finish() {
        if (killed_) {
            return;
        }
        const std::optional<child_end> end = machine_->wait_end(END_WAIT_MS);
        if (!end) {
            machine_->kill_now();
            judge_.abandon("QEMU closed its output but did not end");
            return;
        }
        const bool was_well = judge_.failures().empty();
        if (was_well && (end->by_signal || end->number != 0)) {
            judge_.abandon("QEMU ended by itself with " + child_end_text(*end) +
                           (judge_.power_off_seen() ? " after `kernel: power off`" : ""));
        } else if (was_well && judge_.complete() && !judge_.power_off_seen()) {
            judge_.abandon("QEMU ended by itself before the image said `kernel: power off`");
        }
        if (judge_.failures().empty() && script_waits()) {
            judge_.abandon(waited_for());
        }
        judge_.finish(splitter_.unfinished());
    }

    const session_options &options_;
    markers::matcher &judge_;
    std::ostream &out_;
    std::int64_t start_ns_;
    std::int64_t stop_at_ns_ = 0;
    std::unique_ptr<child> machine_;
    markers::log_splitter splitter_;
    markers::log_splitter error_splitter_;
    session_result result_;
    std::size_t step_ = 0;  // Of the script.
    bool output_open_ = true;
    bool errors_open_ = true;
    bool killed_ = false;
};

}  // namespace

session_result run_session(const session_options &options, markers::matcher &judge,
                           std::ostream &out) {
    return session(options, judge, out).run();
}

}  // namespace qemu
