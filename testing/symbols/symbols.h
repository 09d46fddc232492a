// testing/symbols/symbols.h: which writable symbols an object file or a linked program has.
// Reference:  System V ABI, ELF-64 object file format.
// Errors:     a file that is not what it should be fails the running test.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

using Bytes = std::vector<char>;

// A file's content; empty if it cannot be read.
Bytes read_file(const std::string &path);

// Names of the writable symbols of an ELF-64 file, but for sections and what sanitizers add. Adds
// its functions to *function_count, which shows that something was read.
std::vector<std::string> writable_symbols(const Bytes &object, std::size_t *function_count);
