// tools/mkimage/waits_picture.cc: waits as a picture, laid out in rows: a service that waits for
// nobody stands in the lowest one, any other one row above the highest that it waits for. A line
// over several rows has a place in each of them, so that it passes boxes by; in each row boxes and
// lines are ordered by what they are tied to in the next. Integers only: the same bytes everywhere.
#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "tools/mkimage/waits.h"

namespace mkimage {
namespace {

constexpr int BOX_WIDTH = 124;
constexpr int BOX_HEIGHT = 34;
constexpr int GAP = 26;         // Between neighbours of a row.
constexpr int LINE_WIDTH = 10;  // Of the place that a line has in a row.
constexpr int ROW = 112;
constexpr int MARGIN = 28;
constexpr int LEGEND_LINE = 24;
constexpr int LEAST_WIDTH = 460;
constexpr int SWEEPS = 8;
constexpr std::size_t NAMES_A_LINE = 6;

// A box, or the place of a line that passes a row.
struct node {
    std::size_t service = 0;
    bool is_box = false;
    int row = 0;
    int left = 0;
    std::vector<std::size_t> above;  // What it is tied to in the row above, and
    std::vector<std::size_t> below;

    int width() const {
        return is_box ? BOX_WIDTH : LINE_WIDTH;
    }
    int middle() const {
        return left + width() / 2;
    }
};

// All waits of one service for another: one line.
struct line {
    bool by_route = false;
    std::string title;
    std::vector<std::size_t> path;  // Nodes, from the one that waits.
};

struct drawing {
    std::vector<node> nodes;  // The boxes first, in the order of the services.
    std::vector<line> lines;
    std::vector<std::vector<std::size_t>> rows;  // 0 is the lowest; nodes from left to right.
    std::vector<std::size_t> alone;              // Services that no line touches.
    int width = 0;
};

// Each pass raises callers above what they wait for; a graph without a cycle is still after as many
// passes as there are services.
std::vector<int> rows_of(std::size_t service_count, const std::vector<wait> &waits) {
    std::vector<int> rows(service_count, 0);
    for (std::size_t pass = 0; pass < service_count; pass++) {
        for (const wait &one : waits) {
            rows[one.from] = std::max(rows[one.from], rows[one.to] + 1);
        }
    }
    return rows;
}

void tie(drawing &made, std::size_t upper, std::size_t lower) {
    made.nodes[upper].below.push_back(lower);
    made.nodes[lower].above.push_back(upper);
}

void add_line(drawing &made, std::size_t from, std::size_t to, line &&one) {
    one.path.push_back(from);
    for (int row = made.nodes[from].row - 1; row > made.nodes[to].row; row--) {
        node place;
        place.row = row;
        made.nodes.push_back(place);
        tie(made, one.path.back(), made.nodes.size() - 1);
        one.path.push_back(made.nodes.size() - 1);
    }
    tie(made, one.path.back(), to);
    one.path.push_back(to);
    made.lines.push_back(std::move(one));
}

drawing drawing_of(const manifest &contents, const std::vector<wait> &waits) {
    drawing made;
    const std::vector<int> rows = rows_of(contents.services.size(), waits);
    for (std::size_t at = 0; at < rows.size(); at++) {
        node box;
        box.service = at;
        box.is_box = true;
        box.row = rows[at];
        made.nodes.push_back(box);
    }
    std::map<std::pair<std::size_t, std::size_t>, line> lines;
    for (const wait &one : waits) {
        line &found = lines[{one.from, one.to}];
        found.by_route = found.by_route || one.why.empty();
        found.title += (found.title.empty() ? "" : "; ") + contents.services[one.from].name +
                       " waits for " + contents.services[one.to].name + " " + one.why;
    }
    for (auto &[ends, one] : lines) {
        add_line(made, ends.first, ends.second, std::move(one));
    }
    for (std::size_t at = 0; at < made.nodes.size(); at++) {
        const node &one = made.nodes[at];
        if (one.is_box && one.above.empty() && one.below.empty()) {
            made.alone.push_back(one.service);
            continue;
        }
        const auto row = static_cast<std::size_t>(one.row);
        made.rows.resize(std::max(made.rows.size(), row + 1));
        made.rows[row].push_back(at);
    }
    return made;
}

int width_of(const drawing &made, const std::vector<std::size_t> &row) {
    int width = 0;
    for (const std::size_t at : row) {
        width += made.nodes[at].width() + GAP;
    }
    return width - GAP;
}

// From left to right in the order of the row, which stands in the middle of the picture.
void place(drawing &made, const std::vector<std::size_t> &row) {
    int left = (made.width - width_of(made, row)) / 2;
    for (const std::size_t at : row) {
        made.nodes[at].left = left;
        left += made.nodes[at].width() + GAP;
    }
}

void order_by(drawing &made, std::vector<std::size_t> &row,
              std::vector<std::size_t> node::*neighbours) {
    const auto wish = [&](std::size_t at) {
        const std::vector<std::size_t> &others = made.nodes[at].*neighbours;
        int sum = 0;
        for (const std::size_t other : others) {
            sum += made.nodes[other].middle();
        }
        return others.empty() ? made.nodes[at].middle() : sum / static_cast<int>(others.size());
    };
    std::vector<std::pair<int, std::size_t>> wanted;
    for (const std::size_t at : row) {
        wanted.emplace_back(wish(at), at);
    }
    std::stable_sort(wanted.begin(), wanted.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    for (std::size_t i = 0; i < row.size(); i++) {
        row[i] = wanted[i].second;
    }
    place(made, row);
}

void lay_out(drawing &made) {
    made.width = LEAST_WIDTH;
    for (const std::vector<std::size_t> &row : made.rows) {
        made.width = std::max(made.width, width_of(made, row) + 2 * MARGIN);
    }
    for (const std::vector<std::size_t> &row : made.rows) {
        place(made, row);
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        for (std::size_t row = 1; row < made.rows.size(); row++) {
            order_by(made, made.rows[row], &node::below);
        }
        for (std::size_t row = made.rows.size(); row-- > 1;) {
            order_by(made, made.rows[row - 1], &node::above);
        }
    }
}

int top_of(const drawing &made, int row) {
    return MARGIN + (static_cast<int>(made.rows.size()) - 1 - row) * ROW;
}

// Where a line meets a node: the lines of a box stand side by side, in the order of their ends.
int port_of(const drawing &made, std::size_t at, std::size_t other,
            std::vector<std::size_t> node::*neighbours) {
    const node &one = made.nodes[at];
    const std::vector<std::size_t> &others = one.*neighbours;
    const auto before = std::count_if(others.begin(), others.end(), [&](std::size_t rival) {
        return made.nodes[rival].left < made.nodes[other].left;
    });
    return one.left +
           one.width() * (static_cast<int>(before) + 1) / (static_cast<int>(others.size()) + 1);
}

void draw_line(std::ostringstream &out, const drawing &made, const line &one) {
    out << "<path d=\"";
    for (std::size_t i = 0; i + 1 < one.path.size(); i++) {
        const std::size_t upper = one.path[i], lower = one.path[i + 1];
        const int x1 = port_of(made, upper, lower, &node::below);
        const int y1 = top_of(made, made.nodes[upper].row) + BOX_HEIGHT;
        const int x2 = port_of(made, lower, upper, &node::above);
        const int y2 = top_of(made, made.nodes[lower].row);
        const int bend = (y2 - y1) / 2;
        // Down past the row, then on to the next.
        out << (i == 0 ? 'M' : 'L') << x1 << ' ' << y1 << 'C' << x1 << ' ' << y1 + bend << ' ' << x2
            << ' ' << y2 - bend << ' ' << x2 << ' ' << y2;
    }
    out << "\" class=\""
        << (one.by_route ? "route\" marker-end=\"url(#r)" : "policy\" marker-end=\"url(#p)")
        << "\"><title>" << one.title << "</title></path>\n";
}

void draw_box(std::ostringstream &out, const drawing &made, const node &box,
              const std::string &name) {
    const int top = top_of(made, box.row);
    out << "<rect x=\"" << box.left << "\" y=\"" << top << "\" width=\"" << BOX_WIDTH
        << "\" height=\"" << BOX_HEIGHT << "\" rx=\"6\"/><text class=\"name\" x=\"" << box.middle()
        << "\" y=\"" << top + BOX_HEIGHT / 2 + 5 << "\">" << name << "</text>\n";
}

void draw_words(std::ostringstream &out, int left, int top, const std::string &words) {
    out << "<text x=\"" << left << "\" y=\"" << top + 5 << "\">" << words << "</text>\n";
}

// What the lines mean, and who has none. The height below `top` that it takes.
int draw_legend(std::ostringstream &out, const manifest &contents, const drawing &made, int top) {
    const int from = top;
    for (const auto &[kind, words] : {std::pair{"route", "waits, by a route of the manifest"},
                                      {"policy", "may wait, by a policy"}}) {
        out << "<path class=\"" << kind << "\" d=\"M" << MARGIN << ' ' << top << 'h' << 40
            << "\"/>\n";
        draw_words(out, MARGIN + 50, top, words);
        top += LEGEND_LINE;
    }
    for (std::size_t i = 0; i < made.alone.size(); i += NAMES_A_LINE) {
        std::string names = i == 0 ? "Wait for nobody, and nobody waits for them: " : "";
        for (std::size_t k = i; k < std::min(i + NAMES_A_LINE, made.alone.size()); k++) {
            names += contents.services[made.alone[k]].name;
            names += k + 1 < made.alone.size() ? ", " : "";
        }
        draw_words(out, MARGIN, top, names);
        top += LEGEND_LINE;
    }
    return top - from;
}

std::string head(int width, int height) {
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
        << "\" width=\"" << width << "\" height=\"" << height
        << "\" font-family=\"sans-serif\" font-size=\"14\"><title>Who waits for whom</title><style>"
           ".name{text-anchor:middle}rect{fill:#f3f4f6;stroke:#1f2937}"
           "path{fill:none;stroke-width:1.5}.route{stroke:#1f2937}"
           ".policy{stroke:#2563eb;stroke-dasharray:5 3}</style><defs>";
    for (const auto &[name, fill] : {std::pair{"r", "#1f2937"}, {"p", "#2563eb"}}) {
        out << "<marker id=\"" << name
            << "\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
               "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" style=\"fill:"
            << fill << "\"/></marker>";
    }
    out << "</defs><rect width=\"100%\" height=\"100%\" style=\"fill:#fff;stroke:none\"/>\n";
    return out.str();
}

}  // namespace

std::string wait_graph_svg(const manifest &contents, const std::vector<wait> &waits) {
    drawing made = drawing_of(contents, waits);
    lay_out(made);
    std::ostringstream out;
    for (const line &one : made.lines) {
        draw_line(out, made, one);
    }
    for (const node &one : made.nodes) {
        if (one.is_box && !(one.above.empty() && one.below.empty())) {
            draw_box(out, made, one, contents.services[one.service].name);
        }
    }
    const int legend = made.rows.empty() ? MARGIN : top_of(made, 0) + BOX_HEIGHT + MARGIN + 12;
    const int height = legend + draw_legend(out, contents, made, legend) + MARGIN / 2;
    return head(made.width, height) + out.str() + "</svg>\n";
}

}  // namespace mkimage
