// services/selftest/cases_bulk.c: bulk through shared memory, with a peer on another hart if there
// is one: transfers that map nothing, and what its receiver refuses.
#include <string.h>

#include "ipc/bulk_sealed.h"
#include "ipc/bulk_window.h"
#include "ipc/frame.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

#define WINDOW_BYTES (UINT64_C(1) << 20)

enum { TRANSFER_COUNT = 8 };

// A peer whose endpoint takes capabilities.
static bool start_receiver(struct selftest *selftest, struct peer *peer) {
    selftest->peers_accept = true;
    bool started = peer_start(selftest, selftest->image->hart_count - 1, peer);
    selftest->peers_accept = false;
    return started;
}

// Asks the receiver with a capability, or CAP_SLOT_NONE. The first word of its answer is an
// enum bulk_error.
static bool ask(struct selftest *selftest, const struct peer *peer, uint16_t op,
                const uint64_t *words, struct slot carried) {
    struct message_area *out = &selftest->runtime->page->call_out;
    memcpy(out->payload, words, PROBE_BULK_WORDS * sizeof(*words));
    frame_finish(out, op, PROBE_BULK_WORDS * (uint32_t)sizeof(*words));
    frame_carry(out, carried);
    return selftest_expect_status(selftest, "a call with bulk",
                                  sys_ipc_call(peer->endpoint, selftest_patience()).status,
                                  STATUS_OK);
}

static bool answers(struct selftest *selftest, const char *what, uint64_t error, uint64_t value) {
    return selftest_expect(selftest, what, peer_reply_word(selftest, 0), error) &&
           selftest_expect(selftest, "its value", peer_reply_word(selftest, 1), value);
}

static bool open_window(struct selftest *selftest, const struct peer *peer,
                        struct bulk_window *window, uint64_t *channel) {
    const uint64_t words[PROBE_BULK_WORDS] = {0};
    struct slot shared = slot_at(CAP_SLOT_NONE);
    if (!selftest_expect(
            selftest, "making a window",
            (uint64_t)bulk_window_create(window, slot_at(SELFTEST_SLOT_FACTORY), WINDOW_BYTES),
            BULK_OK) ||
        !selftest_expect(selftest, "sharing a window", (uint64_t)bulk_window_share(window, &shared),
                         BULK_OK) ||
        !ask(selftest, peer, PROBE_BULK_OPEN, words, shared)) {
        return false;
    }
    *channel = peer_reply_word(selftest, 1);
    return selftest_expect(selftest, "opening a channel", peer_reply_word(selftest, 0), BULK_OK);
}

static bool sum_is(struct selftest *selftest, const struct peer *peer, const uint64_t *range,
                   uint64_t error, uint64_t sum) {
    return ask(selftest, peer, PROBE_BULK_SUM, range, slot_at(CAP_SLOT_NONE)) &&
           answers(selftest, "a range", error, sum);
}

// Each transfer is another part of the window, with other bytes in it.
static bool transfer(struct selftest *selftest, const struct peer *peer,
                     const struct bulk_window *window, uint64_t channel) {
    for (uint64_t i = 0; i < TRANSFER_COUNT; i++) {
        uint64_t offset = i * (window->size / TRANSFER_COUNT);
        uint64_t bytes = 4096 >> i;
        memset(window->bytes + offset, (int)(i + 1), bytes);
        const uint64_t range[PROBE_BULK_WORDS] = {channel, offset, bytes};
        if (!sum_is(selftest, peer, range, BULK_OK, bytes * (i + 1))) {
            return false;
        }
    }
    return true;
}

bool case_bulk_reuse(struct selftest *selftest) {
    struct peer peer;
    struct bulk_window window;
    uint64_t channel = 0;
    const uint64_t nothing[PROBE_BULK_WORDS] = {0};
    bool good = start_receiver(selftest, &peer) &&
                open_window(selftest, &peer, &window, &channel) &&
                transfer(selftest, &peer, &window, channel) &&
                ask(selftest, &peer, PROBE_BULK_OPENED, nothing, slot_at(CAP_SLOT_NONE)) &&
                answers(selftest, "windows that the receiver has mapped", BULK_OK, 1) &&
                peer_end(selftest, &peer);
    if (good) {
        bulk_window_close(&window);
    }
    return good;
}

bool case_bulk_reject_range(struct selftest *selftest) {
    struct peer peer;
    struct bulk_window window;
    uint64_t channel = 0;
    if (!start_receiver(selftest, &peer) || !open_window(selftest, &peer, &window, &channel)) {
        return false;
    }
    const uint64_t wrong[][PROBE_BULK_WORDS] = {
        {channel, 0, WINDOW_BYTES + 1}, {channel, WINDOW_BYTES, 1}, {channel, UINT64_MAX, 2},
        {channel, 2, UINT64_MAX},       {channel + 1, 0, 1},        {0, 0, 1},
    };
    for (uint32_t i = 0; i < ARRAY_LEN(wrong); i++) {
        if (!sum_is(selftest, &peer, wrong[i], BULK_REJECTED, 0)) {
            return false;
        }
    }
    bool good = peer_end(selftest, &peer);
    bulk_window_close(&window);
    return good;
}

bool case_bulk_reject_unsealed(struct selftest *selftest) {
    struct peer peer;
    struct bulk_window window;
    struct slot shared = slot_at(CAP_SLOT_NONE);
    const uint64_t words[PROBE_BULK_WORDS] = {0, 0, 100};
    struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    if (!start_receiver(selftest, &peer) ||
        !selftest_expect(selftest, "making a window",
                         (uint64_t)bulk_window_create(&window, factory, 4096), BULK_OK) ||
        !selftest_expect(selftest, "sharing a window",
                         (uint64_t)bulk_window_share(&window, &shared), BULK_OK) ||
        !ask(selftest, &peer, PROBE_BULK_SEALED, words, shared) ||
        !answers(selftest, "bulk that is not sealed", BULK_REJECTED, 0)) {
        return false;
    }
    memset(window.bytes, 3, 100);
    return selftest_expect(selftest, "sealing", (uint64_t)bulk_seal(&window, &shared), BULK_OK) &&
           ask(selftest, &peer, PROBE_BULK_SEALED, words, shared) &&
           answers(selftest, "sealed bulk", BULK_OK, 300) && peer_end(selftest, &peer);
}
