// tools/mkimage/sends_test.cc: who may send to an endpoint, and when that is more than it has room
// for.
#include "tools/mkimage/sends.h"

#include <gtest/gtest.h>

namespace mkimage {
namespace {

constexpr const char *EMPTY = "";

// Service `to`, whose endpoint has `words`, then aa, bb, cc and dd, each with these lines.
std::string messages_of(const std::string &to, const std::string &words, const std::string &lines,
                        const std::vector<allowed_send> &sends = {}) {
    std::string text = "service " + to + "\nslot 3 endpoint recv" + words + "\n";
    for (const char *name : {"aa", "bb", "cc", "dd"}) {
        text += std::string("service ") + name + "\nfinal\n" + lines;
    }
    text += "service zz\nmanual\n";
    const manifest_result result =
        manifest_read(text, {.programs = {to, "aa", "bb", "cc", "dd", "zz"}, .sends = sends});
    std::string out;
    for (const mistake &what : result.mistakes) {
        out += mistake_text("m", what);
    }
    return out;
}

const char *const TO_RX = "slot 4 route rx send\n";

std::string too_many(const std::string &to, const std::string &count, const std::string &names) {
    return "m:2:6: `" + to + "` has room for the sends of 3, and " + count +
           " may send to it: " + names + "; `crowded` says that its senders may be refused";
}

TEST(Sends, three_have_room) {
    const std::vector<allowed_send> three = {{"aa", "rx"}, {"bb", "rx"}, {"cc", "rx"}};
    EXPECT_EQ(messages_of("rx", "", "", three), EMPTY);
    EXPECT_EQ(messages_of("rx", "", "slot 4 route rx call\n", three), EMPTY);
    EXPECT_EQ(messages_of("rx", "", "", {{"aa", "bb"}, {"bb", "aa"}, {"cc", "aa"}, {"dd", "aa"}}),
              EMPTY)
        << "without an endpoint";
}

TEST(Sends, who_has_two_ways_counts_once) {
    const std::vector<allowed_send> again = {
        {"aa", "rx"}, {"aa", "rx"}, {"bb", "rx"}, {"cc", "rx"}};
    EXPECT_EQ(messages_of("rx", "", "", again), EMPTY);
    EXPECT_EQ(messages_of("rx", " crowded", TO_RX), EMPTY);
}

TEST(Sends, test_reject_more_senders_than_there_is_room_for) {
    EXPECT_EQ(messages_of("rx", "", TO_RX), too_many("rx", "4", "aa, bb, cc, dd"));
    EXPECT_EQ(messages_of("rx", "", "", {{"aa", "rx"}, {"bb", "rx"}, {"cc", "rx"}, {"dd", "rx"}}),
              too_many("rx", "4", "aa, bb, cc, dd"));
    EXPECT_EQ(messages_of("rx", " send", "", {{"aa", "rx"}, {"bb", "rx"}, {"cc", "rx"}}),
              too_many("rx", "4", "rx, aa, bb, cc"));
}

TEST(Sends, test_reject_three_senders_beside_init) {
    const std::vector<allowed_send> three = {{"aa", "logd"}, {"bb", "logd"}, {"cc", "logd"}};
    EXPECT_EQ(messages_of("logd", "", "", three), too_many("logd", "4", "init, aa, bb, cc"));
    EXPECT_EQ(messages_of("logd", " crowded", "", three), EMPTY);
}

TEST(Sends, test_reject_senders_that_may_run_more_than_once) {
    EXPECT_EQ(messages_of("rx", "", "", {{"@greet", "rx"}}),
              too_many("rx", "any number", "@greet"));
    EXPECT_EQ(messages_of("rx", "", "", {{"zz", "rx"}}), too_many("rx", "any number", "zz"));
    EXPECT_EQ(messages_of("rx", " crowded", "", {{"@greet", "rx"}}), EMPTY);
}

TEST(Sends, test_reject_crowded_route) {
    EXPECT_EQ(messages_of("rx", "", "", {}), EMPTY);
    EXPECT_EQ(
        manifest_read("service aa\nfinal\nslot 1 route init call crowded\n", {.programs = {"aa"}})
            .mistakes.at(0)
            .message,
        "`crowded` is no right of a capability of kind `route`");
}

}  // namespace
}  // namespace mkimage
