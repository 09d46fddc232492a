// testing/markers/text_pattern.h: the two small pattern languages of golden files, as one
// automaton.
//   text:  literal bytes, `%u` for one decimal number; in markers.def also `%s` for one name (A-Z
//   a-z 0-9 _). glob:  literal bytes, `?` for one byte, `*` for any number of bytes. Only after
//   `!` and `~`.
// Ownership: a pattern owns its steps and its source.
// Errors:    compile_* return a message and the column (from 0) in the source; no exceptions are
//            thrown.
#pragma once
#include <bitset>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace markers {

// One line of a log is at most this long; PROOF.md, section 1.
inline constexpr std::size_t LINE_BYTES_MAX = 200;

struct pattern_step {
    std::bitset<256> bytes;  // What one byte may be here.
    bool repeats = false;    // Any number of such bytes, none included.
};

struct pattern {
    std::string source;
    std::vector<pattern_step> steps;
};

struct pattern_error {
    std::size_t column = 0;
    std::string message;
};

using pattern_result = std::variant<pattern, pattern_error>;

// Golden files write `%u` only; the table of markers may also say `%s`, which a golden file spells
// out.
enum class text_dialect { golden, table };

pattern_result compile_text(std::string_view source, text_dialect dialect);
pattern_result compile_glob(std::string_view source);

bool pattern_matches(const pattern &pattern, std::string_view line);

// True if some line matches both. Exact, by walking the product of both automata.
bool patterns_overlap(const pattern &left, const pattern &right);

// True if every line of the golden text `text` is also one of the table's text `general`.
bool text_is_instance_of(const pattern &text, const pattern &general);

bool is_printable(char byte);

}  // namespace markers
