// testing/threads/threads_test.cc: the core's order between harts is enough, and ThreadSanitizer
// reports where it is not.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int TSAN_EXIT = 66;
constexpr int TRIES_MAX = 10;  // A planted bug shows when two harts meet, which is up to chance.
constexpr int SEEDS = 4;       // One of each kind: all pools full, some empty, tasks that end.
constexpr int ROUNDS = 400;

struct outcome {
    int exit_code;
    std::string text;
};

outcome run(const std::string &arguments) {
    FILE *pipe = popen(("testing/threads/kernel_threads " + arguments + " 2>&1").c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string text;
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        text.append(buffer, got);
    }
    int status = pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

// The long run of the same takes other numbers (BUILD.bazel).
int number(const char *name, int otherwise) {
    const char *text = std::getenv(name);
    return text != nullptr ? std::atoi(text) : otherwise;
}

TEST(Threads, harts_are_ordered) {
    int seeds = number("THREADS_SEEDS", SEEDS);
    int rounds = number("THREADS_ROUNDS", ROUNDS);
    for (const char *harts : {"1", "2", "4", "8"}) {
        for (int seed = 1; seed <= seeds; seed++) {
            outcome got = run(std::to_string(seed) + " " + harts + " " + std::to_string(rounds));
            ASSERT_EQ(got.exit_code, 0) << harts << " harts, seed " << seed << ": " << got.text;
            std::printf("%s harts, seed %d: %s", harts, seed, got.text.c_str());
        }
    }
}

void expect_reported(const std::string &bug) {
    for (int seed = 1; seed <= TRIES_MAX; seed++) {
        outcome got = run(std::to_string(seed) + " 4 " + std::to_string(ROUNDS) + " " + bug);
        if (got.exit_code == TSAN_EXIT) {
            EXPECT_NE(got.text.find("data race"), std::string::npos) << got.text;
            std::printf("%s: reported in run %d\n", bug.c_str(), seed);
            return;
        }
    }
    ADD_FAILURE() << bug << " is not reported";
}

const std::vector<std::string> planted = {
#define INJECTED false
#define CHOSEN false
#define PLANTED false
#define UNORDERED true
#define FAULT_POINT(name, kind, what) (kind) ? #name : "",
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
#undef UNORDERED
#undef PLANTED
#undef CHOSEN
#undef INJECTED
};

TEST(Threads, each_planted_bug_is_reported) {
    int count = 0;
    for (const std::string &bug : planted) {
        if (!bug.empty()) {
            expect_reported(bug);
            count++;
        }
    }
    EXPECT_GE(count, 3);
}

}  // namespace
