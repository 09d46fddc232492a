// testing/report/report_test.cc: what is read, what is compared, and what comes of it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "ipc/wire/wire.h"
#include "testing/report/result.h"
#include "testing/report/svg.h"

namespace report {
namespace {

template <typename Act>
std::string failure_of(const Act &act) {
    try {
        act();
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

// Every tag of a page is closed, in order; that is what a browser needs to draw it. Not those that
// close themselves, nor what is before <html>.
std::string open_tag_of(const std::string &page) {
    std::vector<std::string> open;
    for (std::size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
        const std::size_t end = page.find('>', at);
        if (end == std::string::npos) {
            return "<";
        }
        const std::string tag = page.substr(at + 1, end - at - 1);
        const std::string name = tag.substr(0, tag.find_first_of(" /"));
        if (tag[0] == '!' || tag.back() == '/') {
            continue;
        }
        if (tag[0] != '/') {
            open.push_back(name);
            continue;
        }
        if (open.empty() || open.back() != tag.substr(1)) {
            return tag;
        }
        open.pop_back();
    }
    return open.empty() ? "" : open.back();
}

bench of_log(const std::string &image, const std::string &log, const std::string &budget) {
    return {image, figures_of(log), ceilings_of(budget)};
}

result example() {
    result out;
    out.benches.push_back(
        of_log("bench_client",
               "kernel: boot\nbench: call_hit 450 mean 451 first 9000\n"
               "bench: call 286 mean 286 first 900\n"
               "bench: call_at_20 286 mean 286 first 900\n"
               "bench: call_at_200 287 mean 287 first 900\n",
               "# a budget\ncall_hit 451 kept <all> & \"sound\"\ncall <300 direct\n"));
    out.benches.push_back(
        of_log("bench_uncached", "bench: call_uncached 7923 mean 7930 first 9000\n", ""));
    out.pairs = pairs_of(out.benches[0], out.benches[1]);
    out.growths = growths_of(out.benches);
    out.boot_runs.push_back({"smp2_smoke",
                             {510000000, 490000000, 500000000},
                             {{"firmware", 100000000}, {"kernel", 400000000}}});
    trace::operation kept;
    kept.server = "server";
    kept.type = WIRE_TYPE(WIRE_PROTOCOL_ECHO, 1, WIRE_VIA_NONE);
    kept.calls = 2;
    kept.own_ns = 200;
    kept.messages = 5;
    kept.switches = 4;
    trace::operation anew = kept;
    anew.below_ns = 40;
    anew.route_ns = 1760;
    trace::operation other = anew;
    other.server = "another";
    out.operations = operations_of({kept}, {other, anew});
    out.traces.push_back(
        {"boot", {"", 0, {{"client", 11, {{"server echo", 100, {{"back echo", 40, {}}}}}}}}});
    out.profiles.push_back(
        {"bench_services",
         figure_profiles_of("kernel: boot;kernel;boot 9\n"
                            "bench: echo 1403 mean 1403 first 9185;kernel;kernel_call<> 30\n"
                            "bench: echo 1403 mean 1403 first 9185;echo;serve 10\n")});
    return out;
}

TEST(Figures, are_read_from_a_log) {
    const auto figures =
        figures_of("bench: begin\nbench: a 1 mean 2 first 3\n| bench: b 1 mean 2\n");
    ASSERT_EQ(figures.size(), 1U);
    EXPECT_EQ(figures[0].name, "a");
    EXPECT_EQ(figures[0].least, 1U);
    EXPECT_EQ(figures[0].mean, 2U);
    EXPECT_EQ(figures[0].first, 3U);
}

TEST(Figures, test_reject_what_is_no_number) {
    EXPECT_EQ(failure_of([] { figures_of("bench: a 1 mean 2x first 3\n"); }),
              "not a figure: bench: a 1 mean 2x first 3");
    EXPECT_NE(failure_of([] { figures_of("bench: a -1 mean 2 first 3\n"); }), "");
}

TEST(Figures, ceilings_are_read_from_a_budget) {
    const auto ceilings = ceilings_of("# c\n\na 12 because of b\nb <13 promised\n");
    EXPECT_EQ(ceilings.at("a").limit, 12U);
    EXPECT_FALSE(ceilings.at("a").promise);
    EXPECT_EQ(ceilings.at("a").why, "because of b");
    EXPECT_TRUE(ceilings.at("b").promise);
}

TEST(Figures, test_reject_bad_rows) {
    EXPECT_EQ(failure_of([] { ceilings_of("a twelve b\n"); }), "not a row of a budget: a twelve b");
    EXPECT_NE(failure_of([] { ceilings_of("a 12\n"); }), "");
    EXPECT_NE(failure_of([] { ceilings_of("a 12 b\na 13 c\n"); }), "");
}

TEST(Boots, markers_are_read_and_those_without_a_time_left_out) {
    const auto markers = markers_of(
        R"({"markers": [{"text": "kernel: boot", "at_ns": 5}, {"text": "x", "at_ns": null}]})");
    ASSERT_EQ(markers.size(), 1U);
    EXPECT_EQ(markers[0].text, "kernel: boot");
    EXPECT_EQ(markers[0].at_ns, 5U);
    EXPECT_NE(failure_of([] { markers_of("{}"); }), "");
    EXPECT_NE(failure_of([] { markers_of("{"); }), "");
}

TEST(Boots, time_belongs_to_the_area_of_the_next_marker) {
    const auto phases = phases_of({{"kernel: boot", 10},
                                   {"kernel: hart 0 up", 12},
                                   {"selftest: ipc call_reply ok", 15},
                                   {"selftest: route hit ok", 25},
                                   {"kernel: power off", 26},
                                   {"selftest: end", 27}});
    ASSERT_EQ(phases.size(), 5U);
    EXPECT_EQ(phases[0].name, "firmware");
    EXPECT_EQ(phases[0].ns, 10U);
    EXPECT_EQ(phases[1].name, "kernel");
    EXPECT_EQ(phases[1].ns, 3U);
    EXPECT_EQ(phases[3].name, "selftest: route");
    EXPECT_EQ(phases[3].ns, 10U);
    EXPECT_EQ(phases[4].name, "selftest: end");
}

TEST(Boots, median_is_one_of_the_values) {
    EXPECT_EQ(median({}), 0U);
    EXPECT_EQ(median({3, 1, 2}), 2U);
    EXPECT_EQ(median({4, 1, 3, 2}), 2U);
}

TEST(Result, pairs_are_figures_that_both_have) {
    const auto pairs = example().pairs;
    ASSERT_EQ(pairs.size(), 1U);
    EXPECT_EQ(pairs[0].with, 451U);
    EXPECT_EQ(pairs[0].without, 7930U);
}

TEST(Result, growth_is_a_figure_with_others_of_its_name) {
    const auto growths = example().growths;
    ASSERT_EQ(growths.size(), 1U);
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> points = {
        {2, 286}, {20, 286}, {200, 287}};
    EXPECT_EQ(growths[0].points, points);
}

TEST(Result, text_has_each_figure) {
    const std::string text = text_of(example());
    EXPECT_NE(text.find("call_hit                              451         7930         17.6"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("smp2_smoke                              3        500.0        490.0"),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find("server echo ECHO                        2          100          100          "
                  "2.5          2.0         1000          2.5          2.0\n"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("         100  client;server echo\n"), std::string::npos) << text;
    EXPECT_NE(text.find("          10   25.0%    echo serve\n"), std::string::npos) << text;
}

TEST(Result, json_says_the_same) {
    const auto root = nlohmann::json::parse(json_of(example()));
    EXPECT_EQ(root.at("pairs").at(0).at("without"), 7930);
    EXPECT_EQ(root.at("benches").at(0).at("figures").at(0).at("ceiling"), 451);
    EXPECT_EQ(root.at("boots").at(0).at("end_ns").size(), 3U);
    EXPECT_EQ(root.at("operations").size(), 1U) << "only what both have";
    EXPECT_EQ(root.at("operations").at(0).at("with").at("ns"), 100);
    EXPECT_EQ(root.at("operations").at(0).at("without").at("ns"), 1000);
    const auto &client = root.at("traces").at(0).at("flame").at("below").at(0);
    EXPECT_EQ(client.at("below").at(0).at("below").at(0).at("own_ns"), 40);
    const auto &echo = root.at("profiles").at(0).at("figures").at(0);
    EXPECT_EQ(echo.at("name"), "echo");
    EXPECT_EQ(echo.at("functions").at(0).at("instructions"), 30);
}

TEST(Page, is_whole_and_escapes_what_it_shows) {
    const std::string page = page_of(example());
    EXPECT_EQ(open_tag_of(page), "");
    EXPECT_NE(page.find("kept &lt;all&gt; &amp; &quot;sound&quot;"), std::string::npos);
    EXPECT_NE(page.find("back echo: 40 ns, itself 40"), std::string::npos);
    EXPECT_NE(page.find("without: 7,930"), std::string::npos);
    EXPECT_NE(page.find("kernel_call&lt;&gt;"), std::string::npos);
    EXPECT_NE(page.find("<td>server echo ECHO</td><td>2</td><td>100</td>"), std::string::npos);
    for (const char *outside : {"<script", "http:", "https:", "url(", "src="}) {
        EXPECT_EQ(page.find(outside), std::string::npos) << outside;
    }
}

TEST(Page, of_nothing_is_whole) {
    EXPECT_EQ(open_tag_of(page_of({})), "");
    EXPECT_EQ(open_tag_of("<a><b></a></b>"), "/a");
}

TEST(Page, a_flame_is_as_wide_as_it_took_long) {
    const std::string picture =
        flame_picture({"", 0, {{"a", 750, {}}, {"b", 250, {}}, {"c", 0, {}}}});
    EXPECT_NE(picture.find("<rect x=\"0.0\" y=\"18.0\" width=\"720.0\""), std::string::npos);
    EXPECT_NE(picture.find("<rect x=\"720.0\" y=\"18.0\" width=\"240.0\""), std::string::npos);
    EXPECT_EQ(picture.find(">c: "), std::string::npos) << "too narrow to be seen";
}

TEST(Page, numbers_have_commas) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace report
