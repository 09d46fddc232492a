// ipc/wire/wire_test.cc: golden byte vectors of each protocol, and a refusal for each length and
// each wrong byte.
#include "ipc/wire/wire.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/wire/codec.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/protocols.h"
#include "ipc/wire/routing_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/timed_wire.h"
#include "testing/protocols/golden_bytes.h"

namespace {

Bytes Encoded(wire_direction direction, const timed_message &message) {
    Bytes bytes(128);
    bytes.resize(
        timed_encode(direction, &message, bytes.data(), static_cast<uint32_t>(bytes.size())));
    return bytes;
}

wire_status Decode(wire_direction direction, const Bytes &bytes, timed_message *out) {
    Bytes exact = bytes;  // Its own allocation, so that ASan sees a byte too far.
    exact.shrink_to_fit();
    return timed_decode(direction, exact.data(), static_cast<uint32_t>(exact.size()), out);
}

timed_message Request(uint8_t op) {
    timed_message request{};
    request.header.op = op;
    request.header.nonce.value = kNonce;
    return request;
}

timed_message Reply(uint8_t op, uint8_t status) {
    timed_message reply{};
    reply.header.op = op;
    reply.header.status = status;
    reply.header.nonce.value = kNonce;
    return reply;
}

timed_message SleepRequest() {
    timed_message request = Request(TIMED_OP_SLEEP);
    request.deadline_ns = UINT64_C(0x0102030405060708);
    request.laxity = 3;
    return request;
}

timed_message StatsReply() {
    timed_message reply = Reply(TIMED_OP_STATS, WIRE_OK);
    reply.sleepers = 5;
    reply.woken = 6;
    reply.cancelled = 7;
    reply.overloaded = 8;
    reply.missed = 9;
    reply.wakeups = 10;
    reply.late_max_ns = 11;
    return reply;
}

const Bytes kSleepVector = Bytes{'T', 'M', 1, 2} + kNonceBytes + Bytes{8, 7, 6, 5, 4, 3, 2, 1, 3};

TEST(TimedWire, golden_requests) {
    EXPECT_EQ(Encoded(WIRE_REQUEST, Request(TIMED_OP_CLOCK)),
              (Bytes{'T', 'M', 1, 1} + kNonceBytes));
    EXPECT_EQ(Encoded(WIRE_REQUEST, SleepRequest()), kSleepVector);
    EXPECT_EQ(Encoded(WIRE_REQUEST, Request(TIMED_OP_STATS)),
              (Bytes{'T', 'M', 1, 3} + kNonceBytes));
}

TEST(TimedWire, golden_replies) {
    timed_message clock = Reply(TIMED_OP_CLOCK, WIRE_OK);
    clock.now_ns = 0x0a0b;
    EXPECT_EQ(Encoded(WIRE_REPLY, clock),
              (Bytes{'T', 'M', 1, 0x81, 0} + kNonceBytes + Little(0x0a0b, 8)));
    timed_message sleep = Reply(TIMED_OP_SLEEP, WIRE_OK);
    sleep.now_ns = 0x0a0b;
    sleep.wake_order = 3;
    EXPECT_EQ(Encoded(WIRE_REPLY, sleep),
              (Bytes{'T', 'M', 1, 0x82, 0} + kNonceBytes + Little(0x0a0b, 8) + Little(3, 8)));
    EXPECT_EQ(Encoded(WIRE_REPLY, StatsReply()),
              (Bytes{'T', 'M', 1, 0x83, 0} + kNonceBytes + Little(9, 8) + Little(5, 4) +
               Little(6, 8) + Little(10, 8) + Little(7, 8) + Little(8, 8) + Little(11, 8)));
    EXPECT_EQ(Encoded(WIRE_REPLY, Reply(TIMED_OP_SLEEP, WIRE_OVERLOAD)),
              (Bytes{'T', 'M', 1, 0x82, 3} + kNonceBytes));
}

TEST(TimedWire, golden_ticks) {
    timed_message request = Request(TIMED_OP_TICK);
    request.deadline_ns = 5;
    request.period_ns = 6;
    request.laxity = 2;
    EXPECT_EQ(Encoded(WIRE_REQUEST, request),
              (Bytes{'T', 'M', 1, 4} + kNonceBytes + Little(5, 8) + Little(6, 8) + Bytes{2}));
    timed_message reply = Reply(TIMED_OP_TICK, WIRE_OK);
    reply.now_ns = 1;
    reply.wake_order = 2;
    reply.due_ns = 3;
    reply.missed = 4;
    EXPECT_EQ(Encoded(WIRE_REPLY, reply),
              (Bytes{'T', 'M', 1, 0x84, 0} + kNonceBytes + Little(1, 8) + Little(2, 8) +
               Little(3, 8) + Little(4, 8)));
}

TEST(TimedWire, round_trips) {
    timed_message request{};
    ASSERT_EQ(Decode(WIRE_REQUEST, kSleepVector, &request), WIRE_OK);
    EXPECT_EQ(request.header.op, TIMED_OP_SLEEP);
    EXPECT_EQ(request.header.nonce.value, kNonce);
    EXPECT_EQ(request.deadline_ns, UINT64_C(0x0102030405060708));
    timed_message reply{};
    ASSERT_EQ(Decode(WIRE_REPLY, Encoded(WIRE_REPLY, StatsReply()), &reply), WIRE_OK);
    EXPECT_EQ(reply.sleepers, 5u);
    ASSERT_EQ(
        Decode(WIRE_REPLY, Encoded(WIRE_REPLY, Reply(TIMED_OP_CLOCK, WIRE_MALFORMED)), &reply),
        WIRE_OK);
    EXPECT_EQ(reply.header.status, WIRE_MALFORMED);
}

TEST(TimedWire, test_reject_request_of_each_wrong_length) {
    timed_message out{};
    for (size_t length = 0; length < kSleepVector.size(); length++) {
        const Bytes cut(kSleepVector.begin(), kSleepVector.begin() + static_cast<long>(length));
        EXPECT_EQ(Decode(WIRE_REQUEST, cut, &out), WIRE_MALFORMED) << length;
    }
    EXPECT_EQ(Decode(WIRE_REQUEST, kSleepVector + Bytes{0}, &out), WIRE_MALFORMED);
    EXPECT_EQ(Decode(WIRE_REQUEST, Encoded(WIRE_REQUEST, Request(TIMED_OP_CLOCK)) + Bytes{0}, &out),
              WIRE_MALFORMED);
    EXPECT_EQ(out.deadline_ns, 0u);  // Untouched.
}

TEST(TimedWire, test_reject_reply_of_each_wrong_length) {
    const Bytes stats = Encoded(WIRE_REPLY, StatsReply());
    timed_message out{};
    for (size_t length = 0; length < stats.size(); length++) {
        const Bytes cut(stats.begin(), stats.begin() + static_cast<long>(length));
        EXPECT_EQ(Decode(WIRE_REPLY, cut, &out), WIRE_MALFORMED) << length;
    }
    EXPECT_EQ(Decode(WIRE_REPLY, stats + Bytes{0}, &out), WIRE_MALFORMED);
    EXPECT_EQ(Decode(WIRE_REPLY,
                     Encoded(WIRE_REPLY, Reply(TIMED_OP_SLEEP, WIRE_OVERLOAD)) + Bytes{0}, &out),
              WIRE_MALFORMED);
}

TEST(TimedWire, test_reject_wrong_magic_and_version) {
    timed_message out{};
    for (size_t i = 0; i < 3; i++) {
        Bytes bytes = kSleepVector;
        bytes[i] ^= 0x20;
        EXPECT_EQ(Decode(WIRE_REQUEST, bytes, &out), WIRE_MALFORMED) << i;
    }
}

TEST(TimedWire, test_reject_reply_as_request_and_request_as_reply) {
    Bytes bytes = kSleepVector;
    bytes[3] |= WIRE_REPLY_BIT;
    timed_message out{};
    EXPECT_EQ(Decode(WIRE_REQUEST, bytes, &out), WIRE_MALFORMED);
    Bytes reply_bytes = Encoded(WIRE_REPLY, StatsReply());
    reply_bytes[3] = TIMED_OP_STATS;
    EXPECT_EQ(Decode(WIRE_REPLY, reply_bytes, &out), WIRE_MALFORMED);
}

TEST(TimedWire, test_reject_unknown_op) {
    Bytes bytes = kSleepVector;
    bytes[3] = 99;
    timed_message out{};
    EXPECT_EQ(Decode(WIRE_REQUEST, bytes, &out), WIRE_UNKNOWN_OP);
    EXPECT_EQ(out.header.op, 99);
    EXPECT_EQ(out.header.nonce.value, kNonce);
    EXPECT_EQ(out.deadline_ns, 0u);
    Bytes reply_bytes = Encoded(WIRE_REPLY, StatsReply());
    reply_bytes[3] = 99 | WIRE_REPLY_BIT;
    EXPECT_EQ(Decode(WIRE_REPLY, reply_bytes, &out), WIRE_UNKNOWN_OP);
}

TEST(TimedWire, test_reject_unknown_status) {
    Bytes bytes = Encoded(WIRE_REPLY, Reply(TIMED_OP_CLOCK, WIRE_DENIED));
    bytes[4] = WIRE_STATUS_COUNT;
    timed_message out{};
    EXPECT_EQ(Decode(WIRE_REPLY, bytes, &out), WIRE_MALFORMED);
}

TEST(TimedWire, test_reject_buffer_too_small) {
    const timed_message request = SleepRequest();
    for (uint32_t capacity = 0; capacity < kSleepVector.size(); capacity++) {
        Bytes bytes(capacity);
        EXPECT_EQ(timed_encode(WIRE_REQUEST, &request, bytes.data(), capacity), 0u) << capacity;
    }
    const timed_message reply = StatsReply();
    for (uint32_t capacity = 0; capacity < Encoded(WIRE_REPLY, reply).size(); capacity++) {
        Bytes bytes(capacity);
        EXPECT_EQ(timed_encode(WIRE_REPLY, &reply, bytes.data(), capacity), 0u) << capacity;
    }
}

TEST(InitWire, golden_vectors) {
    Bytes bytes(32);
    init_message message{};
    message.header.op = INIT_OP_READY;
    message.header.nonce.value = kNonce;
    bytes.resize(init_encode(WIRE_REQUEST, &message, bytes.data(), 32));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 1} + kNonceBytes));
    bytes.resize(32);
    message.header.status = WIRE_DENIED;
    bytes.resize(init_encode(WIRE_REPLY, &message, bytes.data(), 32));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 0x81, 4} + kNonceBytes));
    bytes.resize(32);
    message.header.op = INIT_OP_END;
    message.service = UINT64_C(0x0807060504030201);
    bytes.resize(init_encode(WIRE_REQUEST, &message, bytes.data(), 32));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 4} + kNonceBytes + Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(InitWire, test_reject_each_wrong_length) {
    const Bytes request = Bytes{'I', 'N', 1, 1} + kNonceBytes;
    const Bytes reply = Bytes{'I', 'N', 1, 0x81, 0} + kNonceBytes;
    init_message out{};
    EXPECT_EQ(init_decode(WIRE_REQUEST, request.data(), 12, &out), WIRE_OK);
    EXPECT_EQ(init_decode(WIRE_REPLY, reply.data(), 13, &out), WIRE_OK);
    for (uint32_t length = 0; length < 12; length++) {
        EXPECT_EQ(init_decode(WIRE_REQUEST, request.data(), length, &out), WIRE_MALFORMED)
            << length;
        EXPECT_EQ(init_decode(WIRE_REPLY, reply.data(), length, &out), WIRE_MALFORMED) << length;
    }
    const Bytes longer = request + Bytes{0};
    EXPECT_EQ(init_decode(WIRE_REQUEST, longer.data(), 13, &out), WIRE_MALFORMED);
    const Bytes longer_reply = reply + Bytes{0};
    EXPECT_EQ(init_decode(WIRE_REPLY, longer_reply.data(), 14, &out), WIRE_MALFORMED);
}

// All fields of that set together; 0 if one says itself how long it is.
uint32_t BytesOf(const wire_protocol_rows &rows, uint64_t fields) {
    constexpr uint32_t widths[] = {1, 2, 4, 8};
    static_assert(WIRE_U8 == 0 && WIRE_U64 == 3, "in that order");
    uint32_t bytes = 0;
    for (uint32_t field = 0; field < rows.field_count; field++) {
        const bool carried = (fields >> field & 1) != 0;
        if (carried && rows.fields[field].type == WIRE_BYTES) {
            return 0;
        }
        bytes += carried ? widths[rows.fields[field].type] : 0;
    }
    return bytes;
}

// Of every protocol: what decoding goes by instead of a look at each field.
TEST(Wire, rows_say_how_long_their_fields_are) {
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (uint32_t i = 0; i < rows->op_count * 2U; i++) {
            const wire_op &op = rows->ops[i / 2];
            EXPECT_EQ(op.bytes[i % 2], BytesOf(*rows, op.fields[i % 2]))
                << rows->name << " " << op.name;
        }
    }
}

TEST(RoutingWire, golden_vectors) {
    Bytes bytes(64);
    routing_message message{};
    message.header.op = ROUTING_OP_RESOLVE;
    message.header.nonce.value = kNonce;
    message.target = UINT64_C(0x0807060504030201);
    message.action = 9;
    bytes.resize(routing_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'R', 'T', 1, 1} + kNonceBytes + Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9}));
    bytes.resize(64);
    message.deny_for_ms = 0x0403;
    bytes.resize(routing_encode(WIRE_REPLY, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'R', 'T', 1, 0x81, 0} + kNonceBytes + Little(0x0403, 4)));
}

TEST(InitWire, golden_vectors_of_offers_and_routes) {
    Bytes bytes(64);
    init_message message{};
    message.header.op = INIT_OP_OFFER;
    message.header.nonce.value = kNonce;
    message.service = UINT64_C(0x0807060504030201);
    bytes.resize(init_encode(WIRE_REPLY, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 0x82, 0} + kNonceBytes + Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
    bytes.resize(64);
    message.header.op = INIT_OP_ROUTE;
    message.slot = 0x3f;
    bytes.resize(init_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 3} + kNonceBytes + Little(0x3f, 4)));
    bytes.resize(64);
    message.header.op = INIT_OP_END;
    bytes.resize(init_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'I', 'N', 1, 4} + kNonceBytes + Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(PolicyWire, golden_vectors) {
    Bytes bytes(64);
    policy_message message{};
    message.header.op = POLICY_OP_ASK;
    message.header.nonce.value = kNonce;
    message.subject = 2;
    message.object = 3;
    message.action = 4;
    message.line = 5;
    bytes.resize(policy_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes,
              (Bytes{'P', 'O', 1, 1} + kNonceBytes + Little(2, 8) + Little(3, 8) + Bytes{4}));
    bytes.resize(64);
    bytes.resize(policy_encode(WIRE_REPLY, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'P', 'O', 1, 0x81, 0} + kNonceBytes + Little(5, 4)));
    bytes.resize(64);
    message.header.op = POLICY_OP_SELECT;
    message.policy = 1;
    message.revoked = 6;
    bytes.resize(policy_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'P', 'O', 1, 2} + kNonceBytes + Bytes{1}));
    bytes.resize(64);
    bytes.resize(policy_encode(WIRE_REPLY, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'P', 'O', 1, 0x82, 0} + kNonceBytes + Little(6, 4)));
}

TEST(EchoWire, golden_vectors) {
    Bytes bytes(64);
    echo_message message{};
    message.header.op = ECHO_OP_ECHO;
    message.header.nonce.value = kNonce;
    message.value = 7;
    bytes.resize(echo_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'E', 'C', 1, 1} + kNonceBytes + Little(7, 8)));
    bytes.resize(64);
    message.header.op = ECHO_OP_END;
    bytes.resize(echo_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'E', 'C', 1, 2} + kNonceBytes));
}

TEST(ServerWire, golden_vectors) {
    Bytes bytes(64);
    server_message message{};
    message.header.op = SERVER_OP_COUNTS;
    message.header.nonce.value = kNonce;
    bytes.resize(server_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 1} + kNonceBytes));
    message.calls = 1;
    message.sends = 2;
    message.malformed = 3;
    message.refused = 4;
    message.dropped = 5;
    message.left = 6;
    message.kept = 7;
    message.stack_bytes = 8;
    message.stack_used = 9;
    bytes.resize(96);
    bytes.resize(server_encode(WIRE_REPLY, &message, bytes.data(), 96));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 0x81, 0} + kNonceBytes + Little(1, 8) + Little(2, 8) +
                      Little(3, 8) + Little(4, 8) + Little(5, 8) + Little(6, 8) + Little(7, 4) +
                      Little(8, 4) + Little(9, 4)));
}

TEST(ServerWire, golden_vectors_of_operations_and_clients) {
    Bytes bytes(64);
    server_message message{};
    const uint8_t numbers[] = {8, 9};
    message.header.op = SERVER_OP_OPERATION;
    message.header.nonce.value = kNonce;
    message.operation = 5;
    bytes.resize(server_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 2} + kNonceBytes + Bytes{5}));
    message.answered = 1;
    message.refused = 2;
    message.tick_ns = 3;
    message.ticks = 4;
    message.latency = {numbers, 2};
    bytes.resize(64);
    bytes.resize(server_encode(WIRE_REPLY, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 0x82, 0} + kNonceBytes + Little(2, 8) + Little(1, 8) +
                      Little(3, 4) + Little(4, 8) + Bytes{2, 0, 8, 9}));
    message.header.op = SERVER_OP_CLIENT;
    bytes.resize(64);
    bytes.resize(server_encode(WIRE_REQUEST, &message, bytes.data(), 64));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 3} + kNonceBytes));
    message.outcomes = {numbers, 2};
    message.answers = {numbers, 1};
    message.mismatched = 1;
    message.unknown = 5;
    message.overrun = 6;
    message.cancelled = 7;
    message.resent = 2;
    message.evicted = 3;
    message.routes = 4;
    message.strange = 10;
    bytes.resize(84);
    bytes.resize(server_encode(WIRE_REPLY, &message, bytes.data(), 84));
    EXPECT_EQ(bytes, (Bytes{'S', 'V', 1, 0x83, 0} + kNonceBytes + Bytes{2, 0, 8, 9} +
                      Bytes{1, 0, 8} + Little(1, 8) + Little(5, 8) + Little(6, 8) + Little(7, 8) +
                      Little(2, 8) + Little(3, 8) + Little(4, 4) + Little(10, 4)));
}

// A protocol that has a field of each type, in an order that nothing aligns.
struct mixed_message {
    wire_header header;
    uint8_t small;
    wire_bytes name;
    uint16_t middle;
    wire_bytes value;
    uint32_t large;
};

const wire_field kMixedFields[] = {
    {"small", "", offsetof(mixed_message, small), WIRE_U8},
    {"name", "", offsetof(mixed_message, name), WIRE_BYTES},
    {"middle", "", offsetof(mixed_message, middle), WIRE_U16},
    {"value", "", offsetof(mixed_message, value), WIRE_BYTES},
    {"large", "", offsetof(mixed_message, large), WIRE_U32},
};
const wire_op kMixedOps[] = {{"ALL", "", {0x1f, 0x02}, 9, false, 0, {0, 0}}};
const wire_protocol_rows kMixed = {"mixed", kMixedOps, kMixedFields,          1,
                                   5,       99,        sizeof(mixed_message), {{'M', 'X'}}};

Bytes MixedRequest() {
    return Bytes{'M', 'X', 1, 9} + kNonceBytes + Bytes{7} + Bytes{2, 0, 'a', 'b'} + Bytes{3, 4} +
           Bytes{0, 0} + Bytes{5, 6, 7, 8};
}

TEST(Codec, carries_each_type) {
    const Bytes request = MixedRequest();
    mixed_message message{};
    ASSERT_EQ(wire_decode(&kMixed, WIRE_REQUEST, request.data(),
                          static_cast<uint32_t>(request.size()), &message),
              WIRE_OK);
    EXPECT_EQ(message.small, 7);
    EXPECT_EQ(message.name.count, 2u);
    EXPECT_EQ(std::memcmp(message.name.data, "ab", 2), 0);
    EXPECT_EQ(message.middle, 0x0403);
    EXPECT_EQ(message.value.count, 0u);
    EXPECT_EQ(message.large, 0x08070605u);
    Bytes again(64);
    again.resize(wire_encode(&kMixed, WIRE_REQUEST, &message, again.data(), 64));
    EXPECT_EQ(again, request);
    again.resize(64);
    again.resize(wire_encode(&kMixed, WIRE_REPLY, &message, again.data(), 64));
    EXPECT_EQ(again, (Bytes{'M', 'X', 1, 0x89, 0} + kNonceBytes + Bytes{2, 0, 'a', 'b'}));
}

TEST(Codec, test_reject_each_wrong_length_and_count) {
    const Bytes request = MixedRequest();
    mixed_message message{};
    message.small = 77;
    for (uint32_t length = 0; length < request.size(); length++) {
        Bytes exact(request.begin(), request.begin() + length);
        exact.shrink_to_fit();
        EXPECT_EQ(wire_decode(&kMixed, WIRE_REQUEST, exact.data(), length, &message),
                  WIRE_MALFORMED)
            << length;
    }
    for (int count = 0; count < 256; count++) {
        Bytes lying = request;
        lying[13] = static_cast<uint8_t>(count);
        bool good = count == 2;
        EXPECT_EQ(wire_decode(&kMixed, WIRE_REQUEST, lying.data(),
                              static_cast<uint32_t>(lying.size()), &message) == WIRE_OK,
                  good)
            << count;
        EXPECT_EQ(message.small, count >= 2 ? 7 : 77);  // Untouched until one is good.
    }
}

// Whoever sent it gets an answer that it knows as its own.
TEST(Codec, a_refused_request_leaves_its_operation_and_nonce) {
    const Bytes good = MixedRequest();
    Bytes longer = good + Bytes{0};
    Bytes shorter(good.begin(), good.begin() + 13);
    Bytes version = good;
    version[2]++;
    Bytes letters = good;
    letters[0]++;
    Bytes reply = good;
    reply[3] |= WIRE_REPLY_BIT;
    for (const Bytes &wrong : {longer, shorter, version, letters, reply}) {
        mixed_message message{};
        message.small = 77;
        EXPECT_EQ(wire_decode(&kMixed, WIRE_REQUEST, wrong.data(),
                              static_cast<uint32_t>(wrong.size()), &message),
                  WIRE_MALFORMED);
        EXPECT_EQ(message.header.op, 9);
        EXPECT_EQ(message.header.nonce.value, kNonce);
        EXPECT_EQ(message.small, 77);
    }
    mixed_message message{};
    EXPECT_EQ(wire_decode(&kMixed, WIRE_REQUEST, good.data(), 11, &message), WIRE_MALFORMED);
    EXPECT_EQ(message.header.nonce.value, 0u);
}

TEST(Codec, test_reject_encoding_what_is_no_message) {
    Bytes bytes(64);
    mixed_message message{};
    message.header.op = 10;
    EXPECT_EQ(wire_encode(&kMixed, WIRE_REQUEST, &message, bytes.data(), 64), 0u);
    EXPECT_EQ(wire_encode(&kMixed, WIRE_REPLY, &message, bytes.data(), 64), 0u);
    message.header.status = WIRE_UNKNOWN_OP;  // But its refusal can be told.
    EXPECT_EQ(wire_encode(&kMixed, WIRE_REPLY, &message, bytes.data(), 64),
              static_cast<uint32_t>(WIRE_REPLY_HEADER_BYTES));
    message.header.op = 9;
    message.header.status = WIRE_OK;
    message.name = wire_bytes{bytes.data(), UINT16_MAX + 1};
    EXPECT_EQ(wire_encode(&kMixed, WIRE_REPLY, &message, bytes.data(), 64), 0u);
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
