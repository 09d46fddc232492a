// services/execd/greet/protocol.h: what greet does, by its argument: for who starts it.
#pragma once

// Below these it says its number and exits with it.
enum greet_argument {
    GREET_CRASHES = 1000,  // Writes to GREET_CRASH_ADDRESS.
    GREET_HANGS,           // Until it is killed.
    GREET_CALLS,           // logd by name; exits with the outcome, enum ipc_error.
    GREET_TAKES,           // More memory than it may have; exits with the kernel's status.
    GREET_PRINTS_MARKER,   // Tries to look like a service; exits with 0.
    // Sees no GREET_STATE_KEY at statefsd, and puts its own; exits with GREET_STORED, with the
    // number of the step that went otherwise, or with the outcome (enum ipc_error) if it may not.
    GREET_STORES,
    GREET_LOSES,  // Sees its own, and deletes it; the same.
};

enum { GREET_STORED = 100, GREET_STORE_STEP = 101 };

#define GREET_STATE_KEY "whose"
enum { GREET_STATE_KEY_BYTES = sizeof(GREET_STATE_KEY) - 1 };

enum { GREET_CRASH_ADDRESS = 64 };
