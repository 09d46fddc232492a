// testing/report/result.h: what a report tells, and its three forms.
// Units:     instructions in figures, nanoseconds elsewhere.
// Ownership: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "testing/report/boots.h"
#include "testing/report/figures.h"
#include "tools/profile/profile.h"
#include "tools/trace/flame.h"
#include "tools/trace/work.h"

namespace report {

struct bench {
    std::string image;
    std::vector<figure> figures;
    std::map<std::string, ceiling> ceilings;
    std::vector<marker> markers;  // Of its boot.
};

// The same figure of two images: one that reuses routes, replies and mappings, one that does not.
struct pair {
    std::string name;
    std::uint64_t with = 0;
    std::uint64_t without = 0;
};

// A figure `NAME`, `NAME_at_20`, ..: beside how many others, how much.
struct growth {
    std::string image;
    std::string name;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> points;
};

struct boots {
    std::string image;
    std::vector<std::uint64_t> end_ns;  // Power-on to the last marker but the power's, of each.
    std::vector<phase> phases;          // Of the boot that is the median.
    std::uint64_t gate_s = 0;           // After so long a boot fails; 0: not known.
};

// Of the gate, what the slowest boot took; 0: not known.
double gate_percent(const boots &boots);

// Images that are booted one after the other, with a gate for all, as if they were one boot: its
// phases are theirs. The first boots of all are one, the second ones another; what some have
// more of is left out.
boots in_sequence(const std::string &name, const std::vector<boots> &parts, std::uint64_t gate_s);

// What it takes to move a MiB, or to read one back. 0: not measured.
struct throughput {
    std::string name;
    std::string what;
    std::uint64_t with = 0;  // Instructions a MiB.
    std::uint64_t without = 0;
    double with_mib_s = 0;  // In wall time, of the emulated machine on this one, today.
    double without_mib_s = 0;
};

struct traced {
    std::string image;
    trace::flame flame;
};

// Where the instructions of a benchmark's figures go: a section is a figure, by its name, with
// whatever else ran for it.
struct profiled {
    std::string image;
    std::vector<profile::section> figures;
};

// What a call of an operation takes, on the mean: the work of all for it, with what finding its
// route costs.
struct operation_cost {
    std::uint64_t calls = 0;
    std::uint64_t ns = 0;         // On one hart under -icount: instructions.
    std::uint64_t server_ns = 0;  // Of these, the server's own.
    double messages = 0;
    double switches = 0;
    double syscalls = 0;  // 0: not known.
};

// An operation of a service in two runs of the same programs: with reuse, and without.
struct operation {
    std::string name;  // "logd log QUERY"
    operation_cost with;
    operation_cost without;
};

struct result {
    std::vector<bench> benches;
    std::vector<pair> pairs;
    std::vector<growth> growths;
    std::vector<throughput> throughputs;
    std::vector<boots> boot_runs;
    std::vector<traced> traces;
    std::vector<profiled> profiles;
    std::vector<operation> operations;
};

// What two benches both measure, in the order of the first: `NAME`, or `NAME_hit` beside
// `NAME_uncached`.
std::vector<pair> pairs_of(const bench &with, const bench &without);

// What both runs have, the dearest without reuse first.
std::vector<operation> operations_of(const std::vector<trace::operation> &with,
                                     const std::vector<trace::operation> &without);

// Fills in the system calls of a call on the mean, by runs of the same programs on a kernel that
// tells of each: these are no place to count instructions. What those did not see stays 0.
void add_syscalls(const std::vector<trace::operation> &with,
                  const std::vector<trace::operation> &without, std::vector<operation> &out);

// Of all figures that have others of their name at more; the plain name stands for 2.
std::vector<growth> growths_of(const std::vector<bench> &benches);

// Of a disk and of bulk, with reuse and without, and of a journal that is read at a start: what the
// benches have of them.
std::vector<throughput> throughputs_of(const std::vector<bench> &benches);

// Of what a runner's `--profile` wrote: the sections that a figure ends.
std::vector<profile::section> figure_profiles_of(const std::string &folded);

std::string text_of(const result &result);
std::string json_of(const result &result);

// One page with everything in it: no script, nothing from elsewhere.
std::string page_of(const result &result);

}  // namespace report
