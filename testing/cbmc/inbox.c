// testing/cbmc/inbox.c: the inbox of asynchronous answers. Of every inbox that keeps its promises:
// any one call; the promises hold again, an answer is kept only for the request that it is for, and
// comes out as it came in.
#include "ipc/inbox.c"

#include "testing/cbmc/prove.h"

static struct inbox inbox;

static bool request_is_right(uint32_t index) {
    const struct inbox_request *request = &inbox.requests[index];
    if (request->nonce.value == 0) {
        return true;
    }
    for (uint32_t i = 0; i < index; i++) {
        if (inbox.requests[i].nonce.value == request->nonce.value) {
            return false;
        }
    }
    if (request->state != INBOX_READY) {
        return request->state == INBOX_WAITING || request->state == INBOX_DROPPED ||
               request->state == INBOX_CLOSED;
    }
    return request->answer < INBOX_ANSWER_MAX && inbox.answers[request->answer].arrival != 0 &&
           inbox.answers[request->answer].request == index;
}

static bool answer_is_right(uint32_t index) {
    const struct inbox_answer *answer = &inbox.answers[index];
    if (answer->arrival == 0) {
        return true;
    }
    if (answer->request >= INBOX_REQUEST_MAX || answer->bytes > FRAME_PAYLOAD_MAX ||
        answer->arrival > inbox.arrivals) {
        return false;
    }
    const struct inbox_request *request = &inbox.requests[answer->request];
    return request->nonce.value != 0 && request->state == INBOX_READY && request->answer == index;
}

static bool is_right(void) {
    bool right = true;
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        right = right && request_is_right(i);
    }
    for (uint32_t i = 0; i < INBOX_ANSWER_MAX; i++) {
        right = right && answer_is_right(i);
    }
    return right;
}

static void inbox_make(void) {
    inbox.arrivals = nondet_u32();
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        inbox.requests[i] = (struct inbox_request){.nonce = {nondet_u64()},
                                                   .target = {nondet_u64()},
                                                   .state = nondet_u8(),
                                                   .answer = nondet_u8()};
    }
    for (uint32_t i = 0; i < INBOX_ANSWER_MAX; i++) {
        inbox.answers[i].arrival = nondet_u64();
        inbox.answers[i].request = nondet_u32();
        inbox.answers[i].bytes = nondet_u32();
    }
    GIVEN(is_right());
}

// The place of a request, or INBOX_REQUEST_MAX.
static uint32_t place_of(struct nonce nonce) {
    uint32_t place = 0;
    while (place < INBOX_REQUEST_MAX &&
           (nonce.value == 0 || inbox.requests[place].nonce.value != nonce.value)) {
        place++;
    }
    return place;
}

static void deliver_and_take(void) {
    struct nonce nonce = {nondet_u64()};
    struct service_id from = {nondet_u64()};
    uint8_t sent[FRAME_PAYLOAD_MAX];
    uint8_t got[FRAME_PAYLOAD_MAX];
    uint32_t bytes = nondet_u32();
    for (uint32_t i = 0; i < FRAME_PAYLOAD_MAX; i++) {
        sent[i] = nondet_u8();
    }
    uint32_t place = place_of(nonce);
    const struct inbox_request before =
        place < INBOX_REQUEST_MAX ? inbox.requests[place] : (struct inbox_request){.answer = 0};
    bool awaited = place < INBOX_REQUEST_MAX && before.state == INBOX_WAITING &&
                   before.target.value == from.value;
    enum inbox_verdict verdict = inbox_deliver(&inbox, from, nonce, sent, bytes);
    PROVE((verdict == INBOX_KEPT) == (awaited && bytes <= FRAME_PAYLOAD_MAX),
          "kept exactly if it is awaited, and from whom was asked");
    PROVE((verdict == INBOX_UNKNOWN) == (place == INBOX_REQUEST_MAX), "nobody asked for it");
    PROVE(is_right(), "the promises hold after an answer");
    if (verdict != INBOX_KEPT) {
        return;
    }
    uint32_t count = 0;
    enum inbox_state state = inbox_take(&inbox, nonce, got, &count);
    PROVE(state == INBOX_READY && count == bytes, "it is there");
    for (uint32_t i = 0; i < FRAME_PAYLOAD_MAX; i++) {
        PROVE(i >= bytes || got[i] == sent[i], "as it came");
    }
    PROVE(place_of(nonce) == INBOX_REQUEST_MAX, "once");
}

int main(void) {
    inbox_make();
    struct nonce nonce = {nondet_u64()};
    uint32_t place = place_of(nonce);
    switch (any_below(4)) {
        case 0:
            deliver_and_take();
            break;
        case 1: {
            bool announced = inbox_expect(&inbox, nonce, (struct service_id){nondet_u64()});
            PROVE(!announced || (nonce.value != 0 && place == INBOX_REQUEST_MAX), "a new nonce");
            PROVE(!announced || inbox.requests[place_of(nonce)].state == INBOX_WAITING, "it waits");
            break;
        }
        case 2:
            inbox_cancel(&inbox, nonce);
            PROVE(place_of(nonce) == INBOX_REQUEST_MAX, "nobody waits for it");
            break;
        default: {
            bool waits = place < INBOX_REQUEST_MAX && inbox.requests[place].state == INBOX_WAITING;
            enum inbox_verdict verdict = inbox_close(&inbox, nonce);
            PROVE((verdict == INBOX_KEPT) == waits, "told exactly if it waits");
            break;
        }
    }
    PROVE(is_right(), "the promises hold");
    return 0;
}
