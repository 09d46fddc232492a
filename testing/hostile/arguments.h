// testing/hostile/arguments.h: bad arguments and bad frames, chosen by a seed.
#pragma once

#include "kernel/abi/message.h"
#include "testing/hostile/attempt.h"

struct arguments {
    uint64_t random;  // State of the generator.
    uint64_t now_ns;
    bool far;  // Deadlines in the far future are allowed.
};

uint64_t arguments_random(struct arguments *arguments);

// The next call: any number of the table but task_exit, or one outside; arguments of every kind.
void arguments_choose(struct arguments *arguments, struct attempt *attempt);

// Fills headers, metadata and the console line with what a kernel must not trust.
void arguments_scribble(struct arguments *arguments, struct message_page *page);
