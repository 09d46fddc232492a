// testing/report/charts.cc: see charts.h.
#include "testing/report/charts.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace report {
namespace {

constexpr double PERCENT = 100;
constexpr double VISIBLE = 0.1;  // Percent; what is narrower is left out.
constexpr double READABLE = 3;   // Percent; what is narrower has no name in it.
constexpr int FRAME_PX = 22;     // A frame of a flame graph with the space below it.
constexpr unsigned HUES = 360;

constexpr double NS_A_US = 1e3;
constexpr double NS_A_MS = 1e6;
constexpr double NS_A_S = 1e9;

// Of a growth's picture, in pixels.
constexpr double PLOT_WIDTH = 150;
constexpr double PLOT_HEIGHT = 84;
constexpr double PLOT_LEFT = 14;
constexpr double PLOT_TOP = 24;

std::string fixed(double value, int digits) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(digits) << value;
    return out.str();
}

std::string percent(double part, double all) {
    return fixed(PERCENT * part / all, 3) + "%";
}

// The same name has the same colour in every picture; all are light, for dark words on them.
std::string colour(const std::string &name) {
    unsigned hash = 2166136261U;
    for (const char letter : name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    return "hsl(" + std::to_string(hash % HUES) + " 60% 76%)";
}

std::string name_within(const std::string &name, double part, double all) {
    return PERCENT * part / all < READABLE ? "" : escaped(name);
}

// A bar of a pair with its number behind it.
std::string bar(const std::string &kind, std::uint64_t cost, std::uint64_t most) {
    return "<div class=\"bar\"><i class=\"" + kind +
           "\" style=\"width:" + percent(static_cast<double>(cost), static_cast<double>(most)) +
           "\"></i><span>" + grouped(cost) + "</span></div>";
}

int depth_of(const trace::flame &flame) {
    int deepest = 0;
    for (const trace::flame &below : flame.below) {
        deepest = std::max(deepest, depth_of(below));
    }
    return deepest + 1;
}

void draw_flame(const trace::flame &flame, double left, int depth, double all, std::ostream &out) {
    const auto ns = static_cast<double>(trace::flame_ns(flame));
    if (PERCENT * ns / all < VISIBLE) {
        return;
    }
    const std::string name = flame.name.empty() ? "all" : flame.name;
    const std::string title = escaped(name) + ": " + span_of_time(trace::flame_ns(flame)) + ", " +
                              fixed(PERCENT * ns / all, 1) + " %; by itself " +
                              span_of_time(flame.own_ns);
    out << "<div class=\"frame\" tabindex=\"0\" style=\"left:" << percent(left, all)
        << ";top:" << FRAME_PX * depth << "px;width:" << percent(ns, all)
        << ";background:" << colour(name) << "\" title=\"" << title << "\" data-ns=\""
        << trace::flame_ns(flame) << "\">" << name_within(name, ns, all) << "</div>\n";
    for (const trace::flame &below : flame.below) {
        draw_flame(below, left, depth + 1, all, out);
        left += static_cast<double>(trace::flame_ns(below));
    }
}

std::string words(double x, double y, const std::string &anchor, const std::string &text) {
    return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" + anchor +
           "\">" + escaped(text) + "</text>";
}

}  // namespace

std::string escaped(const std::string &text) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += letter;
        }
    }
    return out;
}

std::string breakable(const std::string &text) {
    std::string out;
    std::size_t from = 0;
    for (std::size_t at = 0; at < text.size(); at++) {
        if (text[at] == '_' || text[at] == ';' || text[at] == '/') {
            out += escaped(text.substr(from, at + 1 - from)) + "<wbr/>";
            from = at + 1;
        }
    }
    return out + escaped(text.substr(from));
}

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string span_of_time(std::uint64_t ns) {
    const auto value = static_cast<double>(ns);
    for (const auto &[unit, name] :
         {std::pair<double, const char *>{NS_A_S, " s"}, {NS_A_MS, " ms"}, {NS_A_US, " us"}}) {
        if (value >= unit) {
            const double number = value / unit;
            return fixed(number, number < 10 ? 2 : number < 100 ? 1 : 0) + name;
        }
    }
    return std::to_string(ns) + " ns";
}

std::string times_less(const pair &pair) {
    const double times = static_cast<double>(pair.without) /
                         static_cast<double>(std::max(pair.with, std::uint64_t{1}));
    return times < 10 ? fixed(times, times < 1.1 ? 2 : 1) : grouped(std::llround(times));
}

std::string pairs_chart(const std::vector<pair> &pairs) {
    std::ostringstream out;
    out << "<p class=\"legend\"><i class=\"with\"></i>with reuse <i class=\"without\"></i>without"
           "</p>\n<div class=\"pairs\">\n";
    for (const pair &pair : pairs) {
        const std::uint64_t most = std::max({pair.with, pair.without, std::uint64_t{1}});
        out << "<div class=\"pair\"><code>" << breakable(pair.name) << "</code><div>"
            << bar("with", pair.with, most) << bar("without", pair.without, most) << "</div><b>"
            << times_less(pair) << "&times;</b></div>\n";
    }
    out << "</div>\n";
    return out.str();
}

std::string growth_chart(const growth &growth) {
    std::ostringstream out, line, marks;
    std::uint64_t most = 1;
    for (const auto &[count, cost] : growth.points) {
        most = std::max(most, cost);
    }
    const double first = std::log(static_cast<double>(growth.points.front().first));
    const double last = std::log(static_cast<double>(growth.points.back().first));
    const double base = PLOT_TOP + PLOT_HEIGHT;
    for (const auto &point : growth.points) {
        const auto &[count, cost] = point;
        const double x = PLOT_LEFT + PLOT_WIDTH * (std::log(static_cast<double>(count)) - first) /
                                         std::max(last - first, 1e-9);
        const double y = base - PLOT_HEIGHT * static_cast<double>(cost) / static_cast<double>(most);
        line << fixed(x, 1) << ',' << fixed(y, 1) << ' ';
        marks << "<circle cx=\"" << fixed(x, 1) << "\" cy=\"" << fixed(y, 1)
              << "\" r=\"3.5\"><title>beside " << count << ": " << grouped(cost)
              << "</title></circle>" << words(x, base + 16, "middle", std::to_string(count));
        // Those between would stand in each other's way.
        if (&point == &growth.points.front()) {
            marks << words(0, y - 8, "start", grouped(cost));
        } else if (&point == &growth.points.back()) {
            marks << words(PLOT_WIDTH + 2 * PLOT_LEFT, y - 8, "end", grouped(cost));
        }
    }
    out << "<figure class=\"growth\"><figcaption><code>" << breakable(growth.name)
        << "</code><span>" << breakable(growth.image) << "</span></figcaption>\n"
        << "<svg role=\"img\" width=\"" << PLOT_WIDTH + 2 * PLOT_LEFT << "\" height=\"" << base + 22
        << "\"><title>" << escaped(growth.name) << "</title><polygon points=\"" << PLOT_LEFT << ','
        << base << ' ' << line.str() << PLOT_LEFT + PLOT_WIDTH << ',' << base
        << "\"/><line x1=\"0\" x2=\"" << PLOT_WIDTH + 2 * PLOT_LEFT << "\" y1=\"" << base
        << "\" y2=\"" << base << "\"/><polyline points=\"" << line.str() << "\"/>" << marks.str()
        << "</svg></figure>\n";
    return out.str();
}

std::string boots_chart(const std::vector<boots> &all) {
    std::ostringstream out;
    std::uint64_t most = 1;
    for (const boots &boots : all) {
        std::uint64_t sum = 0;
        for (const phase &phase : boots.phases) {
            sum += phase.ns;
        }
        most = std::max(most, sum);
    }
    out << "<div class=\"boots\">\n";
    for (const boots &boots : all) {
        out << "<div class=\"boot\"><code>" << breakable(boots.image) << "</code><div>";
        for (const phase &phase : boots.phases) {
            out << "<span class=\"phase\" style=\"width:"
                << percent(static_cast<double>(phase.ns), static_cast<double>(most))
                << ";background:" << colour(phase.name) << "\" title=\"" << escaped(phase.name)
                << ": " << span_of_time(phase.ns) << "\">"
                << name_within(phase.name, static_cast<double>(phase.ns), static_cast<double>(most))
                << "</span>";
        }
        out << "</div></div>\n";
    }
    out << "</div>\n";
    return out.str();
}

std::string flame_chart(const trace::flame &flame) {
    std::ostringstream out;
    out << "<div class=\"flame\" style=\"height:" << FRAME_PX * depth_of(flame) << "px\">\n";
    const double all = static_cast<double>(std::max(trace::flame_ns(flame), std::uint64_t{1}));
    draw_flame(flame, 0, 0, all, out);
    out << "</div>\n";
    return out.str();
}

}  // namespace report
