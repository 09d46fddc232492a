// testing/markers/marker_table.cc: rows come from images/markers.def; the rules that rows must
// keep.
#include "testing/markers/marker_table.h"

#include <variant>

namespace markers {
namespace {

bool starts_with_an_area(const marker_table &table, const std::string &text) {
    for (const std::string &area : table.areas) {
        if (text.starts_with(area) && text.size() > area.size()) {
            return true;
        }
    }
    return false;
}

void check_areas(const marker_table &table, std::vector<std::string> &problems) {
    for (std::size_t at = 0; at < table.areas.size(); at++) {
        const std::string &area = table.areas[at];
        if (!area.ends_with(": ")) {
            problems.push_back("area \"" + area + "\" does not end with \": \"");
        }
        // A service without the marker right has this before each line; no marker may look like it.
        if (area.starts_with("| ")) {
            problems.push_back("area \"" + area + "\" starts with \"| \", which marks raw output");
        }
        for (std::size_t other = 0; other < at; other++) {
            if (table.areas[other] == area) {
                problems.push_back("area \"" + area + "\" stands twice");
            }
        }
    }
}

void check_text(const marker_table &table, std::size_t at, std::vector<std::string> &problems) {
    const table_text &row = table.texts[at];
    if (!starts_with_an_area(table, row.text.source)) {
        problems.push_back(row.name + ": \"" + row.text.source + "\" starts with no listed area");
    }
    for (std::size_t other = 0; other < at; other++) {
        if (table.texts[other].name == row.name) {
            problems.push_back(row.name + ": the name stands twice");
        }
        if (table.texts[other].text.source == row.text.source) {
            problems.push_back(row.name + ": the same text as " + table.texts[other].name);
        }
    }
    for (const table_fatal &fatal : table.fatal) {
        if (patterns_overlap(fatal.glob, row.text)) {
            problems.push_back(row.name + ": \"" + row.text.source + "\" would count as " +
                               fatal.what + " (" + fatal.glob.source + ")");
        }
    }
}

}  // namespace

void marker_table_add_area(marker_table &table, std::string_view area) {
    table.areas.emplace_back(area);
}

void marker_table_add_text(marker_table &table, std::string_view name, std::string_view text) {
    pattern_result compiled = compile_text(text, text_dialect::table);
    if (const pattern_error *error = std::get_if<pattern_error>(&compiled)) {
        table.problems.push_back(std::string(name) + ": \"" + std::string(text) +
                                 "\": " + error->message);
        return;
    }
    table.texts.push_back({std::string(name), std::get<pattern>(std::move(compiled))});
}

void marker_table_add_fatal(marker_table &table, std::string_view glob, std::string_view what) {
    pattern_result compiled = compile_glob(glob);
    if (const pattern_error *error = std::get_if<pattern_error>(&compiled)) {
        table.problems.push_back("fatal \"" + std::string(glob) + "\": " + error->message);
        return;
    }
    table.fatal.push_back({std::get<pattern>(std::move(compiled)), std::string(what)});
}

marker_table compiled_marker_table() {
    marker_table table;
#define MARKER_AREA(area) marker_table_add_area(table, area);
#define MARKER(name, text) marker_table_add_text(table, #name, text);
#define MARKER_FATAL(glob, what) marker_table_add_fatal(table, glob, what);
#include "images/markers.def"
#undef MARKER_AREA
#undef MARKER
#undef MARKER_FATAL
    return table;
}

std::vector<std::string> marker_table_problems(const marker_table &table) {
    std::vector<std::string> problems = table.problems;
    check_areas(table, problems);
    for (std::size_t at = 0; at < table.texts.size(); at++) {
        check_text(table, at, problems);
    }
    return problems;
}

}  // namespace markers
