// testing/report/report_test.cc: what is read, what is compared, and what comes of it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "testing/report/charts.h"
#include "testing/report/example.h"
#include "testing/report/result.h"

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

TEST(Boots, the_gate_is_what_the_verdict_says) {
    EXPECT_EQ(gate_of("PASS smp2_smoke: 9 of 9 rules of a.golden in 1.20 s, 1.3 % of the 90 s "
                      "deadline\n"),
              90U);
    EXPECT_EQ(gate_of("PASS smp2_smoke: 9 of 9 rules of a.golden in 1.20 s\n"), 0U);
    EXPECT_EQ(gate_of(" % of the ninety s"), 0U);
    EXPECT_DOUBLE_EQ(gate_percent({"a", {900000000, 1800000000}, {}, 90}), 2);
    EXPECT_EQ(gate_percent({"a", {900000000}, {}, 0}), 0);
}

TEST(Boots, the_full_ladder_is_all_one_after_the_other_within_its_own_gate) {
    const boots all = in_sequence("full ladder",
                                  {{"smp1", {1'000'000'000, 3'000'000'000}, {}, 90},
                                   {"smp2", {2'000'000'000, 5'000'000'000, 4'000'000'000}, {}, 90}},
                                  200);
    EXPECT_EQ(all.end_ns, (std::vector<std::uint64_t>{3'000'000'000, 8'000'000'000}));
    EXPECT_EQ(all.gate_s, 200U);
    EXPECT_DOUBLE_EQ(gate_percent(all), 4);
    ASSERT_EQ(all.phases.size(), 2U);
    EXPECT_EQ(all.phases[1].name, "smp2");
    EXPECT_EQ(all.phases[1].ns, 4'000'000'000U);
    EXPECT_TRUE(in_sequence("none", {}, 200).end_ns.empty());
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

TEST(Result, throughput_is_what_a_mib_takes) {
    const auto all = example().throughputs;
    ASSERT_EQ(all.size(), 2U) << "what no bench has is left out";
    EXPECT_EQ(all[0].name, "disk read");
    EXPECT_EQ(all[0].with, 351U);
    EXPECT_EQ(all[0].without, 0U);
    EXPECT_DOUBLE_EQ(all[0].with_mib_s, 130) << "65 rounds of a MiB in half a second";
    EXPECT_EQ(all[0].without_mib_s, 0);
    EXPECT_EQ(all[1].with, 292'571U) << "a thousand for each batch of 7 sectors";
    EXPECT_TRUE(throughputs_of({}).empty());
}

TEST(Result, text_has_each_figure) {
    const std::string text = text_of(example());
    EXPECT_NE(text.find("the firmware's instructions are in none."), std::string::npos) << text;
    EXPECT_NE(text.find("call_hit                              451         7930        17.58"),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find("smp2_smoke                              3        500.0        490.0        "
                  "510.0        90000          0.6\n"),
        std::string::npos)
        << text;
    EXPECT_NE(
        text.find("call                         bench_client                  2: 286  20: 286  "
                  "200: 287\n"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("disk read                             351            -        130.0"),
              std::string::npos)
        << text;
    EXPECT_NE(
        text.find("server echo ECHO                        2          100          100          "
                  "2.5          2.5          2.0         1000          6.5          2.5          "
                  "2.0\n"),
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
    EXPECT_EQ(root.at("boots").at(0).at("gate_s"), 90);
    EXPECT_EQ(root.at("throughputs").at(0).at("with_mib_s"), 130);
    EXPECT_TRUE(root.at("throughputs").at(1).at("without_instructions_a_mib").is_null());
    EXPECT_EQ(root.at("operations").size(), 1U) << "only what both have";
    EXPECT_EQ(root.at("operations").at(0).at("with").at("ns"), 100);
    EXPECT_EQ(root.at("operations").at(0).at("without").at("ns"), 1000);
    EXPECT_EQ(root.at("operations").at(0).at("with").at("syscalls"), 2.5);
    EXPECT_EQ(root.at("operations").at(0).at("without").at("syscalls"), 6.5);
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
    EXPECT_NE(page.find("back echo: 40 ns, 28.6 %; by itself 40 ns"), std::string::npos);
    EXPECT_NE(page.find("<span>7,930</span>"), std::string::npos);
    EXPECT_NE(page.find("the firmware's instructions are in none."), std::string::npos);
    EXPECT_NE(page.find("kernel_call&lt;&gt;"), std::string::npos);
    EXPECT_NE(page.find("<td>510.0</td><td>90 s</td><td>0.6 %</td>"), std::string::npos);
    EXPECT_NE(page.find("<td>journal replayed</td><td>292,571</td><td>-</td>"), std::string::npos);
    EXPECT_NE(page.find("<td>server echo ECHO</td><td>2</td><td>100</td><td>100</td><td>2.5</td>"),
              std::string::npos);
    for (const char *outside : {"<script", "http:", "https:", "url(", "src="}) {
        EXPECT_EQ(page.find(outside), std::string::npos) << outside;
    }
}

TEST(Result, what_nobody_counted_is_not_zero) {
    result result = example();
    result.operations[0].with.syscalls = 0;
    EXPECT_TRUE(nlohmann::json::parse(json_of(result))
                    .at("operations")
                    .at(0)
                    .at("with")
                    .at("syscalls")
                    .is_null());
    EXPECT_NE(page_of(result).find("<td>100</td><td>100</td><td>-</td>"), std::string::npos);
    EXPECT_NE(text_of(result).find("100            -"), std::string::npos);
}

TEST(Page, of_nothing_is_whole) {
    EXPECT_EQ(open_tag_of(page_of({})), "");
    EXPECT_EQ(open_tag_of("<a><b></a></b>"), "/a");
}

TEST(Page, a_flame_is_as_wide_as_it_took_long) {
    const std::string picture =
        flame_chart({"", 0, {{"a", 750, {}}, {"b", 250, {}}, {"c", 0, {}}}});
    EXPECT_NE(picture.find("left:0.000%;top:22px;width:75.000%"), std::string::npos) << picture;
    EXPECT_NE(picture.find("left:75.000%;top:22px;width:25.000%"), std::string::npos) << picture;
    EXPECT_EQ(picture.find("\"c: "), std::string::npos) << "too narrow to be seen";
}

TEST(Page, begins_with_what_is_saved) {
    const std::string page = page_of(example());
    EXPECT_NE(page.find("Of 1 figures measured"), std::string::npos);
    EXPECT_NE(page.find("18 times at best"), std::string::npos);
    EXPECT_NE(page.find("451 instead of 7,930"), std::string::npos);
    result cards;
    cards.pairs = {{"client_call_hit", 450, 7920}, {"other", 100, 105}};
    EXPECT_NE(page_of(cards).find("<b>18&times; less</b>a call by name<span>450 instructions"),
              std::string::npos);
    EXPECT_NE(page_of(cards).find("<strong>1.05 times fewer at the median, 18"), std::string::npos);
}

TEST(Page, times_have_the_unit_that_suits) {
    EXPECT_EQ(span_of_time(0), "0 ns");
    EXPECT_EQ(span_of_time(999), "999 ns");
    EXPECT_EQ(span_of_time(1500), "1.50 us");
    EXPECT_EQ(span_of_time(15'000), "15.0 us");
    EXPECT_EQ(span_of_time(150'000'000), "150 ms");
    EXPECT_EQ(span_of_time(2'000'000'000), "2.00 s");
}

TEST(Page, names_may_break_and_are_escaped) {
    EXPECT_EQ(breakable("a_b;<c/"), "a_<wbr/>b;<wbr/>&lt;c/<wbr/>");
    EXPECT_EQ(breakable(""), "");
}

TEST(Page, how_many_times_less) {
    EXPECT_EQ(times_less({"", 100, 101}), "1.01");
    EXPECT_EQ(times_less({"", 100, 250}), "2.5");
    EXPECT_EQ(times_less({"", 100, 1760}), "18");
    EXPECT_EQ(times_less({"", 0, 1760}), "1,760");
}

TEST(Page, numbers_have_commas) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1000), "1,000");
    EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace report
