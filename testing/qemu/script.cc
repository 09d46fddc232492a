// testing/qemu/script.cc: see script.h.
#include "testing/qemu/script.h"

#include <utility>
#include <variant>

namespace qemu {
namespace {

int hex_digit(char letter) {
    const char *const digits = "0123456789abcdef";
    const std::size_t at = std::string_view(digits).find(letter);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// False: the backslash at `at` begins nothing known. `at` then stands on its last letter.
bool unescape(std::string_view source, std::size_t &at, std::string &out) {
    static const std::pair<char, char> known[] = {
        {'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'e', '\x1b'}, {'\\', '\\'}};
    at++;
    if (at == source.size()) {
        return false;
    }
    for (const auto &[letter, byte] : known) {
        if (source[at] == letter) {
            out += byte;
            return true;
        }
    }
    if (source[at] != 'x' || at + 2 >= source.size()) {
        return false;
    }
    const int high = hex_digit(source[at + 1]);
    const int low = hex_digit(source[at + 2]);
    at += 2;
    out += static_cast<char>(high * 16 + low);
    return high >= 0 && low >= 0;
}

std::string read_step(std::string_view line, script_step &step) {
    const std::size_t space = line.find(' ');
    const std::string_view verb = line.substr(0, space);
    const std::string_view rest =
        space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    if ((verb != "wait" && verb != "type") || rest.empty()) {
        return "`" + std::string(line) + "` is neither `wait GLOB` nor `type TEXT`";
    }
    step.types = verb == "type";
    if (!step.types) {
        step.text = rest;
        markers::pattern_result compiled = markers::compile_glob(rest);
        if (const auto *wrong = std::get_if<markers::pattern_error>(&compiled)) {
            return wrong->message;
        }
        step.glob = std::get<markers::pattern>(std::move(compiled));
        return "";
    }
    for (std::size_t at = 0; at < rest.size(); at++) {
        if (rest[at] != '\\') {
            step.text += rest[at];
        } else if (!unescape(rest, at, step.text)) {
            return "`\\` is followed by one of n r t e \\ or xNN";
        }
    }
    return "";
}

}  // namespace

std::optional<std::vector<script_step>> script_read(std::string_view contents, std::string &error) {
    std::vector<script_step> steps;
    for (std::size_t number = 1; !contents.empty(); number++) {
        const std::size_t end = contents.find('\n');
        const std::string_view line = contents.substr(0, end);
        contents.remove_prefix(end == std::string_view::npos ? contents.size() : end + 1);
        if (line.empty() || line[0] == '#') {
            continue;
        }
        script_step step;
        step.line = number;
        if (const std::string wrong = read_step(line, step); !wrong.empty()) {
            error = std::to_string(number) + ": " + wrong;
            return std::nullopt;
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace qemu
