// testing/hostile/neighbour.c: a service that works, answers its keeper, and watches its own
// registers and memory.
#include <string.h>

#include "ipc/frame.h"
#include "runtime/main.h"
#include "testing/hostile/attempt.h"

struct neighbour {
    struct runtime *runtime;
    uint64_t keeper;  // The service_id of whom it works for.
    uint64_t words[NEIGHBOUR_WORDS];
    uint64_t memory[NEIGHBOUR_MEMORY_WORDS];
};

// A request changes its memory and counts. Nothing that strangers send does.
static void answer(struct neighbour *neighbour) {
    struct message_area *out = &neighbour->runtime->page->reply_out;
    neighbour->words[NEIGHBOUR_COUNT]++;
    neighbour->words[NEIGHBOUR_CHECKSUM] =
        neighbour_work(neighbour->memory, neighbour->words[NEIGHBOUR_COUNT]);
    memcpy(out->payload, neighbour->words, sizeof(neighbour->words));
    frame_finish(out, 0, sizeof(neighbour->words));
}

// Makes the call and looks at every register; any that is wrong ends the neighbour, which the
// keeper notices.
static void call_checked(struct attempt *attempt) {
    attempt_call(attempt);
    struct attempt_verdict verdict = attempt_check(attempt);
    if (verdict.finding != 0 || attempt_status(attempt) != STATUS_OK) {
        sys_task_exit(
            hostile_finding_pack(verdict.finding, attempt->number, verdict.where, verdict.value));
    }
}

int service_main(struct runtime *runtime) {
    struct neighbour neighbour = {.runtime = runtime, .keeper = runtime->argument};
    const struct message_area *in = &runtime->page->request_in;
    struct attempt attempt = {.number = SYSCALL_IPC_RECV, .args = {SLOT_ENDPOINT, UINT64_MAX}};
    for (;;) {  // Until its keeper ends, and it with it.
        call_checked(&attempt);
        bool called = attempt_result(&attempt, 1) == RECEIVED_CALL;
        struct reply_handle reply = {.value = attempt_result(&attempt, 2)};
        attempt.number = SYSCALL_IPC_RECV;
        attempt.args[0] = SLOT_ENDPOINT;
        attempt.args[1] = UINT64_MAX;
        attempt.args[2] = 0;
        if (called && in->meta.service_id == neighbour.keeper) {
            answer(&neighbour);
            attempt.number = SYSCALL_IPC_REPLY_RECV;
            attempt.args[0] = reply.value;
            attempt.args[1] = SLOT_ENDPOINT;
            attempt.args[2] = UINT64_MAX;
            continue;
        }
        neighbour.words[NEIGHBOUR_STRANGERS]++;
        if (called && sys_reply_close(reply) != STATUS_OK) {
            return 1;
        }
    }
}
