// testing/mutation/lexer.cc: see lexer.h.
#include "testing/mutation/lexer.h"

#include <cctype>
#include <stdexcept>

namespace mutation {

namespace {

// Longest first.
constexpr std::string_view PUNCTUATORS[] = {"...", "<<=", ">>=", "->", "++", "--", "<<", ">>",
                                            "<=",  ">=",  "==",  "!=", "&&", "||", "+=", "-=",
                                            "*=",  "/=",  "%=",  "&=", "|=", "^=", "##"};

bool is_name(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

class scanner {
  public:
    explicit scanner(std::string_view source) : source_(source) {}

    std::vector<token> all() {
        for (skip(); at_ < source_.size(); skip()) {
            next();
        }
        if (!open_.empty()) {
            throw std::runtime_error("a bracket is not closed");
        }
        return std::move(tokens_);
    }

  private:
    bool is_here(std::string_view text) const {
        return source_.substr(at_, text.size()) == text;
    }

    void step(std::size_t count) {
        for (; count > 0 && at_ < source_.size(); count--, at_++) {
            line_ += source_[at_] == '\n';
            fresh_ = source_[at_] == '\n' || (fresh_ && source_[at_] == ' ');
        }
    }

    void skip_past(std::string_view end) {
        while (at_ < source_.size() && !is_here(end)) {
            step(1);
        }
        step(end.size());
    }

    // A preprocessor line, to its end.
    void skip_directive() {
        while (at_ < source_.size() && source_[at_] != '\n') {
            step(is_here("\\\n") ? 2 : 1);
        }
    }

    void skip() {
        while (at_ < source_.size()) {
            if (std::isspace(static_cast<unsigned char>(source_[at_])) != 0) {
                step(1);
            } else if (is_here("//")) {
                skip_directive();
            } else if (is_here("/*")) {
                skip_past("*/");
            } else if (source_[at_] == '#' && fresh_) {
                skip_directive();
            } else {
                return;
            }
        }
    }

    std::size_t text_length() const {
        const char quote = source_[at_];
        std::size_t length = 1;
        while (at_ + length < source_.size() && source_[at_ + length] != quote) {
            length += source_[at_ + length] == '\\' ? 2 : 1;
        }
        return length + 1;
    }

    std::size_t punctuator_length() const {
        for (std::string_view one : PUNCTUATORS) {
            if (is_here(one)) {
                return one.size();
            }
        }
        return 1;
    }

    void match(token &one) {
        const char c = one.text[0];
        if (one.kind != token_kind::PUNCTUATOR || one.text.size() != 1) {
            return;
        }
        if (c == '(' || c == '[' || c == '{') {
            open_.push_back(tokens_.size());
        } else if (c == ')' || c == ']' || c == '}') {
            const char opener = c == ')' ? '(' : c == ']' ? '[' : '{';
            if (open_.empty() || tokens_[open_.back()].text[0] != opener) {
                throw std::runtime_error("line " + std::to_string(line_) + ": a stray " + c);
            }
            one.match = open_.back();
            tokens_[open_.back()].match = tokens_.size();
            open_.pop_back();
        }
    }

    void next() {
        const char c = source_[at_];
        token one{token_kind::PUNCTUATOR, {}, at_, 0, line_, tokens_.size()};
        std::size_t length = 1;
        if (is_name(c)) {
            one.kind = std::isdigit(static_cast<unsigned char>(c)) != 0 ? token_kind::NUMBER
                                                                        : token_kind::NAME;
            while (at_ + length < source_.size() && is_name(source_[at_ + length])) {
                length++;
            }
        } else if (c == '"' || c == '\'') {
            one.kind = token_kind::TEXT;
            length = text_length();
        } else {
            length = punctuator_length();
        }
        one.text = source_.substr(at_, length);
        one.end = at_ + one.text.size();
        match(one);
        tokens_.push_back(one);
        step(length);
    }

    std::string_view source_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    bool fresh_ = true;  // Nothing but white space in this line so far.
    std::vector<token> tokens_;
    std::vector<std::size_t> open_;
};

}  // namespace

std::vector<token> lex(std::string_view source) {
    return scanner(source).all();
}

}  // namespace mutation
