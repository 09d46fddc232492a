// tools/mkimage/manifest_checks.h: what the statements of a manifest must keep together.
// Errors: mistakes are appended to `out.mistakes`.
#pragma once
#include "tools/mkimage/manifest.h"

namespace mkimage {

void manifest_check(manifest_result &out, const surroundings &around);

}  // namespace mkimage
