// testing/markers/golden_checks.cc: texts against the table, double texts, globs that match texts.
#include "testing/markers/golden_checks.h"

#include <utility>

namespace markers {
namespace {

class checker {
  public:
    checker(golden_result &out, const marker_table &table) : out_(out), table_(table) {}

    void check() {
        check_first();
        for (std::size_t at = 0; at < out_.rules.nodes.size(); at++) {
            if (node_is_text(out_.rules.nodes[at])) {
                check_in_table(out_.rules.nodes[at]);
                check_double(at);
                check_last(out_.rules.nodes[at]);
            }
        }
        for (const golden_glob &glob : out_.rules.forbidden) {
            check_forbidden(glob);
        }
        for (const golden_glob &glob : out_.rules.ignored) {
            check_ignored(glob);
        }
    }

  private:
    void mistake(std::size_t line, std::string message) {
        out_.mistakes.push_back({out_.rules.file, line, 1, std::move(message)});
    }

    void check_first() {
        const golden_node &root = out_.rules.nodes[0];
        if (root.children.empty()) {
            mistake(1, "no rule at all");
            return;
        }
        const golden_node &first = out_.rules.nodes[root.children[0]];
        if (first.kind != node_kind::once || first.text.source != FIRST_MARKER) {
            mistake(first.line, "the first rule must be `kernel: boot`, where checking starts");
        }
    }

    // The end of a run is the same for every image, so the checker knows it and files don't say it.
    void check_last(const golden_node &node) {
        if (pattern_matches(node.text, LAST_MARKER)) {
            mistake(node.line,
                    "`kernel: power off` is allowed after the last rule of every file: "
                    "it is not a rule");
        }
    }

    void check_in_table(const golden_node &node) {
        for (const table_text &row : table_.texts) {
            if (text_is_instance_of(node.text, row.text)) {
                return;
            }
        }
        std::string message = "no row of images/markers.def allows `" + node.text.source + "`";
        bool in_area = false;
        for (const std::string &area : table_.areas) {
            in_area = in_area || node.text.source.starts_with(area);
        }
        if (!in_area) {
            message += " (nor does it start with one of its areas)";
        }
        mistake(node.line, std::move(message));
    }

    void check_double(std::size_t at) {
        const golden_node &node = out_.rules.nodes[at];
        for (std::size_t other = 0; other < at; other++) {
            const golden_node &before = out_.rules.nodes[other];
            if (node_is_text(before) && patterns_overlap(node.text, before.text)) {
                mistake(node.line, "`" + node.text.source + "` could also match the rule of line " +
                                       std::to_string(before.line) + " (`" + before.text.source +
                                       "`): a text stands in one rule of a file");
                return;
            }
        }
    }

    void check_forbidden(const golden_glob &glob) {
        for (const golden_node &node : out_.rules.nodes) {
            if (node_is_text(node) && patterns_overlap(glob.glob, node.text)) {
                mistake(glob.line, "`! " + glob.glob.source + "` forbids the rule of line " +
                                       std::to_string(node.line) + " (`" + node.text.source + "`)");
            }
        }
    }

    void check_ignored(const golden_glob &glob) {
        for (const table_text &row : table_.texts) {
            if (patterns_overlap(glob.glob, row.text)) {
                mistake(glob.line, "`~ " + glob.glob.source + "` would hide the marker " +
                                       row.name + " (`" + row.text.source + "`)");
            }
        }
        for (const table_fatal &fatal : table_.fatal) {
            if (patterns_overlap(glob.glob, fatal.glob)) {
                mistake(glob.line, "`~ " + glob.glob.source + "` would hide " + fatal.what + " (`" +
                                       fatal.glob.source + "`)");
            }
        }
    }

    golden_result &out_;
    const marker_table &table_;
};

}  // namespace

void golden_check(golden_result &out, const marker_table &table) {
    checker(out, table).check();
}

}  // namespace markers
