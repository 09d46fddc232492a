// kernel/abi/vmo.h: limits of a VMO, and what cap_query says of one.
// Units: pages.
#pragma once

#include <stdint.h>

enum {
    VMO_PAGES_MAX = 16384,  // 64 MiB.
};

// vmo_map's last argument: an address, or 0 for one that the kernel picks; in its low bits the
// access: RIGHT_VMO_READ, with RIGHT_VMO_WRITE or RIGHT_VMO_EXECUTE or neither.
#define VMO_MAP_ACCESS_MASK UINT64_C(0xfff)

// cap_query's third result for a VMO; its second is the number of pages.
#define VMO_QUERY_SEALED UINT64_C(1)
