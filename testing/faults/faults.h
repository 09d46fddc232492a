// testing/faults/faults.h: what the program that ends services and the clients that keep them busy
// agree on.
#pragma once

#include <stdint.h>

#include "ipc/client.h"

// What a client does until it is told otherwise.
enum faults_mode {
    FAULTS_REST,     // Nothing; it holds no route.
    FAULTS_KEPT,     // Calls and requests to one service by its name, through routes that are kept.
    FAULTS_UNCACHED  // The same with a route resolved for each, so that samgrd and policyd work
                     // too.
};

// The words of an order, in a frame of type 0.
enum faults_order_word {
    FAULTS_ORDER_MODE,
    FAULTS_ORDER_TARGET,  // A service_id.
    FAULTS_ORDER_WORDS
};

// What came of all that the client has asked for since it was told its mode: its answer to an
// order, and what it begins anew with after that.
struct faults_report {
    uint64_t calls;                       // Asked and waited for,
    uint64_t call_ends[IPC_ERROR_COUNT];  // and how each ended.
    uint64_t asks;                        // Asked without waiting,
    uint64_t ask_ends[IPC_ERROR_COUNT];   // and how each ended: sent or not, answered or not.
    uint64_t wrong;    // Answers that were another's, twice, or not what was asked for.
    uint64_t lost;     // Requests without an end after a second of patience.
    uint64_t again;    // Attempts after the first, routes found again: what was under way was lost.
    uint64_t broken;   // Requests that were begun and did not end with OK.
    uint64_t slowest;  // Of the calls, nanoseconds.
};

// How long a call of a client may take.
#define FAULTS_CALL_NS UINT64_C(2000000000)
