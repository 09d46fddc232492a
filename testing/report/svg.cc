// testing/report/svg.cc: see svg.h.
#include "testing/report/svg.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

namespace report {
namespace {

constexpr double WIDTH = 960;
constexpr double ROW = 18;  // A bar with the space below it.
constexpr double BAR = 14;
constexpr double LABEL = 220;  // Width of the names left of bars.
constexpr double NUMBER = 100;
constexpr double BASE_LINE = 11;  // Of text, below the top of its row.
constexpr double LETTER = 6.2;    // Width of one, about.
constexpr double SQUARE = 150;
constexpr double MARGIN = 24;
constexpr double VISIBLE = 0.5;  // What is narrower is left out.
constexpr unsigned HUES = 360;

std::string fixed(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(1) << value;
    return out.str();
}

// The same name has the same colour in every picture.
std::string colour(const std::string &name) {
    unsigned hash = 2166136261U;
    for (const char letter : name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    return "hsl(" + std::to_string(hash % HUES) + " 55% 62%)";
}

std::string open_picture(double width, double height, const std::string &title) {
    return "<svg role=\"img\" viewBox=\"0 0 " + fixed(width) + " " + fixed(height) + "\" width=\"" +
           fixed(width) + "\"><title>" + escaped(title) + "</title>\n";
}

std::string bar(double x, double y, double width, const std::string &fill,
                const std::string &title) {
    return "<rect x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" width=\"" + fixed(width) +
           "\" height=\"" + fixed(BAR) + "\" fill=\"" + fill + "\"><title>" + escaped(title) +
           "</title></rect>\n";
}

std::string words(double x, double y, const std::string &text) {
    return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y + BASE_LINE) + "\">" + escaped(text) +
           "</text>\n";
}

// As much of a text as there is room for; nothing if that is too little to read.
std::string clipped(const std::string &text, double width) {
    const auto letters = static_cast<std::size_t>(std::max(0.0, width / LETTER));
    return letters < 3 ? "" : text.substr(0, letters);
}

int depth_of(const trace::flame &flame) {
    int deepest = 0;
    for (const trace::flame &below : flame.below) {
        deepest = std::max(deepest, depth_of(below));
    }
    return deepest + 1;
}

void draw_flame(const trace::flame &flame, double x, double y, double ns_wide, std::ostream &out) {
    const double width = static_cast<double>(trace::flame_ns(flame)) * ns_wide;
    if (width < VISIBLE) {
        return;
    }
    const std::string name = flame.name.empty() ? "all" : flame.name;
    out << bar(
        x, y, width, colour(name),
        name + ": " + grouped(trace::flame_ns(flame)) + " ns, itself " + grouped(flame.own_ns));
    out << words(x + 2, y, clipped(name, width - 4));
    for (const trace::flame &below : flame.below) {
        draw_flame(below, x, y + ROW, ns_wide, out);
        x += static_cast<double>(trace::flame_ns(below)) * ns_wide;
    }
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

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

std::string pairs_picture(const std::vector<pair> &pairs) {
    std::ostringstream out;
    const double room = WIDTH - LABEL - NUMBER;
    out << open_picture(WIDTH, 2 * ROW * static_cast<double>(pairs.size()) + ROW,
                        "with reuse, and without");
    double y = 0;
    for (const pair &pair : pairs) {
        const double most =
            static_cast<double>(std::max({pair.with, pair.without, std::uint64_t{1}}));
        out << words(0, y, pair.name);
        double width = room * static_cast<double>(pair.with) / most;
        out << bar(LABEL, y, width, "#3a7", "with reuse: " + grouped(pair.with))
            << words(LABEL + width + 4, y, grouped(pair.with));
        y += BAR;
        width = room * static_cast<double>(pair.without) / most;
        out << bar(LABEL, y, width, "#c64", "without: " + grouped(pair.without))
            << words(LABEL + width + 4, y, grouped(pair.without));
        y += 2 * ROW - BAR;
    }
    out << "</svg>\n";
    return out.str();
}

std::string growth_picture(const growth &growth) {
    std::ostringstream out, line;
    out << open_picture(SQUARE + 2 * MARGIN, SQUARE + 2 * MARGIN, growth.name);
    out << words(0, 0, growth.name);
    std::uint64_t most = 1;
    for (const auto &[count, cost] : growth.points) {
        most = std::max(most, cost);
    }
    const double first = std::log(static_cast<double>(growth.points.front().first));
    const double last = std::log(static_cast<double>(growth.points.back().first));
    for (const auto &[count, cost] : growth.points) {
        const double x =
            MARGIN + SQUARE * (std::log(static_cast<double>(count)) - first) / (last - first);
        const double y =
            MARGIN + SQUARE - SQUARE * static_cast<double>(cost) / static_cast<double>(most);
        line << fixed(x) << ',' << fixed(y) << ' ';
        out << "<circle cx=\"" << fixed(x) << "\" cy=\"" << fixed(y)
            << "\" r=\"3\" fill=\"#37a\"><title>"
            << "beside " << count << ": " << grouped(cost) << "</title></circle>\n"
            << words(x - LETTER, MARGIN + SQUARE, std::to_string(count));
    }
    out << "<polyline fill=\"none\" stroke=\"#37a\" points=\"" << line.str() << "\"/>\n"
        << words(0, BAR, grouped(most)) << "</svg>\n";
    return out.str();
}

std::string boots_picture(const std::vector<boots> &all) {
    std::ostringstream out;
    std::uint64_t most = 1;
    for (const boots &boots : all) {
        std::uint64_t sum = 0;
        for (const phase &phase : boots.phases) {
            sum += phase.ns;
        }
        most = std::max(most, sum);
    }
    const double ns_wide = (WIDTH - LABEL) / static_cast<double>(most);
    out << open_picture(WIDTH, ROW * static_cast<double>(all.size()), "boots by phase");
    double y = 0;
    for (const boots &boots : all) {
        out << words(0, y, boots.image);
        double x = LABEL;
        for (const phase &phase : boots.phases) {
            const double width = static_cast<double>(phase.ns) * ns_wide;
            out << bar(x, y, width, colour(phase.name),
                       phase.name + ": " + grouped(phase.ns / 1000) + " us")
                << words(x + 2, y, clipped(phase.name, width - 4));
            x += width;
        }
        y += ROW;
    }
    out << "</svg>\n";
    return out.str();
}

std::string flame_picture(const trace::flame &flame) {
    std::ostringstream out;
    out << open_picture(WIDTH, ROW * depth_of(flame), "who worked for whom");
    const double all = static_cast<double>(std::max(trace::flame_ns(flame), std::uint64_t{1}));
    draw_flame(flame, 0, 0, WIDTH / all, out);
    out << "</svg>\n";
    return out.str();
}

}  // namespace report
