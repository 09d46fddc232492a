// tools/wire/dissect.h: a message's bytes as text for people, field by field, by the same rows that
// the codec runs by. What is wrong with a message is said where it is.
// Ownership: plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace wire {

struct dissection {
    std::string text;   // Lines.
    bool good = false;  // It is exactly one message.
};

dissection dissect(const std::vector<std::uint8_t> &bytes);

// Hexadecimal digits in pairs; spaces and colons between pairs do not matter. False: something
// else, and `out` is what came before it.
bool bytes_of_hex(const std::string &text, std::vector<std::uint8_t> &out);

}  // namespace wire
