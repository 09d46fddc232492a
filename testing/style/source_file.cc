// testing/style/source_file.cc: a small lexer that tells code, comments and literals apart; it
// keeps lines and columns as they are.
#include "testing/style/source_file.h"

#include <cctype>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace {

bool ends_with_any(const std::string &text, const std::vector<std::string> &endings) {
    for (const std::string &ending : endings) {
        if (text.ends_with(ending)) {
            return true;
        }
    }
    return false;
}

bool names_a_shell(const std::string &first_line) {
    return first_line.starts_with("#!") &&
           (first_line.ends_with("sh") || first_line.find("bash") != std::string::npos);
}

FileKind kind_of(const SourceFile &file) {
    const std::string &path = file.path;
    // Wrong on purpose, or compiled only to see what a compiler does with it.
    static const std::regex input(R"(.*/(wrong|corpus)/.*|.*\.bin|testing/hermetic/(bare|host)\..*)"
                                  R"(|testing/sanitizers/.*planted\.cc?)");
    if (std::regex_match(path, input)) {
        return FileKind::kInput;
    }
    if (ends_with_any(path, {".c", ".h", ".def", ".S", ".ld"})) {
        return FileKind::kC;
    }
    if (path.ends_with(".cc")) {
        return FileKind::kCpp;
    }
    if (ends_with_any(path, {".bzl", ".bazel", ".BUILD"}) || path == "WORKSPACE") {
        return FileKind::kStarlark;
    }
    if (path.ends_with(".sh") || (!file.lines.empty() && names_a_shell(file.lines[0]))) {
        return FileKind::kShell;
    }
    return path.ends_with(".md") ? FileKind::kMarkdown : FileKind::kData;
}

std::vector<std::string> split_lines(const std::string &text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

// Walks over the text once; `code` and `comments` are copies of it in which everything else is
// blank.
class Lexer {
  public:
    explicit Lexer(const std::string &text) : text_(text), code_(blank(text)), comments_(code_) {}

    void run() {
        while (at_ < text_.size()) {
            step();
        }
    }
    const std::string &code() const {
        return code_;
    }
    const std::string &comments() const {
        return comments_;
    }

  private:
    static std::string blank(std::string text) {
        for (char &c : text) {
            c = c == '\n' ? '\n' : ' ';
        }
        return text;
    }
    bool sees(const std::string &what) const {
        return text_.compare(at_, what.size(), what) == 0;
    }
    void step() {
        if (sees("//")) {
            comment("\n");
        } else if (sees("/*")) {
            comment("*/");
        } else if (sees("R\"")) {
            raw_literal();
        } else if (text_[at_] == '"' || (text_[at_] == '\'' && !is_separator())) {
            literal(text_[at_]);
        } else {
            code_[at_] = text_[at_];
            at_++;
        }
    }
    // The ' of 1'000'000.
    bool is_separator() const {
        return at_ > 0 && std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0;
    }
    void comment(const std::string &closing) {
        size_t end = text_.find(closing, at_ + 2);
        end =
            end == std::string::npos ? text_.size() : end + (closing == "\n" ? 0 : closing.size());
        for (; at_ < end; at_++) {
            comments_[at_] = text_[at_];
        }
    }
    void raw_literal() {
        size_t open = text_.find('(', at_);
        if (open == std::string::npos) {
            at_ = text_.size();
            return;
        }
        std::string closing = ")" + text_.substr(at_ + 2, open - at_ - 2) + "\"";
        size_t end = text_.find(closing, open);
        size_t last = end == std::string::npos ? text_.size() - 1 : end + closing.size() - 1;
        code_[at_ + 1] = '"';
        code_[last] = '"';
        at_ = last + 1;
    }
    void literal(char quote) {
        code_[at_++] = quote;
        while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
            at_ += text_[at_] == '\\' ? 2 : 1;
        }
        if (at_ < text_.size()) {
            code_[at_] = text_[at_];
            at_++;
        }
    }

    const std::string &text_;
    std::string code_;
    std::string comments_;
    size_t at_ = 0;
};

}  // namespace

SourceFile source_file_make(const std::string &path, const std::string &text) {
    SourceFile file{
        path, FileKind::kData, split_lines(text), {}, {}, text.empty() || text.back() == '\n'};
    file.kind = kind_of(file);
    if (file.is_code()) {
        Lexer lexer(text);
        lexer.run();
        file.code = split_lines(lexer.code());
        file.comments = split_lines(lexer.comments());
        file.code.resize(file.lines.size());
        file.comments.resize(file.lines.size());
    }
    return file;
}

SourceFile source_file_read(const std::string &root, const std::string &path) {
    std::ifstream stream(root + "/" + path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) {
        throw std::runtime_error("cannot read " + root + "/" + path);
    }
    return source_file_make(path, text.str());
}
