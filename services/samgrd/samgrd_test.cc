// services/samgrd/samgrd_test.cc: instances come and go, requests wait, and full tables refuse.
#include "services/samgrd/samgrd.h"

#include <gtest/gtest.h>

namespace {

struct SamgrdTest : testing::Test {
    SamgrdTest() {
        samgrd_init(&samgrd);
    }
    uint64_t offered(uint64_t id, uint64_t slot) {
        return samgrd_offered(&samgrd, {id}, {slot}).value;
    }
    uint64_t find(uint64_t id) {
        return samgrd_find(&samgrd, {id}).value;
    }
    bool wait(uint64_t subject, uint64_t target) {
        const samgrd_waiting waiting = {
            subject, {target}, POLICY_CALL, {{subject}, {subject * 100}, 1}};
        return samgrd_wait(&samgrd, &waiting);
    }
    struct samgrd samgrd;
};

TEST_F(SamgrdTest, a_new_instance_replaces_the_one_before) {
    EXPECT_EQ(find(7), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(offered(7, 5), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(offered(8, 6), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(offered(7, 9), 5u);
    EXPECT_EQ(find(7), 9u);
    EXPECT_EQ(samgrd_service_count(&samgrd), 2u);
    EXPECT_EQ(samgrd_forget(&samgrd, {7}).value, 9u);
    EXPECT_EQ(find(7), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(samgrd_forget(&samgrd, {7}).value, static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(find(8), 6u);
}

TEST_F(SamgrdTest, test_reject_more_services_than_places) {
    for (uint64_t i = 1; i <= SAMGRD_SERVICE_MAX; i++) {
        ASSERT_EQ(offered(i, i + 100), static_cast<uint64_t>(CAP_SLOT_NONE));
    }
    EXPECT_EQ(offered(99, 50), 50u);
    EXPECT_EQ(find(99), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(offered(3, 51), 103u);
}

TEST_F(SamgrdTest, test_reject_nobody) {
    EXPECT_EQ(offered(0, 5), 5u);
    EXPECT_EQ(find(0), static_cast<uint64_t>(CAP_SLOT_NONE));
    EXPECT_EQ(samgrd_service_count(&samgrd), 0u);
}

TEST_F(SamgrdTest, who_waits_is_taken_once_and_in_order) {
    ASSERT_TRUE(wait(1, 7));
    ASSERT_TRUE(wait(2, 8));
    ASSERT_TRUE(wait(3, 7));
    samgrd_waiting out;
    ASSERT_TRUE(samgrd_take(&samgrd, {7}, &out));
    EXPECT_EQ(out.subject, 1u);
    EXPECT_EQ(out.call.nonce.value, 100u);
    ASSERT_TRUE(samgrd_take(&samgrd, {7}, &out));
    EXPECT_EQ(out.subject, 3u);
    EXPECT_FALSE(samgrd_take(&samgrd, {7}, &out));
}

TEST_F(SamgrdTest, who_left_waits_no_more) {
    ASSERT_TRUE(wait(1, 7));
    ASSERT_TRUE(wait(2, 7));
    samgrd_left(&samgrd, {1});
    samgrd_left(&samgrd, {9});
    samgrd_waiting out;
    ASSERT_TRUE(samgrd_take(&samgrd, {7}, &out));
    EXPECT_EQ(out.subject, 2u);
    EXPECT_FALSE(samgrd_take(&samgrd, {7}, &out));
}

TEST_F(SamgrdTest, test_reject_more_waiting_than_places) {
    for (uint64_t i = 1; i <= SAMGRD_WAITING_MAX; i++) {
        ASSERT_TRUE(wait(i, 7));
    }
    EXPECT_FALSE(wait(99, 7));
    samgrd_waiting out;
    ASSERT_TRUE(samgrd_take(&samgrd, {7}, &out));
    EXPECT_TRUE(wait(99, 7));
}

}  // namespace
