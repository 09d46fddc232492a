// tools/statefs/commands.h: what the tool does with an image of a statefsd disk.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "services/statefsd/statefs.h"

namespace statefs_tool {

constexpr std::uint64_t IMAGE_MIB_MAX = 1024;

struct options {
    std::string image;
    std::string key;           // 64 hexadecimal digits, or empty.
    std::uint64_t mib = 1;     // Of `make`.
    std::uint64_t volume = 0;  // Of `make`.
    bool force = false;        // Of `make`: over what is there.
};

// Each prints to `out`, complaints to `err`, and returns the exit status: 0, or 1 if the image is
// not as it should be. None but make and repair writes.
int make_image(const options &with, std::ostream &out, std::ostream &err);
int check(const options &with, std::ostream &out, std::ostream &err);
int list(const options &with, std::ostream &out, std::ostream &err);
int dump(const options &with, std::ostream &out, std::ostream &err);
// Mounts what is before any damage and writes it anew.
int repair(const options &with, std::ostream &out, std::ostream &err);

std::optional<state_key> key_of_hex(const std::string &hex);

// Printable bytes as they are, others as \xNN; `\` as \\.
std::string escaped(const std::uint8_t *bytes, std::uint32_t count);

}  // namespace statefs_tool
