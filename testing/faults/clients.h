// testing/faults/clients.h: the clients that keep services busy (load.c), as who ends the services
// sees them.
// Blocking:  until a client has ended what it has under way, SELFTEST_PATIENCE_NS at most.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "services/selftest/selftest.h"
#include "testing/faults/faults.h"

enum { CLIENT_COUNT = 2 };

struct clients {
    struct selftest *selftest;
    struct slot routes[CLIENT_COUNT];  // RIGHT_CALL
    struct faults_report sum;          // Of all since clients_work.
};

// The routes that the manifest gives.
struct clients clients_of(struct selftest *selftest);

// From now on all of them do that.
WARN_UNUSED bool clients_work(struct clients *clients, enum faults_mode mode, const char *target);

// Until each of them was served that often from now on.
WARN_UNUSED bool clients_are_served(struct clients *clients, enum faults_mode mode,
                                    const char *target, uint32_t count);

// All of them rest; then every request has ended once and as it may, and *sum is the account.
WARN_UNUSED bool clients_rest(struct clients *clients);

// The way to a client that was started anew.
WARN_UNUSED bool clients_reroute(struct clients *clients, uint32_t client);
