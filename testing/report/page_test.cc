// testing/report/page_test.cc: the page in a browser shows what was measured: of the example, and
// of a run. Each fault that a page could have is shown to be seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "testing/browser/browser.h"
#include "testing/report/example.h"
#include "testing/report/page_faults.h"

namespace report {
namespace {

using testing_browser::browser;
using testing_browser::view;

constexpr view VIEWS[] = {
    {1280, 900, false}, {1280, 900, true}, {480, 900, false}, {480, 900, true}};

std::string all_of(const std::vector<std::string> &faults) {
    std::string out;
    for (const std::string &fault : faults) {
        out += fault + "\n";
    }
    return out;
}

void write(const std::string &path, const std::string &text) {
    std::ofstream(path, std::ios::binary) << text;
}

class Page : public ::testing::Test {
  protected:
    // What is wrong with a page of the example that somebody has changed.
    std::string faults_with(const std::string &from, const std::string &to, const view &view = {}) {
        std::string page = page_of(example());
        const std::size_t at = page.find(from);
        if (at == std::string::npos) {
            return "";
        }
        const std::string path = ::testing::TempDir() + "/page.html";
        write(path, page.replace(at, from.size(), to));
        return all_of(faults_of(browser_, path, view, nlohmann::json::parse(json_of(example()))));
    }

    // Keeps a picture for people to look at.
    void keep(const std::string &name, const view &view) {
        const char *outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
        if (outputs != nullptr) {
            testing_browser::save(browser_.picture(true), std::string(outputs) + "/" + name + "_" +
                                                              std::to_string(view.width) +
                                                              (view.dark ? "_dark" : "_light") +
                                                              ".png");
        }
    }

    browser browser_{::testing::TempDir() + "/browser"};
};

TEST_F(Page, of_the_example_is_sound_wide_and_narrow_light_and_dark) {
    for (const view &view : VIEWS) {
        EXPECT_EQ(faults_with("</body>", "</body>", view), "") << view.width << ' ' << view.dark;
        keep("example", view);
    }
}

TEST_F(Page, opens_what_is_clicked) {
    ASSERT_EQ(faults_with("</body>", "</body>"), "");
    const std::string shown = "document.querySelector('details table').checkVisibility()";
    EXPECT_EQ(browser_.evaluate(shown), false);
    browser_.click("summary");
    EXPECT_EQ(browser_.evaluate(shown), true);
    EXPECT_EQ(browser_.evaluate("document.querySelectorAll('details tr').length"), 3);
    browser_.click("nav a[href='#boots']");
    EXPECT_EQ(browser_.evaluate("location.hash"), "#boots");
}

TEST_F(Page, test_reject_wrong_lengths) {
    EXPECT_NE(faults_with("width:100.000%\"></i><span>7,930", "width:50%\"></i><span>7,930")
                  .find("bars of call_hit"),
              std::string::npos);
    EXPECT_NE(faults_with("<span>7,930", "<span>7,931").find("numbers of call_hit"),
              std::string::npos);
    EXPECT_NE(
        faults_with("left:0.000%;top:44px;width:", "left:0.000%;top:44px;max-width:20%;width:")
            .find("is not where its time puts it"),
        std::string::npos);
    EXPECT_NE(faults_with("class=\"phase\" style=\"width:20", "class=\"phase\" style=\"width:30")
                  .find("phases of smp2_smoke"),
              std::string::npos);
    EXPECT_NE(faults_with("<circle cx=\"14.0\" cy=\"", "<circle cx=\"14.0\" cy=\"9")
                  .find("points of call"),
              std::string::npos);
}

TEST_F(Page, test_reject_what_is_missing) {
    EXPECT_NE(faults_with("class=\"pair\"", "class=\"gone\"").find("0 pairs, not 1"),
              std::string::npos);
    EXPECT_NE(faults_with("<circle", "<g").find("points of call"), std::string::npos);
    EXPECT_NE(faults_with("class=\"growth\"", "class=\"gone\"").find("0 growths, not 1"),
              std::string::npos);
    EXPECT_NE(faults_with("class=\"frame\"", "class=\"gone\"").find("frames, not"),
              std::string::npos);
    EXPECT_NE(faults_with("class=\"boot\"", "class=\"gone\"").find("0 boots, not 1"),
              std::string::npos);
    EXPECT_NE(faults_with("<td>9,000</td>", "").find("row of bench_client"), std::string::npos);
    EXPECT_NE(faults_with("<details", "<div").find("functions of bench_services"),
              std::string::npos);
    EXPECT_NE(faults_with("<td>30</td>", "<td>31</td>").find("functions of bench_services"),
              std::string::npos);
    EXPECT_NE(faults_with("id=\"growth\"", "").find("leads nowhere"), std::string::npos);
    EXPECT_NE(faults_with("class=\"lead\"", "").find("no summary"), std::string::npos);
}

TEST_F(Page, test_reject_scripts_that_fail_and_what_lies_elsewhere) {
    EXPECT_NE(faults_with("</body>", "<script>throw new Error('no');</script></body>")
                  .find("exception: "),
              std::string::npos);
    EXPECT_NE(
        faults_with("</body>", "<script>console.error('no');</script></body>").find("console: "),
        std::string::npos);
    EXPECT_NE(faults_with("</body>", "<img src=\"http://example.invalid/x.png\"/></body>")
                  .find("asked for "),
              std::string::npos);
}

TEST_F(Page, test_reject_what_cannot_be_read) {
    EXPECT_NE(faults_with("</style>", "body { display: none; }</style>").find("blank"),
              std::string::npos);
    EXPECT_NE(faults_with("</style>", ".phase, .frame { color: #ddd; }</style>").find("contrast"),
              std::string::npos);
    EXPECT_NE(faults_with("--ink: #e6e9ee", "--ink: #444", {1280, 900, true}).find("contrast"),
              std::string::npos);
    EXPECT_NE(faults_with("</style>", ".pair { min-width: 700px; }</style>", {480, 900, false})
                  .find("wider than the window"),
              std::string::npos);
    EXPECT_NE(faults_with("</style>", ".growth text { font-size: 80px; }</style>").find("overlap"),
              std::string::npos);
    EXPECT_NE(faults_with("</style>", "code { font-size: 6px; }</style>").find("small letters"),
              std::string::npos);
}

bool counts_system_calls(const nlohmann::json &operations) {
    return std::all_of(operations.begin(), operations.end(), [](const nlohmann::json &one) {
        return one.at("with").at("syscalls").is_number() &&
               one.at("without").at("syscalls").is_number();
    });
}

bool has_operation(const nlohmann::json &operations, const std::string &name) {
    return std::any_of(operations.begin(), operations.end(),
                       [&](const nlohmann::json &one) { return one.at("name") == name; });
}

// A run of benchmarks and ladders, traced ones too: REPORT is the command.
TEST_F(Page, of_a_run_shows_what_the_run_measured) {
    const char *command = std::getenv("REPORT");
    ASSERT_NE(command, nullptr);
    const std::string folder = ::testing::TempDir() + "/report";
    ASSERT_EQ(
        std::system((std::string(command) + " --out " + folder + " >" + folder + ".txt").c_str()),
        0);
    std::ifstream file(folder + "/report.json");
    const auto report = nlohmann::json::parse(file);
    ASSERT_GT(report.at("pairs").size(), 4U);
    ASSERT_GT(report.at("growths").size(), 4U);
    ASSERT_GT(report.at("operations").size(), 20U);
    EXPECT_TRUE(counts_system_calls(report.at("operations")));
    for (const char *name : {"virtioblkd block SUBMIT", "statefsd state PUT", "keystored keys SIGN",
                             "execd exec START", "samgrd routing RESOLVE"}) {
        EXPECT_TRUE(has_operation(report.at("operations"), name)) << name;
    }
    ASSERT_EQ(report.at("traces").size(), 1U);
    ASSERT_EQ(report.at("profiles").size(), 1U);
    EXPECT_EQ(report.at("profiles").at(0).at("figures").size(),
              report.at("benches").at(3).at("figures").size());
    ASSERT_EQ(report.at("boots").size(), 4U);
    EXPECT_EQ(report.at("boots").at(3).at("image"), "full ladder");
    EXPECT_EQ(report.at("boots").at(3).at("phases").size(), 3U);
    for (const view &view : VIEWS) {
        EXPECT_EQ(all_of(faults_of(browser_, folder + "/report.html", view, report)), "")
            << view.width << ' ' << view.dark;
        keep("report", view);
    }
}

}  // namespace
}  // namespace report
