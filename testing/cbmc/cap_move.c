// testing/cbmc/cap_move.c: a capability that rides on a frame: of any table, any slot. What must
// not leave does not; what leaves is in exactly one place.
#include "kernel/core/cap_move.c"

#include "testing/cbmc/prove.h"

static struct kernel kernel;
static struct task sender;
static struct task receiver;
static struct message_area out;
static struct message_area in;

void cap_release_sent(struct kernel *unused, struct hart *hart, const struct capability *cap) {
    (void)unused, (void)hart, (void)cap;
}

static bool same(const struct capability *a, const struct capability *b) {
    return a->head == b->head && a->object == b->object && a->grant == b->grant &&
           a->generation == b->generation && a->epoch == b->epoch && a->badge == b->badge &&
           a->endpoint == b->endpoint;
}

// The kinds and rights that never travel, once more.
static bool must_stay(const struct capability *cap) {
    uint32_t rights = cap_rights_of(cap);
    enum cap_kind kind = cap_kind_of(cap);
    return kind == CAP_FACTORY || kind == CAP_DEVICE ||
           (kind == CAP_ENDPOINT && (rights & (RIGHT_RECV | RIGHT_MANAGE)) != 0) ||
           (kind == CAP_GRANT && (rights & RIGHT_REVOKE) != 0);
}

static void move(uint32_t slot) {
    const struct capability before = sender.caps[slot];
    enum status status = cap_move_check(&kernel, &sender, slot);
    PROVE((status == STATUS_BAD_CAP) == (before.head == 0), "an empty slot");
    PROVE(status != STATUS_OK || !must_stay(&before), "factory authority never travels");
    PROVE(status != STATUS_OK || !cap_is_stale(&kernel, &before), "nor what was revoked");
    PROVE(!cap_moves_freely(&kernel, &sender, slot) || status == STATUS_OK,
          "the short check lets nothing pass that the whole one refuses");
    PROVE(same(&sender.caps[slot], &before), "a check changes nothing");
    if (status != STATUS_OK) {
        return;
    }
    uint64_t free_before = sender.caps_free;
    receiver.caps_free = UINT64_C(1) << (CAP_SLOT_COUNT - 1);
    cap_hand_over(&sender, slot, &out, &receiver, &in);
    PROVE(sender.caps[slot].head == 0, "it has left");
    PROVE(sender.caps_free == (free_before | UINT64_C(1) << slot), "its slot is free");
    PROVE(out.meta.slot == CAP_SLOT_NONE, "the sender sees that it has left");
    PROVE(same(&receiver.caps[CAP_SLOT_COUNT - 1], &before), "it has come, as it was");
    PROVE(receiver.caps_free == 0 && in.meta.slot == CAP_SLOT_COUNT - 1, "into the free slot");
}

static void any_capability(uint32_t family) {
    for (uint32_t i = 1; i <= MAX_GRANTS; i++) {
        kernel.grant_epochs[i].raw = nondet_u32();
    }
    kernel.tasks[0].state.raw = nondet_u32();
    sender.caps_free = nondet_u64();
    // Nobody makes a capability without any right (cap_ops.c, task_ops.c).
    enum cap_kind kind = (enum cap_kind)any_below(CAP_KIND_COUNT);
    uint32_t rights = 1 + any_below(0x3f);
    GIVEN(family == 0 || kind == CAP_ENDPOINT || kind == CAP_GRANT);
    uint32_t head = kind == CAP_NONE ? 0 : cap_head(kind, rights);
    sender.caps[1] = (struct capability){.head = head,
                                         .grant = (uint16_t)family,
                                         .generation = nondet_u32(),
                                         .epoch = family == 0 ? 0 : nondet_u32(),
                                         .badge = nondet_u64()};
    GIVEN((sender.caps_free >> 1 & 1) == (sender.caps[1].head == 0));
}

int main(void) {
    any_capability(0);
    move(1);
    any_capability(1);
    move(1);
    PROVE(cap_move_check(&kernel, &sender, CAP_SLOT_COUNT) == STATUS_BAD_CAP &&
              cap_move_check(&kernel, &sender, (UINT64_C(1) << 32) + 1) == STATUS_BAD_CAP,
          "no such slot");
    return 0;
}
