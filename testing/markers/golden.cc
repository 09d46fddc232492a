// testing/markers/golden.cc: one pass over the lines builds the tree; golden_checks.cc judges it.
#include "testing/markers/golden.h"

#include <charconv>
#include <utility>
#include <variant>

#include "testing/markers/golden_checks.h"

namespace markers {
namespace {

class reader {
  public:
    reader(std::string_view file, golden_result &out) : file_(file), out_(out) {
        out_.rules.file = file;
        golden_node root;
        root.kind = node_kind::chain;
        out_.rules.nodes.push_back(std::move(root));
        open_.push_back(0);
    }

    void read(std::string_view contents) {
        while (!contents.empty()) {
            const std::size_t end = contents.find('\n');
            line_number_++;
            read_line(contents.substr(0, end));
            contents = end == std::string_view::npos ? "" : contents.substr(end + 1);
        }
        while (open_.size() > 1) {
            const golden_node &node = out_.rules.nodes[open_.back()];
            mistake_at(node.line, 1,
                       node.kind == node_kind::group ? "this `{` is never closed"
                                                     : "this `[` is never closed");
            open_.pop_back();
        }
    }

  private:
    void mistake_at(std::size_t line, std::size_t column, std::string message) {
        out_.mistakes.push_back({file_, line, column, std::move(message)});
    }

    void mistake(std::size_t offset, std::string message) {
        mistake_at(line_number_, offset + 1, std::move(message));
    }

    void read_line(std::string_view line) {
        const std::size_t start = line.find_first_not_of(' ');
        if (start == std::string_view::npos || line[start] == '#') {
            return;
        }
        line = line.substr(0, line.find_last_not_of(' ') + 1);
        switch (line[start]) {
            case '{':
            case '}':
            case '[':
            case ']':
                read_brackets(line, start);
                return;
            case '!':
            case '~':
                read_glob(line, start);
                return;
            case '?':
                add_text(node_kind::optional, line, start + 1, 1);
                return;
            case '*':
                read_times(line, start);
                return;
            default:
                add_text(node_kind::once, line, start, 1);
                return;
        }
    }

    // A line of brackets holds nothing else, for a text may contain any of them.
    void read_brackets(std::string_view line, std::size_t start) {
        for (std::size_t at = start; at < line.size(); at++) {
            switch (line[at]) {
                case ' ':
                    break;
                case '{':
                    open_node(node_kind::group, at);
                    break;
                case '[':
                    open_node(node_kind::chain, at);
                    break;
                case '}':
                    close_node(node_kind::group, at);
                    break;
                case ']':
                    close_node(node_kind::chain, at);
                    break;
                default:
                    mistake(at, "a text on a line of brackets: give it its own line");
                    return;
            }
        }
    }

    void open_node(node_kind kind, std::size_t at) {
        if (open_.size() > GOLDEN_DEPTH_MAX) {
            mistake(at, "nested more than 16 deep");
        }
        if (kind == node_kind::chain && out_.rules.nodes[open_.back()].kind == node_kind::chain) {
            mistake(at, "a chain stands in a group only: outside of one, order holds anyway");
        }
        golden_node node;
        node.kind = kind;
        open_.push_back(add_node(std::move(node)));
    }

    void close_node(node_kind kind, std::size_t at) {
        const char *name = kind == node_kind::group ? "`}`" : "`]`";
        const golden_node &node = out_.rules.nodes[open_.back()];
        if (open_.size() == 1 || node.kind != kind) {
            mistake(at, std::string(name) + " closes nothing" +
                            (open_.size() == 1 ? ""
                                               : ": the open bracket is the one of line " +
                                                     std::to_string(node.line)));
            return;
        }
        if (node.children.empty()) {
            mistake(at, "nothing between the brackets");
        }
        open_.pop_back();
    }

    void read_times(std::string_view line, std::size_t start) {
        std::uint32_t times = 0;
        const char *first = line.data() + start + 1;
        const char *last = line.data() + line.size();
        const auto [end, error] = std::from_chars(first, last, times);
        if (end == first) {
            mistake(start, "`*` needs a number: `*3 text`");
            return;
        }
        if (error != std::errc() || times == 0 || times > RULE_TIMES_MAX) {
            mistake(start + 1, "the number after `*` must be 1 to 1000000");
            return;
        }
        add_text(node_kind::times, line, static_cast<std::size_t>(end - line.data()), times);
    }

    void add_text(node_kind kind, std::string_view line, std::size_t offset, std::uint32_t times) {
        if (kind != node_kind::once) {
            if (offset < line.size() && line[offset] != ' ') {
                mistake(offset, "a space is missing before the text");
                return;
            }
            offset = std::min(line.find_first_not_of(' ', offset), line.size());
        }
        pattern_result compiled = compile_text(line.substr(offset), text_dialect::golden);
        if (const pattern_error *error = std::get_if<pattern_error>(&compiled)) {
            mistake(offset + error->column, error->message);
            return;
        }
        golden_node node;
        node.kind = kind;
        node.times = times;
        node.text = std::get<pattern>(std::move(compiled));
        add_node(std::move(node));
    }

    void read_glob(std::string_view line, std::size_t start) {
        if (open_.size() > 1) {
            mistake(start, std::string("`") + line[start] +
                               "` holds for the whole log: it can't stand between brackets");
            return;
        }
        const std::size_t first = line.find_first_not_of(' ', start + 1);
        if (first == std::string_view::npos || first == start + 1) {
            mistake(start, std::string("`") + line[start] + "` needs a space and a glob");
            return;
        }
        const std::size_t offset = start + 2;  // More spaces belong to the glob.
        pattern_result compiled = compile_glob(line.substr(offset));
        if (const pattern_error *error = std::get_if<pattern_error>(&compiled)) {
            mistake(offset + error->column, error->message);
            return;
        }
        std::vector<golden_glob> &globs =
            line[start] == '!' ? out_.rules.forbidden : out_.rules.ignored;
        globs.push_back({line_number_, std::get<pattern>(std::move(compiled))});
    }

    std::size_t add_node(golden_node node) {
        const std::size_t index = out_.rules.nodes.size();
        golden_node &parent = out_.rules.nodes[open_.back()];
        node.line = line_number_;
        node.parent = open_.back();
        node.place = parent.children.size();
        parent.children.push_back(index);
        out_.rules.nodes.push_back(std::move(node));
        return index;
    }

    std::string file_;
    golden_result &out_;
    std::size_t line_number_ = 0;
    std::vector<std::size_t> open_;  // The nodes whose brackets are open, outermost first.
};

}  // namespace

bool node_is_text(const golden_node &node) {
    return node.kind != node_kind::group && node.kind != node_kind::chain;
}

std::string node_spelling(const golden_node &node) {
    switch (node.kind) {
        case node_kind::once:
            return node.text.source;
        case node_kind::optional:
            return "? " + node.text.source;
        case node_kind::times:
            return "*" + std::to_string(node.times) + " " + node.text.source;
        case node_kind::group:
            return "{";
        case node_kind::chain:
            return "[";
    }
    return "";
}

golden_result golden_read(std::string_view file, std::string_view contents,
                          const marker_table &table) {
    golden_result out;
    reader(file, out).read(contents);
    if (out.mistakes.empty()) {
        golden_check(out, table);
    }
    return out;
}

std::string mistake_text(const golden_mistake &mistake) {
    return mistake.file + ":" + std::to_string(mistake.line) + ":" +
           std::to_string(mistake.column) + ": " + mistake.message;
}

}  // namespace markers
