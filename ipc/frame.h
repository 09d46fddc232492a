// ipc/frame.h: building and reading frames in place, in the areas of the message page.
// Ownership: the areas are the task's; what a received one holds is valid until the next call that
//            writes it (kernel/abi/message.h).
// Errors:    none: the kernel refuses what does not fit.
#pragma once

#include "kernel/abi/message.h"

// Completes a frame whose payload has been written. A length over FRAME_PAYLOAD_MAX is refused by
// the kernel, not here. What stands in src and dst does not matter: the kernel sets them.
static inline void frame_finish(struct message_area *area, uint16_t type, uint32_t payload_bytes) {
    area->header.type = type;
    area->header.flags = 0;
    area->header.len = payload_bytes;
}
