// testing/style/rules_draws.cc: the rule that a seed is one execution, whatever the compiler. A
// draw is a question to chance, or to the simulated kernel, where others may run meanwhile: two of
// them whose order C and C++ leave open are two executions.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "testing/style/rules.h"

namespace {

bool is_draw(std::string_view name) {
    static const std::string_view names[] = {"sim_user_random",
                                             "random",
                                             "random_",
                                             "sim_random_below",
                                             "sim_random_next",
                                             "below",
                                             "Below",
                                             "workload_soon",
                                             "in_us"};
    return name.starts_with("sys_") ||
           std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class Statement {
  public:
    explicit Statement(std::string_view text) : text_(text) {}

    bool has_open_order() {
        (void)read(false);
        return open_;
    }

  private:
    // Up to the parenthesis that closes it; whether it draws. Of arguments none comes first, of
    // operands neither but with && || ? :; what is inside of a call's parentheses comes before it.
    bool read(bool arguments) {
        bool earlier = false;  // In an argument before this,
        bool operand = false;  // in an operand before this,
        bool any = false;      // or anywhere.
        bool called = false;   // The name before the next parenthesis is a draw's.
        while (at_ < text_.size() && text_[at_] != ')') {
            const char c = text_[at_];
            const std::string_view two = text_.substr(at_, 2);
            if (is_word(c)) {
                called = is_draw(word());
                if (!called || !text_.substr(at_).starts_with(")(")) {  // (*random)()
                    continue;
                }
            } else if (c == '(') {
                at_++;
                const bool draws = read(true);
                at_ = std::min(at_ + 1, text_.size());
                if (!draws && !called) {
                    continue;
                }
            } else {
                const bool wide = two == "&&" || two == "||" || two == "::";
                const bool orders = two != "::" && (wide || c == '?' || c == ':' || c == ',');
                at_ += wide ? 2 : 1;
                earlier = earlier || (arguments && c == ',' && any);
                operand = operand && !orders;
                called = false;
                continue;
            }
            called = false;
            open_ = open_ || operand || earlier;
            operand = any = true;
        }
        return any;
    }

    std::string_view word() {
        const size_t begin = at_;
        while (at_ < text_.size() && is_word(text_[at_])) {
            at_++;
        }
        return text_.substr(begin, at_ - begin);
    }

    std::string_view text_;
    size_t at_ = 0;
    bool open_ = false;
};

}  // namespace

void check_draws(const SourceFile &file, std::vector<Finding> *findings) {
    if (!file.is_code()) {
        return;
    }
    std::string text;
    for (const std::string &line : file.code) {
        text += line + "\n";
    }
    int line = 1;
    for (size_t begin = 0; begin < text.size();) {
        const size_t first = text.find_first_not_of(" \n", begin);
        const size_t end = std::min(text.find_first_of(";{}", begin), text.size());
        const size_t from = std::min(first, end);
        line += static_cast<int>(std::count(&text[begin], &text[from], '\n'));
        if (Statement(std::string_view(text).substr(from, end - from)).has_open_order()) {
            findings->push_back({"one_draw", file.path, line, "", 1,
                                 "two draws whose order is the compiler's: each in a statement of "
                                 "its own"});
        }
        line += static_cast<int>(std::count(&text[from], &text[end], '\n'));
        begin = end + 1;
    }
}
