// tools/text/words.h: the words of a line of text, each with its place, and what is wrong with one.
// Ownership: plain values.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace text {

// Both from 1.
struct source_place {
    std::size_t line = 0;
    std::size_t column = 0;
};

struct mistake {
    source_place place;
    std::string message;
};

struct word {
    std::string text;
    source_place place;
};

// Separated by blanks; `#` at the start of a word ends the line.
std::vector<word> words_of(std::string_view line, std::size_t line_number);

// The words of each line that has any, in order.
std::vector<std::vector<word>> lines_of(std::string_view text);

// The parts of a word between commas. An empty part stays, so that it can be complained of.
std::vector<word> parts_of(const word &list);

std::string mistake_text(std::string_view file, const mistake &what);  // file:line:column: message

}  // namespace text
