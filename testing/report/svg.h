// testing/report/svg.h: pictures of a report, as SVG inside a page.
// Ownership: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testing/report/result.h"

namespace report {

// Text as it stands in XML.
std::string escaped(const std::string &text);

// 12,988
std::string grouped(std::uint64_t number);

// Two bars a pair: the same length would be the same cost. Each pair has a scale of its own.
std::string pairs_picture(const std::vector<pair> &pairs);

// Each growth in a small square of its own: many others to the right, cost upwards from 0.
std::string growth_picture(const growth &growth);

// One bar for each, cut into phases; all on one scale.
std::string boots_picture(const std::vector<boots> &all);

// A tree of calls from the top down: as wide as it took long.
std::string flame_picture(const trace::flame &flame);

}  // namespace report
