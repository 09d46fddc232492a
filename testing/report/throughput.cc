// testing/report/throughput.cc: what a MiB takes: figures that move so many of them in a round.
#include <algorithm>

#include "testing/report/result.h"

namespace report {
namespace {

constexpr double NS_A_S = 1e9;

// `figure` in two images; in a round it moves `bytes`. `rounds` stand between its marker and the
// one before, with nothing else that takes time; 0: that is not so, and its wall time says nothing.
constexpr struct {
    const char *name;
    const char *with;
    const char *without;
    const char *figure;
    std::uint64_t bytes;
    std::uint64_t rounds;
    const char *what;
} MOVES[] = {
    {"disk write", "bench_block", "bench_block_uncached", "block_write_1MiB", 1 << 20, 65,
     "a MiB a call, copied once into the driver's arena"},
    {"disk read", "bench_block", "bench_block_uncached", "block_read_1MiB", 1 << 20, 65,
     "a MiB a call, copied once out of the arena"},
    {"disk read, 32 of 4 KiB", "bench_block", "bench_block_uncached", "block_read_32_of_4KiB",
     32 * 4096, 65, "32 requests a call"},
    {"bulk, new window", "bench_client", "bench_uncached", "bulk_16MiB_first", 16 << 20, 0,
     "16 MiB made, cleared, shared, mapped: clearing is nearly all"},
    {"bulk, window kept", "bench_client", "bench_uncached", "bulk_16MiB_again", 16 << 20, 0,
     "16 MiB handed over: nothing is copied, so any size costs the same"},
};

// A start of statefsd beside a journal of few batches and of many: what the others take.
constexpr char REPLAY_IMAGE[] = "bench_state";
constexpr char REPLAY_FEW[] = "state_start";
constexpr char REPLAY_MANY[] = "state_start_at_110";
constexpr std::uint64_t REPLAY_BATCHES = 108;
constexpr std::uint64_t REPLAY_BATCH_BYTES = 7 * 512;

std::uint64_t of_a_mib(std::uint64_t instructions, std::uint64_t bytes) {
    return instructions * (1 << 20) / bytes;
}

const bench *bench_named(const std::vector<bench> &benches, const std::string &image) {
    const auto found = std::find_if(benches.begin(), benches.end(),
                                    [&](const bench &one) { return one.image == image; });
    return found == benches.end() ? nullptr : &*found;
}

// 0: it has none.
std::uint64_t mean_of(const bench *bench, const std::string &name) {
    for (const figure &figure : bench != nullptr ? bench->figures : std::vector<figure>{}) {
        if (figure.name == name) {
            return figure.mean;
        }
    }
    return 0;
}

// By the time between the marker before the figure's and its own. 0: not known.
double mib_s_of(const bench *bench, const std::string &name, std::uint64_t bytes) {
    if (bench == nullptr) {
        return 0;
    }
    const std::string begin = "bench: " + name + " ";
    for (std::size_t i = 1; i < bench->markers.size(); i++) {
        const marker &before = bench->markers[i - 1];
        const marker &own = bench->markers[i];
        if (own.text.compare(0, begin.size(), begin) == 0 && own.at_ns > before.at_ns) {
            return static_cast<double>(bytes) / (1 << 20) /
                   (static_cast<double>(own.at_ns - before.at_ns) / NS_A_S);
        }
    }
    return 0;
}

}  // namespace

std::vector<throughput> throughputs_of(const std::vector<bench> &benches) {
    std::vector<throughput> out;
    for (const auto &move : MOVES) {
        const bench *with = bench_named(benches, move.with);
        const bench *without = bench_named(benches, move.without);
        throughput row{move.name,
                       move.what,
                       of_a_mib(mean_of(with, move.figure), move.bytes),
                       of_a_mib(mean_of(without, move.figure), move.bytes),
                       mib_s_of(with, move.figure, move.bytes * move.rounds),
                       mib_s_of(without, move.figure, move.bytes * move.rounds)};
        if (row.with != 0) {
            out.push_back(row);
        }
    }
    const bench *state = bench_named(benches, REPLAY_IMAGE);
    const std::uint64_t few = mean_of(state, REPLAY_FEW);
    const std::uint64_t many = mean_of(state, REPLAY_MANY);
    if (few != 0 && many > few) {
        out.push_back({"journal replayed",
                       "by statefsd when it starts: read, checked, copied; batches of 7 sectors",
                       of_a_mib(many - few, REPLAY_BATCHES * REPLAY_BATCH_BYTES), 0, 0, 0});
    }
    return out;
}

}  // namespace report
