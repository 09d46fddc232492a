// testing/cbmc/cap_ops.c: capabilities of one table, which holds anything: looked up, copied,
// minted and given up with any arguments. Rights only shrink, what must not leave does not,
// references are counted once, and a refusal changes nothing. (Which slot is named does not matter
// to the code, so the source is slot 1 or no slot, and the grant slot 2 or none.)
#include "kernel/core/cap_ops.c"

#include "testing/cbmc/prove.h"

static struct kernel kernel;
static struct hart hart;
static struct task task;
static struct capability before[CAP_SLOT_COUNT];
static uint64_t free_before;

// What the rest of the kernel is told.
static int32_t senders, tasks, vmos, grants, ended;

void endpoint_sender_add(struct hart *on, const struct capability *cap) {
    (void)on, (void)cap;
    senders++;
}
void endpoint_sender_drop(struct kernel *unused, struct hart *on, struct endpoint *endpoint,
                          uint32_t generation) {
    (void)unused, (void)on, (void)endpoint, (void)generation;
    senders--;
}
void task_reference(struct task *named) {
    (void)named;
    tasks++;
}
void task_release(struct kernel *unused, struct hart *on, struct task *named) {
    (void)unused, (void)on, (void)named;
    tasks--;
}
void vmo_reference(struct vmo *vmo) {
    (void)vmo;
    vmos++;
}
void vmo_release(struct kernel *unused, struct hart *on, struct vmo *vmo) {
    (void)unused, (void)on, (void)vmo;
    vmos--;
}
void grant_reference(struct kernel *unused, uint32_t grant) {
    (void)unused, (void)grant;
    grants++;
}
void grant_release(struct kernel *unused, struct hart *on, uint32_t grant) {
    (void)unused, (void)on, (void)grant;
    grants--;
}
enum status endpoint_end(struct kernel *unused, struct hart *on, uint32_t index,
                         uint32_t generation) {
    (void)unused, (void)on, (void)index, (void)generation;
    ended++;
    return STATUS_OK;
}
void home_leave(struct kernel *unused, struct task *of, const struct capability *left) {
    (void)unused, (void)of, (void)left;
}
void task_kill(struct kernel *unused, struct hart *on, struct task *named) {
    (void)unused, (void)on, (void)named;
}
bool image_has_service(const struct kernel *unused, uint64_t service_id) {
    (void)unused, (void)service_id;
    return nondet_bool();
}
enum status device_mint(const struct kernel *unused, const struct capability *cap, uint64_t badge,
                        uint64_t rights) {
    (void)unused, (void)badge;
    return (rights & ~(uint64_t)cap_rights_of(cap)) == 0 && nondet_bool() ? STATUS_OK
                                                                          : STATUS_DENIED;
}

// Slot 1 belongs to the family `family`, or with 0 to none, each other slot to one of its own.
struct task *syscall_give_back(struct kernel *unused, struct hart *on, struct task *current) {
    (void)unused, (void)on;
    return current;
}

static void table_make(uint32_t family) {
    task.caps_all = ((UINT64_C(1) << (CAP_SLOT_COUNT - 1)) - 1) << 1;
    task.caps_free = 0;
    for (uint32_t i = 0; i < CAP_SLOT_COUNT; i++) {
        enum cap_kind kind = (enum cap_kind)any_below(CAP_KIND_COUNT);
        uint32_t rights = nondet_u16() & 0x3f;
        GIVEN(kind != CAP_REPLY && (i != CAP_SLOT_NONE || kind == CAP_NONE));
        // Of an empty slot only the head counts.
        uint32_t grant = i == 1 ? family : i % (MAX_GRANTS + 1);
        task.caps[i] = (struct capability){.object = (uint16_t)(i % MAX_TASKS),
                                           .grant = (uint16_t)grant,
                                           .generation = nondet_u32(),
                                           .epoch = grant == 0 ? 0 : nondet_u32(),
                                           .badge = nondet_u64()};
        task.caps[i].head = kind == CAP_NONE ? 0 : cap_head(kind, rights);
        task.caps_free |= kind == CAP_NONE && i != CAP_SLOT_NONE ? UINT64_C(1) << i : 0;
        before[i] = task.caps[i];
    }
    free_before = task.caps_free;
    for (uint32_t i = 1; i <= MAX_GRANTS; i++) {
        kernel.grant_epochs[i].raw = nondet_u32();
    }
}

static bool same(const struct capability *a, const struct capability *b) {
    return a->head == b->head && a->object == b->object && a->grant == b->grant &&
           a->generation == b->generation && a->epoch == b->epoch && a->badge == b->badge;
}

// All slots but `changed` are as they were.
static void check_others(uint32_t changed) {
    for (uint32_t i = 0; i < CAP_SLOT_COUNT; i++) {
        PROVE(i == changed || same(&task.caps[i], &before[i]), "no other slot changes");
    }
}

static void lookup(uint64_t slot) {
    enum cap_kind kind = (enum cap_kind)(1 + any_below(CAP_KIND_COUNT - 1));
    uint32_t rights = nondet_u16() & 0x3f;
    struct capability *cap = 0;
    enum status status = cap_lookup(&task, slot, kind, rights, &cap);
    if (slot >= CAP_SLOT_COUNT) {
        PROVE(status == STATUS_BAD_CAP, "no such slot");
        return;
    }
    const struct capability *held = &before[slot];
    bool is_kind = cap_kind_of(held) == kind;
    bool has = (cap_rights_of(held) & rights) == rights;
    PROVE((status == STATUS_OK) == (is_kind && has), "that kind, with all of the rights");
    PROVE((status == STATUS_DENIED) == (is_kind && !has), "a right is missing");
    PROVE(cap_can_call(held) ==
                  (cap_kind_of(held) == CAP_ENDPOINT && (cap_rights_of(held) & RIGHT_CALL) != 0) &&
              cap_can_receive(held) ==
                  (cap_kind_of(held) == CAP_ENDPOINT && (cap_rights_of(held) & RIGHT_RECV) != 0),
          "the signs of a head say what its rights say");
}

// A copy came into a free slot, or nothing changed.
static void copy(uint64_t source, bool mints, uint64_t grant_slot) {
    const uint64_t args[4] = {source, nondet_u64(), nondet_u64(), grant_slot};
    for (uint32_t i = 0; i < 4; i++) {
        task.regs.x[REG_A0 + i] = args[i];
    }
    const struct task *next =
        mints ? syscall_cap_mint(&kernel, &hart, &task) : syscall_cap_clone(&kernel, &hart, &task);
    PROVE(next == &task, "it does not wait");
    if (task.regs.x[REG_A0] != STATUS_OK) {
        check_others(CAP_SLOT_NONE);
        PROVE(task.caps_free == free_before && senders == 0 && tasks == 0 && vmos == 0 && !grants,
              "a refusal changes nothing");
        return;
    }
    uint64_t slot = task.regs.x[REG_A0 + 1];
    PROVE(slot < CAP_SLOT_COUNT && args[0] < CAP_SLOT_COUNT, "slots of the table");
    GIVEN(slot < CAP_SLOT_COUNT && args[0] < CAP_SLOT_COUNT);
    PROVE(
        (free_before >> slot & 1) != 0 && task.caps_free == (free_before & ~(UINT64_C(1) << slot)),
        "a free slot is taken");
    check_others((uint32_t)slot);
    const struct capability *from = &before[args[0]];
    const struct capability *to = &task.caps[slot];
    enum cap_kind kind = cap_kind_of(from);
    uint32_t rights = cap_rights_of(to);
    PROVE(
        cap_kind_of(to) == kind && to->object == from->object && to->generation == from->generation,
        "the same object");
    PROVE((rights & ~cap_rights_of(from)) == 0 || (mints && kind == CAP_ENDPOINT),
          "rights only shrink");
    PROVE(rights != 0 && rights == args[mints ? 2 : 1], "the rights that were asked for");
    PROVE(kind != CAP_ENDPOINT || (rights & (RIGHT_RECV | RIGHT_MANAGE)) == 0,
          "RECV and MANAGE are not copied");
    PROVE(kind != CAP_GRANT || (rights & RIGHT_REVOKE) == 0, "REVOKE is not copied");
    if (mints) {
        PROVE(kind == CAP_ENDPOINT || kind == CAP_FACTORY || kind == CAP_DEVICE, "is minted");
        PROVE(to->badge == args[1], "the badge that was asked for");
        PROVE(
            kind != CAP_ENDPOINT || ((cap_rights_of(from) & RIGHT_MINT) != 0 && from->grant == 0 &&
                                     (rights & ~(uint32_t)RIGHTS_SENDER) == 0),
            "MINT makes senders, and not from a minted one");
        if (kind == CAP_ENDPOINT && args[3] != CAP_SLOT_NONE) {
            GIVEN(args[3] < CAP_SLOT_COUNT);
            const struct capability *grant = &before[args[3]];
            PROVE(cap_kind_of(grant) == CAP_GRANT &&
                      (cap_rights_of(grant) & RIGHT_MINT_UNDER) != 0 && to->grant == grant->grant &&
                      to->epoch == grant->epoch,
                  "born into the family of that grant");
        }
    } else {
        PROVE(kind != CAP_FACTORY && kind != CAP_DEVICE, "is not cloned");
        PROVE(to->grant == from->grant && to->epoch == from->epoch && to->badge == from->badge,
              "a copy stays in its family");
    }
    uint32_t epochs[MAX_GRANTS + 1];
    for (uint32_t i = 0; i <= MAX_GRANTS; i++) {
        epochs[i] = kernel.grant_epochs[i].raw;
    }
    PROVE(epochs[to->grant] == to->epoch || (mints && kind != CAP_ENDPOINT),
          "of a family that lives");
    PROVE(senders == (cap_sends(to) ? 1 : 0) && tasks == (kind == CAP_TASK) &&
              vmos == (kind == CAP_VMO) && grants == (to->grant != 0),
          "counted once");
}

static void close(uint64_t name) {
    task.regs.x[REG_A0] = name;
    const struct task *next = syscall_cap_close(&kernel, &hart, &task);
    PROVE(next == &task, "it goes on");
    if (task.regs.x[REG_A0] != STATUS_OK) {
        check_others(CAP_SLOT_NONE);
        PROVE(name >= CAP_SLOT_COUNT || before[name].head == 0, "refused only if it is empty");
        return;
    }
    GIVEN(name < CAP_SLOT_COUNT);
    const struct capability *from = &before[name];
    check_others((uint32_t)name);
    PROVE(task.caps[name].head == 0 && task.caps_free == (free_before | UINT64_C(1) << name),
          "the slot is free");
    PROVE(senders == (cap_sends(from) ? -1 : 0) && tasks == -(cap_kind_of(from) == CAP_TASK) &&
              vmos == -(cap_kind_of(from) == CAP_VMO) && grants == -(from->grant != 0),
          "given up once");
    bool receives = cap_kind_of(from) == CAP_ENDPOINT && (cap_rights_of(from) & RIGHT_RECV) != 0;
    PROVE(ended == (receives ? 1 : 0), "an endpoint ends with its RECV");
}

static void clone_or_close(uint32_t family) {
    table_make(family);
    if (nondet_bool()) {
        copy(1, false, CAP_SLOT_NONE);
    } else {
        close(1);
    }
}

// Two proofs, for one takes too long: MINTS is false or true.
int main(void) {
    const uint64_t no_slot = (UINT64_C(1) << 32) + 1;
    uint32_t what = any_below(3);
    if (what == 0) {
        table_make(0);
        if (!MINTS) {
            lookup(1);
            lookup(CAP_SLOT_COUNT);
            lookup(no_slot);
        }
        copy(no_slot, MINTS, CAP_SLOT_NONE);
    } else if (!MINTS) {
        if (what == 1) {
            clone_or_close(0);
        } else {
            clone_or_close(1);
        }
    } else if (what == 1) {
        table_make(0);
        copy(1, true, nondet_bool() ? 2 : CAP_SLOT_NONE);
    } else {
        table_make(1);
        copy(1, true, CAP_SLOT_NONE);
    }
    return 0;
}
