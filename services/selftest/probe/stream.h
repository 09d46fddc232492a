// services/selftest/probe/stream.h: the reading end of a ring (ipc/ring.h): it takes records until
// an empty one, and sleeps at the probe's endpoint while there are none.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct; it owns the window that came, and its mapping.
// Blocking:  probe_stream_read waits for the doorbell, at most until the deadline.
// Errors:    probe_stream_open is false for what is no window, or without PROBE_SLOT_VMO.
#pragma once

#include "ipc/ring.h"
#include "runtime/runtime.h"

struct probe_stream {
    struct bulk_view writers;
    struct bulk_window own;  // In PROBE_SLOT_VMO.
    struct ring_reader ring;
};

WARN_UNUSED bool probe_stream_open(struct probe_stream *stream, struct slot window);

// `words`: enum probe_ring. A call that came meanwhile is the result, not answered;
// REPLY_HANDLE_NONE: none did.
WARN_UNUSED struct reply_handle probe_stream_read(struct probe_stream *stream, uint64_t deadline_ns,
                                                  uint64_t *words);
