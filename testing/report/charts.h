// testing/report/charts.h: pictures of a report: HTML that takes the width of a page, whose words
// keep their size.
// Units:     as in result.h.
// Ownership: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testing/report/result.h"

namespace report {

// Text as it stands in HTML.
std::string escaped(const std::string &text);

// The same, and a browser may break a line behind `_`, `;` and `/`.
std::string breakable(const std::string &text);

// 12,988
std::string grouped(std::uint64_t number);

// 0.3 us, 12.5 ms: three digits or more, in the unit that suits.
std::string span_of_time(std::uint64_t ns);

// How many times less: 17.6; 1.03 close to one.
std::string times_less(const pair &pair);

// A row a pair with two bars: the same length would be the same cost. Each pair has a scale of its
// own: all of the width is the dearer one.
std::string pairs_chart(const std::vector<pair> &pairs);

// A small picture: many others to the right, cost upwards from 0.
std::string growth_chart(const growth &growth);

// One bar for each, cut into phases; all on one scale.
std::string boots_chart(const std::vector<boots> &all);

// A tree of calls from the top down: as wide as it took long. What is narrower than a thousandth is
// left out.
std::string flame_chart(const trace::flame &flame);

}  // namespace report
