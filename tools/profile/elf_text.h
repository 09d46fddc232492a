// tools/profile/elf_text.h: what a RISC-V program's ELF file says of its instructions: where they
// begin, and of which function they are.
// Units:     addresses of the program.
// Ownership: plain values.
// Errors:    std::runtime_error with the file's name and what is wrong with it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace profile {

struct function {
    std::uint64_t end = 0;
    std::string name;
};

struct elf_text {
    std::map<std::uint64_t, function> functions;  // By their first address.
    std::set<std::uint64_t> instructions;         // Where one begins (RISC-V unprivileged, 1.5).
};

// `bytes`: the whole file, ELF64, little-endian. `name`: how messages call it.
elf_text elf_text_of(const std::string &bytes, const std::string &name);

// The function that holds `address`, or "?".
std::string function_at(const elf_text &text, std::uint64_t address);

}  // namespace profile
