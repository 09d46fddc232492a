// testing/system_sim/system_sim.cc: runs the whole system over a range of seeds; a seed that fails
// prints how to replay it. Exit: 0 all as it should be; 1 not; 2 wrong arguments.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "testing/system_sim/seeds.h"

namespace {

using namespace systemsim;

struct arguments {
    std::uint64_t first = 1;
    std::uint64_t last = 300;
    seed_options options;
    bool expect_found = false;
    bool hash = false;
};

std::string plant_list() {
    std::string text = "a planted bug:";
    for (int i = 0; i < plant_count(); i++) {
        text += std::string("\n  ") + plant_name(i) + ": " + plant_what(i);
    }
    return text;
}

// `A` or `A..B`.
bool read_seeds(const std::string &text, arguments &args) {
    char rest = 0;
    unsigned long long first = 0;
    unsigned long long last = 0;
    if (std::sscanf(text.c_str(), "%llu..%llu%c", &first, &last, &rest) != 2) {
        if (std::sscanf(text.c_str(), "%llu%c", &first, &rest) != 1) {
            return false;
        }
        last = first;
    }
    args.first = first;
    args.last = last;
    return first <= last;
}

int run(const arguments &args) {
    seed_outcome sum{};
    for (std::uint64_t seed = args.first; seed <= args.last; seed++) {
        const seed_outcome out = seed_run(args.options, seed);
        seed_add(sum, out);
        if (args.hash) {
            std::printf("seed %llu hash %016llx\n", static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(out.hash));
        }
        if (out.complaint[0] != 0) {
            std::printf("seed %llu failed: %s\nreplay: %s\n", static_cast<unsigned long long>(seed),
                        out.complaint, seed_replay(args.options, seed).c_str());
            return args.expect_found ? 0 : 1;
        }
    }
    std::printf("seeds %llu..%llu: %s", static_cast<unsigned long long>(args.first),
                static_cast<unsigned long long>(args.last),
                seed_summary(args.options, sum).c_str());
    return args.expect_found ? 1 : 0;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"The whole system in simulation, by seeds."};
    arguments args;
    std::string seeds = "1..300";
    std::string plant;
    app.add_option("--seeds", seeds, "A or A..B");
    app.add_option("--harts", args.options.hart_count, "1 to 8; else 2 mostly, 1 and 4 in between")
        ->check(CLI::Range(1, 8));
    app.add_flag("--storage", args.options.storage, "the system with a disk");
    app.add_option("--plant", plant, plant_list());
    app.add_flag("--expect-found", args.expect_found, "succeed if a seed fails, fail if none does");
    app.add_flag("--trace", args.options.trace, "print every decision and system call");
    app.add_flag("--hash", args.hash, "print the trace hash of each seed");
    app.add_flag("--report", args.options.report,
                 "print the console and the state if a seed fails");
    CLI11_PARSE(app, argc, argv);
    args.options.plant = plant.empty() ? -1 : plant_find(plant);
    args.options.storage =
        args.options.storage || (args.options.plant >= 0 && plant_is_storage(args.options.plant));
    if (!read_seeds(seeds, args) || (!plant.empty() && args.options.plant < 0)) {
        std::fprintf(stderr,
                     "system_sim: --seeds takes A or A..B; --plant one of the bugs of --help\n");
        return 2;
    }
    return run(args);
}
