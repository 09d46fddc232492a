// testing/cbmc/wait_word.c: the word on which all compete who could wake a task. Of any history of
// waits: each is ended once, and nothing remembered of one ends another. The short cuts of the fast
// path mean what the long way means, for every word.
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/transfer.h"

#include "testing/cbmc/prove.h"

static struct task task;
static struct task receiver;
static struct endpoint endpoint;
static uint64_t words[WAITS];  // Of each wait,
static uint32_t ends[WAITS];   // and how often it was ended.

static enum wait_state any_blocking(void) {
    enum wait_state state = (enum wait_state)any_below(WAIT_REPLY_CAP + 1);
    GIVEN(state == WAIT_QUEUED || state == WAIT_REPLY || state == WAIT_QUIESCE ||
          state == WAIT_REPLY_CAP);
    return state;
}

static void history(void) {
    task.wait.raw = UINT64_C(1) << 16 | (uint64_t)nondet_u32() << 16;
    for (uint32_t i = 0; i < WAITS; i++) {
        // While it is blocked, a hand-over makes another wait of it; else it is running.
        words[i] = task_wait(&task, any_blocking(), nondet_u8());
        ends[i] = 0;
        for (uint32_t tries = 0; tries < WAITS; tries++) {
            uint32_t which = any_below(i + 1);
            bool won = task_claim(&task, words[which]);
            PROVE(!won || which == i, "a word remembered of an old wait never matches");
            PROVE(!won || wait_state_of(task.wait.raw) == WAIT_NONE, "the wait is over");
            ends[which] += won;
        }
        PROVE(ends[i] <= 1, "one wins");
    }
}

static void short_cuts(void) {
    uint64_t word = nondet_u64();
    enum wait_state state = (enum wait_state)any_below(WAIT_REPLY_CAP + 1);
    uint32_t index = nondet_u8();
    PROVE(wait_state_of(wait_next(word, state, index)) == state, "the state comes back");
    PROVE(wait_object_of(wait_next(word, state, index)) == index, "the object comes back");

    task.wait.raw = word;
    atomic_store_low_u64(&task.wait, 0);
    PROVE(task.wait.raw == wait_over(word), "storing the low half ends the wait");
    PROVE(wait_next(0, WAIT_REPLY, index) + wait_over(word) == wait_next(word, WAIT_REPLY, index),
          "adding reply_step begins the wait for an answer");

    endpoint.receiver = &receiver;
    endpoint.receive_word = wait_low(WAIT_RECV, index);
    receiver.wait.raw = nondet_u64();
    uint64_t before = receiver.wait.raw;
    enum wait_state waits = wait_state_of(before);
    bool for_call = nondet_bool();
    bool takes = waits == WAIT_RECV || (waits == WAIT_RECV_NOCALL && !for_call);
    bool here = wait_object_of(before) == index;
    const struct task *claimed = endpoint_claim_receiver_locked(&endpoint, for_call);
    PROVE((claimed != 0) == (takes && here), "one compare says: it waits here, for this");
    PROVE(receiver.wait.raw == (claimed ? wait_over(before) : before), "or nothing changes");
}

// The receiver publishes, then looks: true only if nothing that it takes is there.
static void publish(void) {
    uint32_t generation = nondet_u32();
    bool calls = nondet_bool();
    endpoint.receive_word = wait_low(WAIT_RECV, nondet_u8());
    receiver.wait.raw = wait_over(nondet_u64());
    uint64_t before = receiver.wait.raw;
    endpoint.generation.raw = nondet_u32();
    endpoint.work.raw = nondet_u32();
    bool waits = receive_publish(&receiver, &endpoint, generation, calls);
    uint32_t work = calls ? endpoint.work.raw : endpoint.work.raw & WORK_BUT_CALLS;
    PROVE(waits == (endpoint.generation.raw == generation && work == 0), "it waits for nothing");
    PROVE(wait_state_of(receiver.wait.raw) == (calls ? WAIT_RECV : WAIT_RECV_NOCALL) &&
              wait_over(receiver.wait.raw) == before,
          "the wait is published");
}

int main(void) {
    history();
    short_cuts();
    publish();
    return 0;
}
