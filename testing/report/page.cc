// testing/report/page.cc: the report as one page.
#include <algorithm>
#include <iomanip>
#include <sstream>

#include "testing/report/charts.h"
#include "testing/report/page_head.h"
#include "testing/report/result.h"

namespace report {
namespace {

constexpr double PERCENT = 100;
constexpr std::uint64_t NS_A_TENTH_MS = 100'000;
constexpr std::size_t FUNCTION_ROWS = 20;

// Of the pairs, those that the page begins with; what there is of them.
constexpr struct {
    const char *name;
    const char *words;
} CARDS[] = {
    {"client_call_hit", "a call by name"},
    {"client_ask_hit", "a request by name whose answer comes later"},
    {"bulk_16MiB_again", "16 MiB handed over once more"},
    {"log_append", "a record for the log"},
};

std::string ms(std::uint64_t ns) {
    const std::uint64_t tenths = (ns + NS_A_TENTH_MS / 2) / NS_A_TENTH_MS;
    return grouped(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string decimal(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(1) << value;
    return out.str();
}

void row(std::ostream &out, const std::string &tag, const std::vector<std::string> &cells) {
    out << "<tr>";
    for (const std::string &cell : cells) {
        out << '<' << tag << '>' << escaped(cell) << "</" << tag << '>';
    }
    out << "</tr>\n";
}

void open_section(std::ostream &out, const std::string &id, const std::string &title) {
    out << "<h2 id=\"" << escaped(id) << "\">" << escaped(title) << "</h2>\n";
}

void put_cards(const std::vector<pair> &pairs, std::ostream &out) {
    out << "<div class=\"cards\">\n";
    for (const auto &[name, words] : CARDS) {
        for (const pair &pair : pairs) {
            if (pair.name == name) {
                out << "<div class=\"card\"><b>" << times_less(pair) << "&times; less</b>" << words
                    << "<span>" << grouped(pair.with) << " instructions, " << grouped(pair.without)
                    << " without reuse</span></div>\n";
            }
        }
    }
    out << "</div>\n";
}

// What is saved, in a sentence: of the pairs, how many gain, the median and the best.
void put_summary(const std::vector<pair> &pairs, std::ostream &out) {
    std::vector<pair> ranked = pairs;
    std::stable_sort(ranked.begin(), ranked.end(), [](const pair &a, const pair &b) {
        return a.without * std::max(b.with, std::uint64_t{1}) <
               b.without * std::max(a.with, std::uint64_t{1});
    });
    const auto gains = std::count_if(pairs.begin(), pairs.end(),
                                     [](const pair &one) { return one.with < one.without; });
    const pair &middle = ranked[(ranked.size() - 1) / 2];
    const pair &best = ranked.back();
    out << "<p class=\"lead\">Routes, reply channels and mappings are kept from one call to the "
           "next. Of "
        << pairs.size() << " figures measured with that and without, " << gains
        << (gains == 1 ? " takes" : " take") << " fewer instructions with it: <strong>"
        << times_less(middle) << " times fewer at the median, " << times_less(best)
        << " times at best</strong> (<code>" << breakable(best.name) << "</code>, "
        << grouped(best.with) << " instead of " << grouped(best.without) << ").</p>\n";
    put_cards(pairs, out);
}

void put_links(const result &result, std::ostream &out) {
    out << "<nav>\n";
    const auto link = [&](bool is_there, const std::string &id, const std::string &words) {
        if (is_there) {
            out << "<a href=\"#" << escaped(id) << "\">" << escaped(words) << "</a>\n";
        }
    };
    link(!result.pairs.empty(), "reuse", "What reuse saves");
    link(!result.growths.empty(), "growth", "Beside many others");
    link(!result.throughputs.empty(), "throughput", "Throughput");
    link(!result.operations.empty(), "operations", "Operations of services");
    for (const traced &traced : result.traces) {
        link(true, "flame-" + traced.image, "Who worked for whom: " + traced.image);
    }
    for (const profiled &profiled : result.profiles) {
        link(true, "functions-" + profiled.image, "By function: " + profiled.image);
    }
    link(!result.boot_runs.empty(), "boots", "Boots");
    for (const bench &bench : result.benches) {
        link(true, bench.image, bench.image);
    }
    out << "</nav>\n";
}

void put_pairs(const std::vector<pair> &pairs, std::ostream &out) {
    open_section(out, "reuse", "What reuse saves");
    out << "<p>Instructions of the same work: with routes, reply channels and mappings that are "
           "kept, and with each made anew. The longer bar of two is as wide as there is room; "
           "behind them how many times less. Figures of a boot are of the ladder without a disk, "
           "and begin at the kernel's entry: the firmware's instructions are in none.</p>\n"
        << pairs_chart(pairs);
}

void put_bench(const bench &bench, std::ostream &out) {
    open_section(out, bench.image, bench.image);
    out << "<div class=\"scroll\"><table class=\"why\">\n";
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
    out << "</table></div>\n";
}

void put_boots(const std::vector<boots> &all, std::ostream &out) {
    open_section(out, "boots", "Boots");
    out << "<p>Wall time from power-on to the last marker, boots one after the other; it depends "
           "on "
           "the machine and on what else runs there. A boot fails at its gate; the full ladder, "
           "several of them one after the other, at one of its own. Rest on a part for its "
           "time.</p>\n"
        << boots_chart(all) << "<div class=\"scroll\"><table class=\"why\">\n";
    row(out, "th",
        {"image", "boots", "median ms", "least", "most", "gate", "most of it",
         "phases of the median"});
    for (const boots &boots : all) {
        std::string phases;
        for (const phase &phase : boots.phases) {
            phases += (phases.empty() ? "" : ", ") + phase.name + " " + span_of_time(phase.ns);
        }
        const auto [least, most] = std::minmax_element(boots.end_ns.begin(), boots.end_ns.end());
        row(out, "td",
            {boots.image, std::to_string(boots.end_ns.size()), ms(median(boots.end_ns)),
             least != boots.end_ns.end() ? ms(*least) : "",
             most != boots.end_ns.end() ? ms(*most) : "",
             boots.gate_s != 0 ? std::to_string(boots.gate_s) + " s" : "",
             boots.gate_s != 0 ? decimal(gate_percent(boots)) + " %" : "", phases});
    }
    out << "</table></div>\n";
}

void put_growths(const std::vector<growth> &growths, std::ostream &out) {
    open_section(out, "growth", "Beside many others");
    out << "<p>Instructions beside few others and beside many: a level line grows with nothing. "
           "A start of <code>statefsd</code> reads its journal, and grows with it. Each begins at "
           "0.</p>\n<div class=\"growths\">\n";
    for (const growth &growth : growths) {
        out << growth_chart(growth);
    }
    out << "</div>\n";
}

std::string known(double value) {
    return value == 0 ? "-" : decimal(value);
}

std::string known_whole(std::uint64_t value) {
    return value == 0 ? "-" : grouped(value);
}

void put_throughputs(const std::vector<throughput> &all, std::ostream &out) {
    open_section(out, "throughput", "Throughput");
    out << "<p>Instructions a MiB, with reuse and without: the figure. MiB a second are wall time "
           "of the emulated machine, on this one today: no figure.</p>\n"
           "<div class=\"scroll\"><table class=\"why\">\n";
    row(out, "th", {"", "instructions a MiB", "without", "MiB/s", "without", "what"});
    for (const throughput &one : all) {
        row(out, "td",
            {one.name, known_whole(one.with), known_whole(one.without), known(one.with_mib_s),
             known(one.without_mib_s), one.what});
    }
    out << "</table></div>\n";
}

void put_operations(const std::vector<operation> &operations, std::ostream &out) {
    open_section(out, "operations", "Operations of services");
    out << "<p>On the ladder with a disk, on one hart, by the kernel's trace: what a call takes "
           "on the mean, in instructions of all who work for it, finding its route included, and "
           "system calls, its "
           "caller's one among them; then the same with reuse off. A first call resolves its route "
           "also with reuse.</p>\n"
           "<div class=\"scroll\"><table>\n<tr class=\"groups\"><th colspan=\"2\"></th>"
           "<th colspan=\"5\">with reuse</th><th colspan=\"4\">without</th></tr>\n";
    row(out, "th",
        {"operation", "calls", "instructions", "the server's", "system calls", "messages",
         "switches", "instructions", "system calls", "messages", "switches"});
    for (const operation &operation : operations) {
        const operation_cost &with = operation.with;
        const operation_cost &without = operation.without;
        row(out, "td",
            {operation.name, grouped(with.calls), grouped(with.ns), grouped(with.server_ns),
             known(with.syscalls), decimal(with.messages), decimal(with.switches),
             grouped(without.ns), known(without.syscalls), decimal(without.messages),
             decimal(without.switches)});
    }
    out << "</table></div>\n";
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
    open_section(out, "flame-" + traced.image, "Who worked for whom: " + traced.image);
    out << "<p>Below a task, the calls that others served for it, as wide as they took long. Rest "
           "on a bar for its time.</p>\n"
        << flame_chart(calls_only(traced.flame))
        << "<p>The whole run, with what each did by itself:</p>\n"
        << flame_chart(traced.flame);
}

void put_profiled(const profiled &profiled, std::ostream &out) {
    open_section(out, "functions-" + profiled.image, "By function: " + profiled.image);
    out << "<p>Where the instructions of a figure go, of all its rounds and what else ran. Open "
           "one.</p>\n";
    for (const profile::section &figure : profiled.figures) {
        const std::uint64_t all = profile::count_of(figure);
        out << "<details><summary>" << escaped(figure.line)
            << "</summary>\n<table class=\"named\">\n";
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
    out << PAGE_HEAD << "<h1>Tessera: what it costs</h1>\n";
    if (!result.pairs.empty()) {
        put_summary(result.pairs, out);
    }
    put_links(result, out);
    if (!result.pairs.empty()) {
        put_pairs(result.pairs, out);
    }
    if (!result.growths.empty()) {
        put_growths(result.growths, out);
    }
    if (!result.throughputs.empty()) {
        put_throughputs(result.throughputs, out);
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
