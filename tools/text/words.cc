// tools/text/words.cc: see words.h.
#include "tools/text/words.h"

#include <algorithm>

namespace text {

std::vector<word> words_of(std::string_view line, std::size_t line_number) {
    std::vector<word> words;
    std::size_t at = 0;
    while ((at = line.find_first_not_of(" \t", at)) != std::string_view::npos && line[at] != '#') {
        const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
        words.push_back({std::string(line.substr(at, end - at)), {line_number, at + 1}});
        at = end;
    }
    return words;
}

std::vector<std::vector<word>> lines_of(std::string_view text) {
    std::vector<std::vector<word>> lines;
    std::size_t line_number = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::vector<word> words = words_of(text.substr(0, end), ++line_number);
        if (!words.empty()) {
            lines.push_back(std::move(words));
        }
        text = end == std::string_view::npos ? "" : text.substr(end + 1);
    }
    return lines;
}

std::vector<word> parts_of(const word &list) {
    std::vector<word> parts;
    std::size_t at = 0;
    while (at <= list.text.size()) {
        const std::size_t end = std::min(list.text.find(',', at), list.text.size());
        parts.push_back(
            {list.text.substr(at, end - at), {list.place.line, list.place.column + at}});
        at = end + 1;
    }
    return parts;
}

std::string mistake_text(std::string_view file, const mistake &what) {
    return std::string(file) + ":" + std::to_string(what.place.line) + ":" +
           std::to_string(what.place.column) + ": " + what.message;
}

}  // namespace text
