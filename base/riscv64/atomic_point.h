// base/riscv64/atomic_point.h: on the target an atomic access is only itself.
#pragma once

static inline void atomic_point(void) {}
