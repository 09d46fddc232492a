// tools/text/files.h: whole files of a command line tool; what can't be read or written is said on
// standard error, with its path.
// Ownership: plain values.
#pragma once
#include <optional>
#include <string>

namespace text {

// Nothing, and the complaint is printed, if it can't be read.
std::optional<std::string> file_contents(const std::string &path);

// In place of what was there. False, and the complaint is printed, if not all of it was written.
bool write_file(const std::string &path, const std::string &contents);

}  // namespace text
