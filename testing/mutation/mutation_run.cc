// testing/mutation/mutation_run.cc: runs mutants of several programs (runner.h) and judges what
// becomes of them by the list of survivors. A mutant of several programs dies if it does in one: a
// later program gets what has survived so far.
//
//   mutation_run [--sample N] [--jobs N] [--file PART] [--tries N] SURVIVORS PROGRAM...
//
// Exit: 0 as it should be; 1 a complaint; 2 it could not be run.
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "testing/mutation/survivors.h"

namespace {

using mutation::candidate;
using mutation::identity;
using mutation::judgement;
using mutation::outcome;

constexpr double RATE_GOAL = 10;  // Percent.

struct arguments {
    std::size_t sample = 0;  // 0: all.
    unsigned jobs = 2;
    std::string file;   // Only mutants whose file has this in its name.
    std::string tries;  // Tests that a mutant meets at most. Empty: all.
    std::string survivors;
    std::vector<std::string> programs;
};

[[noreturn]] void give_up(const std::string &why) {
    std::cerr << "mutation_run: " << why << "\n";
    std::exit(2);
}

arguments read_arguments(int argc, char **argv) {
    arguments out;
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        const std::string name = argv[i];
        if (name == "--sample") {
            out.sample = std::strtoul(argv[i + 1], nullptr, 10);
        } else if (name == "--jobs") {
            out.jobs = static_cast<unsigned>(std::strtoul(argv[i + 1], nullptr, 10));
        } else if (name == "--file") {
            out.file = argv[i + 1];
        } else if (name == "--tries") {
            out.tries = argv[i + 1];
        } else {
            give_up("unknown option " + name);
        }
    }
    if (argc - i < 2) {
        give_up(
            "usage: mutation_run [--sample N] [--jobs N] [--file PART] [--tries N] SURVIVORS "
            "PROGRAM...");
    }
    out.survivors = argv[i];
    out.programs.assign(argv + i + 1, argv + argc);
    return out;
}

// The lines that a command prints; each is handed over as it comes.
template <class F>
void each_line(const std::string &command, const F &take) {
    FILE *pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) {
        give_up("can't run " + command);
    }
    char *line = nullptr;
    std::size_t room = 0;
    for (ssize_t length = 0; (length = getline(&line, &room, pipe)) > 0;) {
        take(std::string(line, static_cast<std::size_t>(length - 1)));
    }
    std::free(line);
    if (pclose(pipe) != 0) {
        give_up("failed: " + command.substr(0, command.find(' ')));
    }
}

std::string path_of(const std::string &program) {
    return program.find('/') == std::string::npos ? "./" + program : program;
}

std::vector<candidate> all_candidates(const arguments &args) {
    std::vector<candidate> out;
    for (std::size_t i = 0; i < args.programs.size(); i++) {
        each_line(path_of(args.programs[i]) + " list", [&](const std::string &line) {
            candidate one;
            if (!mutation::read_candidate(line, i, one)) {
                give_up(args.programs[i] + " lists: " + line);
            }
            if (one.file.find(args.file) != std::string::npos) {
                out.push_back(one);
            }
        });
    }
    return out;
}

// One program's: those of `wanted` that it has and no earlier one has killed.
void run_some(const arguments &args, std::size_t program, const std::vector<candidate> &all,
              const std::set<identity> &wanted, std::map<identity, outcome> &out) {
    std::map<unsigned, candidate> by_number;
    std::string command = path_of(args.programs[program]) + " run " + std::to_string(args.jobs);
    command += args.tries.empty() ? "" : " --tries " + args.tries;
    for (const candidate &one : all) {
        const auto before = out.find(one.name);
        if (one.program == program && wanted.count(one.name) != 0 &&
            (before == out.end() || !before->second.killed)) {
            by_number[one.number] = one;
            command += " " + std::to_string(one.number);
        }
    }
    if (by_number.empty()) {
        return;
    }
    each_line(command, [&](const std::string &line) {
        std::istringstream words(line);
        unsigned number = 0;
        std::string word;
        std::string by;
        words >> number >> word >> by;
        if (!words || by_number.count(number) == 0) {
            give_up(args.programs[program] + " says: " + line);
        }
        const candidate &one = by_number[number];
        outcome &became = out.try_emplace(one.name, outcome{one, false, false}).first->second;
        became.killed = word == "killed";
        became.reached = became.reached || word != "unreached";
        std::cout << word << " by " << by << ": " << one.name << "\n" << std::flush;
    });
}

int tell(const arguments &args, const judgement &done, std::size_t chosen, double seconds) {
    for (const std::string &complaint : done.complaints) {
        std::cout << "COMPLAINT: " << complaint << "\n";
    }
    if (args.sample == 0) {
        for (const auto &[file, counts] : done.files) {
            std::printf("%s: %zu of %zu survive\n", file.c_str(), counts.first, counts.second);
        }
    }
    if (done.killed + done.survived != chosen) {
        give_up("some mutants were not run");
    }
    const double rate = 100.0 * static_cast<double>(done.survived) / static_cast<double>(chosen);
    std::printf(
        "%zu mutants in %.0f s: %zu killed, %zu survive (%.1f %%), %zu of them not listed\n",
        chosen, seconds, done.killed, done.survived, rate, done.unlisted.size());
    if (!done.complaints.empty()) {
        std::printf(
            "A survivor needs a test that kills it, or a line in testing/mutation/survivors.txt "
            "with a reason; what a test kills needs none (testing/mutation/README.md).\n");
    }
    const bool too_many = args.sample == 0 && args.file.empty() && rate >= RATE_GOAL;
    return done.complaints.empty() && !too_many ? 0 : 1;
}

}  // namespace

int main(int argc, char **argv) {
    const arguments args = read_arguments(argc, argv);
    // Reports go nowhere, so that making them is a waste; and a test's report belongs to the tests.
    setenv("ASAN_OPTIONS", "symbolize=0:detect_leaks=0:detect_stack_use_after_return=0", 1);
    setenv("UBSAN_OPTIONS", "symbolize=0", 1);
    unsetenv("XML_OUTPUT_FILE");
    std::ifstream file(args.survivors);
    if (!file) {
        give_up("can't read " + args.survivors);
    }
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto begin = std::chrono::steady_clock::now();
    const std::vector<candidate> candidates = all_candidates(args);
    std::set<identity> wanted;
    for (const candidate &one :
         mutation::sample(candidates, args.sample != 0 ? args.sample : candidates.size())) {
        wanted.insert(one.name);
    }
    if (wanted.empty()) {
        give_up("there are no mutants");
    }
    std::map<identity, outcome> became;
    for (std::size_t i = 0; i < args.programs.size(); i++) {
        run_some(args, i, candidates, wanted, became);
    }
    std::vector<outcome> outcomes;
    for (const auto &[name, one] : became) {
        outcomes.push_back(one);
    }
    const bool all = args.sample == 0 && args.file.empty();
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return tell(args, mutation::judge(outcomes, mutation::read_survivors(text), all), wanted.size(),
                seconds.count());
}
