// testing/sim/async_steps.h: the steps of asynchronous requests that their tests are put together
// from. Each EXPECTs what it says.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "testing/sim/machine.h"

namespace asynctest {

using namespace simtest;

inline constexpr std::uint32_t SERVER = 4;
inline constexpr std::uint32_t OWN = 5;
inline constexpr std::uint32_t BELL = 6;

inline request_result ask(user &self, slot server, slot own, const std::string &text,
                          std::uint16_t flags = FRAME_WANT_REPLY) {
    fill(self.page->call_out, 1, text);
    self.page->call_out.header.flags = flags;
    return sys_ipc_request(server, own);
}

// An ask that succeeds.
inline sequence asked(user &self, slot server, slot own, const std::string &text) {
    request_result got = ask(self, server, own, text);
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
    EXPECT_NE(got.sequence.value, 0u);
    return got.sequence;
}

inline void answer(user &self, reply_handle reply, const std::string &text,
                   enum status expected = STATUS_OK) {
    fill(self.page->reply_out, 2, text);
    EXPECT_EQ(sys_ipc_reply(reply), expected);
}

inline recv_result next_request(slot at) {
    recv_result got = sys_ipc_recv(at, in_us(100000));
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.received, RECEIVED_CALL);
    return got;
}

// What arrives next at `own` is that answer.
inline void expect_answer(user &self, slot own, sequence wanted, const std::string &text) {
    recv_result got = sys_ipc_recv(own, in_us(100000));
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.received, RECEIVED_REPLY);
    EXPECT_EQ(got.sequence.value, wanted.value);
    EXPECT_EQ(async_outcome_status(got.outcome), STATUS_OK);
    EXPECT_EQ(async_outcome_delivery(got.outcome), DELIVERY_HANDED_OVER);
    EXPECT_EQ(payload_of(self.page->request_in), text);
    EXPECT_EQ(self.page->request_in.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
}

// What arrives next is that there is none.
inline void expect_closed(slot own, sequence wanted, delivery seen) {
    recv_result got = sys_ipc_recv(own, in_us(100000));
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.received, RECEIVED_REPLY);
    EXPECT_EQ(got.sequence.value, wanted.value);
    EXPECT_EQ(async_outcome_status(got.outcome), STATUS_PEER_CLOSED);
    EXPECT_EQ(async_outcome_delivery(got.outcome), seen);
}

inline void expect_nothing(slot own) {
    EXPECT_EQ(sys_ipc_recv(own, 0).status, STATUS_WOULD_BLOCK);
}

inline void expect_gone(slot at) {
    recv_result got = sys_ipc_recv(at, in_us(100000));
    EXPECT_EQ(got.received, RECEIVED_NOTIFICATION);
    EXPECT_EQ(got.kernel_bits & NOTIFY_REPLY_GONE, static_cast<std::uint64_t>(NOTIFY_REPLY_GONE));
}

inline void close_all(std::initializer_list<slot> slots) {
    for (slot each : slots) {
        EXPECT_EQ(sys_cap_close(each), STATUS_OK);
    }
}

}  // namespace asynctest
