// testing/style/functions.cc: keeps a stack of open braces, and for each says by the words before
// it what it opens.
#include "testing/style/functions.h"

#include <cctype>
#include <regex>

namespace {

enum class Brace { kNamespace, kType, kFunction, kBlock, kInitializer };

struct Open {
    Brace brace;
    size_t at;
    int parens;        // Open parentheses when it was opened.
    std::string head;  // What stood before it, to go on with after an initializer.
    int head_line;
};

// Preprocessor lines are no part of the braces' order.
std::string without_directives(const SourceFile &file) {
    std::string text;
    bool goes_on = false;
    for (const std::string &line : file.code) {
        size_t first = line.find_first_not_of(' ');
        bool directive = goes_on || (first != std::string::npos && line[first] == '#');
        goes_on = directive && line.ends_with("\\");
        text += (directive ? std::string(line.size(), ' ') : line) + "\n";
    }
    return text;
}

std::string trimmed(const std::string &text) {
    size_t first = text.find_first_not_of(" \n");
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

std::string first_word(const std::string &text) {
    size_t end = 0;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
        end++;
    }
    return text.substr(0, end);
}

bool assigns(const std::string &head) {
    int depth = 0;
    for (size_t i = 0; i < head.size(); i++) {
        depth += head[i] == '(' || head[i] == '[' ? 1 : 0;
        depth -= head[i] == ')' || head[i] == ']' ? 1 : 0;
        bool is_operator = head.rfind("operator", i) != std::string::npos;
        if (head[i] == '=' && depth == 0 && !is_operator) {
            return true;
        }
    }
    return false;
}

bool is_lambda(const std::string &head) {
    static const std::regex pattern(
        R"(\]\s*(\([^()]*(\([^()]*\)[^()]*)*\))?\s*(mutable|noexcept)?\s*(->\s*[\w:<>*& ]+)?$)");
    static const std::regex array(R"(\w\s*\[[^\]]*\]$)");
    return std::regex_search(head, pattern) && !std::regex_search(head, array);
}

Brace classify_inside(const std::string &head, bool in_parens) {
    static const std::regex statement("if|else|for|while|do|switch|case|default|try|catch");
    std::string word = first_word(head);
    if (is_lambda(head)) {
        return Brace::kBlock;
    }
    if (in_parens) {
        return Brace::kInitializer;
    }
    if (head.empty() || std::regex_match(word, statement)) {
        return Brace::kBlock;
    }
    bool type = (word == "struct" || word == "union" || word == "enum" || word == "class") &&
                !assigns(head);
    return type && head.find('(') == std::string::npos ? Brace::kType : Brace::kInitializer;
}

Brace classify_outside(const std::string &head, bool in_parens) {
    static const std::regex function(
        R"(\)\s*(const|noexcept|override|final|->[\w:<>*&\s]+|[A-Z_]+\([^()]*\)|\s)*$|\)\s*:\s)");
    std::string word = first_word(head);
    if (word == "namespace" || (word == "extern" && head.ends_with("\""))) {
        return Brace::kNamespace;
    }
    static const std::regex member_in_list(R"(\)\s*:\s.*\w$)");
    if (in_parens || assigns(head) || std::regex_search(head, member_in_list)) {
        return Brace::kInitializer;
    }
    if (std::regex_search(head, function)) {
        return Brace::kFunction;
    }
    static const std::regex type(R"((^|\s)(struct|class|union|enum)\b)");
    return std::regex_search(head, type) ? Brace::kType : Brace::kInitializer;
}

// The first parenthesis that a function's name stands before, not an attribute's.
size_t parameters_at(const std::string &head) {
    static const std::regex attribute("__attribute__|alignas|decltype|[A-Z][A-Z_]+");
    for (size_t open = head.find('('); open != std::string::npos; open = head.find('(', open + 1)) {
        size_t begin = open;
        while (begin > 0 && (std::isalnum(static_cast<unsigned char>(head[begin - 1])) != 0 ||
                             head[begin - 1] == '_')) {
            begin--;
        }
        std::string word = head.substr(begin, open - begin);
        bool is_attribute =
            std::regex_match(word, attribute) && head.find('(', open + 1) != std::string::npos;
        if (!is_attribute && !(word.empty() && head.compare(0, open, "operator") != 0)) {
            return open;
        }
    }
    return head.find('(');
}

std::string name_of(const std::string &head) {
    size_t end = parameters_at(head);
    size_t begin = end;
    while (begin > 0 && !std::isspace(static_cast<unsigned char>(head[begin - 1])) &&
           head[begin - 1] != '*' && head[begin - 1] != '&') {
        begin--;
    }
    std::string name = head.substr(begin, end - begin);
    if (name.starts_with("TEST")) {
        name += head.substr(end, head.find(')', end) - end + 1);
    }
    return name;
}

int parameter_count_of(const std::string &head) {
    size_t open = parameters_at(head);
    int depth = 0;
    int angle = 0;
    int commas = 0;
    bool any = false;
    for (size_t i = open; i < head.size(); i++) {
        char c = head[i];
        depth += c == '(' ? 1 : 0;
        depth -= c == ')' ? 1 : 0;
        angle += c == '<' ? 1 : 0;
        angle -= c == '>' ? 1 : 0;
        if (depth == 0) {
            break;
        }
        any = any || (i > open && !std::isspace(static_cast<unsigned char>(c)));
        commas += c == ',' && depth == 1 && angle == 0 ? 1 : 0;
    }
    return any && trimmed(head.substr(open + 1, head.find(')', open) - open - 1)) != "void"
               ? commas + 1
               : 0;
}

class Finder {
  public:
    explicit Finder(const SourceFile &file) : text_(without_directives(file)) {}

    std::vector<Function> run() {
        for (at_ = 0; at_ < text_.size(); at_++) {
            step(text_[at_]);
        }
        return functions_;
    }

  private:
    bool in_function() const {
        for (const Open &open : stack_) {
            if (open.brace == Brace::kFunction) {
                return true;
            }
        }
        return false;
    }
    int block_depth() const {
        int depth = 0;
        for (const Open &open : stack_) {
            depth += open.brace == Brace::kBlock ? 1 : 0;
        }
        return depth;
    }
    void step(char c) {
        line_ += c == '\n' ? 1 : 0;
        if (c == '{') {
            opening();
        } else if (c == '}') {
            closing();
        } else if (c == ';' && parens_ == base_parens()) {
            head_.clear();
        } else if (c == ':' && is_access(trimmed(head_))) {
            head_.clear();
        } else {
            parens_ += c == '(' ? 1 : 0;
            parens_ -= c == ')' ? 1 : 0;
            if (head_.empty() && c != ' ' && c != '\n') {
                head_line_ = line_;
            }
            if (!head_.empty() || (c != ' ' && c != '\n')) {
                head_ += c;
            }
        }
    }
    static bool is_access(const std::string &word) {
        return word == "public" || word == "private" || word == "protected";
    }
    int base_parens() const {
        return stack_.empty() ? 0 : stack_.back().parens;
    }
    void opening() {
        std::string head = trimmed(head_);
        bool in_parens = parens_ > base_parens();
        Brace brace =
            in_function() ? classify_inside(head, in_parens) : classify_outside(head, in_parens);
        if (brace == Brace::kFunction) {
            functions_.push_back(
                {name_of(head), head_line_, line_, parameter_count_of(head), 0, line_, {}});
        }
        stack_.push_back({brace, at_, parens_, head_, head_line_});
        if (brace == Brace::kBlock && block_depth() > functions_.back().nesting) {
            functions_.back().nesting = block_depth();
            functions_.back().nesting_line = line_;
        }
        head_.clear();
    }
    void closing() {
        head_.clear();
        if (stack_.empty()) {
            return;
        }
        Open open = stack_.back();
        stack_.pop_back();
        parens_ = open.parens;
        if (open.brace == Brace::kFunction) {
            functions_.back().last_line = line_;
        } else if (open.brace == Brace::kInitializer) {
            head_ = open.head + "{}";
            head_line_ = open.head_line;
        } else if (open.brace == Brace::kBlock) {
            std::string word = first_word(trimmed(open.head));
            if (word == "for" || word == "while" || word == "do") {
                functions_.back().loops.push_back(
                    {open.head_line, text_.substr(open.at, at_ - open.at)});
            }
            // A lambda inside a call: the call's text goes on.
            if (open.parens > base_parens()) {
                head_ = open.head + "{}";
                head_line_ = open.head_line;
            }
        }
    }

    std::string text_;
    std::vector<Open> stack_;
    std::vector<Function> functions_;
    std::string head_;
    size_t at_ = 0;
    int line_ = 1;
    int head_line_ = 1;
    int parens_ = 0;
};

}  // namespace

std::vector<Function> find_functions(const SourceFile &file) {
    return Finder(file).run();
}
