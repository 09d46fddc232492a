// testing/cbmc/reply.c: the reply table. Of every table to the bound, its entries free or held and
// their generations any: a call takes an entry, a drop gives one back, any word is looked up; or,
// with GIVES, an answer is given. Each handle is good once, and ends the wait that it is for, and
// no other.
#include "kernel/core/ipc.c"

#include "testing/cbmc/prove.h"

enum { TABLES = 1 << REPLY_SLOT_COUNT };

static struct task caller;
static uint32_t woken;

void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task) {
    (void)kernel;
    (void)hart;
    PROVE(task == &caller, "nobody else is woken");
    woken++;
}

static uint64_t any_handle(uint32_t index) {
    return REPLY_HANDLE_BIT | (uint64_t)nondet_u32() << REPLY_HANDLE_GENERATION_SHIFT | index;
}

// The receiver whose entry i is held if bit i of `held` is set.
static void table_make(struct task *receiver, uint32_t held) {
    receiver->index = nondet_u8();
    receiver->reply_free = 0;
    for (uint32_t i = REPLY_SLOT_COUNT; i-- > 0;) {
        struct reply_entry *entry = &receiver->replies[i];
        entry->handle = any_handle(i);
        entry->task = (held >> i & 1) != 0 ? &caller : receiver;
        entry->caller_wait = (held >> i & 1) != 0 ? nondet_u64() : 0;
        enum wait_state state = wait_state_of(entry->caller_wait);
        GIVEN((held >> i & 1) == 0 || state == WAIT_REPLY || state == WAIT_REPLY_CAP);
        entry->next = receiver->reply_free;
        if ((held >> i & 1) == 0) {
            receiver->reply_free = entry;
        }
    }
}

static void check(const struct task *receiver, uint32_t held) {
    uint32_t listed = 0;
    const struct reply_entry *entry = receiver->reply_free;
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT && entry; i++) {
        PROVE(entry->caller_wait == 0, "a free entry names no wait");
        listed |= 1u << (uint32_t)(entry->handle & REPLY_HANDLE_INDEX_MASK);
        entry = entry->next;
    }
    PROVE(!entry && listed == ((TABLES - 1) & ~held), "exactly the free ones are listed");
}

static void look_up(struct task *receiver, uint32_t held) {
    uint64_t name = nondet_u64();
    const struct reply_entry *entry = reply_find(receiver, name);
    bool owed = false;
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        owed = owed || ((held >> i & 1) != 0 && receiver->replies[i].handle == name);
    }
    PROVE((entry != 0) == owed, "found exactly if that answer is owed");
    PROVE(!entry || entry->handle == name, "and it is that entry");
}

static void call(struct task *receiver, uint32_t held) {
    const struct reply_entry *taken = receiver->reply_free;
    uint64_t handle = taken->handle;
    uint64_t before = atomic_load_u64(&caller.wait);
    call_give(receiver, &caller, WAIT_REPLY);
    uint64_t after = atomic_load_u64(&caller.wait);
    PROVE(receiver->regs.x[REG_A0 + 2] == handle && taken->handle == handle, "the handle it has");
    PROVE(taken->caller_wait == after && taken->task == &caller, "the wait that began");
    PROVE(wait_state_of(after) == WAIT_REPLY && wait_object_of(after) == receiver->index,
          "the caller waits for this receiver");
    PROVE(after >> 16 == ((before >> 16) + 1) << 16 >> 16, "a new wait");
    check(receiver, held | 1u << (uint32_t)(handle & REPLY_HANDLE_INDEX_MASK));
}

static void drop(struct task *receiver, uint32_t held, uint32_t index) {
    static struct kernel kernel;
    static struct hart hart;
    struct reply_entry *entry = &receiver->replies[index];
    uint64_t handle = entry->handle;
    uint64_t wanted = entry->caller_wait;
    uint64_t word = atomic_load_u64(&caller.wait);
    woken = 0;
    reply_drop(&kernel, &hart, receiver, entry);
    PROVE((woken == 1) == (word == wanted), "it wins exactly if that wait goes on");
    PROVE(woken <= 1 && atomic_load_u64(&caller.wait) == (woken == 1 ? wait_over(word) : word),
          "or nothing changes");
    PROVE(woken == 0 || caller.regs.x[REG_A0] == STATUS_PEER_CLOSED, "told that no answer comes");
    PROVE(entry->handle == handle + (UINT64_C(1) << REPLY_HANDLE_GENERATION_SHIFT),
          "the handle is used up");
    check(receiver, held & ~(1u << index));
}

// An answer: to the caller if it still waits so, otherwise to nobody.
static void give(struct task *receiver, uint32_t held, uint32_t index) {
    static struct hart hart;
    struct reply_entry *entry = &receiver->replies[index];
    uint64_t handle = entry->handle;
    uint64_t wanted = reply_word(entry);
    uint64_t word = atomic_load_u64(&caller.wait);
    uint64_t frame = nondet_u64();
    struct task *got = reply_give(&hart, receiver, entry, frame);
    PROVE((got != 0) == (word == wanted) && (!got || got == &caller),
          "the caller, exactly if that wait goes on");
    PROVE(atomic_load_u64(&caller.wait) == (got ? wait_over(word) : word), "or nothing changes");
    if (got) {
        const uint64_t *results = &caller.regs.x[REG_A0];
        PROVE(results[0] == STATUS_OK && results[1] == DELIVERY_HANDED_OVER && results[2] == 0 &&
                  results[3] == 0,
              "told that it was served");
    } else {
        PROVE(entry->handle == handle, "the handle stays until it is told that nobody waits");
        struct task *also = 0;
        PROVE(reply_unawaited(&hart, receiver, entry, frame, &also) == STATUS_PEER_CLOSED && !also,
              "which is told, and nobody is woken");
        PROVE(atomic_load_u64(&hart.counts.late_replies) == 1, "and counted");
        atomic_store_u64(&hart.counts.late_replies, 0);
    }
    PROVE(entry->handle == handle + (UINT64_C(1) << REPLY_HANDLE_GENERATION_SHIFT),
          "the handle is used up");
    check(receiver, held & ~(1u << index));
}

int main(void) {
    for (uint32_t held = 0; held < TABLES; held++) {
        static struct task receiver;
        caller.wait.raw = nondet_u64();
        table_make(&receiver, held);
        check(&receiver, held);
        for (uint32_t i = 0; GIVES && i < REPLY_SLOT_COUNT; i++) {
            if ((held >> i & 1) != 0) {
                caller.wait.raw = nondet_u64();
                table_make(&receiver, held);
                give(&receiver, held, i);
            }
        }
        if (GIVES) {
            continue;
        }
        if (held == 1) {
            look_up(&receiver, held);
        }
        if (held + 1 < TABLES) {
            call(&receiver, held);
        }
        for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
            if ((held >> i & 1) != 0) {
                caller.wait.raw = nondet_u64();
                table_make(&receiver, held);
                drop(&receiver, held, i);
            }
        }
    }
    return 0;
}
