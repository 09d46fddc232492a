// services/selftest/peer.h: a probe task that selftest starts, calls, and sees end.
// Ownership: a started peer holds two slots of selftest's table until peer_close.
// Blocking:  calls wait for the peer, at most to their deadline; peer_await_exit at most
//            SELFTEST_PATIENCE_NS.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "kernel/abi/task.h"
#include "services/selftest/selftest.h"

struct peer {
    struct slot task;
    struct slot endpoint;  // All rights but RECV, which the peer has.
    uint32_t instance;
    uint64_t argument;
};

struct peer_exit {
    enum exit_reason reason;
    uint64_t detail;
};

// What a peer gets beyond what every probe has.
struct peer_grant {
    struct slot from;
    uint32_t to;
    uint32_t rights;
};

// `hart` is an index or TASK_HART_ANY.
WARN_UNUSED bool peer_start(struct selftest *selftest, uint64_t hart, struct peer *out);

// The same in another class than the usual QOS_NORMAL, at most the peers' ceiling.
WARN_UNUSED bool peer_start_as(struct selftest *selftest, uint64_t hart, enum qos qos,
                               struct peer *out);

// The same with one more capability.
WARN_UNUSED bool peer_start_with(struct selftest *selftest, uint64_t hart,
                                 const struct peer_grant *more, struct peer *out);

// The steps before it runs: it is NEW after peer_create, LOADED after peer_load.
WARN_UNUSED bool peer_create(struct selftest *selftest, struct peer *out);
WARN_UNUSED bool peer_load(struct selftest *selftest, const struct peer *peer);

// Sends `count` words that are already in call_out's payload, or any other payload of that many
// bytes.
WARN_UNUSED struct call_result peer_call_bytes(struct selftest *selftest, const struct peer *peer,
                                               uint16_t op, uint32_t bytes, uint64_t deadline_ns);

// The common call: one word, SELFTEST_PATIENCE_NS.
WARN_UNUSED struct call_result peer_call(struct selftest *selftest, const struct peer *peer,
                                         uint16_t op, uint64_t word);

// The same, and the answer must come. False: it did not.
WARN_UNUSED bool peer_ask(struct selftest *selftest, const struct peer *peer, uint16_t op,
                          uint64_t word);

// Asks for the result of what the peer did last (PROBE_RESULT), `count` words; waits until it is
// done.
WARN_UNUSED bool peer_result(struct selftest *selftest, const struct peer *peer, uint64_t *words,
                             uint32_t count);

uint64_t peer_reply_word(const struct selftest *selftest, uint32_t index);

WARN_UNUSED bool peer_await_exit(struct selftest *selftest, const struct peer *peer,
                                 struct peer_exit *out);

// Gives up the slots of a peer that has ended.
WARN_UNUSED bool peer_close(struct selftest *selftest, const struct peer *peer);

// Kills a peer, sees it end as killed, and closes it.
WARN_UNUSED bool peer_end(struct selftest *selftest, const struct peer *peer);

// A new peer, on any hart and with `more` if not null, does `op` with `address` and must end with
// the reason of `end`, at the address of `end`.
WARN_UNUSED bool peer_faults_with(struct selftest *selftest, const struct peer_grant *more,
                                  uint16_t op, uint64_t address, struct peer_exit end);

// Without more than every probe has.
WARN_UNUSED bool peer_faults(struct selftest *selftest, uint16_t op, uint64_t address,
                             enum exit_reason reason, uint64_t detail);
