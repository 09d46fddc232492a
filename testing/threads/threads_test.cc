// testing/threads/threads_test.cc: the core's order between harts is enough, and ThreadSanitizer
// reports where it is not.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr int TSAN_EXIT = 66;
constexpr int TRIES_MAX = 10;  // A planted bug shows when two harts meet, which is up to chance.

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

TEST(Threads, harts_are_ordered) {
    for (const char *harts : {"1", "2", "4", "8"}) {
        for (const char *seed : {"1", "2", "3"}) {
            outcome got = run(std::string(seed) + " " + harts + " 1000");
            EXPECT_EQ(got.exit_code, 0) << harts << " harts: " << got.text;
        }
    }
}

void expect_reported(const std::string &bug) {
    for (int seed = 1; seed <= TRIES_MAX; seed++) {
        outcome got = run(std::to_string(seed) + " 4 2000 " + bug);
        if (got.exit_code == TSAN_EXIT) {
            EXPECT_NE(got.text.find("data race"), std::string::npos) << got.text;
            return;
        }
    }
    ADD_FAILURE() << bug << " is not reported";
}

const std::vector<std::string> planted = {
#define INJECTED false
#define PLANTED false
#define UNORDERED true
#define FAULT_POINT(name, kind, what) (kind) ? #name : "",
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
#undef UNORDERED
#undef PLANTED
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
