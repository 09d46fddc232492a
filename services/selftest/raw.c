// services/selftest/raw.c: see raw.h.
#include "services/selftest/raw.h"

#include "ipc/frame.h"

enum {
    AT_MAGIC = 0,  // Of a request's bytes.
    AT_OP = 3,
    AT_STATUS = 4,  // Of an answer's.
    NO_OP = 99,
};

// What stands in call_out, `bytes` of it.
static bool answered(const struct selftest *selftest, struct slot route, uint16_t type,
                     uint32_t bytes, enum wire_status wanted) {
    struct message_page *page = selftest->runtime->page;
    frame_finish(&page->call_out, type, bytes);
    struct call_result result = sys_ipc_call(route, selftest_patience());
    return selftest_expect_status(selftest, "a request by hand", result.status, STATUS_OK) &&
           selftest_expect(selftest, "an answer without its header",
                           page->reply_in.header.len < WIRE_REPLY_HEADER_BYTES, false) &&
           selftest_expect(selftest, "the answer's status", page->reply_in.payload[AT_STATUS],
                           wanted);
}

bool raw_answered(const struct selftest *selftest, struct slot route,
                  const struct wire_protocol_rows *rows, const void *message,
                  enum wire_status wanted) {
    struct message_area *out = &selftest->runtime->page->call_out;
    uint32_t bytes = wire_encode_area(rows, WIRE_REQUEST, message, out);
    return selftest_expect(selftest, "a request without bytes", bytes == 0, false) &&
           answered(selftest, route, WIRE_TYPE(rows->type, out->payload[AT_OP], WIRE_VIA_NONE),
                    bytes, wanted);
}

// What is wrong with a request, and what the service says of it.
struct mutilation {
    uint32_t bytes;  // The first of it are sent,
    uint32_t index;  // with this byte changed.
    uint8_t value;
    enum wire_status wanted;
};

static bool refused(const struct selftest *selftest, struct slot route,
                    const struct wire_protocol_rows *rows, const void *message,
                    const struct mutilation *done) {
    struct message_area *out = &selftest->runtime->page->call_out;
    uint32_t encoded = wire_encode_area(rows, WIRE_REQUEST, message, out);
    out->payload[done->index] = done->value;
    return selftest_expect(selftest, "a request's bytes", encoded, WIRE_REQUEST_HEADER_BYTES) &&
           answered(selftest, route, rows->type, done->bytes, done->wanted) &&
           selftest_expect(selftest, "the answer's bytes",
                           selftest->runtime->page->reply_in.header.len, WIRE_REPLY_HEADER_BYTES);
}

bool raw_refuses_malformed(const struct selftest *selftest, struct slot route,
                           const struct wire_protocol_rows *rows, const void *message) {
    const uint8_t same = rows->magic.letters[0];
    const struct mutilation cases[RAW_MALFORMED + 1] = {
        {0, AT_MAGIC, same, WIRE_MALFORMED},
        {WIRE_REQUEST_HEADER_BYTES - 1, AT_MAGIC, same, WIRE_MALFORMED},
        {WIRE_REQUEST_HEADER_BYTES + 1, AT_MAGIC, same, WIRE_MALFORMED},
        {WIRE_REQUEST_HEADER_BYTES, AT_MAGIC, (uint8_t)~same, WIRE_MALFORMED},
        {WIRE_REQUEST_HEADER_BYTES, AT_OP, NO_OP, WIRE_UNKNOWN_OP},
    };
    for (uint32_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (!refused(selftest, route, rows, message, &cases[i])) {
            return false;
        }
    }
    return true;
}
