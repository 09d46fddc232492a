// ipc/frame.c: see frame.h.
#include "ipc/frame.h"

#include "ipc/wire/wire.h"

enum { REPLY_STATUS_AT = 4 };

enum status frame_answer_refused(struct message_area *out, struct reply_handle reply,
                                 struct slot carried, enum status status) {
    slot_release(carried);
    if (status == STATUS_DENIED && out->header.len >= WIRE_REPLY_HEADER_BYTES) {
        out->payload[REPLY_STATUS_AT] = WIRE_MALFORMED;
        frame_finish(out, out->header.type, WIRE_REPLY_HEADER_BYTES);
        if (sys_ipc_reply(reply) == STATUS_OK) {
            return status;
        }
    }
    status_ignore(sys_reply_close(reply), "a caller that left has closed it");
    return status;
}
