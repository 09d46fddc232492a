// tools/mkimage/waits.cc: see waits.h. The picture is laid out in rows: a service that waits for
// nobody stands in the lowest one, any other one row above the highest that it waits for.
#include "tools/mkimage/waits.h"

#include <algorithm>
#include <sstream>

#include "kernel/abi/cap.h"

namespace mkimage {
namespace {

constexpr int BOX_WIDTH = 132;
constexpr int BOX_HEIGHT = 34;
constexpr int COLUMN = 168;
constexpr int ROW = 104;
constexpr int SHIFT = 100;  // Of every other row, so that lines over two rows pass boxes by.
constexpr int MARGIN = 24;
constexpr int LEGEND = 56;

#define ROUTE_STROKE "#1f2937"
#define POLICY_STROKE "#2563eb"

struct layout {
    std::vector<int> rows;     // Of each service, 0 is the lowest.
    std::vector<int> columns;  // In its row, from 0.
    int row_count = 1;
    int column_count = 1;
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

layout layout_of(std::size_t service_count, const std::vector<wait> &waits) {
    layout made;
    made.rows = rows_of(service_count, waits);
    for (std::size_t at = 0; at < service_count; at++) {
        const int before = static_cast<int>(std::count(
            made.rows.begin(), made.rows.begin() + static_cast<std::ptrdiff_t>(at), made.rows[at]));
        made.columns.push_back(before);
        made.row_count = std::max(made.row_count, made.rows[at] + 1);
        made.column_count = std::max(made.column_count, before + 1);
    }
    return made;
}

int left_of(const layout &made, std::size_t service) {
    return MARGIN + made.columns[service] * COLUMN + made.rows[service] % 2 * SHIFT;
}

int top_of(const layout &made, std::size_t service) {
    return MARGIN + (made.row_count - 1 - made.rows[service]) * ROW;
}

void draw_wait(std::ostringstream &out, const manifest &contents, const layout &made,
               const wait &one) {
    const bool by_policy = !one.why.empty();
    out << "<line x1=\"" << left_of(made, one.from) + BOX_WIDTH / 2 << "\" y1=\""
        << top_of(made, one.from) + BOX_HEIGHT << "\" x2=\""
        << left_of(made, one.to) + BOX_WIDTH / 2 << "\" y2=\"" << top_of(made, one.to) << "\" "
        << (by_policy ? "class=\"policy\" marker-end=\"url(#p)\"" : "marker-end=\"url(#r)\"")
        << "><title>" << contents.services[one.from].name << " waits for "
        << contents.services[one.to].name << " " << one.why << "</title></line>\n";
}

void draw_service(std::ostringstream &out, const manifest &contents, const layout &made,
                  std::size_t service) {
    const int left = left_of(made, service);
    const int top = top_of(made, service);
    out << "<rect x=\"" << left << "\" y=\"" << top << "\" width=\"" << BOX_WIDTH << "\" height=\""
        << BOX_HEIGHT << "\" rx=\"6\"/><text x=\"" << left + BOX_WIDTH / 2 << "\" y=\""
        << top + BOX_HEIGHT / 2 + 5 << "\">" << contents.services[service].name << "</text>\n";
}

void draw_legend(std::ostringstream &out, int top) {
    const struct {
        const char *stroke;
        const char *text;
    } rows[] = {{ROUTE_STROKE, "waits, by a route of the manifest"},
                {POLICY_STROKE ";stroke-dasharray:5 3", "may wait, by a policy"}};
    for (const auto &row : rows) {
        out << "<line x1=\"" << MARGIN << "\" y1=\"" << top << "\" x2=\"" << MARGIN + 40
            << "\" y2=\"" << top << "\" style=\"stroke:" << row.stroke
            << "\"/><text class=\"left\" x=\"" << MARGIN + 50 << "\" y=\"" << top + 5 << "\">"
            << row.text << "</text>\n";
        top += 22;
    }
}

void draw_arrow(std::ostringstream &out, const char *name, const char *stroke) {
    out << "<marker id=\"" << name
        << "\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" "
           "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\""
        << stroke << "\"/></marker>";
}

}  // namespace

std::vector<wait> waits_of(const manifest &contents, const std::vector<allowed_call> &calls) {
    const std::vector<service> &services = contents.services;
    const auto find = [&](const std::string &name) {
        const auto found = std::ranges::find(services, name, &service::name);
        return static_cast<std::size_t>(found - services.begin());
    };
    std::vector<wait> waits;
    for (std::size_t from = 0; from < services.size(); from++) {
        for (const grant &given : services[from].grants) {
            const bool is_call =
                given.kind == MANIFEST_GRANT_ROUTE && (given.rights & RIGHT_CALL) != 0;
            const std::size_t to = is_call ? find(given.target) : services.size();
            if (to != services.size()) {
                waits.push_back({from, to, given.target_place, ""});
            }
        }
    }
    for (const allowed_call &call : calls) {
        const std::size_t from = find(call.from);
        waits.push_back({from, find(call.to), services[from].place, call.why});
    }
    return waits;
}

std::string wait_graph_svg(const manifest &contents, const std::vector<wait> &waits) {
    const layout made = layout_of(contents.services.size(), waits);
    const int width = std::max(
        2 * MARGIN + (made.column_count - 1) * COLUMN + BOX_WIDTH + (made.row_count - 1) * SHIFT,
        360);
    const int legend_top = 2 * MARGIN + (made.row_count - 1) * ROW + BOX_HEIGHT + 8;
    std::ostringstream out;
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\""
        << legend_top + LEGEND
        << "\" font-family=\"sans-serif\" "
           "font-size=\"14\"><style>text{text-anchor:middle}.left{text-"
           "anchor:start}rect{fill:#f3f4f6;stroke:#1f2937}line{stroke:"
        << ROUTE_STROKE << ";stroke-width:1.5}.policy{stroke:" << POLICY_STROKE
        << ";stroke-dasharray:5 3}</style><defs>";
    draw_arrow(out, "r", ROUTE_STROKE);
    draw_arrow(out, "p", POLICY_STROKE);
    out << "</defs><rect width=\"100%\" height=\"100%\" style=\"fill:#fff;stroke:none\"/>\n";
    for (const wait &one : waits) {
        draw_wait(out, contents, made, one);
    }
    for (std::size_t at = 0; at < contents.services.size(); at++) {
        draw_service(out, contents, made, at);
    }
    draw_legend(out, legend_top);
    out << "</svg>\n";
    return out.str();
}

}  // namespace mkimage
