// testing/cbmc/stored_sends.c: the stored sends of an endpoint. Of every storage, however full,
// whose places were used in either of two orders: one more is stored or refused, or the stale ones
// at its head are dropped. (Which place is which does not matter to the code.)
#include "kernel/core/ipc_queue.c"
#include "kernel/core/ipc_send.c"

#include "testing/cbmc/prove.h"

struct proof_page proof_pages[PROOF_PAGE_COUNT];

static struct kernel kernel;
static struct hart hart;
static struct task sender;
static struct message_page sender_page;
static int32_t references;

void grant_reference(struct kernel *unused, uint32_t grant) {
    (void)unused, (void)grant;
    references++;
}
void grant_release_later(struct kernel *unused, struct hart *on, uint32_t grant) {
    (void)unused, (void)on, (void)grant;
    references--;
}

// All places, by arrival and then the free ones.
static uint64_t places(bool backwards) {
    uint64_t order = 0;
    for (uint32_t i = 0; i < SEND_STORAGE_COUNT; i++) {
        order = order_put(order, i, backwards ? SEND_STORAGE_COUNT - 1 - i : i);
    }
    return order;
}

static struct endpoint *storage_make(bool backwards, uint32_t count) {
    struct endpoint *endpoint = &kernel.endpoints[0];
    endpoint->send_page = (struct page_number){PROOF_PAGE_FIRST};
    endpoint->send_order = places(backwards);
    endpoint->send_count = count;
    atomic_store_u32(&endpoint->work, count * WORK_SEND);
    for (uint32_t i = 0; i < SEND_STORAGE_COUNT; i++) {
        struct stored_send *send = &endpoint->sends[i];
        send->from = nondet_u32();
        send->grant = 1;
        send->epoch = nondet_u32();
        send->cap.head = nondet_bool() ? cap_head(CAP_TASK, RIGHTS_TASK) : 0;
        send->async.word = 0;
    }
    kernel.grant_epochs[1].raw = nondet_u32();
    sender.page = &sender_page;
    sender.instance = nondet_u32();
    references = 0;
    hart.deferred_count = 0;
    return endpoint;
}

static void store(bool backwards, uint32_t count) {
    struct endpoint *endpoint = storage_make(backwards, count);
    bool moves = nondet_bool();
    uint32_t own = 0;
    for (uint32_t i = 0; i < count; i++) {
        own += endpoint->sends[order_at(endpoint->send_order, i)].from == sender.instance;
    }
    sender.wait_frame = moves ? (uint64_t)FRAME_CAP_MOVE << 16 : nondet_u16();
    sender.wait_slot = 1;
    sender.caps[1].head = cap_head(CAP_TASK, RIGHTS_TASK);
    const struct capability cap = {.grant = 1, .epoch = nondet_u32(), .badge = nondet_u64()};
    bool stored = store_locked(&kernel, endpoint, &sender, &cap, 0);
    PROVE(stored == (count < SEND_STORAGE_COUNT && own < SEND_QUOTA_DEFAULT),
          "stored exactly if there is room, and the sender has not had its share");
    PROVE(endpoint->send_count == count + stored && endpoint->send_order == places(backwards),
          "behind all others");
    PROVE(atomic_load_u32(&endpoint->work) == endpoint->send_count * WORK_SEND, "work says so");
    PROVE(references == stored, "it holds its family");
    if (stored) {
        const struct stored_send *last = &endpoint->sends[order_at(places(backwards), count)];
        PROVE(last->from == sender.instance && last->epoch == cap.epoch && last->grant == 1,
              "whose it is, and of which family");
        PROVE((last->cap.head != 0) == moves && (sender.caps[1].head == 0) == moves,
              "with what rides on it");
    }
}

static void take(bool backwards, uint32_t count) {
    struct endpoint *endpoint = storage_make(backwards, count);
    uint32_t good = 0;
    while (good < count &&
           endpoint->sends[order_at(places(backwards), good)].epoch != kernel.grant_epochs[1].raw) {
        good++;
    }
    uint64_t stale_before = hart.counts.stale_sends.raw;
    uint32_t position = nondet_u32();
    bool some = stored_first_locked(&kernel, &hart, endpoint, nondet_bool(), &position);
    PROVE(some == (good < count), "the first whose family lives, if there is one");
    PROVE(endpoint->send_count == count - good, "exactly the stale ones before it are gone");
    PROVE(hart.counts.stale_sends.raw == stale_before + good, "and counted");
    PROVE(references == -(int32_t)good, "and have given up their family");
    PROVE(!some || (position == 0 &&
                    order_at(endpoint->send_order, 0) == order_at(places(backwards), good)),
          "in the order in which they came");
    PROVE(atomic_load_u32(&endpoint->work) == endpoint->send_count * WORK_SEND, "work says so");
}

// Two proofs, for one takes too long: STORES is true or false.
int main(void) {
    for (uint32_t count = 0; count <= SEND_STORAGE_COUNT; count++) {
        for (int backwards = 0; backwards < 2; backwards++) {
            if (STORES) {
                store(backwards != 0, count);
            } else {
                take(backwards != 0, count);
            }
        }
    }
    return 0;
}
