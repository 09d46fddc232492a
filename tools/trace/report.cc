// tools/trace/report.cc: see report.h.
#include "tools/trace/report.h"

#include <algorithm>
#include <iomanip>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "ipc/wire/wire.h"
#include "tools/trace/perfetto.h"

namespace trace {
namespace {

constexpr int DEPTH_MAX = 16;
constexpr int NAME_WIDTH = 24;
constexpr int NUMBER_WIDTH = 12;
constexpr int SMALL_WIDTH = 10;
constexpr double PERCENT = 100.0;

struct cost {
    std::uint64_t count = 0;
    std::uint64_t sum_ns = 0;
    std::uint64_t most_ns = 0;
};

struct column {
    const std::string &text;
};

std::ostream &operator<<(std::ostream &out, const column &column) {
    return out << std::left << std::setw(NAME_WIDTH) << column.text << std::right << ' ';
}

double share(std::uint64_t part, std::uint64_t whole) {
    return whole != 0 ? PERCENT * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

template <typename Key>
std::vector<std::pair<Key, cost>> dearest(const std::map<Key, cost> &costs, std::size_t rows) {
    std::vector<std::pair<Key, cost>> sorted(costs.begin(), costs.end());
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto &a, const auto &b) {
        return a.second.sum_ns > b.second.sum_ns;
    });
    sorted.resize(std::min(rows, sorted.size()));
    return sorted;
}

// A share is one of all that tasks ran: harts that idle have no part in it.
void print_tasks(const model &model, std::size_t rows, std::ostream &out) {
    std::map<std::string, cost> costs;
    std::set<std::uint8_t> harts;
    cost all;
    for (const run &run : model.runs) {
        harts.insert(run.hart);
        for (cost *const cost : {&all, &costs[task_name(model, run.task)]}) {
            cost->count++;
            cost->sum_ns += run.end_ns - run.begin_ns;
            cost->most_ns = std::max(cost->most_ns, run.end_ns - run.begin_ns);
        }
    }
    const auto print_row = [&](const std::string &name, const cost &cost) {
        out << column{name} << std::setw(NUMBER_WIDTH) << cost.count << std::setw(NUMBER_WIDTH)
            << cost.sum_ns / 1000 << std::setw(NUMBER_WIDTH - 1) << std::fixed
            << std::setprecision(1) << share(cost.sum_ns, all.sum_ns) << '%'
            << std::setw(NUMBER_WIDTH) << cost.most_ns / 1000 << '\n';
    };
    out << column{"task"} << std::setw(NUMBER_WIDTH) << "runs" << std::setw(NUMBER_WIDTH) << "us"
        << std::setw(NUMBER_WIDTH) << "share" << std::setw(NUMBER_WIDTH) << "longest us" << '\n';
    for (const auto &[name, cost] : dearest(costs, rows)) {
        print_row(name, cost);
    }
    const std::string among =
        harts.size() == 1 ? "one hart" : std::to_string(harts.size()) + " harts";
    print_row("all", all);
    out << "The trace is " << (model.end_ns - model.begin_ns) / 1000 << " us long; tasks ran on "
        << among << ".\n";
}

void print_calls(const model &model, std::size_t rows, std::ostream &out) {
    std::map<std::string, cost> costs;
    for (const call &call : model.calls) {
        cost &cost = costs[task_name(model, call.caller) + " > " + task_name(model, call.server) +
                           " " + type_name(call.type)];
        cost.count++;
        cost.sum_ns += call.end_ns - call.asked_ns;
        cost.most_ns = std::max(cost.most_ns, call.end_ns - call.asked_ns);
    }
    out << std::left << std::setw(2 * NAME_WIDTH) << "call" << std::right << std::setw(NUMBER_WIDTH)
        << "calls" << std::setw(NUMBER_WIDTH) << "us" << std::setw(NUMBER_WIDTH) << "mean ns"
        << std::setw(NUMBER_WIDTH) << "longest us" << '\n';
    for (const auto &[name, cost] : dearest(costs, rows)) {
        out << std::left << std::setw(2 * NAME_WIDTH) << name << std::right
            << std::setw(NUMBER_WIDTH) << cost.count << std::setw(NUMBER_WIDTH)
            << cost.sum_ns / 1000 << std::setw(NUMBER_WIDTH) << cost.sum_ns / cost.count
            << std::setw(NUMBER_WIDTH) << cost.most_ns / 1000 << '\n';
    }
}

bool is_wanted(const model &model, const call &call, const call_wanted &wanted) {
    const std::string name = type_name(call.type);
    const std::string last = name.substr(name.find(' ') + 1);
    return (wanted.caller.empty() || task_name(model, call.caller) == wanted.caller) &&
           (wanted.server.empty() || task_name(model, call.server) == wanted.server) &&
           (wanted.operation.empty() || wanted.operation == name || wanted.operation == last) &&
           (!wanted.at_ns || *wanted.at_ns == call.asked_ns);
}

// Calls that the server made while it had this one. It may have served others meanwhile: then these
// are theirs as much as its.
std::vector<std::size_t> calls_within(const model &model, const call &outer) {
    std::vector<std::size_t> inner;
    for (std::size_t i = 0; i < model.calls.size(); i++) {
        const call &call = model.calls[i];
        if (call.caller == outer.server && call.asked_ns >= outer.given_ns &&
            call.end_ns <= outer.end_ns && outer.given) {
            inner.push_back(i);
        }
    }
    return inner;
}

void print_step(const model &model, std::size_t index, int depth, std::ostream &out) {
    const call &call = model.calls[index];
    const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
    const std::vector<std::size_t> inner = calls_within(model, call);
    std::uint64_t asked_ns = 0;
    for (const std::size_t i : inner) {
        asked_ns += model.calls[i].end_ns - model.calls[i].asked_ns;
    }
    const std::uint64_t all_ns = call.end_ns - call.asked_ns;
    const std::uint64_t queued_ns = call.given_ns - call.asked_ns;
    const std::uint64_t own_ns = run_ns(model, call.server, call.given_ns, call.end_ns);
    const std::uint64_t known_ns = queued_ns + own_ns + asked_ns;
    out << indent << task_name(model, call.caller) << " > " << task_name(model, call.server) << ' '
        << type_name(call.type) << ", at " << call.asked_ns << " ns: " << all_ns << " ns: queue "
        << queued_ns << ", " << task_name(model, call.server) << " ran " << own_ns << ", it asked "
        << asked_ns << ", waited to run " << (all_ns > known_ns ? all_ns - known_ns : 0) << '\n';
    if (depth == DEPTH_MAX) {
        out << indent << "  and deeper\n";
        return;
    }
    for (const std::size_t i : inner) {
        print_step(model, i, depth + 1, out);
    }
}

}  // namespace

void print_top(const model &model, std::size_t rows, std::ostream &out) {
    print_tasks(model, rows, out);
    out << '\n';
    print_calls(model, rows, out);
    out << '\n';
    print_operations(operations_of(model, works_of(model)), rows, out);
}

void print_operations(const std::vector<operation> &operations, std::size_t rows,
                      std::ostream &out) {
    out << std::left << std::setw(2 * NAME_WIDTH) << "operation" << std::right;
    for (const char *head : {"calls", "ns each", "server ns", "others ns", "route ns", "messages",
                             "switches", "syscalls", "hits", "misses", "rebound", "degraded"}) {
        out << std::setw(SMALL_WIDTH) << head;
    }
    out << '\n' << std::fixed << std::setprecision(1);
    for (std::size_t i = 0; i < std::min(rows, operations.size()); i++) {
        const operation &row = operations[i];
        const auto calls = static_cast<double>(row.calls);
        out << std::left << std::setw(2 * NAME_WIDTH) << row.server + " " + type_name(row.type)
            << std::right << std::setw(SMALL_WIDTH) << row.calls << std::setw(SMALL_WIDTH)
            << row.waited_ns / row.calls << std::setw(SMALL_WIDTH) << row.own_ns / row.calls
            << std::setw(SMALL_WIDTH) << row.below_ns / row.calls << std::setw(SMALL_WIDTH)
            << row.route_ns / row.calls << std::setw(SMALL_WIDTH)
            << static_cast<double>(row.messages) / calls << std::setw(SMALL_WIDTH)
            << static_cast<double>(row.switches) / calls;
        out << std::setw(SMALL_WIDTH);
        if (row.syscalls != 0) {
            out << static_cast<double>(row.syscalls) / calls;
        } else {
            out << "-";
        }
        for (std::size_t via = WIRE_VIA_HIT; via < WIRE_VIA_COUNT; via++) {
            out << std::setw(SMALL_WIDTH) << row.via[via];
        }
        out << '\n';
    }
}

std::optional<std::size_t> longest_call(const model &model, const call_wanted &wanted) {
    std::optional<std::size_t> longest;
    for (std::size_t i = 0; i < model.calls.size(); i++) {
        const call &call = model.calls[i];
        if (call.end == call_end::open || !is_wanted(model, call, wanted)) {
            continue;
        }
        if (!longest || call.end_ns - call.asked_ns >
                            model.calls[*longest].end_ns - model.calls[*longest].asked_ns) {
            longest = i;
        }
    }
    return longest;
}

void print_path(const model &model, std::size_t call, std::ostream &out) {
    print_step(model, call, 0, out);
}

}  // namespace trace
