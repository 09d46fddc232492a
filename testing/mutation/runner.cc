// testing/mutation/runner.cc: see runner.h.
#include "testing/mutation/runner.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "testing/mutation/mutant.h"

namespace {

constexpr unsigned MUTANTS_MAX = 16384;
constexpr double SLOWER_MAX = 4;  // A mutant may take that much longer than the test without one.
constexpr rlim_t SECONDS_LEAST = 1;
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

// With `part` in the name.
std::vector<test> all_tests(const std::string &part) {
    std::vector<test> out;
    const testing::UnitTest &unit = *testing::UnitTest::GetInstance();
    for (int i = 0; i < unit.total_test_suite_count(); i++) {
        const testing::TestSuite &suite = *unit.GetTestSuite(i);
        for (int k = 0; k < suite.total_test_count(); k++) {
            test one;
            one.name = std::string(suite.name()) + "." + suite.GetTestInfo(k)->name();
            if (one.name.find(part) != std::string::npos) {
                out.push_back(one);
            }
        }
    }
    return out;
}

// In a process of its own.
[[noreturn]] void run_here(const test &one, unsigned mutant, rlim_t seconds) {
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    const rlimit cpu{seconds, seconds + 1};
    const rlimit core{0, 0};
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &core);
    alarm(WALL_SECONDS_MAX);
    mutant_active = mutant;
    testing::GTEST_FLAG(filter) = one.name;
    _exit(RUN_ALL_TESTS());
}

int wait_for(pid_t child, rusage *used) {
    int status = 0;
    if (child < 0 || wait4(child, &status, 0, used) != child) {
        std::perror("runner: fork");
        std::exit(2);
    }
    return status;
}

bool passes(const test &one, unsigned mutant, rlim_t seconds, rusage *used) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        run_here(one, mutant, seconds);
    }
    const int status = wait_for(child, used);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

double seconds_of(const rusage &used) {
    return static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

void measure(std::vector<test> &tests) {
    for (test &one : tests) {
        std::memset(mutant_reached, 0, mutant_count);
        rusage used{};
        if (!passes(one, MUTANT_NONE, WALL_SECONDS_MAX, &used)) {
            std::fprintf(stderr, "runner: %s fails without a mutant\n", one.name.c_str());
            std::exit(2);
        }
        one.seconds = seconds_of(used);
        one.reaches.assign(mutant_reached, mutant_reached + mutant_count);
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
[[noreturn]] void try_here(const std::vector<test> &tests, unsigned mutant, verdict *out) {
    *out = {0, -1};
    for (int i : order_for(tests, mutant)) {
        const auto limit = static_cast<rlim_t>(tests[i].seconds * SLOWER_MAX) + SECONDS_LEAST;
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

void try_all(std::vector<test> &tests, const std::vector<unsigned> &mutants, unsigned jobs) {
    auto *verdicts = shared<verdict>(mutants.size());
    std::map<pid_t, std::size_t> workers;
    for (std::size_t next = 0; next < mutants.size() || !workers.empty();) {
        if (next < mutants.size() && workers.size() < jobs) {
            const pid_t child = fork();
            if (child == 0) {
                try_here(tests, mutants[next], &verdicts[next]);
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

int run(int count, char **words) {
    const auto jobs = static_cast<unsigned>(std::strtoul(words[0], nullptr, 10));
    std::vector<unsigned> mutants;
    const bool chooses = count >= 3 && std::strcmp(words[1], "--test") == 0;
    for (int i = chooses ? 3 : 1; i < count; i++) {
        mutants.push_back(static_cast<unsigned>(std::strtoul(words[i], nullptr, 10)));
        if (mutants.back() >= mutant_count) {
            std::fprintf(stderr, "runner: there is no mutant %s\n", words[i]);
            return 2;
        }
    }
    mutant_reached = shared<unsigned char>(mutant_count + 1);
    std::vector<test> tests = all_tests(chooses ? words[2] : "");
    measure(tests);
    try_all(tests, mutants, std::max(jobs, 1u));
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
    std::fprintf(stderr, "usage: %s list | run JOBS [--test PART] NUMBER...\n", argv[0]);
    return 2;
}
