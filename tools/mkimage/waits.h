// tools/mkimage/waits.h: who may wait for whose answer in an image: by routes of the manifest, and
// by what policies allow.
// Ownership: plain values.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "tools/mkimage/manifest.h"

namespace mkimage {

// By indices of services.
struct wait {
    std::size_t from = 0;
    std::size_t to = 0;
    source_place place;
    std::string why;  // Nothing, or which policy, in parentheses.
};

// Of a manifest without mistakes. Calls to init, which calls nobody, are left out.
std::vector<wait> waits_of(const manifest &contents, const std::vector<allowed_call> &calls);

// A picture of them: each service above those that it waits for. Without a cycle.
std::string wait_graph_svg(const manifest &contents, const std::vector<wait> &waits);

}  // namespace mkimage
