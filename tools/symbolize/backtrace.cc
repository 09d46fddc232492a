// tools/symbolize/backtrace.cc: see the header.
#include "tools/symbolize/backtrace.h"

#include <poll.h>

#include <array>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <utility>

#include "testing/qemu/child.h"

namespace symbolize {
namespace {

constexpr int TOOL_TIMEOUT_MS = 10000;

std::string hex(std::uint64_t value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "0x%016" PRIx64, value);
    return text.data();
}

// The tool's whole output, or why there is none.
bool run_tool(const std::vector<std::string> &command, std::string &out) {
    std::string error;
    const std::unique_ptr<qemu::child> tool = qemu::child::start(command, false, error);
    if (tool == nullptr) {
        out = error;
        return false;
    }
    pollfd wait = {tool->output_fd(), POLLIN, 0};
    while (qemu::read_available(tool->output_fd(), out)) {
        if (poll(&wait, 1, TOOL_TIMEOUT_MS) <= 0) {
            out = "no answer in time";
            return false;
        }
    }
    const std::optional<qemu::child_end> end = tool->wait_end(TOOL_TIMEOUT_MS);
    if (end && !end->by_signal && end->number == 0) {
        return true;
    }
    out.clear();
    qemu::read_available(tool->error_fd(), out);
    return false;
}

// addr2line -a -p -i prints a line that starts with 0x for each address, and ` (inlined by)` lines
// below it.
std::string number_frames(std::string_view text, const std::vector<std::uint64_t> &addresses,
                          std::size_t first_frame) {
    std::string out;
    std::size_t at = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.starts_with("0x") && at < addresses.size()) {
            line.remove_prefix(std::min(line.find(": "), line.size() - 1) + 1);
            out += "    #" + std::to_string(first_frame + at) + " " + hex(addresses[at]);
            out += std::string(line) + "\n";
            at++;
        } else if (!line.empty()) {
            out += "      " + std::string(line) + "\n";
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

}  // namespace

namespace {

// The addresses that a text begins with.
std::vector<std::uint64_t> addresses_of(std::string_view line) {
    std::vector<std::uint64_t> addresses;
    while (line.starts_with("0x") && addresses.size() < FRAMES_MAX) {
        std::uint64_t address = 0;
        const auto [end, error] =
            std::from_chars(line.data() + 2, line.data() + line.size(), address, 16);
        if (error != std::errc()) {
            break;
        }
        addresses.push_back(address);
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    }
    return addresses;
}

std::vector<std::string> addr2line_of(const std::string &tool, const std::string &elf) {
    return {tool, "-e", elf, "-a", "-f", "-i", "-p", "-C"};
}

}  // namespace

std::vector<std::uint64_t> backtrace_addresses(std::string_view line) {
    const std::size_t start = line.find(BACKTRACE_START);
    return start == std::string_view::npos
               ? std::vector<std::uint64_t>()
               : addresses_of(line.substr(start + BACKTRACE_START.size()));
}

program_backtrace program_backtrace_of(std::string_view line) {
    const std::size_t start = line.find(PROGRAM_START);
    if (start == std::string_view::npos) {
        return {};
    }
    line.remove_prefix(start + PROGRAM_START.size());
    const std::size_t end = line.find(' ');
    if (end == std::string_view::npos || line.starts_with("0x")) {
        return {};
    }
    program_backtrace out{std::string(line.substr(0, end)), addresses_of(line.substr(end + 1))};
    return out.addresses.empty() ? program_backtrace() : out;
}

// Each line is a backtrace of its own: where the fault struck, and who was to be returned to.
std::string backtrace_reader::program_line(const program_backtrace &of) const {
    const auto found = source_.programs.find(of.name);
    if (found == source_.programs.end()) {
        return "    no symbols: no file was given for " + of.name + "\n";
    }
    std::vector<std::string> command = addr2line_of(source_.addr2line, found->second);
    for (std::size_t at = 0; at < of.addresses.size(); at++) {
        command.push_back(hex(of.addresses[at] - (at == 0 ? 0 : 1)));
    }
    std::string text;
    if (!run_tool(command, text)) {
        return "    no symbols: " + text + "\n";
    }
    return number_frames(text, of.addresses, 0);
}

backtrace_reader::backtrace_reader(symbol_source source) : source_(std::move(source)) {}

std::string backtrace_reader::line(std::string_view line) {
    if (const std::size_t ra = line.find(RA_START); ra != std::string_view::npos) {
        line.remove_prefix(ra + RA_START.size());
        std::from_chars(line.data(), line.data() + line.size(), ra_, 16);
        return "";
    }
    const std::vector<std::uint64_t> addresses = backtrace_addresses(line);
    if (addresses.empty()) {
        frame_ = 0;
        const program_backtrace of = program_backtrace_of(line);
        return of.name.empty() ? "" : program_line(of);
    }
    std::vector<std::string> command = addr2line_of(source_.addr2line, source_.elf);
    for (std::size_t at = 0; at < addresses.size(); at++) {
        const bool is_trap = frame_ + at == 0 && addresses[at] != ra_;
        command.push_back(hex(is_trap ? addresses[at] : addresses[at] - 1));
    }
    const std::size_t first_frame = std::exchange(frame_, frame_ + addresses.size());
    std::string text;
    if (!run_tool(command, text)) {
        return "    no symbols: " + text + "\n";
    }
    return number_frames(text, addresses, first_frame);
}

}  // namespace symbolize
