// testing/markers/text_pattern.cc: patterns are tiny nondeterministic automata; one state a step.
#include "testing/markers/text_pattern.h"

#include <cctype>
#include <cstdint>

namespace markers {
namespace {

std::bitset<256> one_byte(char byte) {
    std::bitset<256> set;
    set.set(static_cast<unsigned char>(byte));
    return set;
}

std::bitset<256> byte_range(char first, char last) {
    std::bitset<256> set;
    for (int byte = first; byte <= last; byte++) {
        set.set(static_cast<std::size_t>(byte));
    }
    return set;
}

std::bitset<256> digits() {
    return byte_range('0', '9');
}

std::bitset<256> name_bytes() {
    return byte_range('a', 'z') | byte_range('A', 'Z') | digits() | one_byte('_');
}

// "One or more" is the class once, then the class repeated.
void append_one_or_more(pattern &out, const std::bitset<256> &bytes) {
    out.steps.push_back({bytes, false});
    out.steps.push_back({bytes, true});
}

bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

// A number beside a digit or another number would leave open where it ends.
bool number_has_clear_borders(std::string_view source, std::size_t at) {
    if (at > 0 && is_digit(source[at - 1])) {
        return false;
    }
    if (at >= 2 && source.substr(at - 2, 2) == "%u") {
        return false;
    }
    return at + 2 >= source.size() || !is_digit(source[at + 2]);
}

// Checks what holds for texts and globs alike. An empty message means that all is well.
pattern_error check_bytes(std::string_view source) {
    if (source.empty()) {
        return {0, "the text is empty"};
    }
    if (source.size() > LINE_BYTES_MAX) {
        return {LINE_BYTES_MAX, "longer than 200 bytes: no line of a log can match"};
    }
    for (std::size_t at = 0; at < source.size(); at++) {
        if (!is_printable(source[at])) {
            return {at, "a byte that is not printable"};
        }
    }
    return {};
}

// The states that `from` reaches without reading a byte, in a pattern: a repeating step may be
// skipped.
void add_with_skips(const pattern &pattern, std::size_t from, std::vector<bool> &states) {
    for (std::size_t at = from;; at++) {
        states[at] = true;
        if (at == pattern.steps.size() || !pattern.steps[at].repeats) {
            return;
        }
    }
}

// A pair of states of two patterns, with the pairs already seen.
class product_walk {
  public:
    product_walk(const pattern &left, const pattern &right)
        : left_(left),
          right_(right),
          width_(right.steps.size() + 1),
          seen_((left.steps.size() + 1) * width_, false) {}

    bool reaches_end() {
        visit(0, 0);
        while (!pending_.empty()) {
            const std::size_t pair = pending_.back();
            pending_.pop_back();
            const std::size_t left_at = pair / width_;
            const std::size_t right_at = pair % width_;
            if (left_at == left_.steps.size() && right_at == right_.steps.size()) {
                return true;
            }
            expand(left_at, right_at);
        }
        return false;
    }

  private:
    void visit(std::size_t left_at, std::size_t right_at) {
        const std::size_t pair = left_at * width_ + right_at;
        if (!seen_[pair]) {
            seen_[pair] = true;
            pending_.push_back(pair);
        }
    }

    void expand(std::size_t left_at, std::size_t right_at) {
        const bool left_ended = left_at == left_.steps.size();
        const bool right_ended = right_at == right_.steps.size();
        if (!left_ended && left_.steps[left_at].repeats) {
            visit(left_at + 1, right_at);
        }
        if (!right_ended && right_.steps[right_at].repeats) {
            visit(left_at, right_at + 1);
        }
        if (left_ended || right_ended) {
            return;
        }
        const pattern_step &left_step = left_.steps[left_at];
        const pattern_step &right_step = right_.steps[right_at];
        if ((left_step.bytes & right_step.bytes).any()) {
            visit(left_step.repeats ? left_at : left_at + 1,
                  right_step.repeats ? right_at : right_at + 1);
        }
    }

    const pattern &left_;
    const pattern &right_;
    std::size_t width_;
    std::vector<bool> seen_;
    std::vector<std::size_t> pending_;
};

std::string with_numbers(std::string_view source, std::string_view number) {
    std::string out;
    for (std::size_t at = 0; at < source.size(); at++) {
        if (source.substr(at, 2) == "%u") {
            out += number;
            at++;
        } else {
            out += source[at];
        }
    }
    return out;
}

}  // namespace

bool is_printable(char byte) {
    return byte >= 0x20 && byte <= 0x7e;
}

pattern_result compile_text(std::string_view source, text_dialect dialect) {
    if (pattern_error error = check_bytes(source); !error.message.empty()) {
        return error;
    }
    pattern out;
    out.source = source;
    for (std::size_t at = 0; at < source.size(); at++) {
        if (source[at] != '%') {
            out.steps.push_back({one_byte(source[at]), false});
            continue;
        }
        const char letter = at + 1 < source.size() ? source[at + 1] : '\0';
        if (letter == 'u') {
            if (!number_has_clear_borders(source, at)) {
                return pattern_error{at, "`%u` beside a digit or another `%u`: where does it end?"};
            }
            append_one_or_more(out, digits());
        } else if (letter == 's' && dialect == text_dialect::table) {
            append_one_or_more(out, name_bytes());
        } else {
            return pattern_error{at, dialect == text_dialect::golden
                                         ? "`%` must be `%u`, the only wildcard in a text"
                                         : "`%` must be `%u` (a number) or `%s` (a name)"};
        }
        at++;
    }
    return out;
}

pattern_result compile_glob(std::string_view source) {
    if (pattern_error error = check_bytes(source); !error.message.empty()) {
        return error;
    }
    std::bitset<256> any;
    any.set();
    pattern out;
    out.source = source;
    for (const char byte : source) {
        if (byte == '*') {
            out.steps.push_back({any, true});
        } else if (byte == '?') {
            out.steps.push_back({any, false});
        } else {
            out.steps.push_back({one_byte(byte), false});
        }
    }
    return out;
}

bool pattern_matches(const pattern &pattern, std::string_view line) {
    std::vector<bool> states(pattern.steps.size() + 1, false);
    add_with_skips(pattern, 0, states);
    for (const char byte : line) {
        std::vector<bool> next(states.size(), false);
        for (std::size_t at = 0; at < pattern.steps.size(); at++) {
            if (states[at] && pattern.steps[at].bytes[static_cast<unsigned char>(byte)]) {
                add_with_skips(pattern, pattern.steps[at].repeats ? at : at + 1, next);
            }
        }
        states = std::move(next);
    }
    return states.back();
}

bool patterns_overlap(const pattern &left, const pattern &right) {
    return product_walk(left, right).reaches_end();
}

bool text_is_instance_of(const pattern &text, const pattern &general) {
    // The table's texts have no alternatives, so two numbers without a common byte decide it.
    return pattern_matches(general, with_numbers(text.source, "0")) &&
           pattern_matches(general, with_numbers(text.source, "987"));
}

}  // namespace markers
