// testing/report/page_faults.cc: see page_faults.h. Scripts measure what the browser drew; what is
// wanted is reckoned from the report's numbers here.
#include "testing/report/page_faults.h"

#include <algorithm>
#include <cmath>

namespace report {
namespace {

using json = nlohmann::json;
using faults = std::vector<std::string>;

constexpr double PIXELS = 1.6;        // Positions are rounded to parts of one.
constexpr double VISIBLE = 0.001;     // Of all: a frame that must be there.
constexpr double CONTRAST = 4.5;      // Of words and what is behind them, as WCAG 2 wants it.
constexpr double SMALLEST_PX = 10;    // Of letters.
constexpr double MOST_OF_ONE = 0.99;  // A picture with more of one colour is blank.
constexpr int LEAST_COLOURS = 8;
constexpr std::size_t FUNCTION_ROWS = 20;  // Of a figure, at most.

// Functions for the scripts below.
constexpr char TOOLS[] = R"(
const all = (where, what) => [...where.querySelectorAll(what)];
const text = one => one ? one.textContent : '';
const box = one => { const b = one.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; };
const number = words => Number(words.replaceAll(',', ''));
const painted = one => { const c = document.createElement('canvas'); c.width = c.height = 1;
    const pen = c.getContext('2d'); pen.fillStyle = one; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data]; };
const light = one => { const [r, g, b] = painted(one).map(v => { v /= 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = one => { for (; one; one = one.parentElement) {
    const c = getComputedStyle(one).backgroundColor;
    if (painted(c)[3] == 255) { return c; } } return 'Canvas'; };
const contrast = one => { const style = getComputedStyle(one);
    const a = light(one instanceof SVGElement ? style.fill : style.color), b = light(behind(one));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
)";

json ask(testing_browser::browser &browser, const std::string &script) {
    return browser.evaluate("(() => {" + std::string(TOOLS) + script + "})()");
}

void expect_count(faults &out, const std::string &what, std::size_t have, std::size_t wanted) {
    if (have != wanted) {
        out.push_back(std::to_string(have) + " " + what + ", not " + std::to_string(wanted));
    }
}

bool is_near(double a, double b) {
    return std::abs(a - b) <= PIXELS;
}

void look_at_pairs(testing_browser::browser &browser, const json &report, faults &out) {
    const json rows = ask(browser, R"(return all(document, '.pair').map(row => [
        text(row.querySelector('code')), all(row, '.bar i').map(bar => box(bar)[2]),
        all(row, '.bar span').map(one => number(text(one))), all(row, '.bar').map(bar =>
            bar.clientWidth - parseFloat(getComputedStyle(bar).paddingRight))]);)");
    const json &pairs = report.at("pairs");
    expect_count(out, "pairs", rows.size(), pairs.size());
    for (std::size_t i = 0; i < std::min(rows.size(), pairs.size()); i++) {
        const json &row = rows[i], &pair = pairs[i];
        const std::string name = pair.at("name");
        if (row[0] != name) {
            out.push_back("a pair is called " + row[0].dump() + ", not " + name);
        }
        if (row[1].size() != 2 || row[2] != json({pair.at("with"), pair.at("without")})) {
            out.push_back("numbers of " + name + ": " + row[2].dump());
            continue;
        }
        const double most =
            std::max({pair.at("with").get<double>(), pair.at("without").get<double>(), 1.0});
        for (int bar = 0; bar < 2; bar++) {
            const double wanted =
                std::max(row[3][bar].get<double>() * row[2][bar].get<double>() / most, 1.0);
            if (!is_near(row[1][bar], wanted)) {
                out.push_back("bars of " + name + ": " + row[1].dump());
            }
        }
    }
}

void look_at_growths(testing_browser::browser &browser, const json &report, faults &out) {
    const json shown = ask(browser, R"(return all(document, '.growth').map(one => [
        text(one.querySelector('code')),
        all(one, 'circle').map(dot => one.querySelector('line').y1.baseVal.value -
                                      dot.cy.baseVal.value)]);)");
    const json &growths = report.at("growths");
    expect_count(out, "growths", shown.size(), growths.size());
    for (std::size_t i = 0; i < std::min(shown.size(), growths.size()); i++) {
        const json &points = growths[i].at("points");
        double most = 1, highest = 0;
        for (const json &point : points) {
            most = std::max(most, point[1].get<double>());
        }
        for (const json &height : shown[i][1]) {
            highest = std::max(highest, height.get<double>());
        }
        bool is_right = shown[i][1].size() == points.size() && highest > 0;
        for (std::size_t k = 0; is_right && k < points.size(); k++) {
            is_right = is_near(shown[i][1][k], highest * points[k][1].get<double>() / most);
        }
        if (!is_right || shown[i][0] != growths[i].at("name")) {
            out.push_back("points of " + growths[i].at("name").get<std::string>() + ": " +
                          shown[i].dump());
        }
    }
}

double ns_of(const json &flame) {
    double out = flame.at("own_ns");
    for (const json &below : flame.at("below")) {
        out += ns_of(below);
    }
    return out;
}

// Left end and width of each frame, as shares of the whole, in the order in which they are drawn.
void wanted_frames(const json &flame, double left, double all, int depth, json &out) {
    const double ns = ns_of(flame);
    if (ns / all < VISIBLE) {
        return;
    }
    out.push_back({left / all, ns / all, depth});
    for (const json &below : flame.at("below")) {
        wanted_frames(below, left, all, depth + 1, out);
        left += ns_of(below);
    }
}

void look_at_flame(const json &frames, const json &flame, const std::string &image, faults &out) {
    json wanted = json::array();
    wanted_frames(flame, 0, std::max(ns_of(flame), 1.0), 0, wanted);
    expect_count(out, "frames", frames.at(1).size(), wanted.size());
    if (frames.at(1).size() != wanted.size()) {
        return;
    }
    const double width = frames.at(0)[2];
    for (std::size_t i = 0; i < wanted.size(); i++) {
        const json &at = frames.at(1)[i].at(0);
        if (!is_near(at[0].get<double>() - frames.at(0)[0].get<double>(),
                     wanted[i][0].get<double>() * width) ||
            !is_near(at[2], wanted[i][1].get<double>() * width) ||
            std::lround((at[1].get<double>() - frames.at(0)[1].get<double>()) / 22) !=
                wanted[i][2].get<long>()) {
            out.push_back("a frame of " + image +
                          " is not where its time puts it: " + frames.at(1)[i].dump());
        }
    }
}

// Without what each task did by itself, as the page's first picture has it.
json calls_only(const json &flame) {
    json out = {{"name", "calls"}, {"own_ns", 0}, {"below", json::array()}};
    for (json task : flame.at("below")) {
        task["own_ns"] = 0;
        if (ns_of(task) > 0) {
            out["below"].push_back(task);
        }
    }
    return out;
}

void look_at_flames(testing_browser::browser &browser, const json &report, faults &out) {
    const json shown = ask(browser, R"(return all(document, '.flame').map(one => [box(one),
        all(one, '.frame').map(frame => [box(frame), frame.title])]);)");
    const json &traces = report.at("traces");
    expect_count(out, "flame graphs", shown.size(), 2 * traces.size());
    for (std::size_t i = 0; i < std::min(shown.size() / 2, traces.size()); i++) {
        const std::string image = traces[i].at("image");
        look_at_flame(shown[2 * i], calls_only(traces[i].at("flame")), image, out);
        look_at_flame(shown[2 * i + 1], traces[i].at("flame"), image, out);
    }
}

void look_at_boots(testing_browser::browser &browser, const json &report, faults &out) {
    const json shown = ask(browser, R"(return all(document, '.boot').map(one => [
        box(one.querySelector('div'))[2], all(one, '.phase').map(part => box(part)[2])]);)");
    const json &boots = report.at("boots");
    expect_count(out, "boots", shown.size(), boots.size());
    double most = 1;
    for (const json &boot : boots) {
        double sum = 0;
        for (const json &phase : boot.at("phases")) {
            sum += phase.at("ns").get<double>();
        }
        most = std::max(most, sum);
    }
    for (std::size_t i = 0; i < std::min(shown.size(), boots.size()); i++) {
        const json &phases = boots[i].at("phases");
        bool is_right = shown[i][1].size() == phases.size();
        for (std::size_t k = 0; is_right && k < phases.size(); k++) {
            is_right = is_near(shown[i][1][k],
                               shown[i][0].get<double>() * phases[k].at("ns").get<double>() / most);
        }
        if (!is_right) {
            out.push_back("phases of " + boots[i].at("image").get<std::string>());
        }
    }
}

void look_at_tables(testing_browser::browser &browser, const json &report, faults &out) {
    const json titles = ask(browser, R"(return all(document, 'nav a').map(link =>
        [text(link), text(document.getElementById(link.hash.slice(1)))]);)");
    for (const json &title : titles) {
        if (title[0] != title[1]) {
            out.push_back("a link leads nowhere: " + title.dump());
        }
    }
    for (const json &bench : report.at("benches")) {
        const std::string image = bench.at("image");
        const json rows =
            ask(browser, "const title = document.getElementById(" + json(image).dump() + R"();
            return title === null ? [] : all(title.nextElementSibling, 'tr').slice(1).map(row =>
                all(row, 'td').slice(0, 4).map((cell, at) =>
                    at ? number(text(cell)) : text(cell)));)");
        expect_count(out, "rows of " + image, rows.size(), bench.at("figures").size());
        for (std::size_t i = 0; i < std::min(rows.size(), bench.at("figures").size()); i++) {
            const json &figure = bench.at("figures")[i];
            if (rows[i] != json({figure.at("name"), figure.at("least"), figure.at("mean"),
                                 figure.at("first")})) {
                out.push_back("row of " + image + ": " + rows[i].dump());
            }
        }
    }
    const json operations = ask(browser, R"(const title = document.getElementById('operations');
        return title === null ? 0
            : all(title.nextElementSibling.nextElementSibling, 'tr').length - 2;)");
    expect_count(out, "operations", operations, report.at("operations").size());
}

json shown_of(const json &figure) {
    json rows = json::array();
    for (const json &function : figure.at("functions")) {
        if (rows.size() < FUNCTION_ROWS) {
            rows.push_back(function.at("instructions"));
        }
    }
    return json::array({figure.at("name"), rows});
}

// Below the title of a profile, each figure with its dearest functions.
void look_at_profiles(testing_browser::browser &browser, const json &report, faults &out) {
    for (const json &profiled : report.at("profiles")) {
        const std::string image = profiled.at("image");
        const json shown = ask(browser, "const title = document.getElementById(" +
                                            json("functions-" + image).dump() +
                                            R"(); const out = [];
            for (let at = title && title.nextElementSibling; at && at.tagName !== 'H2';
                 at = at.nextElementSibling) {
                if (at.tagName === 'DETAILS') {
                    out.push([text(at.querySelector('summary')), all(at, 'tr').slice(1).map(
                        row => number(text(row.children[2])))]); } }
            return out;)");
        json wanted = json::array();
        for (const json &figure : profiled.at("figures")) {
            wanted.push_back(shown_of(figure));
        }
        if (shown != wanted) {
            out.push_back("functions of " + image);
        }
    }
}

// What a person needs: a summary, words that stand out, are large enough and apart, nothing cut
// off.
void look_at_words(testing_browser::browser &browser, faults &out) {
    const json found = ask(browser, R"(const out = [];
        if (document.title === '' || text(document.querySelector('h1')) === '') {
            out.push('no title'); }
        if (!/\d times at best/.test(text(document.querySelector('.lead')))) {
            out.push('no summary'); }
        if (document.documentElement.scrollWidth > innerWidth) {
            out.push('wider than the window: ' + document.documentElement.scrollWidth); }
        for (const one of all(document, 'h1,h2,p,a,code,span,b,td,th,summary,.frame,svg text')) {
            if (text(one) === '') { continue; }
            if (contrast(one) < )" + std::to_string(CONTRAST) +
                                        R"() {
                out.push('too little contrast (' + contrast(one).toFixed(1) + '): ' + text(one)); }
            if (parseFloat(getComputedStyle(one).fontSize) < )" +
                                        std::to_string(SMALLEST_PX) + R"() {
                out.push('small letters: ' + text(one)); }
        }
        const apart = (group) => { for (let i = 0; i < group.length; i++) {
            for (let k = 0; k < i; k++) { const a = box(group[i]), b = box(group[k]);
                if (Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]) > 1 &&
                    Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]) > 1) {
                    out.push('overlap: ' + text(group[i]) + ' and ' + text(group[k])); } } } };
        for (const one of all(document, '.growth')) { apart(all(one, 'text')); }
        for (const one of all(document, '.flame')) { apart(all(one, '.frame')); }
        for (const one of all(document, '.pair')) { apart([...one.children]); }
        apart(all(document, '.card'));
        return out.slice(0, 20);)");
    for (const json &one : found) {
        out.push_back(one);
    }
}

void look_at_picture(testing_browser::browser &browser, const testing_browser::view &view,
                     faults &out) {
    const testing_browser::colours seen =
        testing_browser::colours_of(browser, browser.picture(false));
    if (seen.different < LEAST_COLOURS || seen.most_common > MOST_OF_ONE) {
        out.push_back("the page is blank");
    }
    if ((seen.brightness < 0.5) != view.dark) {
        out.push_back("not in the scheme that was asked for");
    }
    if (seen.width != view.width || seen.height != view.height) {
        out.push_back("a picture of another size");
    }
}

}  // namespace

std::vector<std::string> faults_of(testing_browser::browser &browser, const std::string &path,
                                   const testing_browser::view &view, const json &report) {
    faults out;
    browser.open(path, view);
    look_at_picture(browser, view, out);
    look_at_pairs(browser, report, out);
    look_at_growths(browser, report, out);
    look_at_flames(browser, report, out);
    look_at_boots(browser, report, out);
    look_at_tables(browser, report, out);
    look_at_profiles(browser, report, out);
    look_at_words(browser, out);
    out.insert(out.end(), browser.complaints().begin(), browser.complaints().end());
    return out;
}

}  // namespace report
