// services/example/example.c: see example.h.
#include "services/example/example.h"

#include "base/checked.h"

void example_init(struct example *example) {
    *example = (struct example){.total = 0};
}

enum wire_status example_add(struct example *example, uint64_t value) {
    uint64_t total = 0;
    if (!checked_add_u64(example->total, value, &total)) {
        return WIRE_TOO_LARGE;
    }
    example->total = total;
    example->count++;
    return WIRE_OK;
}
