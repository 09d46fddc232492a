// tools/mkimage/manifest.h: a boot manifest as text, what can be wrong with one, and its binary
// form. The syntax is told in README.md; the binary form is kernel/abi/manifest.h.
// Ownership: plain values.
// Errors:    manifest_read lists all mistakes it found, each with file, line and column (from 1).
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/abi/manifest.h"
#include "kernel/abi/qos.h"
#include "tools/text/words.h"

namespace mkimage {

using text::mistake;
using text::mistake_text;
using text::source_place;

// A factory's target: every program of a bundle.
inline constexpr const char *ANY_PROGRAM = "*";

struct grant {
    manifest_grant_kind kind = MANIFEST_GRANT_CONSOLE;
    std::uint32_t slot = 0;
    std::uint32_t rights = 0;
    std::uint64_t badge = 0;
    std::uint32_t number = 1;  // Of a device, among those of its kind.
    std::string target;        // A service's name, `init`, a device's name, ANY_PROGRAM, or empty.
    source_place place;
    source_place target_place;
    bool crowded = false;  // An endpoint: more may send to it than it has room for.
};

struct service {
    std::string name;
    std::string program;
    std::uint32_t flags = MANIFEST_AUTOSTART;
    std::uint32_t hart = MANIFEST_HART_ANY;
    std::uint32_t argument = 0;
    std::uint32_t restart_budget = 0;
    std::map<std::string, std::uint32_t> limits;  // Those that the text says, by their word.
    std::uint32_t qos = QOS_NORMAL;               // Its class, and the highest that it may have.
    std::map<std::string, std::uint32_t> keeps;   // With statefsd: entries and bytes, or nothing.
    std::uint64_t first_sector = 0;               // Of its part of the disk,
    std::uint64_t sectors = 0;                    // and how many; 0: it has none.
    std::vector<grant> grants;
    source_place place;
    source_place keep_place;
    source_place program_place;
    source_place sectors_place;
    source_place hart_place;
};

struct manifest {
    std::vector<service> services;
};

struct manifest_result {
    manifest contents;
    std::vector<mistake> mistakes;
};

// A service may call another and wait, though no route of the manifest says so.
struct allowed_call {
    std::string from;
    std::string to;
    std::string why;  // As a message names it.
};

// A service, or a program of a bundle (`@NAME`), may send to another though no route says so.
struct allowed_send {
    std::string from;
    std::string to;
};

// What the text is checked against besides itself.
struct surroundings {
    std::vector<std::string> programs;  // Names of the image's programs, init among them.
    std::uint32_t hart_count = 1;
    std::vector<allowed_call> calls = {};
    std::vector<allowed_send> sends = {};
};

manifest_result manifest_read(std::string_view text, const surroundings &around);

// The names of its services in order, however wrong the rest is: for what is checked beside it.
std::vector<std::string> service_names(std::string_view text);

std::string manifest_binary(const manifest &contents);

// What services may keep, as statefsd reads it (services/statefsd/quotas.h); empty: nobody has a
// `keep`.
std::string keep_binary(const manifest &contents);
// Whose which part of the disk is (services/virtioblkd/parts.h); empty if it is not divided.
std::string parts_binary(const manifest &contents);

// The virtio device identifier of a device's name in a manifest, or DEVICE_ID_NONE.
std::uint32_t device_id_of(std::string_view name);

std::uint64_t service_id_of(std::string_view name);

// Two names with one id. Apart from the rest, so that a test can give ids: no two of our names
// collide.
std::vector<std::string> id_mistakes(const std::vector<std::pair<std::string, std::uint64_t>> &ids);

bool name_is_proper(std::string_view name);  // a-z, then a-z 0-9 _; at most 31 bytes.

}  // namespace mkimage
