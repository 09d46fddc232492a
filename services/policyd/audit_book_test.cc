// services/policyd/audit_book_test.cc: each subject has a budget of its own in the journal.
#include "services/policyd/audit_book.h"

#include <gtest/gtest.h>

namespace {

struct AuditBook : testing::Test {
    AuditBook() {
        audit_book_init(&book);
    }
    bool denied(uint64_t subject, uint64_t object, uint64_t now_ns) {
        const audit_denial denial = {subject, object, 0};
        before = UINT64_MAX;
        return audit_book_denied(&book, &denial, now_ns, &before);
    }
    struct audit_book book;
    uint64_t before = 0;
};

TEST_F(AuditBook, equal_ones_in_a_row_are_said_once_and_counted) {
    EXPECT_TRUE(denied(1, 7, 100));
    EXPECT_EQ(before, 0u);
    for (int i = 0; i < 5; i++) {
        EXPECT_FALSE(denied(1, 7, 200));
    }
    EXPECT_TRUE(denied(2, 7, 300));  // Of another subject, which says nothing of the first.
    EXPECT_EQ(before, 0u);
    EXPECT_TRUE(denied(1, 8, 300));
    EXPECT_EQ(before, 5u);
    EXPECT_TRUE(denied(1, 7, 300));
    EXPECT_EQ(before, 0u);
    const audit_subject *one = audit_book_find(&book, 1);
    ASSERT_NE(one, nullptr);
    EXPECT_EQ(one->denied, 8u);
    EXPECT_EQ(one->unsaid, 5u);
    EXPECT_EQ(one->last.object, 7u);
}

TEST_F(AuditBook, equal_ones_are_said_again_after_a_while) {
    EXPECT_TRUE(denied(1, 7, 100));
    EXPECT_FALSE(denied(1, 7, 99 + AUDIT_REFILL_NS));
    EXPECT_TRUE(denied(1, 7, 100 + AUDIT_REFILL_NS));
    EXPECT_EQ(before, 1u);
}

TEST_F(AuditBook, test_reject_more_than_a_subjects_budget) {
    for (uint64_t i = 0; i < AUDIT_BURST; i++) {
        EXPECT_TRUE(denied(1, 10 + i, 0)) << i;
    }
    for (uint64_t i = 0; i < 1000; i++) {
        EXPECT_FALSE(denied(1, 100 + i, i));
    }
    EXPECT_TRUE(denied(2, 10, 1000));  // The budget of another is whole.
    EXPECT_TRUE(denied(1, 9, AUDIT_REFILL_NS));
    EXPECT_EQ(before, 1000u);
    EXPECT_FALSE(denied(1, 8, AUDIT_REFILL_NS));
    // However long it was quiet: no more than a burst.
    uint64_t said = 0;
    for (uint64_t i = 0; i < 100; i++) {
        said += denied(1, 10 + i, 1000 * AUDIT_REFILL_NS);
    }
    EXPECT_EQ(said, 0u + AUDIT_BURST);
}

TEST_F(AuditBook, of_too_many_subjects_who_was_denied_longest_ago_makes_room) {
    for (uint64_t subject = 1; subject <= AUDIT_SUBJECT_MAX; subject++) {
        EXPECT_TRUE(denied(subject, 7, subject));
    }
    EXPECT_TRUE(denied(1, 8, 1000));
    EXPECT_EQ(book.forgotten, 0u);
    EXPECT_TRUE(denied(500, 7, 1001));
    EXPECT_EQ(book.forgotten, 1u);
    EXPECT_NE(audit_book_find(&book, 1), nullptr);
    EXPECT_EQ(audit_book_find(&book, 2), nullptr);
    EXPECT_EQ(audit_book_find(&book, 0), nullptr);
}

}  // namespace
