// services/policyd/audit_book.c: see audit_book.h.
#include "services/policyd/audit_book.h"

void audit_book_init(struct audit_book *book) {
    *book = (struct audit_book){.forgotten = 0};
}

const struct audit_subject *audit_book_find(const struct audit_book *book, uint64_t subject) {
    for (uint32_t i = 0; i < AUDIT_SUBJECT_MAX; i++) {
        if (subject != 0 && book->subjects[i].last.subject == subject) {
            return &book->subjects[i];
        }
    }
    return 0;
}

static bool came_before(const struct audit_subject *one, const struct audit_subject *other) {
    bool free = one->last.subject == 0;
    bool other_free = other->last.subject == 0;
    return free != other_free ? free : one->denied_ns < other->denied_ns;
}

// The subject's place; a new one is free, or that of who was denied longest ago.
static struct audit_subject *place_of(struct audit_book *book, uint64_t subject, uint64_t now_ns) {
    struct audit_subject *oldest = &book->subjects[0];
    for (uint32_t i = 0; i < AUDIT_SUBJECT_MAX; i++) {
        struct audit_subject *one = &book->subjects[i];
        if (one->last.subject == subject) {
            return one;
        }
        oldest = came_before(one, oldest) ? one : oldest;
    }
    book->forgotten += oldest->last.subject != 0;
    *oldest = (struct audit_subject){
        .last = {.subject = subject}, .refilled_ns = now_ns, .left = AUDIT_BURST};
    return oldest;
}

static void refill(struct audit_subject *of, uint64_t now_ns) {
    uint64_t earned = (now_ns - of->refilled_ns) / AUDIT_REFILL_NS;
    if (earned >= AUDIT_BURST - of->left) {
        of->left = AUDIT_BURST;
        of->refilled_ns = now_ns;
        return;
    }
    of->left += (uint32_t)earned;
    of->refilled_ns += earned * AUDIT_REFILL_NS;
}

bool audit_book_denied(struct audit_book *book, const struct audit_denial *denial, uint64_t now_ns,
                       uint64_t *before) {
    struct audit_subject *of = place_of(book, denial->subject, now_ns);
    bool same = of->denied != 0 && of->last.object == denial->object &&
                of->last.action == denial->action && now_ns - of->said_ns < AUDIT_REFILL_NS;
    refill(of, now_ns);
    of->last = *denial;
    of->denied_ns = now_ns;
    of->denied++;
    if (same || of->left == 0) {
        of->unsaid++;
        of->since++;
        return false;
    }
    of->left--;
    of->said_ns = now_ns;
    *before = of->since;
    of->since = 0;
    return true;
}
