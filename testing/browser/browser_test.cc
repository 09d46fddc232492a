// testing/browser/browser_test.cc: a browser sees what is wrong with a page.
#include "testing/browser/browser.h"

#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>

namespace testing_browser {
namespace {

class Browser : public ::testing::Test {
  protected:
    void show(const std::string &page, const view &view = {}) {
        const std::string path = ::testing::TempDir() + "/page.html";
        std::ofstream(path) << "<!DOCTYPE html><html lang=\"en\"><title>t</title><body>" << page
                            << "</body></html>";
        browser_.open(path, view);
    }

    std::string complaint() {
        browser_.evaluate("new Promise(done => setTimeout(done, 100))");
        return browser_.complaints().empty() ? "" : browser_.complaints()[0];
    }

    browser browser_{::testing::TempDir() + "/browser"};
};

TEST_F(Browser, runs_scripts_and_finds_nothing_wrong_with_a_sound_page) {
    show(
        "<p id=\"a\">one</p><script>document.getElementById('a').textContent = 'two';</script>"
        "<img alt=\"dot\" src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">");
    EXPECT_EQ(browser_.evaluate("document.getElementById('a').textContent"), "two");
    EXPECT_EQ(complaint(), "");
}

TEST_F(Browser, test_reject_a_script_that_throws) {
    show("<script>throw new Error('broken');</script>");
    EXPECT_NE(complaint().find("broken"), std::string::npos) << complaint();
    EXPECT_THROW(browser_.evaluate("missing()"), std::runtime_error);
}

TEST_F(Browser, test_reject_a_promise_that_nobody_catches) {
    show("<script>Promise.reject(new Error('broken later'));</script>");
    EXPECT_NE(complaint().find("broken later"), std::string::npos) << complaint();
}

TEST_F(Browser, test_reject_words_of_errors_and_warnings) {
    show("<script>console.error('bad');</script>");
    EXPECT_NE(complaint().find("bad"), std::string::npos);
    show("<script>console.warn('odd');</script>");
    EXPECT_NE(complaint().find("odd"), std::string::npos);
    show("<script>console.log('well');</script>");
    EXPECT_EQ(complaint(), "");
}

TEST_F(Browser, test_reject_what_a_page_asks_for_elsewhere) {
    for (const char *page :
         {"<img src=\"http://example.invalid/a.png\">", "<script src=\"other.js\"></script>",
          "<p style=\"background: url(https://example.invalid/b.png)\">x</p>"}) {
        show(page);
        EXPECT_EQ(complaint().rfind("asked for ", 0), 0U) << page << ": " << complaint();
    }
}

TEST_F(Browser, clicks_where_a_person_would) {
    show("<div style=\"height: 3000px\"></div><details><summary>more</summary>less</details>");
    EXPECT_EQ(browser_.evaluate("document.querySelector('details').open"), false);
    browser_.click("summary");
    EXPECT_EQ(browser_.evaluate("document.querySelector('details').open"), true);
}

TEST_F(Browser, has_the_size_and_the_scheme_that_is_wanted) {
    const std::string page = "<style>:root { color-scheme: light dark; }</style><p>words</p>";
    show(page, {480, 700, false});
    EXPECT_EQ(browser_.evaluate("[innerWidth, innerHeight]"), nlohmann::json({480, 700}));
    const colours light = colours_of(browser_, browser_.picture(false));
    EXPECT_EQ(light.width, 480);
    EXPECT_EQ(light.height, 700);
    EXPECT_GT(light.brightness, 0.9);
    show(page, {480, 700, true});
    EXPECT_LT(colours_of(browser_, browser_.picture(false)).brightness, 0.2);
}

TEST_F(Browser, sees_that_a_picture_is_blank) {
    show("");
    const colours blank = colours_of(browser_, browser_.picture(false));
    EXPECT_EQ(blank.different, 1);
    EXPECT_EQ(blank.most_common, 1);
    show("<h1>Words</h1>");
    EXPECT_GT(colours_of(browser_, browser_.picture(false)).different, 2);
}

// No font of the machine: names that only it may have fall back to the same one.
TEST_F(Browser, has_its_own_fonts_only) {
    show(
        "<span id=\"a\" style=\"font-family: 'DejaVu Sans'\">mmmm</span><br>"
        "<span id=\"b\" style=\"font-family: system-ui, sans-serif\">mmmm</span><br>"
        "<span id=\"c\" style=\"font-family: 'Liberation Sans', 'Noto Sans', Arial, "
        "sans-serif\">mmmm</span><br>"
        "<span id=\"d\" style=\"font-family: ui-monospace, monospace\">mmmm</span>");
    const auto wide = [&](const std::string &id) {
        return browser_
            .evaluate("document.getElementById('" + id + "').getBoundingClientRect().width")
            .get<double>();
    };
    EXPECT_EQ(wide("a"), wide("b"));
    EXPECT_EQ(wide("a"), wide("c"));
    EXPECT_LT(wide("d"), wide("a"));
}

}  // namespace
}  // namespace testing_browser
