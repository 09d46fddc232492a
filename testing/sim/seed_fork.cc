// testing/sim/seed_fork.cc: see seed_fork.h.
#include "testing/sim/seed_fork.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace simtest {
namespace {

constexpr std::size_t WORKERS = 2;

// Of the processes that run seeds of one range.
struct shared_range {
    std::atomic<std::uint64_t> next;
    std::atomic<std::uint64_t> unclean{UINT64_MAX};  // The lowest so far.
    std::atomic_flag adding = ATOMIC_FLAG_INIT;
};

[[noreturn]] void give_up(const char *what) {
    std::perror(what);
    std::exit(2);
}

void boot(const sim_options &machine) {
    static std::uint32_t booted_harts;
    if (booted_harts != machine.hart_count) {
        sim_boot(&machine);
        booted_harts = machine.hart_count;
    }
}

}  // namespace

std::uint32_t seed_harts(std::uint32_t asked, std::uint64_t seed) {
    if (asked != 0) {
        return asked;
    }
    switch (seed % 8) {
        case 7:
            return 4;
        case 3:
            return 1;
        default:
            return 2;
    }
}

void *seed_shared_bytes(std::size_t bytes) {
    void *got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) {
        give_up("seeds: mmap");
    }
    return got;
}

int seed_fork(const sim_options &machine, bool quiet, const std::function<void()> &body) {
    boot(machine);
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (quiet) {
            const int nothing = open("/dev/null", O_WRONLY);
            dup2(nothing, STDOUT_FILENO);
            dup2(nothing, STDERR_FILENO);
        }
        body();
        std::fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        give_up("seeds: fork");
    }
    return status;
}

namespace {

void run_seeds(const seed_range &range, shared_range *shared,
               const std::function<bool(std::uint64_t)> &run, const std::function<void()> &add) {
    // Whoever takes a seed, all before it have been taken: the lowest unclean one is found.
    for (std::uint64_t seed = shared->next.fetch_add(range.step);
         seed <= range.last && seed < shared->unclean; seed = shared->next.fetch_add(range.step)) {
        const bool is_clean = run(seed);
        while (shared->adding.test_and_set()) {
            sched_yield();
        }
        add();
        if (!is_clean) {
            shared->unclean = std::min(shared->unclean.load(), seed);
        }
        shared->adding.clear();
    }
}

}  // namespace

std::uint64_t seeds_each(const seed_range &range, const std::function<bool(std::uint64_t)> &run,
                         const std::function<void()> &add) {
    void *const memory = seed_shared_bytes(sizeof(shared_range));
    auto *const shared = new (memory) shared_range{range.first};
    std::fflush(stdout);
    pid_t workers[WORKERS];
    for (pid_t &worker : workers) {
        worker = fork();
        if (worker == 0) {
            run_seeds(range, shared, run, add);
            std::fflush(stdout);
            _exit(0);
        }
        if (worker < 0) {
            give_up("seeds: fork");
        }
    }
    for (const pid_t worker : workers) {
        int status = 0;
        if (waitpid(worker, &status, 0) != worker || status != 0) {
            std::fprintf(stderr, "seeds: a process that ran them failed\n");
            std::exit(2);
        }
    }
    const std::uint64_t unclean = shared->unclean;
    munmap(memory, sizeof(shared_range));
    return unclean == UINT64_MAX ? 0 : unclean;
}

std::string seed_crash(int status) {
    return WIFSIGNALED(status) ? "crash: signal " + std::to_string(WTERMSIG(status))
                               : "crash: exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace simtest
