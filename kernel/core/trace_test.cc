// kernel/core/trace_test.cc: what is recorded while tracing is on, what a reader gets of it, and
// that a call and its answer pair up on the fast path and beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernel/abi/stats.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t AT = 4;      // Where a child finds the endpoint of init.
constexpr std::uint32_t GO = 6;      // Its own, at which it may be notified.
constexpr std::uint64_t ROOM = 126;  // Of a ring of one page; two places are never trusted.

void set_tracing(bool on) {
    EXPECT_EQ(sys_kernel_stats(STATS, STATS_TRACE_SET, on ? 1 : 0, 0).status, STATUS_OK);
}

// Everything that hart still has from number `from` on; *lost counts what it has not.
std::vector<trace_event> events_of(const user &self, std::uint64_t hart, std::uint64_t from = 0,
                                   std::uint64_t *lost = nullptr) {
    std::vector<trace_event> all;
    stats_result got{};
    do {
        got = sys_kernel_stats(STATS, STATS_TRACE_READ, hart, from);
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_LE(got.count, STATS_EVENT_MAX);
        EXPECT_EQ(got.next, from + got.lost + got.count);
        for (std::uint64_t i = 0; i < got.count; i++) {
            trace_event one;
            std::memcpy(&one, &self.page->stats[i * sizeof(one) / 8], sizeof(one));
            all.push_back(one);
        }
        if (lost != nullptr) {
            *lost += got.lost;
        }
        from = got.next;
    } while (got.count == STATS_EVENT_MAX);
    return all;
}

std::vector<trace_event> all_events(const user &self) {
    std::vector<trace_event> all;
    for (std::uint32_t hart = 0; hart < sim_hart_count(); hart++) {
        for (const trace_event &one : events_of(self, hart)) {
            EXPECT_EQ(one.hart, hart);
            all.push_back(one);
        }
    }
    return all;
}

std::vector<trace_event> of_kind(const std::vector<trace_event> &all, event_kind kind) {
    std::vector<trace_event> out;
    for (const trace_event &one : all) {
        if (one.kind == kind) {
            out.push_back(one);
        }
    }
    return out;
}

bool has(const std::vector<trace_event> &all, event_kind kind, std::uint32_t task,
         std::uint32_t peer) {
    for (const trace_event &one : of_kind(all, kind)) {
        if (one.task == task && one.peer == peer) {
            return true;
        }
    }
    return false;
}

std::uint32_t instance_of(slot task) {
    return task_query_instance(sys_cap_query(task).value);
}

TEST(Trace, is_off_until_it_is_turned_on) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        EXPECT_EQ(sys_ipc_notify(at), STATUS_OK);
        EXPECT_EQ(all_events(init).size(), 0u);
        EXPECT_EQ(sys_kernel_stats(STATS, STATS_TRACE_SET, 1, 0).count, 0u);
        EXPECT_EQ(sys_kernel_stats(STATS, STATS_TRACE_SET, 1, 0).count, 1u);
        EXPECT_EQ(sys_ipc_notify(at), STATUS_OK);
        EXPECT_EQ(sys_kernel_stats(STATS, STATS_TRACE_SET, 0, 0).count, 1u);
        std::size_t seen = all_events(init).size();
        EXPECT_GE(seen, 1u);
        EXPECT_EQ(sys_ipc_notify(at), STATUS_OK);
        EXPECT_EQ(all_events(init).size(), seen);
        EXPECT_TRUE(has(all_events(init), EVENT_NOTIFY, init.instance, 0));
    });
}

// On the fast path and on the complete one (machine.run mixes), on one hart and between two.
TEST(Trace, a_call_and_its_answer_pair_up) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        for (std::uint16_t i = 0; i < 5; i++) {
            fill(self.page->call_out, static_cast<std::uint16_t>(100 + i), std::string(i, 'x'));
            EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_OK);
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        set_tracing(true);
        slot client = start("client", {{at, AT, RIGHT_CALL}});
        std::uint32_t instance = instance_of(client);
        recv_result got = sys_ipc_recv(at, UINT64_MAX);
        for (int i = 1; i < 5; i++) {
            fill(init.page->reply_out, static_cast<std::uint16_t>(200 + i), "well");
            got = sys_ipc_reply_recv(got.reply, at, UINT64_MAX);
            EXPECT_EQ(got.received, RECEIVED_CALL);
        }
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(wait_dead(client).reason, EXIT_CODE);
        set_tracing(false);
        std::vector<trace_event> all = all_events(init);
        std::vector<trace_event> calls = of_kind(all, EVENT_CALL);
        std::vector<trace_event> replies = of_kind(all, EVENT_REPLY);
        ASSERT_EQ(calls.size(), 5u);
        ASSERT_EQ(replies.size(), 5u);
        for (std::uint32_t i = 0; i < 5; i++) {
            EXPECT_EQ(calls[i].task, instance);
            EXPECT_EQ(calls[i].peer, init.instance);
            EXPECT_EQ(calls[i].bytes, i);
            EXPECT_EQ(calls[i].type, 100 + i);
            EXPECT_EQ(replies[i].task, init.instance);
            EXPECT_EQ(replies[i].peer, instance);
            EXPECT_EQ(replies[i].sequence, calls[i].sequence);
            EXPECT_GE(replies[i].time_ns, calls[i].time_ns);
            EXPECT_TRUE(i == 0 || calls[i].sequence > calls[i - 1].sequence);
        }
    });
}

TEST(Trace, each_kind_is_recorded) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        EXPECT_EQ(sys_ipc_send(slot_at(AT), 0).status, STATUS_OK);
        fill(self.page->call_out, 9, "");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_PEER_CLOSED);
        EXPECT_EQ(sys_ipc_call(slot_at(AT), in_us(30)).status, STATUS_TIMED_OUT);
        status_ignore(sys_ipc_recv(slot_at(GO), UINT64_MAX).status, "it is ended");
        sim_user_illegal_instruction();
    });
    machine.program("idler", [](user &) { sim_user_work(1000000000); });
    machine.run([](user &init) {
        slot at = endpoint();
        slot go = endpoint();
        set_tracing(true);
        slot grant = sys_grant_create(FACTORY).slot;
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        slot child = start("child", {{at, AT, RIGHT_SEND | RIGHT_CALL}, {go, GO, RIGHT_RECV}});
        std::uint32_t instance = instance_of(child);
        wait_until(
            [&] {
                recv_result got = sys_ipc_recv(at, 0);
                return got.status == STATUS_OK && got.received == RECEIVED_CALL &&
                       sys_reply_close(got.reply) == STATUS_OK;
            },
            "a call");
        slot other = start("idler");
        std::uint32_t killed = instance_of(other);
        EXPECT_EQ(sys_task_kill(other), STATUS_OK);
        wait_until(
            [&] {
                std::vector<trace_event> now = all_events(init);
                return has(now, EVENT_LEAVE, instance, 0);
            },
            "a time-out");
        EXPECT_EQ(sys_ipc_notify(go), STATUS_OK);
        EXPECT_EQ(wait_dead(child).reason, EXIT_FAULT_INSTRUCTION);
        set_tracing(false);
        std::vector<trace_event> all = all_events(init);
        EXPECT_TRUE(has(all, EVENT_GRANT, init.instance, 0));
        EXPECT_TRUE(has(all, EVENT_REVOKE, init.instance, 0));
        EXPECT_TRUE(has(all, EVENT_START, instance, init.instance));
        EXPECT_TRUE(has(all, EVENT_SEND, instance, init.instance));
        EXPECT_TRUE(has(all, EVENT_QUEUE, instance, init.instance));
        EXPECT_TRUE(has(all, EVENT_CALL, instance, init.instance));
        EXPECT_TRUE(has(all, EVENT_DROP, init.instance, instance));
        EXPECT_TRUE(has(all, EVENT_KILL, init.instance, killed));
        EXPECT_TRUE(has(all, EVENT_NOTIFY, init.instance, instance) ||
                    has(all, EVENT_NOTIFY, init.instance, 0));  // It may not wait yet.
        EXPECT_TRUE(has(all, EVENT_FAULT, instance, 0));
        EXPECT_TRUE(has(all, EVENT_EXIT, instance, 0));
        EXPECT_GE(of_kind(all, EVENT_SWITCH).size(), 1u);
        for (const trace_event &one : all) {
            if (one.kind == EVENT_SWITCH || one.kind == EVENT_START) {
                EXPECT_EQ(one.type, one.task != 0 ? QOS_NORMAL : QOS_DEFAULT);
            }
        }
        EXPECT_GE(of_kind(all, EVENT_WAKE).size(), 1u);
        for (const trace_event &fault : of_kind(all, EVENT_FAULT)) {
            EXPECT_EQ(fault.type, EXIT_FAULT_INSTRUCTION);
            EXPECT_EQ(fault.sequence, 0u);
        }
        for (const trace_event &told : of_kind(all, EVENT_NOTIFY)) {
            EXPECT_EQ(told.type, 0u);
            EXPECT_EQ(told.bytes, 0u);
            EXPECT_EQ(told.sequence, 0u);
        }
    });
}

TEST(Trace, a_hart_that_idles_has_left_who_ran) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &init) {
        slot at = endpoint();
        set_tracing(true);
        EXPECT_EQ(sys_ipc_recv(at, in_us(20)).status, STATUS_TIMED_OUT);
        set_tracing(false);
        const std::vector<trace_event> all = all_events(init);
        EXPECT_TRUE(has(all, EVENT_SWITCH, 0, init.instance));
        for (const trace_event &one : of_kind(all, EVENT_SWITCH)) {
            EXPECT_EQ(one.type, one.task != 0 ? QOS_NORMAL : QOS_DEFAULT);
            EXPECT_EQ(one.sequence, 0u);
        }
    });
}

// What goes to a receiver that waits is never stored, and has no number.
TEST(Trace, a_send_that_is_given_at_once) {
    sim_machine machine;
    machine.harts({1});
    machine.program("receiver", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(GO), UINT64_MAX).received, RECEIVED_SEND);
    });
    machine.run([](user &init) {
        slot go = endpoint();
        slot receiver = start("receiver", {{go, GO, RIGHT_RECV}});
        const std::uint32_t instance = instance_of(receiver);
        sys_yield();
        set_tracing(true);
        fill(init.page->call_out, 70, "abc");
        EXPECT_EQ(sys_ipc_send(go, 0).status, STATUS_OK);
        set_tracing(false);
        const std::vector<trace_event> sends = of_kind(all_events(init), EVENT_SEND);
        ASSERT_EQ(sends.size(), 1u);
        EXPECT_EQ(sends[0].task, init.instance);
        EXPECT_EQ(sends[0].peer, instance);
        EXPECT_EQ(sends[0].type, 70);
        EXPECT_EQ(sends[0].bytes, 3u);
        EXPECT_EQ(sends[0].sequence, 0u);
        EXPECT_EQ(wait_dead(receiver).reason, EXIT_CODE);
    });
}

// Whoever looks at the endpoint next finds that its family is revoked.
TEST(Trace, a_stored_send_that_was_revoked_is_lost) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &init) {
        slot at = endpoint();
        slot family = sys_grant_create(FACTORY).slot;
        slot route = sys_cap_mint_under(at, 1, RIGHT_SEND, family).slot;
        set_tracing(true);
        fill(init.page->call_out, 71, "abcd");
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(family), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(20)).status, STATUS_TIMED_OUT);
        set_tracing(false);
        const std::vector<trace_event> all = all_events(init);
        const std::vector<trace_event> sends = of_kind(all, EVENT_SEND);
        const std::vector<trace_event> lost = of_kind(all, EVENT_LOSE);
        ASSERT_EQ(sends.size(), 1u);
        ASSERT_EQ(lost.size(), 1u);
        EXPECT_EQ(lost[0].task, init.instance);
        EXPECT_EQ(lost[0].peer, 0u);
        EXPECT_EQ(lost[0].type, 0u);
        EXPECT_EQ(lost[0].bytes, 0u);
        EXPECT_EQ(lost[0].sequence, sends[0].sequence);
    });
}

// What a wait in a queue that nobody served tells of its end: who, when it had asked, and how.
void expect_left(const std::vector<trace_event> &all, std::uint32_t instance, status how) {
    const std::vector<trace_event> queued = of_kind(all, EVENT_QUEUE);
    const std::vector<trace_event> left = of_kind(all, EVENT_LEAVE);
    ASSERT_EQ(queued.size(), 1u);
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].task, instance);
    EXPECT_EQ(left[0].peer, 0u);
    EXPECT_EQ(left[0].type, how);
    EXPECT_EQ(left[0].bytes, 0u);
    EXPECT_EQ(left[0].sequence, queued[0].sequence);
    EXPECT_GE(left[0].time_ns, queued[0].time_ns);
}

bool is_queued(const user &self) {
    return of_kind(all_events(self), EVENT_QUEUE).size() == 1;
}

TEST(Trace, a_queued_call_whose_endpoint_closes_has_left) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 80, "ab");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_PEER_CLOSED);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        set_tracing(true);
        slot caller = start("caller", {{at, AT, RIGHT_CALL}});
        const std::uint32_t instance = instance_of(caller);
        wait_until([&] { return is_queued(init); }, "a queue");
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(wait_dead(caller).reason, EXIT_CODE);
        set_tracing(false);
        expect_left(all_events(init), instance, STATUS_PEER_CLOSED);
    });
}

// The receiver finds that when it looks at the queue.
TEST(Trace, a_queued_call_whose_family_is_revoked_has_left) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 81, "abc");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_REVOKED);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot family = sys_grant_create(FACTORY).slot;
        slot route = sys_cap_mint_under(at, 1, RIGHT_CALL, family).slot;
        set_tracing(true);
        slot caller = start("caller", {{route, AT, RIGHT_CALL}});
        const std::uint32_t instance = instance_of(caller);
        wait_until([&] { return is_queued(init); }, "a queue");
        EXPECT_EQ(sys_grant_revoke(family), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(wait_dead(caller).reason, EXIT_CODE);
        set_tracing(false);
        expect_left(all_events(init), instance, STATUS_REVOKED);
    });
}

// Each event of that message, whatever its kind, in the order of time.
std::vector<trace_event> of_message(const std::vector<trace_event> &all, std::uint64_t sequence) {
    std::vector<trace_event> out;
    for (const trace_event &one : all) {
        bool is_message = one.kind == EVENT_SEND || one.kind == EVENT_QUEUE ||
                          one.kind == EVENT_DROP || one.kind >= EVENT_REQUEST;
        if (is_message && one.sequence == sequence) {
            out.push_back(one);
        }
    }
    std::sort(out.begin(), out.end(),
              [](const trace_event &a, const trace_event &b) { return a.time_ns < b.time_ns; });
    return out;
}

struct step {
    event_kind kind;
    std::uint32_t task;
    std::uint32_t peer;
};

void expect_steps(const std::vector<trace_event> &got, std::initializer_list<step> wanted) {
    ASSERT_EQ(got.size(), wanted.size());
    const step *want = wanted.begin();
    for (std::size_t i = 0; i < got.size(); i++) {
        EXPECT_STREQ(event_kind_name(got[i].kind), event_kind_name(want[i].kind)) << i;
        EXPECT_EQ(got[i].task, want[i].task) << i;
        EXPECT_EQ(got[i].peer, want[i].peer) << i;
    }
}

// A child makes four requests, one after the other, at AT; answers come to GO.
TEST(Trace, an_asynchronous_request_can_be_followed) {
    static sequence sequences[4];
    sim_machine machine;
    machine.program("child", [](user &self) {
        auto request = [&](std::uint16_t type) {
            fill(self.page->call_out, type, "12345");
            self.page->call_out.header.flags = FRAME_WANT_REPLY;
            request_result sent = sys_ipc_request(slot_at(AT), slot_at(GO));
            EXPECT_EQ(sent.status, STATUS_OK);
            return sent.sequence;
        };
        for (int i = 0; i < 2; i++) {  // Answered, dropped.
            sequences[i] = request(static_cast<std::uint16_t>(40 + i));
            EXPECT_EQ(sys_ipc_recv(slot_at(GO), UINT64_MAX).received, RECEIVED_REPLY);
        }
        sequences[2] = request(42);  // Cancelled,
        EXPECT_EQ(sys_request_cancel(sequences[2]), STATUS_OK);
        sequences[3] = request(43);  // and never seen.
        EXPECT_EQ(sys_ipc_recv(slot_at(GO), UINT64_MAX).received, RECEIVED_REPLY);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot go = endpoint();
        set_tracing(true);
        slot child = start("child", {{at, AT, RIGHT_SEND}, {go, GO, RIGHT_RECV}});
        const std::uint32_t instance = instance_of(child);
        for (int i = 0; i < 2; i++) {
            recv_result got = sys_ipc_recv(at, UINT64_MAX);
            EXPECT_EQ(got.received, RECEIVED_CALL);
            fill(init.page->reply_out, 50, "yes");
            EXPECT_EQ(i == 0 ? sys_ipc_reply(got.reply) : sys_reply_close(got.reply), STATUS_OK);
        }
        wait_until([] { return sequences[3].value != 0; }, "the last request");
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
        set_tracing(false);
        const std::vector<trace_event> all = all_events(init);
        const std::uint32_t self = init.instance;
        expect_steps(of_message(all, sequences[0].value), {{EVENT_REQUEST, instance, self},
                                                           {EVENT_TAKE, self, instance},
                                                           {EVENT_ANSWER, self, instance},
                                                           {EVENT_ANSWERED, instance, self}});
        expect_steps(of_message(all, sequences[1].value), {{EVENT_REQUEST, instance, self},
                                                           {EVENT_TAKE, self, instance},
                                                           {EVENT_DROP, self, instance},
                                                           {EVENT_ANSWERED, instance, 0}});
        expect_steps(of_message(all, sequences[2].value),
                     {{EVENT_REQUEST, instance, self}, {EVENT_CANCEL, instance, 0}});
        expect_steps(of_message(all, sequences[3].value), {{EVENT_REQUEST, instance, self},
                                                           {EVENT_DROP, 0, instance},
                                                           {EVENT_ANSWERED, instance, 0}});
        const trace_event request = of_message(all, sequences[0].value)[0];
        EXPECT_EQ(request.type, 40);
        EXPECT_EQ(request.bytes, 5u);
        EXPECT_EQ(of_message(all, sequences[0].value)[2].type, 50);
        EXPECT_EQ(of_message(all, sequences[0].value)[3].bytes, 3u);
        // One that was dropped, or cancelled, has no answer to tell of.
        for (int i : {1, 3}) {
            for (const trace_event &one : of_message(all, sequences[i].value)) {
                const bool tells = one.kind == EVENT_REQUEST || one.kind == EVENT_TAKE;
                EXPECT_EQ(one.type, tells ? 40 + i : 0) << event_kind_name(one.kind);
                EXPECT_EQ(one.bytes, tells ? 5u : 0u) << event_kind_name(one.kind);
            }
        }
        sequences[3].value = 0;  // For the next machine.
    });
}

// Stored, waiting for room in the queue, and left behind when the endpoint ends.
TEST(Trace, a_send_can_be_followed) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        for (std::uint16_t i = 0; i < 3; i++) {
            fill(self.page->call_out, static_cast<std::uint16_t>(60 + i), std::string(i, 'x'));
            EXPECT_EQ(sys_ipc_send(slot_at(AT), i < 2 ? 0 : UINT64_MAX).status, STATUS_OK);
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        set_tracing(true);
        slot child = start("child", {{at, AT, RIGHT_SEND | RIGHT_CALL}});
        const std::uint32_t instance = instance_of(child);
        const std::uint32_t self = init.instance;
        wait_until([&] { return of_kind(all_events(init), EVENT_QUEUE).size() == 1; }, "a queue");
        EXPECT_EQ(sys_ipc_recv(at, 0).received, RECEIVED_SEND);  // The queued one is the first.
        EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
        while (sys_ipc_recv(at, UINT64_MAX).received != RECEIVED_SEND) {  // Its exit.
        }
        std::vector<trace_event> all = all_events(init);
        std::vector<trace_event> sends = of_kind(all, EVENT_SEND);
        const trace_event queued = of_kind(all, EVENT_QUEUE).at(0);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        set_tracing(false);
        all = all_events(init);
        expect_steps(of_message(all, queued.sequence),
                     {{EVENT_QUEUE, instance, self}, {EVENT_TAKE, self, instance}});
        ASSERT_EQ(sends.size(), 2u);
        std::size_t ends = 0;
        for (const trace_event &send : sends) {
            EXPECT_NE(send.sequence, 0u);
            std::vector<trace_event> steps = of_message(all, send.sequence);
            ASSERT_EQ(steps.size(), 2u);
            EXPECT_TRUE(steps[1].kind == EVENT_TAKE || steps[1].kind == EVENT_LOSE);
            EXPECT_EQ(steps[1].kind == EVENT_TAKE ? steps[1].peer : steps[1].task, instance);
            ends += steps[1].kind == EVENT_LOSE;
        }
        EXPECT_EQ(ends, 1u);
    });
}

TEST(Trace, the_oldest_is_overwritten_and_counted) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &init) {
        slot at = endpoint();
        set_tracing(true);
        for (std::uint64_t i = 0; i < ROOM + 50; i++) {
            EXPECT_EQ(sys_ipc_notify(at), STATUS_OK);
        }
        set_tracing(false);
        std::uint64_t lost = 0;
        std::vector<trace_event> kept = events_of(init, 0, 0, &lost);
        EXPECT_EQ(kept.size(), ROOM);
        EXPECT_GE(lost, 50u);
        for (std::size_t i = 1; i < kept.size(); i++) {
            EXPECT_GE(kept[i].time_ns, kept[i - 1].time_ns);
        }
        // From the middle on nothing is lost; at the end there is nothing.
        std::uint64_t none = 0;
        EXPECT_EQ(events_of(init, 0, lost + 10, &none).size(), ROOM - 10);
        EXPECT_EQ(none, 0u);
        EXPECT_EQ(events_of(init, 0, lost + ROOM).size(), 0u);
        EXPECT_EQ(sys_kernel_stats(STATS, STATS_TRACE_READ, 0, lost + ROOM + 1).status,
                  STATUS_BAD_ARG);
    });
}

}  // namespace
