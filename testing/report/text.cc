// testing/report/text.cc: the report as tables.
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "testing/report/result.h"

namespace report {
namespace {

constexpr int NAME_WIDTH = 28;
constexpr int NUMBER_WIDTH = 12;
constexpr std::size_t STACK_ROWS = 20;
constexpr std::size_t FUNCTION_ROWS = 10;
constexpr double NS_A_MS = 1e6;

class table {
  public:
    explicit table(std::ostream &out) : out_(out) {}

    void name(const std::string &text) {
        out_ << std::left << std::setw(NAME_WIDTH) << text << std::right;
    }
    void word(const std::string &text) {
        out_ << ' ' << std::setw(NUMBER_WIDTH) << text;
    }
    void number(std::uint64_t value) {
        word(std::to_string(value));
    }
    void decimal(double value, int digits = 1) {
        std::ostringstream text;
        text << std::fixed << std::setprecision(digits) << value;
        word(text.str());
    }
    // 0: nobody knows.
    void known(double value) {
        if (value == 0) {
            word("-");
        } else {
            decimal(value);
        }
    }
    void end() {
        out_ << '\n';
    }
    void head(const std::string &title, const std::vector<std::string> &columns) {
        name(title);
        for (const std::string &column : columns) {
            word(column);
        }
        end();
    }

  private:
    std::ostream &out_;
};

void print_pairs(const std::vector<pair> &pairs, std::ostream &out) {
    table table(out);
    out << "What reuse saves: instructions of the same work with routes, reply channels and "
           "mappings kept, and with each made anew. Those of a boot are of the ladder without a "
           "disk and begin at the kernel's entry: the firmware's instructions are in none.\n";
    table.head("figure", {"with", "without", "times"});
    for (const pair &pair : pairs) {
        table.name(pair.name);
        table.number(pair.with);
        table.number(pair.without);
        table.decimal(
            pair.with != 0 ? static_cast<double>(pair.without) / static_cast<double>(pair.with) : 0,
            2);
        table.end();
    }
    out << '\n';
}

void print_growths(const std::vector<growth> &growths, std::ostream &out) {
    out << "Beside many others: instructions beside few and beside many (what it grows with, and "
           "how much it may: testing/bench/README.md).\n";
    for (const growth &growth : growths) {
        out << std::left << std::setw(NAME_WIDTH) << growth.name << ' ' << std::setw(NAME_WIDTH)
            << growth.image << std::right;
        for (const auto &[beside, mean] : growth.points) {
            out << "  " << beside << ": " << mean;
        }
        out << '\n';
    }
    out << '\n';
}

void print_throughputs(const std::vector<throughput> &all, std::ostream &out) {
    table table(out);
    out << "Throughput: instructions a MiB, which are the figure; and MiB/s of wall time, of the "
           "emulated machine on this one today, which are none.\n";
    table.head("", {"with", "without", "with MiB/s", "without MiB/s"});
    const auto whole = [&](std::uint64_t value) {
        table.word(value != 0 ? std::to_string(value) : "-");
    };
    for (const throughput &one : all) {
        table.name(one.name);
        whole(one.with);
        whole(one.without);
        table.known(one.with_mib_s);
        table.known(one.without_mib_s);
        out << "  " << one.what;
        table.end();
    }
    out << '\n';
}

void print_bench(const bench &bench, std::ostream &out) {
    table table(out);
    table.head(bench.image, {"least", "mean", "first", "ceiling"});
    for (const figure &figure : bench.figures) {
        const auto ceiling = bench.ceilings.find(figure.name);
        table.name(figure.name);
        table.number(figure.least);
        table.number(figure.mean);
        table.number(figure.first);
        table.word(ceiling == bench.ceilings.end() ? "-"
                                                   : (ceiling->second.promise ? "<" : "") +
                                                         std::to_string(ceiling->second.limit));
        table.end();
    }
    out << '\n';
}

void print_boots(const std::vector<boots> &all, std::ostream &out) {
    table table(out);
    out << "Boots: wall time from power-on to the last marker, ms; it depends on the machine and "
           "on "
           "what else runs there. A boot fails at its gate; the full ladder is several of them.\n";
    table.head("image", {"boots", "median", "least", "most", "gate", "% of it"});
    for (const boots &boots : all) {
        const auto [least, most] = std::minmax_element(boots.end_ns.begin(), boots.end_ns.end());
        table.name(boots.image);
        table.number(boots.end_ns.size());
        table.decimal(static_cast<double>(median(boots.end_ns)) / NS_A_MS);
        table.decimal(least != boots.end_ns.end() ? static_cast<double>(*least) / NS_A_MS : 0);
        table.decimal(most != boots.end_ns.end() ? static_cast<double>(*most) / NS_A_MS : 0);
        table.word(boots.gate_s != 0 ? std::to_string(boots.gate_s * 1000) : "-");
        table.known(gate_percent(boots));
        table.end();
    }
    for (const boots &boots : all) {
        out << '\n';
        table.head(boots.image + " by phase", {"ms"});
        for (const phase &phase : boots.phases) {
            table.name("  " + phase.name);
            table.decimal(static_cast<double>(phase.ns) / NS_A_MS);
            table.end();
        }
    }
    out << '\n';
}

void print_operations(const std::vector<operation> &operations, std::ostream &out) {
    table table(out);
    out << "Operations of services on the ladder with a disk, on one hart: what a call takes on "
           "the mean, in instructions of all who work for it; with reuse, and without.\n";
    table.head("operation", {"calls", "with", "server", "syscalls", "messages", "switches",
                             "without", "syscalls", "messages", "switches"});
    for (const operation &operation : operations) {
        table.name(operation.name);
        table.number(operation.with.calls);
        table.number(operation.with.ns);
        table.number(operation.with.server_ns);
        table.known(operation.with.syscalls);
        table.decimal(operation.with.messages);
        table.decimal(operation.with.switches);
        table.number(operation.without.ns);
        table.known(operation.without.syscalls);
        table.decimal(operation.without.messages);
        table.decimal(operation.without.switches);
        table.end();
    }
    out << '\n';
}

void print_traced(const traced &traced, std::ostream &out) {
    std::ostringstream folded;
    trace::print_folded(traced.flame, folded);
    std::vector<std::pair<std::uint64_t, std::string>> stacks;
    std::istringstream lines(folded.str());
    for (std::string line; std::getline(lines, line);) {
        const std::size_t blank = line.rfind(' ');
        stacks.emplace_back(std::stoull(line.substr(blank + 1)), line.substr(0, blank));
    }
    std::stable_sort(stacks.begin(), stacks.end(),
                     [](const auto &a, const auto &b) { return a.first > b.first; });
    stacks.resize(std::min(stacks.size(), STACK_ROWS));
    out << traced.image
        << ": who worked for whom, the most first, ns (on one hart, an instruction each)\n";
    for (const auto &[ns, stack] : stacks) {
        out << std::setw(NUMBER_WIDTH) << ns << "  " << stack << '\n';
    }
    out << '\n';
}

}  // namespace

std::string text_of(const result &result) {
    std::ostringstream out;
    if (!result.pairs.empty()) {
        print_pairs(result.pairs, out);
    }
    if (!result.growths.empty()) {
        print_growths(result.growths, out);
    }
    if (!result.throughputs.empty()) {
        print_throughputs(result.throughputs, out);
    }
    out << "Every figure: instructions, or bytes where its name says so, of a round; least and "
           "mean "
           "of all rounds, the first apart. A ceiling with < is a promise, the others are "
           "exact.\n\n";
    for (const bench &bench : result.benches) {
        print_bench(bench, out);
    }
    if (!result.boot_runs.empty()) {
        print_boots(result.boot_runs, out);
    }
    if (!result.operations.empty()) {
        print_operations(result.operations, out);
    }
    for (const traced &traced : result.traces) {
        print_traced(traced, out);
    }
    for (const profiled &profiled : result.profiles) {
        out << profiled.image << ": instructions by function, of all rounds of a figure\n";
        for (const profile::section &figure : profiled.figures) {
            out << profile::table_of(figure, FUNCTION_ROWS);
        }
        out << '\n';
    }
    return out.str();
}

}  // namespace report
