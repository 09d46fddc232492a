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

std::vector<std::uint64_t> backtrace_addresses(std::string_view line) {
    std::vector<std::uint64_t> addresses;
    const std::size_t start = line.find(BACKTRACE_START);
    if (start == std::string_view::npos) {
        return addresses;
    }
    line.remove_prefix(start + BACKTRACE_START.size());
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
        return "";
    }
    std::vector<std::string> command = {
        source_.addr2line, "-e", source_.elf, "-a", "-f", "-i", "-p", "-C"};
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
