// testing/bench/client.h: the parts of the program `client`, which is built twice: with what it has
// made kept for the next round, and with everything made anew (ipc/reuse.h).
#pragma once

#include <stdbool.h>

#include "runtime/runtime.h"

// Figures of bulk. False: a transfer failed, or a later one costs more at 16 MiB than at 4 KiB.
WARN_UNUSED bool bench_bulk(struct runtime *runtime);
