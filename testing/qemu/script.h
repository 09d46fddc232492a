// testing/qemu/script.h: what is typed at the UART during a boot, and the lines that must come in
// between: a file with a statement a line.
//
//     wait GLOB    goes on once a line matches, one that no earlier `wait` has taken
//     type TEXT    to the UART: \n \r \t \e \\ and \xNN are what they are in C
//     # comment
//
// Ownership: plain values.
// Errors:    script_read says what is wrong, with the line's number.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/markers/text_pattern.h"

namespace qemu {

struct script_step {
    std::size_t line = 0;  // Of the file, from 1.
    bool types = false;
    std::string text;       // What is typed, or the glob's source.
    markers::pattern glob;  // Of a `wait`.
};

std::optional<std::vector<script_step>> script_read(std::string_view contents, std::string &error);

}  // namespace qemu
