// tools/bundle/signing.h: keys as files, and system bundles (services/updated/system.h): made and
// signed from a bundle of programs, looked at again as updated does.
// Ownership: plain values.
// Errors:    false or nothing, and `error` says why.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "services/updated/system.h"

namespace bundle_tool {

struct key_pair {
    std::string open;    // 32 bytes.
    std::string secret;  // The seed, 32 bytes; a file holds it as 64 hexadecimal digits.
};

// From 64 hexadecimal digits, with or without a newline behind them.
std::optional<key_pair> key_of_text(const std::string &text, std::string &error);
std::string key_text(const key_pair &key);
key_pair key_of_seed(const std::array<std::uint8_t, 32> &seed);

struct signing {
    std::uint64_t version = 0;
    std::string health;  // The program that says the system is well.
    std::string secret;  // Of key_pair; empty: nobody signs it.
};

// `programs` are a bundle of tools/mkbundle: refused unless execd would take it and it has the
// health program.
std::string sign(const std::string &programs, const signing &how, std::string &error);

// Everything that updated checks with that key, and what execd checks then.
bool verify(const std::string &system, const std::string &open, std::string &error);

// Header and programs, for people. Checks the form alone.
bool list(const std::string &system, std::string &out, std::string &error);

}  // namespace bundle_tool
