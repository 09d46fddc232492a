// services/policyd/audit.h: what policyd denies, and when it learns, is said to logd: a send that
// waits for nobody, and is counted when it could not go. What of it is said, audit_book.h decides.
// Ownership: the caller owns the struct, and the client, which outlives it.
// Blocking:  never for logd; after logd was started anew until init gives the new route, at most
//            AUDIT_ROUTE_NS (ipc/boot_resolver.h).
// Errors:    none: an audit that cannot go must not stop policyd.
#pragma once

#include "ipc/client.h"
#include "services/policyd/audit_book.h"
#include "services/policyd/policyd.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AUDIT_ROUTE_NS UINT64_C(100000000)

struct audit {
    struct ipc_client *client;
    uint64_t lost;  // Where the manifest gives no route, all.
    struct audit_book book;
};

void audit_init(struct audit *audit, struct ipc_client *client);
void audit_denied(struct audit *audit, const struct policyd_question *question, uint32_t line);

// Let through only because policyd learns: once for each that it has learned.
void audit_learned(struct audit *audit, const struct policyd_question *question);

// The subject has begun learning or ended it.
void audit_learning(struct audit *audit, uint64_t subject, bool on);

#ifdef __cplusplus
}
#endif
