// testing/system_sim/found_by.cc: see found_by.h.
#include "testing/system_sim/found_by.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace systemsim {
namespace {

using rows = std::map<std::string, std::uint64_t>;

rows &known() {
    static rows all = {
#define FOUND_BY(name, seed) {#name, seed},
#include "testing/system_sim/found_by.def"
#undef FOUND_BY
    };
    return all;
}

bool has(const simtest::seed_range &range, std::uint64_t seed) {
    return seed >= range.first && seed <= range.last && (seed - range.first) % range.step == 0;
}

// The file in the tree if `bazel run` started this process; else the row is only printed.
void keep(const std::string &name, std::uint64_t seed) {
    known()[name] = seed;
    std::printf("found_by.def: FOUND_BY(%s, %llu)\n", name.c_str(),
                static_cast<unsigned long long>(seed));
    const char *tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
    if (tree == nullptr) {
        return;
    }
    const std::string path = std::string(tree) + "/testing/system_sim/found_by.def";
    std::ifstream in(path);
    std::string text;
    for (std::string line; std::getline(in, line) && line.rfind("FOUND_BY", 0) != 0;) {
        text += line + "\n";  // The comment at its head.
    }
    std::ofstream out(path);
    out << text;
    for (const auto &[bug, by] : known()) {
        out << "FOUND_BY(" << bug << ", " << by << ")\n";
    }
}

}  // namespace

seeds_outcome seeds_find(const seed_options &options, const simtest::seed_range &range) {
    const std::string name = plant_name(options.plant);
    const auto row = known().find(name);
    if (row != known().end() && has(range, row->second)) {
        const seeds_outcome out = seeds_run(options, {row->second, row->second});
        if (out.unclean != 0) {
            return out;
        }
    }
    const seeds_outcome out = seeds_run(options, range);
    if (out.unclean != 0) {
        keep(name, out.unclean);
    }
    return out;
}

}  // namespace systemsim
