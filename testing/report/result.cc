// testing/report/result.cc: what is compared with what, and the report as JSON.
#include "testing/report/result.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/trace/perfetto.h"

namespace report {
namespace {

using json = nlohmann::ordered_json;

constexpr std::uint64_t FEW = 2;  // What a figure without `_at_` is beside.
constexpr char AT[] = "_at_";
constexpr char WITH[] = "_hit";
constexpr char WITHOUT[] = "_uncached";

json json_of_profiled(const profiled &profiled) {
    json out = {{"image", profiled.image}, {"figures", json::array()}};
    for (const profile::section &figure : profiled.figures) {
        json costs = json::array();
        for (const profile::cost &cost : figure.costs) {
            costs.push_back({{"program", cost.program},
                             {"function", cost.function},
                             {"instructions", cost.count}});
        }
        out["figures"].push_back({{"name", figure.line}, {"functions", costs}});
    }
    return out;
}

json json_of_flame(const trace::flame &flame) {
    json out = {{"name", flame.name}, {"own_ns", flame.own_ns}, {"below", json::array()}};
    for (const trace::flame &below : flame.below) {
        out["below"].push_back(json_of_flame(below));
    }
    return out;
}

json json_of_bench(const bench &bench) {
    json out = {{"image", bench.image}, {"figures", json::array()}};
    for (const figure &figure : bench.figures) {
        json row = {{"name", figure.name},
                    {"least", figure.least},
                    {"mean", figure.mean},
                    {"first", figure.first}};
        const auto ceiling = bench.ceilings.find(figure.name);
        if (ceiling != bench.ceilings.end()) {
            row["ceiling"] = ceiling->second.limit;
            row["promise"] = ceiling->second.promise;
            row["why"] = ceiling->second.why;
        }
        out["figures"].push_back(row);
    }
    return out;
}

json json_of_boots(const boots &boots) {
    json out = {{"image", boots.image},
                {"end_ns", boots.end_ns},
                {"gate_s", boots.gate_s},
                {"phases", json::array()}};
    for (const phase &phase : boots.phases) {
        out["phases"].push_back({{"name", phase.name}, {"ns", phase.ns}});
    }
    return out;
}

json json_of_throughput(const throughput &one) {
    const auto known = [](auto value) { return value != 0 ? json(value) : json(); };
    return {{"name", one.name},
            {"what", one.what},
            {"with_instructions_a_mib", known(one.with)},
            {"without_instructions_a_mib", known(one.without)},
            {"with_mib_s", known(one.with_mib_s)},
            {"without_mib_s", known(one.without_mib_s)}};
}

growth growth_of(const figure &few, const bench &bench) {
    const std::string prefix = few.name + AT;
    growth out{bench.image, few.name, {{FEW, few.mean}}};
    for (const figure &more : bench.figures) {
        if (more.name.compare(0, prefix.size(), prefix) == 0) {
            out.points.emplace_back(std::stoull(more.name.substr(prefix.size())), more.mean);
        }
    }
    std::sort(out.points.begin(), out.points.end());
    return out;
}

// A figure whose name says that it is with reuse has another name in the twin.
std::string name_without(const std::string &name) {
    const std::size_t stem = name.size() - std::min(name.size(), sizeof(WITH) - 1);
    return name.compare(stem, std::string::npos, WITH) == 0 ? name.substr(0, stem) + WITHOUT : name;
}

operation_cost cost_of(const trace::operation &all) {
    const auto calls = static_cast<double>(all.calls);
    return {all.calls,
            (all.own_ns + all.below_ns + all.route_ns) / all.calls,
            all.own_ns / all.calls,
            static_cast<double>(all.messages) / calls,
            static_cast<double>(all.switches) / calls,
            static_cast<double>(all.syscalls) / calls};
}

std::string name_of(const trace::operation &operation) {
    return operation.server + " " + trace::type_name(operation.type);
}

json json_of_cost(const operation_cost &cost) {
    return {{"calls", cost.calls},
            {"ns", cost.ns},
            {"server_ns", cost.server_ns},
            {"messages", cost.messages},
            {"switches", cost.switches},
            {"syscalls", cost.syscalls != 0 ? json(cost.syscalls) : json()}};
}

}  // namespace

double gate_percent(const boots &boots) {
    if (boots.gate_s == 0 || boots.end_ns.empty()) {
        return 0;
    }
    constexpr double PERCENT_OF_S = 1e7;  // Nanoseconds in a hundredth of a second.
    return static_cast<double>(*std::max_element(boots.end_ns.begin(), boots.end_ns.end())) /
           PERCENT_OF_S / static_cast<double>(boots.gate_s);
}

boots in_sequence(const std::string &name, const std::vector<boots> &parts, std::uint64_t gate_s) {
    boots out{name, {}, {}, gate_s};
    std::size_t count = parts.empty() ? 0 : SIZE_MAX;
    for (const boots &part : parts) {
        count = std::min(count, part.end_ns.size());
        out.phases.push_back({part.image, median(part.end_ns)});
    }
    for (std::size_t i = 0; i < count; i++) {
        std::uint64_t sum_ns = 0;
        for (const boots &part : parts) {
            sum_ns += part.end_ns[i];
        }
        out.end_ns.push_back(sum_ns);
    }
    return out;
}

std::vector<operation> operations_of(const std::vector<trace::operation> &with,
                                     const std::vector<trace::operation> &without) {
    std::vector<operation> out;
    for (const trace::operation &anew : without) {
        for (const trace::operation &kept : with) {
            if (kept.server == anew.server && kept.type == anew.type) {
                out.push_back({name_of(kept), cost_of(kept), cost_of(anew)});
            }
        }
    }
    std::stable_sort(out.begin(), out.end(), [](const operation &a, const operation &b) {
        return a.without.ns > b.without.ns;
    });
    return out;
}

void add_syscalls(const std::vector<trace::operation> &with,
                  const std::vector<trace::operation> &without, std::vector<operation> &out) {
    for (operation &operation : out) {
        for (const trace::operation &kept : with) {
            if (name_of(kept) == operation.name) {
                operation.with.syscalls = cost_of(kept).syscalls;
            }
        }
        for (const trace::operation &anew : without) {
            if (name_of(anew) == operation.name) {
                operation.without.syscalls = cost_of(anew).syscalls;
            }
        }
    }
}

std::vector<pair> pairs_of(const bench &with, const bench &without) {
    std::vector<pair> out;
    for (const figure &figure : with.figures) {
        const std::string name = name_without(figure.name);
        const auto other =
            std::find_if(without.figures.begin(), without.figures.end(),
                         [&](const report::figure &one) { return one.name == name; });
        if (other != without.figures.end()) {
            out.push_back({figure.name, figure.mean, other->mean});
        }
    }
    return out;
}

std::vector<growth> growths_of(const std::vector<bench> &benches) {
    std::vector<growth> out;
    for (const bench &bench : benches) {
        for (const figure &figure : bench.figures) {
            growth growth = growth_of(figure, bench);
            if (growth.points.size() > 1) {
                out.push_back(growth);
            }
        }
    }
    return out;
}

std::vector<profile::section> figure_profiles_of(const std::string &folded) {
    std::vector<profile::section> out;
    for (profile::section &section : profile::sections_of(folded)) {
        const std::vector<figure> figures = figures_of(section.line + "\n");
        if (!figures.empty()) {
            section.line = figures[0].name;
            out.push_back(std::move(section));
        }
    }
    return out;
}

std::string json_of(const result &result) {
    json root;
    root["benches"] = json::array();
    for (const bench &bench : result.benches) {
        root["benches"].push_back(json_of_bench(bench));
    }
    root["pairs"] = json::array();
    for (const pair &pair : result.pairs) {
        root["pairs"].push_back(
            {{"name", pair.name}, {"with", pair.with}, {"without", pair.without}});
    }
    root["growths"] = json::array();
    for (const growth &growth : result.growths) {
        root["growths"].push_back(
            {{"image", growth.image}, {"name", growth.name}, {"points", growth.points}});
    }
    root["throughputs"] = json::array();
    for (const throughput &one : result.throughputs) {
        root["throughputs"].push_back(json_of_throughput(one));
    }
    root["boots"] = json::array();
    for (const boots &boots : result.boot_runs) {
        root["boots"].push_back(json_of_boots(boots));
    }
    root["operations"] = json::array();
    for (const operation &operation : result.operations) {
        root["operations"].push_back({{"name", operation.name},
                                      {"with", json_of_cost(operation.with)},
                                      {"without", json_of_cost(operation.without)}});
    }
    root["traces"] = json::array();
    for (const traced &traced : result.traces) {
        root["traces"].push_back({{"image", traced.image}, {"flame", json_of_flame(traced.flame)}});
    }
    root["profiles"] = json::array();
    for (const profiled &profiled : result.profiles) {
        root["profiles"].push_back(json_of_profiled(profiled));
    }
    return root.dump(1) + "\n";
}

}  // namespace report
