// testing/report/boots.h: boots images by the programs behind their targets (testing/qemu), one
// after the other, and reads what they leave.
// Units:     nanoseconds of wall time since power-on.
// Ownership: plain values.
// Blocking:  until the boot has ended; its runner has a deadline.
// Errors:    std::runtime_error with the runner's own words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace report {

struct marker {
    std::string text;
    std::uint64_t at_ns = 0;
};

struct boot {
    std::string log;  // Of the UART, without carriage returns.
    std::vector<marker> markers;
    std::uint64_t gate_s = 0;  // After so long it would have failed; 0: the verdict does not say.
};

// Runs `runner` once, with these flags (`--trace FILE`, `--profile FILE`).
boot boot_image(const std::string &runner, const std::vector<std::string> &flags);

// From what a runner writes as times.json.
std::vector<marker> markers_of(const std::string &times_json);

// From a runner's verdict: "PASS .. in 1.20 s, 1.3 % of the 90 s deadline".
std::uint64_t gate_of(const std::string &verdict);

struct phase {
    std::string name;
    std::uint64_t ns = 0;
};

// The time before each marker belongs to the marker's area (`selftest: route hit`: to
// `selftest: route`). In the order of the areas' first markers; power-on to the first marker is
// `firmware`.
std::vector<phase> phases_of(const std::vector<marker> &markers);

// The middle one; of an even number the lower of the two. 0 of none.
std::uint64_t median(std::vector<std::uint64_t> values);

std::string read_file(const std::string &path);

}  // namespace report
