// testing/markers/test_table.h: a small table of markers for tests, so that they don't depend on
// the real one.
#pragma once
#include "testing/markers/marker_table.h"

namespace markers {

// Areas kernel, init and t; texts `kernel: boot`, `kernel: power off`, `kernel: hart %u up`, `init:
// up %s`, `t: a` to `t: h`, `t: value %u`; a panic and a lock-order report are fatal.
marker_table test_table();

}  // namespace markers
