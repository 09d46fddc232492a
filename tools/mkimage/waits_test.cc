// tools/mkimage/waits_test.cc: who waits for whom, and a picture of it in which nobody stands above
// who waits for it.
#include "tools/mkimage/waits.h"

#include <gtest/gtest.h>

#include <regex>

namespace mkimage {
namespace {

manifest three() {
    const manifest_result result = manifest_read(
        "service cc\nslot 3 endpoint recv\nservice bb\nslot 3 endpoint recv\n"
        "service aa\nfinal\nslot 4 route bb call\nslot 5 route cc send\nslot 2 route init call\n",
        {.programs = {"aa", "bb", "cc"}, .hart_count = 1});
    EXPECT_TRUE(result.mistakes.empty());
    return result.contents;
}

TEST(Waits, calls_by_route_and_by_policy_and_no_sends) {
    const std::vector<wait> waits = waits_of(three(), {{"bb", "cc", "(by p) "}});
    ASSERT_EQ(waits.size(), 2U);
    EXPECT_EQ(waits[0].from, 2U);
    EXPECT_EQ(waits[0].to, 1U);
    EXPECT_EQ(waits[0].place.line, 7U);
    EXPECT_EQ(waits[1].from, 1U);
    EXPECT_EQ(waits[1].to, 0U);
    EXPECT_EQ(waits[1].why, "(by p) ");
}

// The tops of the boxes, in the order of the services.
std::vector<int> tops_of(const std::string &svg) {
    std::vector<int> tops;
    const std::regex box("<rect x=\"\\d+\" y=\"(\\d+)\"");
    for (std::sregex_iterator at(svg.begin(), svg.end(), box); at != std::sregex_iterator(); ++at) {
        tops.push_back(std::stoi((*at)[1]));
    }
    return tops;
}

TEST(Waits, picture_has_each_service_above_those_it_waits_for) {
    const manifest contents = three();
    const std::string svg = wait_graph_svg(contents, waits_of(contents, {{"bb", "cc", "(by p) "}}));
    const std::vector<int> tops = tops_of(svg);
    ASSERT_EQ(tops.size(), 3U);
    EXPECT_LT(tops[2], tops[1]);
    EXPECT_LT(tops[1], tops[0]);
    EXPECT_NE(svg.find(">aa waits for bb <"), std::string::npos);
    EXPECT_NE(svg.find("class=\"policy\" marker-end=\"url(#p)\"><title>bb waits for cc (by p) <"),
              std::string::npos);
}

TEST(Waits, picture_has_one_line_for_all_waits_of_two) {
    const manifest contents = three();
    const std::string svg = wait_graph_svg(
        contents, waits_of(contents, {{"aa", "bb", "(by p) "}, {"aa", "bb", "(by q) "}}));
    EXPECT_NE(
        svg.find("class=\"route\" marker-end=\"url(#r)\"><title>aa waits for bb ; aa waits for "
                 "bb (by p) ; aa waits for bb (by q) <"),
        std::string::npos)
        << svg;
}

// A line from the highest row to the lowest goes beside the box between them.
TEST(Waits, picture_leads_long_lines_past_boxes) {
    const manifest contents = three();
    const std::string svg = wait_graph_svg(
        contents, waits_of(contents, {{"bb", "cc", "(by p) "}, {"aa", "cc", "(by p) "}}));
    std::smatch box, line;
    const std::regex middle("<rect x=\"(\\d+)\" y=\"140\" width=\"(\\d+)\"");
    ASSERT_TRUE(std::regex_search(svg, box, middle)) << svg;
    const std::regex path("C[^C]* (\\d+) 140L(\\d+) 174C[^C]*><title>aa waits for cc");
    ASSERT_TRUE(std::regex_search(svg, line, path)) << svg;
    const int left = std::stoi(box[1]), right = left + std::stoi(box[2]);
    EXPECT_EQ(line[1], line[2]) << "straight down beside the row";
    EXPECT_TRUE(std::stoi(line[1]) < left || std::stoi(line[1]) > right) << svg;
}

TEST(Waits, picture_names_services_that_wait_for_nobody_below) {
    const std::string svg = wait_graph_svg(three(), {});
    EXPECT_TRUE(tops_of(svg).empty());
    EXPECT_NE(svg.find("nobody waits for them: cc, bb, aa<"), std::string::npos);
}

}  // namespace
}  // namespace mkimage
