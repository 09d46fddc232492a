// report: boots the benchmarks and ladders one after the other and writes what they cost as
// report.txt, report.json and report.html.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "testing/report/boots.h"
#include "testing/report/result.h"
#include "tools/trace/events.h"
#include "tools/trace/model.h"

namespace {

struct wish {
    std::vector<std::string> benches;    // RUNNER=BUDGET, RUNNER=
    std::vector<std::string> baselines;  // RUNNER=RUNNER: with reuse, without.
    std::vector<std::string> boots;      // RUNNER
    std::string full;                    // NAME,NAME=SECONDS: of those, the full ladder.
    std::vector<std::string> traces;     // RUNNER=RUNNER: as baselines.
    std::vector<std::string> syscalls;  // RUNNER=RUNNER: as traces, on a kernel that tells of each.
    std::vector<std::string> profiles;  // RUNNER
    std::string out = ".";
    unsigned boot_count = 5;
};

std::string name_of(const std::string &runner) {
    return std::filesystem::path(runner).filename().string();
}

std::pair<std::string, std::string> split(const std::string &both) {
    const std::size_t at = both.find('=');
    if (at == std::string::npos) {
        throw std::runtime_error("not A=B: " + both);
    }
    return {both.substr(0, at), both.substr(at + 1)};
}

void tell(const std::string &what) {
    std::cerr << "report: " << what << std::endl;
}

report::bench measure(const std::string &runner, const std::string &budget) {
    tell("boots " + name_of(runner));
    report::bench out;
    out.image = name_of(runner);
    report::boot boot = report::boot_image(runner, {});
    out.figures = report::figures_of(boot.log);
    out.markers = std::move(boot.markers);
    if (!budget.empty()) {
        out.ceilings = report::ceilings_of(report::read_file(budget));
    }
    return out;
}

const report::bench &bench_of(const report::result &result, const std::string &runner) {
    for (const report::bench &bench : result.benches) {
        if (bench.image == name_of(runner)) {
            return bench;
        }
    }
    throw std::runtime_error("no --bench is " + runner);
}

// The figures of several boots have the same names; what reuse does not change is left out of
// those, and how often a lock was found taken, which is chance.
void add_pairs(const report::bench &with, const report::bench &without,
               std::vector<report::pair> &out) {
    const bool is_boot = with.image.rfind("boot", 0) == 0;
    for (report::pair &pair : report::pairs_of(with, without)) {
        const bool is_chance = pair.name == "lock_spins";
        if (is_boot) {
            pair.name = with.image + " " + pair.name;
        }
        if (!is_boot || (!is_chance && pair.with != pair.without)) {
            out.push_back(pair);
        }
    }
}

report::boots boot_several(const std::string &runner, unsigned count) {
    report::boots out;
    out.image = name_of(runner);
    std::vector<report::boot> boots;
    for (unsigned i = 0; i < count; i++) {
        tell("boots " + out.image + ", " + std::to_string(i + 1) + " of " + std::to_string(count));
        boots.push_back(report::boot_image(runner, {}));
        std::vector<report::marker> &markers = boots.back().markers;
        if (!markers.empty() && markers.back().text == "kernel: power off") {
            markers.pop_back();
        }
        out.end_ns.push_back(markers.empty() ? 0 : markers.back().at_ns);
        out.gate_s = boots.back().gate_s;
    }
    for (std::size_t i = 0; i < boots.size(); i++) {
        if (out.end_ns[i] == report::median(out.end_ns)) {
            out.phases = report::phases_of(boots[i].markers);
            break;
        }
    }
    return out;
}

// "NAME,NAME=SECONDS": of the boots these, one after the other, within so many seconds.
report::boots full_ladder(const std::string &full, const std::vector<report::boots> &all) {
    const auto [names, gate] = split(full);
    std::vector<report::boots> parts;
    std::istringstream list(names);
    for (std::string name; std::getline(list, name, ',');) {
        const auto found = std::find_if(
            all.begin(), all.end(), [&](const report::boots &one) { return one.image == name; });
        if (found == all.end()) {
            throw std::runtime_error("no --boot is " + name);
        }
        parts.push_back(*found);
    }
    if (gate.empty() || gate.find_first_not_of("0123456789") != std::string::npos) {
        throw std::runtime_error("no gate in seconds: " + full);
    }
    return report::in_sequence("full ladder", parts, std::stoull(gate));
}

trace::model trace_one(const std::string &runner, const std::string &folder) {
    tell("boots " + name_of(runner) + " with a trace");
    const std::string rings = folder + "/" + name_of(runner) + ".events";
    report::boot_image(runner, {"--trace", rings});
    const auto bytes = [](const std::string &path) {
        const std::string text = report::read_file(path);
        return std::vector<std::uint8_t>(text.begin(), text.end());
    };
    return trace::model_of(trace::events_of(bytes(rings)),
                           trace::names_of(bytes(rings + ".image")));
}

void trace_two(const std::string &both, const std::string &folder, report::result &result) {
    const auto [with, without] = split(both);
    const trace::model kept = trace_one(with, folder);
    const trace::model anew = trace_one(without, folder);
    result.traces.push_back({name_of(with), trace::flame_of(kept)});
    const auto operations =
        report::operations_of(trace::operations_of(kept, trace::works_of(kept)),
                              trace::operations_of(anew, trace::works_of(anew)));
    result.operations.insert(result.operations.end(), operations.begin(), operations.end());
}

void trace_syscalls(const std::string &both, const std::string &folder, report::result &result) {
    const auto [with, without] = split(both);
    const trace::model kept = trace_one(with, folder);
    const trace::model anew = trace_one(without, folder);
    if (kept.system_calls.empty() || anew.system_calls.empty()) {
        throw std::runtime_error("the kernel does not tell of system calls: " + both);
    }
    report::add_syscalls(trace::operations_of(kept, trace::works_of(kept)),
                         trace::operations_of(anew, trace::works_of(anew)), result.operations);
}

report::profiled profile_one(const std::string &runner, const std::string &folder) {
    tell("boots " + name_of(runner) + " with a profile");
    const std::string folded = folder + "/" + name_of(runner) + ".folded";
    report::boot_image(runner, {"--profile", folded});
    return {name_of(runner), report::figure_profiles_of(report::read_file(folded))};
}

void write(const std::string &path, const std::string &text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) {
        throw std::runtime_error(path + ": can't be written");
    }
    tell("wrote " + path);
}

int work(const wish &wish) {
    std::filesystem::create_directories(wish.out);
    report::result result;
    for (const std::string &bench : wish.benches) {
        const auto [runner, budget] = split(bench);
        result.benches.push_back(measure(runner, budget));
    }
    for (const std::string &baseline : wish.baselines) {
        const auto [with, without] = split(baseline);
        add_pairs(bench_of(result, with), bench_of(result, without), result.pairs);
    }
    result.growths = report::growths_of(result.benches);
    result.throughputs = report::throughputs_of(result.benches);
    for (const std::string &runner : wish.boots) {
        result.boot_runs.push_back(boot_several(runner, wish.boot_count));
    }
    if (!wish.full.empty()) {
        result.boot_runs.push_back(full_ladder(wish.full, result.boot_runs));
    }
    for (const std::string &both : wish.traces) {
        trace_two(both, wish.out, result);
    }
    for (const std::string &both : wish.syscalls) {
        trace_syscalls(both, wish.out, result);
    }
    for (const std::string &runner : wish.profiles) {
        result.profiles.push_back(profile_one(runner, wish.out));
    }
    const std::string text = report::text_of(result);
    std::cout << text;
    write(wish.out + "/report.txt", text);
    write(wish.out + "/report.json", report::json_of(result));
    write(wish.out + "/report.html", report::page_of(result));
    return 0;
}

// `bazel run` changes the folder; what a person types is meant from where it was typed. The
// runners that are started find their files beside this program's.
void leave_bazels_folder(wish &wish) {
    const char *typed = std::getenv("BUILD_WORKING_DIRECTORY");
    if (typed != nullptr) {
        wish.out = (std::filesystem::path(typed) / wish.out).string();
    }
    setenv("RUNFILES_DIR", std::filesystem::current_path().parent_path().c_str(), 0);
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Boots benchmarks and ladders, one after the other, and tells what they cost."};
    wish wish;
    app.add_option("--bench", wish.benches,
                   "RUNNER=BUDGET: a benchmark and its ceilings; RUNNER=: without");
    app.add_option("--baseline", wish.baselines,
                   "RUNNER=RUNNER: two of them: with reuse, and the same without");
    app.add_option("--boot", wish.boots, "RUNNER: an image whose boots are timed");
    app.add_option(
        "--full", wish.full,
        "NAME,NAME=SECONDS: of those the full ladder, one after the other, and its gate");
    app.add_option("--trace", wish.traces,
                   "RUNNER=RUNNER: two images that are traced, with reuse and without");
    app.add_option("--syscalls", wish.syscalls,
                   "RUNNER=RUNNER: the same on a kernel that tells of each system call");
    app.add_option("--profile", wish.profiles,
                   "RUNNER: a benchmark whose instructions are counted by function");
    app.add_option("--out", wish.out, "the folder for report.txt, report.json, report.html");
    app.add_option("--boots", wish.boot_count, "boots of each image that is timed")
        ->check(CLI::Range(1, 100));
    CLI11_PARSE(app, argc, argv);
    try {
        leave_bazels_folder(wish);
        return work(wish);
    } catch (const std::exception &error) {
        std::cerr << "report: " << error.what() << "\n";
        return 1;
    }
}
