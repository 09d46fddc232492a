// ipc/wire/wire_test.cc: golden byte vectors of each protocol, and a refusal for each length and
// each wrong byte.
#include "ipc/wire/wire.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/timed_wire.h"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kNonce = UINT64_C(0x1122334455667788);
const Bytes kNonceBytes = {0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};

Bytes operator+(Bytes left, const Bytes &right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

Bytes Little(uint64_t value, int count) {
    Bytes bytes;
    for (int i = 0; i < count; i++) {
        bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
    }
    return bytes;
}

Bytes Encoded(const timed_request &request) {
    Bytes bytes(64);
    bytes.resize(
        timed_wire_encode_request(&request, bytes.data(), static_cast<uint32_t>(bytes.size())));
    return bytes;
}

Bytes Encoded(const timed_reply &reply) {
    Bytes bytes(TIMED_REPLY_BYTES_MAX);
    bytes.resize(
        timed_wire_encode_reply(&reply, bytes.data(), static_cast<uint32_t>(bytes.size())));
    return bytes;
}

wire_status Decode(const Bytes &bytes, timed_request *out) {
    Bytes exact = bytes;  // Its own allocation, so that ASan sees a byte too far.
    exact.shrink_to_fit();
    return timed_wire_decode_request(exact.data(), static_cast<uint32_t>(exact.size()), out);
}

bool Decode(const Bytes &bytes, timed_reply *out) {
    Bytes exact = bytes;
    exact.shrink_to_fit();
    return timed_wire_decode_reply(exact.data(), static_cast<uint32_t>(exact.size()), out);
}

timed_request Request(uint8_t op) {
    timed_request request{};
    request.header.op = op;
    request.header.nonce.value = kNonce;
    return request;
}

timed_reply Reply(uint8_t op, uint8_t status) {
    timed_reply reply{};
    reply.header.op = op;
    reply.header.status = status;
    reply.header.nonce.value = kNonce;
    return reply;
}

timed_request SleepRequest() {
    timed_request request = Request(TIMED_OP_SLEEP);
    request.deadline_ns = UINT64_C(0x0102030405060708);
    return request;
}

timed_reply StatsReply() {
    timed_reply reply = Reply(TIMED_OP_STATS, WIRE_OK);
    reply.stats.sleepers = 5;
    reply.stats.woken = 6;
    reply.stats.cancelled = 7;
    reply.stats.overloaded = 8;
    reply.stats.malformed = 9;
    return reply;
}

const Bytes kSleepVector = Bytes{'T', 'M', 1, 2} + kNonceBytes + Bytes{8, 7, 6, 5, 4, 3, 2, 1};

TEST(TimedWire, golden_requests) {
    EXPECT_EQ(Encoded(Request(TIMED_OP_CLOCK)), (Bytes{'T', 'M', 1, 1} + kNonceBytes));
    EXPECT_EQ(Encoded(SleepRequest()), kSleepVector);
    EXPECT_EQ(Encoded(Request(TIMED_OP_STATS)), (Bytes{'T', 'M', 1, 3} + kNonceBytes));
}

TEST(TimedWire, golden_replies) {
    timed_reply clock = Reply(TIMED_OP_CLOCK, WIRE_OK);
    clock.now_ns = 0x0a0b;
    EXPECT_EQ(Encoded(clock), (Bytes{'T', 'M', 1, 0x81, 0} + kNonceBytes + Little(0x0a0b, 8)));
    timed_reply sleep = Reply(TIMED_OP_SLEEP, WIRE_OK);
    sleep.now_ns = 0x0a0b;
    sleep.wake_order = 3;
    EXPECT_EQ(Encoded(sleep),
              (Bytes{'T', 'M', 1, 0x82, 0} + kNonceBytes + Little(0x0a0b, 8) + Little(3, 8)));
    EXPECT_EQ(Encoded(StatsReply()), (Bytes{'T', 'M', 1, 0x83, 0} + kNonceBytes + Little(5, 4) +
                                      Little(6, 8) + Little(7, 8) + Little(8, 8) + Little(9, 8)));
    EXPECT_EQ(Encoded(Reply(TIMED_OP_SLEEP, WIRE_OVERLOAD)),
              (Bytes{'T', 'M', 1, 0x82, 3} + kNonceBytes));
}

TEST(TimedWire, round_trips) {
    timed_request request{};
    ASSERT_EQ(Decode(kSleepVector, &request), WIRE_OK);
    EXPECT_EQ(request.header.op, TIMED_OP_SLEEP);
    EXPECT_EQ(request.header.nonce.value, kNonce);
    EXPECT_EQ(request.deadline_ns, UINT64_C(0x0102030405060708));
    timed_reply reply{};
    ASSERT_TRUE(Decode(Encoded(StatsReply()), &reply));
    EXPECT_EQ(reply.stats.sleepers, 5u);
    EXPECT_EQ(reply.stats.malformed, 9u);
    ASSERT_TRUE(Decode(Encoded(Reply(TIMED_OP_CLOCK, WIRE_MALFORMED)), &reply));
    EXPECT_EQ(reply.header.status, WIRE_MALFORMED);
}

TEST(TimedWire, test_reject_request_of_each_wrong_length) {
    timed_request out{};
    for (size_t length = 0; length < kSleepVector.size(); length++) {
        EXPECT_EQ(
            Decode(Bytes(kSleepVector.begin(), kSleepVector.begin() + static_cast<long>(length)),
                   &out),
            WIRE_MALFORMED)
            << length;
    }
    EXPECT_EQ(Decode(kSleepVector + Bytes{0}, &out), WIRE_MALFORMED);
    EXPECT_EQ(Decode(Encoded(Request(TIMED_OP_CLOCK)) + Bytes{0}, &out), WIRE_MALFORMED);
    EXPECT_EQ(out.deadline_ns, 0u);  // Untouched.
}

TEST(TimedWire, test_reject_reply_of_each_wrong_length) {
    const Bytes stats = Encoded(StatsReply());
    timed_reply out{};
    for (size_t length = 0; length < stats.size(); length++) {
        EXPECT_FALSE(Decode(Bytes(stats.begin(), stats.begin() + static_cast<long>(length)), &out))
            << length;
    }
    EXPECT_FALSE(Decode(stats + Bytes{0}, &out));
    EXPECT_FALSE(Decode(Encoded(Reply(TIMED_OP_SLEEP, WIRE_OVERLOAD)) + Bytes{0}, &out));
}

TEST(TimedWire, test_reject_wrong_magic_and_version) {
    timed_request out{};
    for (size_t i = 0; i < 3; i++) {
        Bytes bytes = kSleepVector;
        bytes[i] ^= 0x20;
        EXPECT_EQ(Decode(bytes, &out), WIRE_MALFORMED) << i;
    }
}

TEST(TimedWire, test_reject_reply_as_request_and_request_as_reply) {
    Bytes bytes = kSleepVector;
    bytes[3] |= WIRE_REPLY_BIT;
    timed_request request{};
    EXPECT_EQ(Decode(bytes, &request), WIRE_MALFORMED);
    Bytes reply_bytes = Encoded(StatsReply());
    reply_bytes[3] = TIMED_OP_STATS;
    timed_reply reply{};
    EXPECT_FALSE(Decode(reply_bytes, &reply));
}

TEST(TimedWire, test_reject_unknown_op) {
    Bytes bytes = kSleepVector;
    bytes[3] = 99;
    timed_request out{};
    EXPECT_EQ(Decode(bytes, &out), WIRE_UNKNOWN_OP);
    EXPECT_EQ(out.header.op, 99);
    EXPECT_EQ(out.header.nonce.value, kNonce);
    Bytes reply_bytes = Encoded(StatsReply());
    reply_bytes[3] = 99 | WIRE_REPLY_BIT;
    timed_reply reply{};
    EXPECT_FALSE(Decode(reply_bytes, &reply));
}

TEST(TimedWire, test_reject_unknown_status) {
    Bytes bytes = Encoded(Reply(TIMED_OP_CLOCK, WIRE_DENIED));
    bytes[4] = WIRE_STATUS_COUNT;
    timed_reply out{};
    EXPECT_FALSE(Decode(bytes, &out));
}

TEST(TimedWire, test_reject_buffer_too_small) {
    const timed_request request = SleepRequest();
    for (uint32_t capacity = 0; capacity < kSleepVector.size(); capacity++) {
        Bytes bytes(capacity);
        EXPECT_EQ(timed_wire_encode_request(&request, bytes.data(), capacity), 0u) << capacity;
    }
    const timed_reply reply = StatsReply();
    for (uint32_t capacity = 0; capacity < TIMED_REPLY_BYTES_MAX; capacity++) {
        Bytes bytes(capacity);
        EXPECT_EQ(timed_wire_encode_reply(&reply, bytes.data(), capacity), 0u) << capacity;
    }
}

TEST(InitWire, golden_vectors) {
    Bytes bytes(32);
    wire_request_header request{};
    request.op = INIT_OP_READY;
    request.nonce.value = kNonce;
    bytes.resize(init_wire_encode_request(request, bytes.data(), 32));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 1} + kNonceBytes));
    bytes.resize(32);
    wire_reply_header reply{};
    reply.op = INIT_OP_READY;
    reply.status = WIRE_DENIED;
    reply.nonce.value = kNonce;
    bytes.resize(init_wire_encode_reply(reply, bytes.data(), 32));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 0x81, 4} + kNonceBytes));
}

TEST(InitWire, test_reject_each_wrong_length) {
    const Bytes request = Bytes{'I', 'N', 1, 1} + kNonceBytes;
    const Bytes reply = Bytes{'I', 'N', 1, 0x81, 0} + kNonceBytes;
    wire_request_header request_out{};
    wire_reply_header reply_out{};
    EXPECT_TRUE(init_wire_decode_request(request.data(), 12, &request_out));
    EXPECT_TRUE(init_wire_decode_reply(reply.data(), 13, &reply_out));
    for (uint32_t length = 0; length < 12; length++) {
        EXPECT_FALSE(init_wire_decode_request(request.data(), length, &request_out)) << length;
        EXPECT_FALSE(init_wire_decode_reply(reply.data(), length, &reply_out)) << length;
    }
    const Bytes longer = request + Bytes{0};
    EXPECT_FALSE(init_wire_decode_request(longer.data(), 13, &request_out));
    const Bytes longer_reply = reply + Bytes{0};
    EXPECT_FALSE(init_wire_decode_reply(longer_reply.data(), 14, &reply_out));
}

TEST(Wire, a_failed_reader_stays_failed) {
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    wire_reader reader = wire_reader_of(bytes, sizeof(bytes));
    EXPECT_EQ(wire_get_u64(&reader), 0u);
    EXPECT_EQ(wire_get_u8(&reader), 0u);
    EXPECT_FALSE(wire_reader_done(&reader));
}

TEST(Wire, a_failed_writer_writes_nothing_more) {
    uint8_t bytes[6] = {};
    wire_writer writer = wire_writer_of(bytes, 5);
    wire_put_u32(&writer, 0x04030201);
    wire_put_u32(&writer, 0xffffffff);
    wire_put_u8(&writer, 9);
    EXPECT_EQ(wire_writer_bytes(&writer), 0u);
    EXPECT_EQ(bytes[3], 4);
    EXPECT_EQ(bytes[4], 0);
}

}  // namespace
