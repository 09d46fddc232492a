// tools/mkimage/sends.h: whether each endpoint has room for what all who may send to it may leave
// there at once, so that no sender within its quota is refused because of the others. Who sends: by
// routes of the manifest, by what policies allow, and `init` to `logd`, which it tells of ends. A
// program of a bundle and a service that is `manual` may run more than once: they are always too
// many. What is handed on when the system runs is not seen.
// Ownership: plain values.
#pragma once
#include <vector>

#include "tools/mkimage/manifest.h"

namespace mkimage {

// A mistake for each endpoint that too many may send to and that is not `crowded`. Of a manifest
// without mistakes.
std::vector<mistake> crowd_mistakes(const manifest &contents,
                                    const std::vector<allowed_send> &sends);

}  // namespace mkimage
