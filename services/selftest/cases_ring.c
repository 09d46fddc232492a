// services/selftest/cases_ring.c: a stream of records through two windows, with a reader on another
// hart if there is one: all arrive in their order, and the bell is rung only for a reader that
// sleeps.
#include "ipc/frame.h"
#include "ipc/ring.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum {
    RECORDS = 2000,
    BATCH = 16,              // Records between two looks at whether the reader sleeps.
    PAUSE_NS = 50000,        // While the ring is full.
    SLEEP_NS = 20 * 1000000  // Long enough for the reader to fall asleep.
};

struct stream {
    struct selftest *selftest;
    struct peer peer;
    struct bulk_window window;
    struct bulk_view readers;
    struct ring_writer ring;
    uint64_t bells;
    uint64_t deadline_ns;
};

// The reader's own window is memory of selftest's, which the peer gets to write.
static bool start_reader(struct stream *stream) {
    struct selftest *selftest = stream->selftest;
    struct slot_result memory = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), 1);
    struct slot_result seen = sys_cap_clone(memory.slot, RIGHT_VMO_READ);
    selftest->lent_vmo = memory.slot;
    selftest->peers_accept = true;
    bool started =
        selftest_expect_status(selftest, "memory for a reader", seen.status, STATUS_OK) &&
        peer_start(selftest, selftest->image->hart_count - 1, &stream->peer);
    selftest->lent_vmo = slot_at(CAP_SLOT_NONE);
    selftest->peers_accept = false;
    slot_release(memory.slot);
    return started && selftest_expect(selftest, "looking at it",
                                      (uint64_t)bulk_view_open(&stream->readers, seen.slot,
                                                               PROBE_RING_OWN_BYTES),
                                      BULK_OK);
}

static bool open_ring(struct stream *stream) {
    struct selftest *selftest = stream->selftest;
    struct message_area *out = &selftest->runtime->page->call_out;
    struct slot shared = slot_at(CAP_SLOT_NONE);
    if (!selftest_expect(selftest, "a window for records",
                         (uint64_t)bulk_window_create(
                             &stream->window, slot_at(SELFTEST_SLOT_FACTORY), PROBE_RING_BYTES),
                         BULK_OK) ||
        !selftest_expect(selftest, "sharing it",
                         (uint64_t)bulk_window_share(&stream->window, &shared), BULK_OK)) {
        return false;
    }
    frame_finish(out, PROBE_RING, 0);
    frame_carry(out, shared);
    return selftest_expect_status(selftest, "a call with a window",
                                  sys_ipc_call(stream->peer.endpoint, selftest_patience()).status,
                                  STATUS_OK) &&
           selftest_expect(selftest, "opening a ring", peer_reply_word(selftest, 0), 1) &&
           selftest_expect(selftest, "a ring",
                           ring_writer_init(&stream->ring, &stream->window, &stream->readers),
                           true);
}

static void ring_bell(struct stream *stream) {
    if (ring_wants_bell(&stream->ring)) {
        stream->bells += sys_ipc_notify(stream->peer.endpoint) == STATUS_OK;
    }
}

static void pause(uint64_t ns) {
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + ns);
    (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
}

// Waits, with a bell, while the ring is full.
static enum ring_result put(struct stream *stream, const uint8_t *record, uint32_t bytes) {
    enum ring_result result = ring_put(&stream->ring, record, bytes);
    while (result == RING_FULL && sys_clock_get() < stream->deadline_ns) {  // Until then.
        ring_bell(stream);
        pause(PAUSE_NS);
        result = ring_put(&stream->ring, record, bytes);
    }
    return result;
}

static bool write_all(struct stream *stream) {
    uint8_t record[PROBE_RING_RECORD_MAX];
    enum ring_result result = RING_OK;
    for (uint64_t at = 0; at < RECORDS && result == RING_OK; at++) {
        const uint32_t bytes = probe_ring_bytes(at);
        for (uint32_t i = 0; i < bytes; i++) {
            record[i] = (uint8_t)(at + i);
        }
        result = put(stream, record, bytes);
        if (at % BATCH == BATCH - 1) {
            ring_bell(stream);
        }
        if (at == RECORDS / 2) {
            pause(SLEEP_NS);
        }
    }
    result = result == RING_OK ? put(stream, record, 0) : result;
    ring_bell(stream);
    return selftest_expect(stream->selftest, "writing records", (uint64_t)result, RING_OK);
}

// A bell may have come when the reader was awake again: then it finds the notification later.
static bool read_all(struct stream *stream) {
    struct selftest *selftest = stream->selftest;
    uint64_t words[PROBE_RING_WORDS] = {0};
    return peer_result(selftest, &stream->peer, words, PROBE_RING_WORDS) &&
           selftest_expect(selftest, "records taken", words[PROBE_RING_TAKEN], RECORDS) &&
           selftest_expect(selftest, "records that are right", words[PROBE_RING_RIGHT], RECORDS) &&
           selftest_expect(selftest, "the stream's end", words[PROBE_RING_ENDED], 1) &&
           selftest_expect(selftest, "bells for a reader that slept",
                           stream->bells >= 1 && words[PROBE_RING_WOKEN] <= stream->bells, true) &&
           selftest_expect(selftest, "far fewer bells than records", stream->bells < RECORDS / 2,
                           true);
}

bool case_bulk_ring(struct selftest *selftest) {
    struct stream stream = {.selftest = selftest, .deadline_ns = selftest_patience()};
    bool good = start_reader(&stream) && open_ring(&stream) && write_all(&stream) &&
                read_all(&stream) && peer_end(selftest, &stream.peer);
    if (good) {
        bulk_window_close(&stream.window);
        bulk_view_close(&stream.readers);
    }
    return good;
}
