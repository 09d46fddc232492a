// testing/sim/seed_fork.cc: see seed_fork.h.
#include "testing/sim/seed_fork.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

namespace simtest {
namespace {

constexpr std::size_t WORKERS = 2;
constexpr useconds_t LOOK_US = 10000;  // Between looks at whether they have ended.

// Of the processes that run seeds of one range.
struct shared_range {
    std::atomic<std::uint64_t> next;
    std::atomic<std::uint64_t> unclean{UINT64_MAX};  // The lowest so far.
    pthread_mutex_t adding;  // Who waits for one that died inside is ended with it.
};

[[noreturn]] void give_up(const char *what) {
    std::perror(what);
    std::exit(2);
}

// Who forked this process may be ended at any time.
void end_with_parent() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void make_shared(pthread_mutex_t *mutex) {
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &how);
    pthread_mutexattr_destroy(&how);
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
        end_with_parent();
        if (quiet) {
            const int nothing = open("/dev/null", O_WRONLY);
            dup2(nothing, STDOUT_FILENO);
            dup2(nothing, STDERR_FILENO);
        }
        // Nobody reads what GoogleTest has counted here: the first failure ends the process.
        GTEST_FLAG_SET(break_on_failure, true);
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
        pthread_mutex_lock(&shared->adding);
        add();
        if (!is_clean) {
            shared->unclean = std::min(shared->unclean.load(), seed);
        }
        pthread_mutex_unlock(&shared->adding);
    }
}

// Of the first that failed, the others are ended.
void end_workers(std::vector<pid_t> workers) {
    for (const pid_t worker : workers) {
        kill(worker, SIGKILL);
    }
    for (const pid_t worker : workers) {
        waitpid(worker, nullptr, 0);
    }
}

// Until all have ended; the first that fails ends all, in whichever order they end.
void await(std::vector<pid_t> workers) {
    for (std::size_t i = 0; !workers.empty(); i++) {
        i %= workers.size();
        int status = 0;
        const pid_t got = waitpid(workers[i], &status, WNOHANG);
        if (got == 0) {
            usleep(LOOK_US);
            continue;
        }
        workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
        if (got < 0 || status != 0) {
            end_workers(workers);
            std::fprintf(stderr, "seeds: a process that ran them failed: %s\n",
                         seed_crash(status).c_str());
            std::exit(2);
        }
    }
}

}  // namespace

std::uint64_t seeds_each(const seed_range &range, const std::function<bool(std::uint64_t)> &run,
                         const std::function<void()> &add) {
    void *const memory = seed_shared_bytes(sizeof(shared_range));
    auto *const shared = new (memory) shared_range{};
    shared->next = range.first;
    make_shared(&shared->adding);
    std::fflush(stdout);
    std::vector<pid_t> workers;
    while (workers.size() < WORKERS) {
        const pid_t worker = fork();
        if (worker == 0) {
            end_with_parent();
            run_seeds(range, shared, run, add);
            std::fflush(stdout);
            _exit(0);
        }
        if (worker < 0) {
            end_workers(workers);
            give_up("seeds: fork");
        }
        workers.push_back(worker);
    }
    await(workers);
    const std::uint64_t unclean = shared->unclean;
    munmap(memory, sizeof(shared_range));
    return unclean == UINT64_MAX ? 0 : unclean;
}

std::string seed_crash(int status) {
    return WIFSIGNALED(status) ? "crash: signal " + std::to_string(WTERMSIG(status))
                               : "crash: exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace simtest
