// testing/markers/golden_checks.h: what a well-formed golden file must still keep.
// Errors: mistakes are appended to `out.mistakes`.
#pragma once
#include "testing/markers/golden.h"

namespace markers {

void golden_check(golden_result &out, const marker_table &table);

}  // namespace markers
