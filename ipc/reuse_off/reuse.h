// ipc/reuse_off/reuse.h: nothing is kept from one call to the next: each resolves its route anew
// and closes it. Benchmarks make their windows and endpoints anew by it, too. The baseline that
// figures with reuse are compared to (testing/evidence); the build chooses between this file and
// reuse_on/reuse.h (platforms/reuse.bzl).
#pragma once

enum { IPC_REUSE = 0 };
