// trace: the events that a run left (`--trace` of the images' runner) as a Perfetto trace, as
// tables of what cost most, or as the path of one call.
#include <CLI/CLI.hpp>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "tools/trace/events.h"
#include "tools/trace/flame.h"
#include "tools/trace/perfetto.h"
#include "tools/trace/report.h"

namespace {

std::vector<std::uint8_t> bytes_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct wish {
    std::string rings;
    std::string image;
    std::string perfetto;
    std::string folded;
    trace::call_wanted call;
    bool path = false;
    std::size_t rows = 20;
};

template <typename Write>
void write_file(const std::string &path, const Write &write) {
    if (path.empty()) {
        return;
    }
    std::ofstream out(path, std::ios::binary);
    write(out);
    out.close();
    if (!out) {
        throw std::runtime_error("cannot write " + path);
    }
}

int work(const wish &wish) {
    const auto events = trace::events_of(bytes_of(wish.rings));
    const auto model = trace::model_of(events, trace::names_of(bytes_of(wish.image)));
    write_file(wish.perfetto, [&](std::ostream &out) { out << trace::perfetto(model); });
    write_file(wish.folded,
               [&](std::ostream &out) { trace::print_folded(trace::flame_of(model), out); });
    if (!wish.path) {
        trace::print_top(model, wish.rows, std::cout);
        return 0;
    }
    const auto call = trace::longest_call(model, wish.call);
    if (!call) {
        std::cerr << "trace: no such call began and ended in it\n";
        return 1;
    }
    trace::print_path(model, *call, std::cout);
    return 0;
}

}  // namespace

int main(int argc, char **argv) {
    CLI::App app{"Shows what a run of an image did, by the events that its kernel recorded."};
    wish wish;
    app.add_option("RINGS", wish.rings, "the events, as `--trace FILE` of an image left them")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("IMAGE", wish.image, "the boot image, for names")
        ->required()
        ->check(CLI::ExistingFile);
    app.add_option("--perfetto", wish.perfetto, "write a trace for Perfetto's viewer there");
    app.add_option("--folded", wish.folded,
                   "write there who spent how many ns for whom, a stack a line, for flame graphs");
    app.add_flag("--path", wish.path, "where the time of the longest call went");
    app.add_option("--caller", wish.call.caller, "with --path: of this task");
    app.add_option("--server", wish.call.server, "with --path: to this task");
    app.add_option("--operation", wish.call.operation, "with --path: of this operation");
    app.add_option("--at", wish.call.at_ns, "with --path: the one that was asked at this time, ns");
    app.add_option("--rows", wish.rows, "rows of each table");
    CLI11_PARSE(app, argc, argv);
    try {
        return work(wish);
    } catch (const std::exception &error) {
        std::cerr << "trace: " << error.what() << "\n";
        return 2;
    }
}
