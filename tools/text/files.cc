// tools/text/files.cc: see files.h.
#include "tools/text/files.h"

#include <fstream>
#include <iostream>
#include <iterator>

namespace text {

std::optional<std::string> file_contents(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::cerr << path << ": can't be read\n";
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

bool write_file(const std::string &path, const std::string &contents) {
    std::ofstream file(path, std::ios::binary);
    file << contents;
    file.close();
    if (!file) {
        std::cerr << path << ": can't be written\n";
    }
    return static_cast<bool>(file);
}

}  // namespace text
