// services/selftest/probe/stream.c: see stream.h.
#include "services/selftest/probe/stream.h"

#include <string.h>

#include "services/selftest/probe/protocol.h"

#define READ_WRITE UINT64_C(3)

bool probe_stream_open(struct probe_stream *stream, struct slot window) {
    struct vmo_map_result own = sys_vmo_map(slot_at(PROBE_SLOT_VMO), 0, 1, READ_WRITE);
    stream->own = (struct bulk_window){.vmo = slot_at(PROBE_SLOT_VMO),
                                       .bytes = (uint8_t *)own.address,
                                       .size = PROBE_RING_OWN_BYTES};
    return own.status == STATUS_OK &&
           bulk_view_open(&stream->writers, window, PROBE_RING_BYTES) == BULK_OK &&
           ring_reader_init(&stream->ring, &stream->own, &stream->writers);
}

// Whether it is record number `at`: as long as the writer makes it, and of its bytes.
static bool is_right(const uint8_t *record, uint32_t bytes, uint64_t at) {
    bool right = bytes == probe_ring_bytes(at);
    for (uint32_t i = 0; i < bytes && right; i++) {
        right = record[i] == (uint8_t)(at + i);
    }
    return right;
}

// Sleeps until the bell. False: the deadline came first. A call wakes as well.
static bool sleep(struct probe_stream *stream, uint64_t deadline_ns, struct reply_handle *call,
                  uint64_t *words) {
    if (!ring_sleep(&stream->ring)) {
        return true;
    }
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns);
    ring_wake(&stream->ring);
    words[PROBE_RING_WOKEN] += event.status == STATUS_OK && event.received == RECEIVED_NOTIFICATION;
    if (event.status == STATUS_OK && event.received == RECEIVED_CALL) {
        *call = event.reply;
    }
    return event.status == STATUS_OK;
}

struct reply_handle probe_stream_read(struct probe_stream *stream, uint64_t deadline_ns,
                                      uint64_t *words) {
    struct reply_handle call = REPLY_HANDLE_NONE;
    uint8_t record[PROBE_RING_RECORD_MAX];
    uint32_t bytes = 0;
    memset(words, 0, PROBE_RING_WORDS * sizeof(*words));
    for (;;) {  // Until the empty record, a mistake, or the deadline.
        enum ring_result result = ring_take(&stream->ring, record, sizeof(record), &bytes);
        if (result == RING_OK && bytes != 0) {
            words[PROBE_RING_RIGHT] += is_right(record, bytes, words[PROBE_RING_TAKEN]);
            words[PROBE_RING_TAKEN]++;
            continue;
        }
        if (result != RING_EMPTY) {
            words[PROBE_RING_ENDED] = result == RING_OK;
            break;
        }
        if (!sleep(stream, deadline_ns, &call, words)) {
            break;
        }
    }
    bulk_view_close(&stream->writers);
    return call;
}
