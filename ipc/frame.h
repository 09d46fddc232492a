// ipc/frame.h: building and reading frames in place, in the areas of the message page.
// Ownership: the areas are the task's; what a received one holds is valid until the next call that
//            writes it (kernel/abi/message.h).
// Errors:    none: the kernel refuses what does not fit.
#pragma once

#include "kernel/abi/message.h"
#include "runtime/syscall.h"

// Completes a frame whose payload has been written. A length over FRAME_PAYLOAD_MAX is refused by
// the kernel, not here. What stands in src and dst does not matter: the kernel sets them.
static inline void frame_finish(struct message_area *area, uint16_t type, uint32_t payload_bytes) {
    area->header.type = type;
    area->header.flags = 0;
    area->header.len = payload_bytes;
}

// Puts a capability of the sender on a finished frame; CAP_SLOT_NONE puts none.
static inline void frame_carry(struct message_area *area, struct slot carried) {
    area->meta.slot = (uint32_t)carried.value;
    area->header.flags = carried.value != CAP_SLOT_NONE ? FRAME_CAP_MOVE : 0;
}

// After a reply that the kernel refused: nobody takes it any more, nor what it carried.
static inline void frame_keep(struct reply_handle reply, struct slot carried) {
    status_ignore(sys_reply_close(reply), "a caller that left has closed it");
    slot_release(carried);
}
