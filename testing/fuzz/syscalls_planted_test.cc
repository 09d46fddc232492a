// testing/fuzz/syscalls_planted_test.cc: the corpus of `syscalls` finds bugs when they are there.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct ending {
    int status;
    std::string text;
};

std::string folder() {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    return root != nullptr && workspace != nullptr
               ? std::string(root) + "/" + workspace + "/testing/fuzz/"
               : "testing/fuzz/";
}

ending replay(const std::string &plant) {
    const std::string command = "TESSERA_FUZZ_PLANT=" + plant + " " + folder() +
                                "syscalls -runs=0 -artifact_prefix=\"${TEST_TMPDIR:-.}/\" " +
                                folder() + "corpus/syscalls_*.bin 2>&1";
    FILE *pipe = popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    ending out{0, ""};
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        out.text.append(buffer, got);
    }
    out.status = pclose(pipe);
    return out;
}

struct planted {
    const char *name;
    const char *complaint;
};

class Planted : public testing::TestWithParam<planted> {};

TEST_P(Planted, is_found_by_the_corpus) {
    const ending got = replay(GetParam().name);
    EXPECT_NE(got.status, 0);
    EXPECT_NE(got.text.find(GetParam().complaint), std::string::npos) << got.text;
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, Planted,
    testing::Values(planted{"LOSE_DEADLINE", "lost deadline: nobody knows"},
                    planted{"LOSE_RELEASE", "counts other references"},
                    planted{"PUT_PAGE_TWICE", "POOL_TAKEN"},
                    planted{"MISS_SHOOTDOWN", "still translates to it"},
                    planted{"WRONG_LOCK_ORDER", "lock order"}),
    [](const testing::TestParamInfo<planted> &info) { return std::string(info.param.name); });

TEST(PlantedName, test_reject_unknown_name) {
    const ending got = replay("NO_SUCH_BUG");
    EXPECT_NE(got.status, 0);
    EXPECT_NE(got.text.find("no fault point is named NO_SUCH_BUG"), std::string::npos) << got.text;
}

}  // namespace
