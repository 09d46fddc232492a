// testing/style/rules_text.cc: rules that look at lines, whatever the language.
#include <algorithm>
#include <regex>

#include "testing/style/rules.h"

namespace {

void add(std::vector<Finding> *findings, const char *rule, const SourceFile &file, size_t index,
         const std::string &text) {
    findings->push_back({rule, file.path, static_cast<int>(index) + 1, "", 1, text});
}

// What stands in every match of a pattern is looked for first: it takes a tenth of the time.
bool has_one_of(const std::string &line, std::initializer_list<const char *> words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return line.find(word) != std::string::npos; });
}

bool is_plain(const std::string &line, bool tabs) {
    for (char c : line) {
        if (c < 0 || c > '~' || (c < ' ' && !(tabs && c == '\t'))) {
            return false;
        }
    }
    return true;
}

// What a reader is told, not what a program contains: comments of code, everything but `quoted
// words` of other files.
std::string prose_of(const SourceFile &file, size_t index) {
    static const std::regex quoted("`[^`]*`");
    return file.is_code() ? file.comments[index]
                          : std::regex_replace(file.lines[index], quoted, "");
}

// What accepts a new figure writes this where somebody is to say why.
void check_budget(const SourceFile &file, std::vector<Finding> *findings) {
    static const std::regex unsaid("^[^#\\s]+\\s+<?[0-9]+\\s+say here why\\b");
    for (size_t i = 0; i < file.lines.size(); i++) {
        if (std::regex_search(file.lines[i], unsaid)) {
            add(findings, "budget_reason", file, i, "say why the figure is what it is");
        }
    }
}

void check_words(const SourceFile &file, size_t index, std::vector<Finding> *findings) {
    static const std::regex unfinished(R"(\b(TODO|FIXME|XXX|HACK)\b)");
    if (has_one_of(file.lines[index], {"TODO", "FIXME", "XXX", "HACK"}) &&
        std::regex_search(prose_of(file, index), unfinished)) {
        add(findings, "unfinished", file, index,
            "do it, or say in the folder's README what is missing");
    }
    // A test may show a tool such a path.
    static const std::regex machine_path(R"((^|[\s"'`=(:])/(home|root|work|mnt|Users)(/|\b))");
    if (!file.path.ends_with("_test.cc") &&
        has_one_of(file.lines[index], {"/ho", "/ro", "/wo", "/mn", "/Us"}) &&
        std::regex_search(file.lines[index], machine_path)) {
        add(findings, "machine_path", file, index, "a path of one machine");
    }
}

bool names_host(const std::string &line) {
    if (!has_one_of(line, {"://", ".org", ".com", ".net", ".io", ".dev", ".cn", ".de"})) {
        return false;
    }
    static const std::regex host(R"(\b([a-z0-9-]+\.)+(org|com|net|io|dev|cn|de)\b)");
    static const std::regex address(
        R"(\b(https?|ftp|git)://(?!127\.0\.0\.1|[a-z]+\.invalid|localhost|host\b|HOST\b|\$))");
    // The name of the SVG format, which nothing ever connects to.
    static const std::regex svg_namespace(
        "xmlns=\\\\?\"http"
        "://www\\.w3\\.org/2000/svg");
    const std::string named = std::regex_replace(line, svg_namespace, "");
    return std::regex_search(named, host) || std::regex_search(named, address);
}

void check_line(const SourceFile &file, size_t index, int column_limit,
                std::vector<Finding> *findings) {
    const std::string &line = file.lines[index];
    // Tables and assembly are not laid out by clang-format: a row may be wider than code.
    bool laid_out = file.path.ends_with(".c") || file.path.ends_with(".cc") || file.is_header();
    int limit = laid_out ? column_limit : kTableColumnsMax;
    if (file.is_code() && line.size() > static_cast<size_t>(limit)) {
        add(findings, "line_length", file, index,
            std::to_string(line.size()) + " columns, limit " + std::to_string(limit));
    }
    if (!is_plain(line, file.path.ends_with(".gitmodules"))) {
        add(findings, "plain_text", file, index,
            "a tab, a control character, or one outside ASCII");
    }
    if (line.ends_with(" ")) {
        add(findings, "trailing_space", file, index, "a space ends the line");
    }
    check_words(file, index, findings);
    if (names_host(line)) {
        add(findings, "host_name", file, index,
            "the name of a host: packages come from apt's own sources, documents are in the tree");
    }
}

}  // namespace

int column_limit_of(const std::string &clang_format) {
    static const std::regex pattern(R"((^|\n)ColumnLimit:\s*(\d+))");
    std::smatch match;
    if (!std::regex_search(clang_format, match, pattern)) {
        throw std::runtime_error(".clang-format has no ColumnLimit");
    }
    return std::stoi(match[2]);
}

void check_text(const SourceFile &file, int column_limit, std::vector<Finding> *findings) {
    bool licence = file.name().starts_with("LICENSE") || file.name().starts_with("NOTICE");
    if (licence || file.kind == FileKind::kInput || file.path.ends_with(".lock")) {
        return;
    }
    for (size_t i = 0; i < file.lines.size(); i++) {
        check_line(file, i, column_limit, findings);
    }
    if (file.path.ends_with(".budget")) {
        check_budget(file, findings);
    }
    if (!file.ends_with_newline) {
        findings->push_back({"final_newline", file.path, static_cast<int>(file.lines.size()), "", 1,
                             "the last line has no end"});
    }
    int count = static_cast<int>(file.lines.size());
    if (count > kFileLinesMax) {
        findings->push_back(
            {"file_lines", file.path, 0, "-", count,
             std::to_string(count) + " lines, limit " + std::to_string(kFileLinesMax)});
    }
}
