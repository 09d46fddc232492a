// testing/mutation/runner.cc: see runner.h.
#include "testing/mutation/runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "testing/mutation/mutant.h"

namespace {

constexpr unsigned MUTANTS_MAX = 16384;
// A mutant may take that many times what the test takes without one, and so much more: many mutants
// never end, so most of a run's time is waiting for this.
constexpr double SLOWER_MAX = 8;
constexpr double SECONDS_LEAST = 0.25;
constexpr unsigned WALL_SECONDS_MAX = 300;

unsigned char reached_before_main[MUTANTS_MAX];
mutant_table *tables;
mutant_table **tables_end = &tables;
unsigned mutant_count;

struct test {
    std::string name;
    double seconds = 0;
    std::vector<bool> reaches;
    std::map<std::string, unsigned> kills;  // By the mutant's file.
};

// What a worker says of its mutant.
struct verdict {
    unsigned tried;
    int killer;  // Index of the test, or -1.
};

template <class T>
T *shared(std::size_t count) {
    void *got =
        mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) {
        std::perror("runner: mmap");
        std::exit(2);
    }
    return static_cast<T *>(got);
}

const mutant_row &row_of(unsigned number) {
    const mutant_table *table = tables;
    while (number - table->first >= table->count) {
        table = table->next;
    }
    return table->rows[number - table->first];
}

bool has_one_of(const std::string &name, const std::string &parts) {
    std::istringstream words(parts);
    for (std::string part; std::getline(words, part, ',');) {
        if (name.find(part) != std::string::npos) {
            return true;
        }
    }
    return parts.empty();
}

// With one of `parts` in the name.
std::vector<test> all_tests(const std::string &parts) {
    std::vector<test> out;
    const testing::UnitTest &unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); i++) {
        const testing::TestSuite &suite = *unit.GetTestSuite(i);
        for (int k = 0; k < suite.total_test_count(); k++) {
            test one;
            one.name = std::string(suite.name()) + "." + suite.GetTestInfo(k)->name();
            if (has_one_of(one.name, parts)) {
                out.push_back(one);
            }
        }
    }
    return out;
}

// In a process of its own.
[[noreturn]] void run_here(const test &one, unsigned mutant, double seconds) {
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    const auto whole = static_cast<time_t>(seconds);
    const itimerval timer{
        {0, 0}, {whole, static_cast<suseconds_t>((seconds - static_cast<double>(whole)) * 1e6)}};
    const rlimit cpu{static_cast<rlim_t>(whole) + 1, static_cast<rlim_t>(whole) + 2};
    const rlimit core{0, 0};
    setitimer(ITIMER_PROF, &timer, nullptr);  // Of this process alone,
    setrlimit(RLIMIT_CPU, &cpu);              // and of what it starts.
    setrlimit(RLIMIT_CORE, &core);
    alarm(WALL_SECONDS_MAX);
    mutant_active = mutant;
    testing::GTEST_FLAG(filter) = one.name;
    _exit(RUN_ALL_TESTS());
}

pid_t start(const test &one, unsigned mutant, double seconds) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        run_here(one, mutant, seconds);
    }
    if (child < 0) {
        std::fprintf(stderr, "runner: no process for %s\n", one.name.c_str());
        std::exit(2);
    }
    return child;
}

int wait_for(pid_t child, rusage *used) {
    int status = 0;
    if (child < 0 || wait4(child, &status, 0, used) != child) {
        std::perror("runner: fork");
        std::exit(2);
    }
    return status;
}

bool is_pass(int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool passes(const test &one, unsigned mutant, double seconds, rusage *used) {
    return is_pass(wait_for(start(one, mutant, seconds), used));
}

double seconds_of(const rusage &used) {
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// What a test reaches is noted in memory of its own.
struct measured {
    std::size_t index;
    unsigned char *reached;
};

void take_measured(test &one, const measured &run, int status, const rusage &used) {
    if (!is_pass(status)) {
        std::fprintf(stderr, "runner: %s fails without a mutant\n", one.name.c_str());
        std::exit(2);
    }
    one.seconds = seconds_of(used);
    one.reaches.assign(run.reached, run.reached + mutant_count);
}

void measure(std::vector<test> &tests, unsigned jobs) {
    std::vector<unsigned char *> places;
    for (unsigned i = 0; i < jobs; i++) {
        places.push_back(shared<unsigned char>(mutant_count + 1));
    }
    std::map<pid_t, measured> running;
    for (std::size_t next = 0; next < tests.size() || !running.empty();) {
        if (next < tests.size() && !places.empty()) {
            mutant_reached = places.back();
            places.pop_back();
            std::memset(mutant_reached, 0, mutant_count);
            running[start(tests[next], MUTANT_NONE, WALL_SECONDS_MAX)] = {next, mutant_reached};
            next++;
            continue;
        }
        int status = 0;
        rusage used{};
        const auto ended = running.find(wait4(-1, &status, 0, &used));
        if (ended == running.end()) {
            std::fprintf(stderr, "runner: a test was lost\n");
            std::exit(2);
        }
        take_measured(tests[ended->second.index], ended->second, status, used);
        places.push_back(ended->second.reached);
        running.erase(ended);
    }
}

// Those that reach it; first what has killed its like, then what is quick.
std::vector<int> order_for(const std::vector<test> &tests, unsigned mutant) {
    const std::string file = row_of(mutant).file;
    const auto kills = [&](int i) {
        const auto found = tests[i].kills.find(file);
        return found == tests[i].kills.end() ? 0u : found->second;
    };
    std::vector<int> out;
    for (std::size_t i = 0; i < tests.size(); i++) {
        if (tests[i].reaches[mutant]) {
            out.push_back(static_cast<int>(i));
        }
    }
    std::stable_sort(out.begin(), out.end(), [&](int a, int b) {
        return kills(a) != kills(b) ? kills(a) > kills(b) : tests[a].seconds < tests[b].seconds;
    });
    return out;
}

// In a process of its own.
[[noreturn]] void try_here(const std::vector<test> &tests, unsigned mutant, unsigned tries,
                           verdict *out) {
    *out = {0, -1};
    for (int i : order_for(tests, mutant)) {
        if (out->tried == tries) {
            break;
        }
        const double limit = tests[i].seconds * SLOWER_MAX + SECONDS_LEAST;
        rusage used{};
        out->tried++;
        if (!passes(tests[i], mutant, limit, &used)) {
            out->killer = i;
            break;
        }
    }
    _exit(0);
}

void tell(std::vector<test> &tests, unsigned mutant, const verdict &out) {
    if (out.killer >= 0) {
        tests[out.killer].kills[row_of(mutant).file]++;
        std::printf("%u\tkilled\t%s\n", mutant, tests[out.killer].name.c_str());
    } else {
        std::printf("%u\t%s\t%u tests\n", mutant, out.tried == 0 ? "unreached" : "survived",
                    out.tried);
    }
    std::fflush(stdout);
}

// What a command line chooses.
struct choice {
    unsigned jobs = 1;
    unsigned tries = UINT_MAX;  // Tests a mutant meets.
    std::string parts;          // Of the names of the tests; empty: all.
    std::vector<unsigned> mutants;
};

void try_all(std::vector<test> &tests, const choice &chosen) {
    const std::vector<unsigned> &mutants = chosen.mutants;
    auto *verdicts = shared<verdict>(mutants.size());
    std::map<pid_t, std::size_t> workers;
    for (std::size_t next = 0; next < mutants.size() || !workers.empty();) {
        if (next < mutants.size() && workers.size() < chosen.jobs) {
            const pid_t child = fork();
            if (child == 0) {
                try_here(tests, mutants[next], chosen.tries, &verdicts[next]);
            }
            workers[child] = next++;
            continue;
        }
        int status = 0;
        const pid_t ended = wait(&status);
        if (workers.count(ended) == 0 || status != 0) {
            std::fprintf(stderr, "runner: a worker failed\n");
            std::exit(2);
        }
        const std::size_t index = workers[ended];
        workers.erase(ended);
        tell(tests, mutants[index], verdicts[index]);
    }
}

int list() {
    for (unsigned i = 0; i < mutant_count; i++) {
        const mutant_row &row = row_of(i);
        std::printf("%u\t%s\t%s\t%u\t%u\t%s\n", i, row.file, row.change, row.occurrence, row.line,
                    row.line_text);
    }
    return 0;
}

bool read_choice(int count, char **words, choice &out) {
    out.jobs = std::max(static_cast<unsigned>(std::strtoul(words[0], nullptr, 10)), 1u);
    int i = 1;
    for (; i + 1 < count && words[i][0] == '-'; i += 2) {
        if (std::strcmp(words[i], "--test") == 0) {
            out.parts = words[i + 1];
        } else if (std::strcmp(words[i], "--tries") == 0) {
            out.tries =
                std::max(static_cast<unsigned>(std::strtoul(words[i + 1], nullptr, 10)), 1u);
        } else {
            std::fprintf(stderr, "runner: unknown option %s\n", words[i]);
            return false;
        }
    }
    for (; i < count; i++) {
        out.mutants.push_back(static_cast<unsigned>(std::strtoul(words[i], nullptr, 10)));
        if (out.mutants.back() >= mutant_count) {
            std::fprintf(stderr, "runner: there is no mutant %s\n", words[i]);
            return false;
        }
    }
    return true;
}

int run(int count, char **words) {
    choice chosen;
    if (!read_choice(count, words, chosen)) {
        return 2;
    }
    std::vector<test> tests = all_tests(chosen.parts);
    measure(tests, chosen.jobs);
    try_all(tests, chosen);
    return 0;
}

}  // namespace

unsigned mutant_active = MUTANT_NONE;
unsigned char *mutant_reached = reached_before_main;

void mutant_register(mutant_table *table) {
    table->first = mutant_count;
    mutant_count += table->count;
    if (mutant_count > MUTANTS_MAX) {
        std::abort();
    }
    *tables_end = table;
    tables_end = &table->next;
}

int mutation::run_tests(int argc, char **argv) {
    testing::InitGoogleTest(&argc, argv);
    if (argc >= 2 && std::strcmp(argv[1], "list") == 0) {
        return list();
    }
    if (argc >= 3 && std::strcmp(argv[1], "run") == 0) {
        return run(argc - 2, argv + 2);
    }
    std::fprintf(stderr, "usage: %s list | run JOBS [--test PART,...] [--tries N] NUMBER...\n",
                 argv[0]);
    return 2;
}
