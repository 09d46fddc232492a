// testing/report/page.cc: the report as one page.
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "testing/report/result.h"
#include "testing/report/svg.h"

namespace report {
namespace {

constexpr double PERCENT = 100;
constexpr double NS_A_MS = 1e6;
constexpr std::size_t FUNCTION_ROWS = 20;

constexpr char HEAD[] = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<title>Tessera: what it costs</title>
<style>
:root { color-scheme: light dark; }
body { font: 14px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 980px; padding: 0 1em; }
svg { max-width: 100%; height: auto; }
svg text { font: 10px ui-monospace, monospace; fill: currentColor; pointer-events: none; }
rect { stroke: canvas; stroke-width: .5; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .1em .6em; text-align: right; border-bottom: 1px solid #8884; }
td:first-child, th:first-child, td:last-child, th:last-child { text-align: left; }
</style>
</head>
<body>
<h1>Tessera: what it costs</h1>
)";

std::string ms(std::uint64_t ns) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(1) << static_cast<double>(ns) / NS_A_MS;
    return out.str();
}

void row(std::ostream &out, const std::string &tag, const std::vector<std::string> &cells) {
    out << "<tr>";
    for (const std::string &cell : cells) {
        out << '<' << tag << '>' << escaped(cell) << "</" << tag << '>';
    }
    out << "</tr>\n";
}

void put_pairs(const std::vector<pair> &pairs, std::ostream &out) {
    out << "<h2 id=\"reuse\">What reuse saves</h2>\n<p>Instructions of the same work: with routes, "
           "reply channels and mappings that are kept, and with each made anew.</p>\n"
        << pairs_picture(pairs) << "<table>\n";
    row(out, "th", {"figure", "with", "without", "times less"});
    for (const pair &pair : pairs) {
        std::ostringstream times;
        times << std::fixed << std::setprecision(1)
              << static_cast<double>(pair.without) /
                     static_cast<double>(std::max(pair.with, std::uint64_t{1}));
        row(out, "td", {pair.name, grouped(pair.with), grouped(pair.without), times.str()});
    }
    out << "</table>\n";
}

void put_bench(const bench &bench, std::ostream &out) {
    out << "<h2 id=\"" << escaped(bench.image) << "\">" << escaped(bench.image)
        << "</h2>\n<table>\n";
    row(out, "th", {"figure", "least", "mean", "first", "ceiling", "of it", "why"});
    for (const figure &figure : bench.figures) {
        const auto found = bench.ceilings.find(figure.name);
        std::string limit, share, why;
        if (found != bench.ceilings.end()) {
            const ceiling &ceiling = found->second;
            limit = (ceiling.promise ? "< " : "") + grouped(ceiling.limit);
            why = ceiling.why;
            if (ceiling.limit != 0) {
                std::ostringstream text;
                text << std::fixed << std::setprecision(0)
                     << PERCENT * static_cast<double>(figure.mean) /
                            static_cast<double>(ceiling.limit)
                     << " %";
                share = text.str();
            }
        }
        row(out, "td",
            {figure.name, grouped(figure.least), grouped(figure.mean), grouped(figure.first), limit,
             share, why});
    }
    out << "</table>\n";
}

void put_boots(const std::vector<boots> &all, std::ostream &out) {
    out << "<h2 id=\"boots\">Boots</h2>\n<p>Wall time from power-on to the last marker, boots one "
           "after the other; it depends on the machine and on what else runs there.</p>\n"
        << boots_picture(all) << "<table>\n";
    row(out, "th", {"image", "boots", "median ms", "least", "most", "phases of the median, ms"});
    for (const boots &boots : all) {
        std::string phases;
        for (const phase &phase : boots.phases) {
            phases += (phases.empty() ? "" : ", ") + phase.name + " " + ms(phase.ns);
        }
        const auto [least, most] = std::minmax_element(boots.end_ns.begin(), boots.end_ns.end());
        row(out, "td",
            {boots.image, std::to_string(boots.end_ns.size()), ms(median(boots.end_ns)),
             least != boots.end_ns.end() ? ms(*least) : "",
             most != boots.end_ns.end() ? ms(*most) : "", phases});
    }
    out << "</table>\n";
}

std::string decimal(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(1) << value;
    return out.str();
}

void put_operations(const std::vector<operation> &operations, std::ostream &out) {
    out << "<h2 id=\"operations\">Operations of services</h2>\n<p>On the ladder, on one hart, by "
           "the kernel's trace: what a call takes on the mean, in instructions of all who work for "
           "it, finding its route included; then the same with reuse off. A first call resolves "
           "its route also with reuse.</p>\n<table>\n";
    row(out, "th",
        {"operation", "calls", "with", "the server's own", "messages", "switches", "without",
         "messages", "switches"});
    for (const operation &operation : operations) {
        const operation_cost &with = operation.with;
        const operation_cost &without = operation.without;
        row(out, "td",
            {operation.name, grouped(with.calls), grouped(with.ns), grouped(with.server_ns),
             decimal(with.messages), decimal(with.switches), grouped(without.ns),
             decimal(without.messages), decimal(without.switches)});
    }
    out << "</table>\n";
}

// Of those who call somebody, what is done for them: what a task does by itself would leave the
// calls too narrow to be seen.
trace::flame calls_only(const trace::flame &all) {
    trace::flame out{"calls", 0, {}};
    for (trace::flame task : all.below) {
        task.own_ns = 0;
        if (trace::flame_ns(task) != 0) {
            out.below.push_back(task);
        }
    }
    return out;
}

void put_traced(const traced &traced, std::ostream &out) {
    out << "<h2 id=\"flame\">Who worked for whom: " << escaped(traced.image)
        << "</h2>\n<p>Below a task, the calls that others served for it, as wide as they took "
           "long. Rest on a bar for its time.</p>\n"
        << flame_picture(calls_only(traced.flame)) << "<p>The whole run, with what each did by "
        << "itself:</p>\n"
        << flame_picture(traced.flame);
}

void put_profiled(const profiled &profiled, std::ostream &out) {
    out << "<h2 id=\"functions-" << escaped(profiled.image)
        << "\">Where instructions go: " << escaped(profiled.image)
        << "</h2>\n<p>By function, of all rounds of a figure and what else ran. Open one.</p>\n";
    for (const profile::section &figure : profiled.figures) {
        const std::uint64_t all = profile::count_of(figure);
        out << "<details><summary>" << escaped(figure.line) << "</summary>\n<table>\n";
        row(out, "th", {"program", "function", "instructions", "%"});
        for (std::size_t i = 0; i < std::min(figure.costs.size(), FUNCTION_ROWS); i++) {
            const profile::cost &cost = figure.costs[i];
            row(out, "td",
                {cost.program, cost.function, grouped(cost.count),
                 grouped(cost.count * 100 / all)});
        }
        out << "</table></details>\n";
    }
}

}  // namespace

std::string page_of(const result &result) {
    std::ostringstream out;
    out << HEAD;
    if (!result.pairs.empty()) {
        put_pairs(result.pairs, out);
    }
    if (!result.growths.empty()) {
        out << "<h2 id=\"growth\">Beside many others</h2>\n<p>Instructions beside few others and "
               "beside many: a level line grows with nothing.</p>\n";
        for (const growth &growth : result.growths) {
            out << growth_picture(growth);
        }
    }
    if (!result.operations.empty()) {
        put_operations(result.operations, out);
    }
    for (const traced &traced : result.traces) {
        put_traced(traced, out);
    }
    for (const profiled &profiled : result.profiles) {
        put_profiled(profiled, out);
    }
    if (!result.boot_runs.empty()) {
        put_boots(result.boot_runs, out);
    }
    for (const bench &bench : result.benches) {
        put_bench(bench, out);
    }
    out << "</body>\n</html>\n";
    return out.str();
}

}  // namespace report
