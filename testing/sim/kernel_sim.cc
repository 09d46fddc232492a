// testing/sim/kernel_sim.cc: runs the workload over a range of seeds; a seed that fails prints how
// to replay it.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <string>

#include "testing/sim/seeds.h"

namespace {

constexpr std::uint32_t HARTS_MAX = 8;

struct arguments {
    std::uint64_t seed_first = 1;
    std::uint64_t seed_last = 1000;
    seed_options options;
    bool expect_found = false;
    bool hash = false;
    bool addresses = false;
};

[[noreturn]] void usage(const std::string &complaint) {
    std::string names;
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        names += std::string("\n    ") + fault_point_name(i) + ": " + fault_point_what(i) +
                 (fault_point_is_planted(i) ? " (planted bug)" : "");
    }
    std::fprintf(stderr,
                 "kernel_sim: %s\n"
                 "usage: kernel_sim [--seeds A..B] [--harts N] [--rounds N] [--plant NAME "
                 "[--expect-found]] [--sums-off] [--trace] [--hash] [--addresses]\n"
                 "  --harts N        1 to 8; without it 2 mostly, 1 and 4 in between\n"
                 "  --rounds N       how long a seed lasts\n"
                 "  --plant NAME     a planted bug or a fault point:%s\n"
                 "  --expect-found   succeed as soon as a seed fails, fail if none does\n"
                 "  --sums-off       let the full audit alone count (kernel/arch/sim/sums.h)\n"
                 "  --trace          print every decision and system call\n"
                 "  --hash           print the trace hash of each seed\n"
                 "  --addresses      print first where this process has its stack, its heap and "
                 "the kernel's state\n",
                 complaint.c_str(), names.c_str());
    std::exit(2);
}

std::uint64_t number(const char *text, const char **end) {
    if (*text < '0' || *text > '9') {
        usage(std::string("a number is expected, not `") + text + "`");
    }
    char *rest = nullptr;
    std::uint64_t value = std::strtoull(text, &rest, 10);
    *end = rest;
    return value;
}

std::uint32_t small_number(const char *text) {
    const char *end = nullptr;
    std::uint64_t value = number(text, &end);
    if (*end != 0 || value > UINT32_MAX) {
        usage(std::string("not a number: `") + text + "`");
    }
    return static_cast<std::uint32_t>(value);
}

void read_seeds(const char *text, arguments &args) {
    const char *end = nullptr;
    args.seed_first = number(text, &end);
    args.seed_last = args.seed_first;
    if (std::strncmp(end, "..", 2) == 0) {
        args.seed_last = number(end + 2, &end);
    }
    if (*end != 0 || args.seed_last < args.seed_first) {
        usage("--seeds takes A or A..B");
    }
}

// Options with a value. False if it is none of them.
bool read_valued(const std::string &name, const char *value, arguments &args) {
    if (name != "--seeds" && name != "--harts" && name != "--rounds" && name != "--plant") {
        return false;
    }
    if (value == nullptr) {
        usage(name + " takes a value");
    }
    if (name == "--seeds") {
        read_seeds(value, args);
    } else if (name == "--harts") {
        args.options.hart_count = small_number(value);
    } else if (name == "--rounds") {
        args.options.rounds = small_number(value);
    } else {
        args.options.plant = fault_point_find(value);
    }
    return true;
}

bool read_flag(const std::string &name, arguments &args) {
    bool *const flags[] = {&args.expect_found, &args.options.trace, &args.hash, &args.addresses,
                           &args.options.sums_off};
    const char *const names[] = {"--expect-found", "--trace", "--hash", "--addresses",
                                 "--sums-off"};
    for (std::size_t i = 0; i < std::size(names); i++) {
        if (name == names[i]) {
            *flags[i] = true;
            return true;
        }
    }
    return false;
}

arguments read_arguments(int argc, char **argv) {
    arguments args;
    for (int i = 1; i < argc; i++) {
        if (read_valued(argv[i], argv[i + 1], args)) {
            if (std::string(argv[i]) == "--plant" && args.options.plant < 0) {
                usage(std::string("no fault point is named ") + argv[i + 1]);
            }
            i++;
        } else if (!read_flag(argv[i], args)) {
            usage(std::string("unknown argument ") + argv[i]);
        }
    }
    if (args.options.hart_count > HARTS_MAX) {
        usage("--harts takes 1 to 8");
    }
    return args;
}

void report(const arguments &args, std::uint64_t seed, const seed_outcome &out) {
    seed_options again = args.options;
    again.report = true;
    again.trace = false;
    (void)seed_run(again, seed);
    std::printf("seed %llu failed: %s\n", static_cast<unsigned long long>(seed),
                out.complaint.c_str());
    std::printf("replay: %s\n", seed_replay(args.options, seed).c_str());
    if (out.result.planted_step != 0) {
        std::printf(
            "the planted bug fired first in kernel entry %llu, the seed failed after %llu\n",
            static_cast<unsigned long long>(out.result.planted_step),
            static_cast<unsigned long long>(out.result.steps));
    }
    if (args.expect_found) {
        std::printf("found by seed %llu, as it should be\n", static_cast<unsigned long long>(seed));
    }
}

}  // namespace

int main(int argc, char **argv) {
    arguments args = read_arguments(argc, argv);
    const seed_clock begin = seed_clock_begin();
    seed_totals sum;
    if (args.addresses) {
        auto heap = std::make_unique<char>();
        std::printf("stack %p heap %p kernel %p\n", static_cast<void *>(&sum),
                    static_cast<void *>(heap.get()), static_cast<void *>(sim_kernel()));
    }
    for (std::uint64_t seed = args.seed_first; seed <= args.seed_last; seed++) {
        seed_outcome out = seed_run(args.options, seed);
        seed_add(sum, out);
        if (args.hash) {
            std::printf("seed %llu hash %016llx\n", static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(out.result.trace_hash));
        }
        if (!out.complaint.empty()) {
            report(args, seed, out);
            return args.expect_found ? 0 : 1;
        }
    }
    std::printf("%s", seed_summary(sum, begin).c_str());
    if (args.expect_found) {
        std::printf("the planted bug was not found\n");
    }
    return args.expect_found ? 1 : 0;
}
