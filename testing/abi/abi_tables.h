// testing/abi/abi_tables.h: the kernel-user contract as text, taken from the headers by the
// compiler.
#pragma once

#include <set>
#include <string>
#include <vector>

// One line a number, size and offset: `value NAME 1`, `text NAME "x"`, `struct NAME 16`, `field
// NAME.FIELD offset size`.
std::string abi_golden();

// docs/abi.md, and docs/abi-statistics.md.
std::string abi_markdown();
std::string abi_statistics_markdown();

// Every constant and struct that the two texts name.
std::set<std::string> abi_names();

struct StructCover {
    std::string name;
    size_t bytes;        // sizeof
    size_t field_bytes;  // Sum of the listed fields: the same, or there is padding or a field is
                         // missing.
};
std::vector<StructCover> abi_struct_covers();
