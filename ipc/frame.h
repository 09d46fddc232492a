// ipc/frame.h: building and reading frames in place, in the areas of the message page.
// Ownership: the areas are the task's; what a received one holds is valid until the next call that
//            writes it (kernel/abi/message.h).
// Errors:    none: the kernel refuses what does not fit.
#pragma once

#include "base/compiler.h"
#include "kernel/abi/message.h"
#include "runtime/syscall.h"

#ifdef __cplusplus
extern "C" {
#endif

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

// The rest of frame_answer, when the kernel did not take the answer.
COLD enum status frame_answer_refused(struct message_area *out, struct reply_handle reply,
                                      struct slot carried, enum status status);

// Sends a finished answer, with a capability unless `carried` is CAP_SLOT_NONE. A caller that takes
// none is answered MALFORMED instead, without fields. Anything but STATUS_OK: what was carried is
// closed, and nobody waits for the answer any more.
WARN_UNUSED static inline enum status frame_answer(struct message_area *out,
                                                   struct reply_handle reply, struct slot carried) {
    frame_carry(out, carried);
    enum status status = sys_ipc_reply(reply);
    return LIKELY(status == STATUS_OK) ? status : frame_answer_refused(out, reply, carried, status);
}

#ifdef __cplusplus
}
#endif
