// testing/markers/marker_table.h: what images/markers.def says, in the form that the checker uses.
// Ownership: a table owns its strings.
// Errors:    marker_table_problems lists what is wrong with the rows, one sentence each; empty
//            means well.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "testing/markers/text_pattern.h"

namespace markers {

struct table_text {
    std::string name;  // KERNEL_BOOT
    pattern text;      // kernel: boot
};

// A line that ends every run as failed, whatever the golden file says.
struct table_fatal {
    pattern glob;
    std::string what;  // "a panic"
};

struct marker_table {
    std::vector<std::string> areas;
    std::vector<table_text> texts;
    std::vector<table_fatal> fatal;
    std::vector<std::string> problems;  // Rows that do not even compile.
};

// One row of each kind; a row that does not compile goes to `problems`.
void marker_table_add_area(marker_table &table, std::string_view area);
void marker_table_add_text(marker_table &table, std::string_view name, std::string_view text);
void marker_table_add_fatal(marker_table &table, std::string_view glob, std::string_view what);

// The table of images/markers.def, built into this program.
marker_table compiled_marker_table();

std::vector<std::string> marker_table_problems(const marker_table &table);

}  // namespace markers
