// testing/mutation/lexer.h: C source as tokens with their places. Comments, white space and
// preprocessor lines are passed over.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mutation {

enum class token_kind { NAME, NUMBER, TEXT, PUNCTUATOR };  // TEXT: a string or a character.

struct token {
    token_kind kind;
    std::string_view text;
    std::size_t begin;  // Offset in the source.
    std::size_t end;
    std::size_t line;   // From 1 on.
    std::size_t match;  // Of a bracket: the index of its other one. Otherwise its own index.
};

// Brackets that do not match throw std::runtime_error. `source` must outlive the tokens.
std::vector<token> lex(std::string_view source);

}  // namespace mutation
