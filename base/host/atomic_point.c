// base/host/atomic_point.c: the hook's storage. Test machinery, not kernel state.
#include "base/atomic_point.h"

void (*atomic_point_hook)(const void *at);
