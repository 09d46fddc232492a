// tools/new_service/scaffold_test.cc: the tree's example is what the tool makes, each bad name is
// refused, and a refusal writes nothing.
#include "tools/new_service/scaffold.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

namespace new_service {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> tree(const std::string &path) {
    if (fs::is_directory(path)) {
        return "";
    }
    std::ifstream file(path, std::ios::binary);
    return file ? std::optional<std::string>(std::string(std::istreambuf_iterator<char>(file), {}))
                : std::nullopt;
}

std::string back_to_example(std::string text) {
    text = std::regex_replace(text, std::regex("sample"), "example");
    return std::regex_replace(text, std::regex("SAMPLE"), "EXAMPLE");
}

// Its lines with a word, without what differs from service to service.
std::multiset<std::string> lines_with(const std::string &text, const std::regex &word) {
    std::multiset<std::string> found;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        if (std::regex_search(line, word)) {
            found.insert(std::regex_replace(line, std::regex("= [0-9]+,"), "= N,"));
        }
    }
    return found;
}

TEST(Scaffold, the_trees_example_is_what_it_makes) {
    const plan made = plan_service(tree, "sample", "");
    ASSERT_EQ(made.error, "");
    EXPECT_EQ(made.made.size(), 10u);
    for (const auto &[path, text] : made.made) {
        EXPECT_EQ(text.find("example"), std::string::npos) << path;
        EXPECT_EQ(back_to_example(text), tree(back_to_example(path))) << path;
    }
}

TEST(Scaffold, the_trees_lists_name_the_example_as_it_would) {
    const plan made = plan_service(tree, "sample", "");
    for (const char *path : {"ipc/wire/wire.h", "ipc/wire/protocols.c", "ipc/wire/BUILD.bazel",
                             "images/markers.def", "testing/style/packages.bzl"}) {
        ASSERT_TRUE(made.edits.contains(path)) << path;
        const auto added = lines_with(back_to_example(made.edits.at(path)),
                                      std::regex("[eE][xX][aA][mM][pP][lL][eE]"));
        const auto stands = lines_with(*tree(path), std::regex("[eE][xX][aA][mM][pP][lL][eE]"));
        std::multiset<std::string> twice = stands;
        twice.insert(stands.begin(), stands.end());
        EXPECT_EQ(added, twice) << path;
    }
    EXPECT_NE(made.edits.at("ipc/wire/BUILD.bazel").find("letters = \"SA\""), std::string::npos);
    EXPECT_EQ(made.to_add.size(), 5u);  // What it does not choose: images and sentences.
}

// A list that is not as it is expected stays as it is.
TEST(Scaffold, what_it_cannot_edit_it_says) {
    const reader without = [](const std::string &path) {
        return path == "images/markers.def" ? std::optional<std::string>("// empty\n") : tree(path);
    };
    const plan made = plan_service(without, "sample", "");
    ASSERT_EQ(made.error, "");
    EXPECT_FALSE(made.edits.contains("images/markers.def"));
    ASSERT_EQ(made.to_add.size(), 7u);
    EXPECT_EQ(made.to_add[0], "images/markers.def:\nMARKER_AREA(\"sample: \")\n");
}

struct wrong {
    const char *name;
    const char *letters;
    const char *says;
};

class WrongName : public testing::TestWithParam<wrong> {};

TEST_P(WrongName, test_reject) {
    const plan made = plan_service(tree, GetParam().name, GetParam().letters);
    EXPECT_NE(made.error.find(GetParam().says), std::string::npos) << made.error;
    EXPECT_TRUE(made.made.empty());
    EXPECT_TRUE(made.edits.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongName,
    testing::Values(wrong{"", "", "a name is a-z"}, wrong{"Sample", "", "a name is a-z"},
                    wrong{"1st", "", "a name is a-z"}, wrong{"sam-ple", "", "a name is a-z"},
                    wrong{"../evil", "", "a name is a-z"}, wrong{"sample_", "", "does not end"},
                    wrong{"a_name_that_is_far_too_long", "", "at most 24"},
                    wrong{"static", "", "means something else"},
                    wrong{"service", "", "means something else"},
                    wrong{"example", "", "services/example is there"},
                    wrong{"routing", "", "a protocol has that name"},
                    wrong{"selftest", "", "markers begin with it"},
                    wrong{"sample", "s1", "two capital letters"},
                    wrong{"sample", "EC", "begin another protocol"}));

// The program in a tree of its own: it writes all or nothing.
class Program : public testing::Test {
  protected:
    void SetUp() override {
        root_ = fs::path(testing::TempDir()) / "tree";
        fs::remove_all(root_);
        for (const char *folder : {"services/example", "ipc/wire", "images", "testing/style"}) {
            fs::create_directories(root_ / folder);
            for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
                if (entry.is_regular_file()) {
                    fs::copy_file(entry.path(), root_ / folder / entry.path().filename());
                }
            }
        }
    }

    int run(const std::string &arguments) const {
        const std::string command = "tools/new_service/new_service --root " + root_.string() + " " +
                                    arguments + " >" + (root_ / "said").string() + " 2>&1";
        return std::system(command.c_str());
    }

    std::map<std::string, std::string> contents() const {
        std::map<std::string, std::string> all;
        for (const fs::directory_entry &entry : fs::recursive_directory_iterator(root_)) {
            if (entry.is_regular_file() && entry.path().filename() != "said") {
                all[entry.path().string()] = *tree(entry.path().string());
            }
        }
        return all;
    }

    fs::path root_;
};

TEST_F(Program, writes_what_the_plan_says) {
    EXPECT_EQ(run("sample"), 0);
    EXPECT_EQ(tree((root_ / "services/sample/main.c").string()),
              renamed(*tree("services/example/main.c"), "sample"));
    EXPECT_NE(tree((root_ / "ipc/wire/wire.h").string())->find("WIRE_PROTOCOL_SAMPLE = "),
              std::string::npos);
    const auto before = contents();
    EXPECT_NE(run("sample"), 0);  // It is taken now.
    EXPECT_EQ(contents(), before);
}

TEST_F(Program, test_reject_writes_nothing) {
    const auto before = contents();
    EXPECT_NE(run("Sample"), 0);
    EXPECT_NE(run("sample --letters EX"), 0);
    EXPECT_EQ(contents(), before);
    EXPECT_NE(tree((root_ / "said").string())->find("begin another protocol"), std::string::npos);
}

}  // namespace
}  // namespace new_service
