// tools/mkimage/compose.h: a manifest's text and named files to an image, or every reason why not.
// Ownership: plain values.
// Errors:    compose returns false and lists messages; the image is then untouched.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tools/mkimage/image_bytes.h"

namespace mkimage {

// A policy as text (docs/policy.md); its compiled form is a file of that name in the image.
struct policy_source {
    std::string name;
    std::string file;  // How messages name it.
    std::string text;
};

struct composition {
    std::string manifest_file;  // How messages name the manifest.
    std::string manifest_text;
    std::vector<image_file> files;  // Programs and data; the manifest's binary form is added.
    std::vector<policy_source> policies = {};
    std::uint32_t hart_count = 1;
};

bool compose(const composition &given, std::string &image, std::vector<std::string> &messages);

// Who waits for whom in an image that compose has made, as SVG.
std::string draw_waits(const composition &given);

}  // namespace mkimage
