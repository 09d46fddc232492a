// tools/trace/flame_test.cc: whose time is whose.
#include "tools/trace/flame.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ipc/wire/wire.h"

namespace {

constexpr std::uint32_t CLIENT = 7;
constexpr std::uint32_t SERVER = 8;
constexpr std::uint32_t BACK = 9;

struct happening {
    std::uint64_t time_ns;
    event_kind kind;
    std::uint32_t task;
    std::uint32_t peer = 0;
    std::uint64_t sequence = 0;
    std::uint8_t hart = 0;
};

const std::map<std::uint64_t, std::string> names = {{1, "client"}, {2, "server"}, {3, "back"}};

const std::vector<happening> starts = {
    {1, EVENT_START, CLIENT, 1, 1}, {2, EVENT_START, SERVER, 1, 2}, {3, EVENT_START, BACK, 1, 3}};

std::string folded(std::vector<happening> list) {
    list.insert(list.begin(), starts.begin(), starts.end());
    std::vector<trace_event> events;
    for (const happening &what : list) {
        trace_event event = {};
        event.time_ns = what.time_ns;
        event.kind = static_cast<std::uint8_t>(what.kind);
        event.hart = what.hart;
        event.type = WIRE_TYPE(WIRE_PROTOCOL_ECHO, 1, WIRE_VIA_NONE);
        event.task = what.task;
        event.peer = what.peer;
        event.sequence = what.sequence;
        events.push_back(event);
    }
    std::ostringstream out;
    trace::print_folded(trace::flame_of(trace::model_of(events, names)), out);
    return out.str();
}

TEST(Flame, what_a_server_asks_in_turn_is_below_it) {
    EXPECT_EQ(folded({{100, EVENT_SWITCH, CLIENT},
                      {110, EVENT_CALL, CLIENT, SERVER, 5},
                      {130, EVENT_CALL, SERVER, BACK, 6},
                      {170, EVENT_REPLY, BACK, SERVER, 6},
                      {250, EVENT_REPLY, SERVER, CLIENT, 5},
                      {251, EVENT_SWITCH, 0, CLIENT}}),
              "client 11\n"
              "client;server echo ECHO 100\n"
              "client;server echo ECHO;back echo ECHO 40\n");
}

TEST(Flame, who_owes_nothing_works_for_itself) {
    EXPECT_EQ(folded({{100, EVENT_SWITCH, SERVER},
                      {107, EVENT_SWITCH, CLIENT, SERVER},
                      {110, EVENT_CALL, CLIENT, SERVER, 5},
                      {130, EVENT_REPLY, SERVER, CLIENT, 5},
                      {131, EVENT_SWITCH, SERVER, CLIENT},
                      {141, EVENT_SWITCH, 0, SERVER}}),
              "client 4\n"
              "client;server echo ECHO 20\n"
              "server 17\n");
}

TEST(Flame, a_kept_call_gets_what_is_done_after_a_later_one_has_left) {
    EXPECT_EQ(folded({{100, EVENT_SWITCH, CLIENT},
                      {100, EVENT_SWITCH, BACK, 0, 0, 1},
                      {110, EVENT_CALL, CLIENT, SERVER, 5},
                      {111, EVENT_WAKE, SERVER, CLIENT},
                      {111, EVENT_SWITCH, SERVER, CLIENT},
                      {120, EVENT_CALL, BACK, SERVER, 6, 1},
                      {121, EVENT_WAKE, SERVER, BACK, 0, 1},
                      {122, EVENT_SWITCH, 0, BACK, 0, 1},
                      {140, EVENT_REPLY, SERVER, BACK, 6},
                      {141, EVENT_WAKE, BACK, SERVER},
                      {150, EVENT_SWITCH, 0, SERVER}}),
              "back 22\n"
              "back;server echo ECHO 20\n"
              "client 11\n"
              "client;server echo ECHO 19\n");
}

TEST(Flame, a_call_answered_at_once_leaves_nothing_behind) {
    EXPECT_EQ(folded({{100, EVENT_SWITCH, CLIENT},
                      {110, EVENT_CALL, CLIENT, SERVER, 5},
                      {110, EVENT_REPLY, SERVER, CLIENT, 5},
                      {120, EVENT_SWITCH, SERVER, CLIENT},
                      {125, EVENT_SWITCH, 0, SERVER}}),
              "client 20\n"
              "server 5\n");
}

TEST(Flame, an_empty_run) {
    EXPECT_EQ(trace::flame_ns(trace::flame_of(trace::model{})), 0U);
}

}  // namespace
