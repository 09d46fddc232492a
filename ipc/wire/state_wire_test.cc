// ipc/wire/state_wire_test.cc: golden byte vectors of the protocol of statefsd.
#include "ipc/wire/state_wire.h"
#include "gtest/gtest.h"
#include "ipc/state_item.h"
#include "ipc/wire/wire.h"
#include "testing/protocols/golden_bytes.h"

namespace {

TEST(StateWire, golden_vectors) {
    uint8_t bytes[128];
    const uint8_t key[] = {'k', 'e', 'y'};
    const uint8_t value[] = {9, 8};
    state_message put = {};
    put.header = {STATE_OP_PUT, WIRE_OK, {kNonce}};
    put.transaction = 5;
    put.key = {key, sizeof(key)};
    put.value = {value, sizeof(value)};
    uint32_t count = state_encode(WIRE_REQUEST, &put, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count), Bytes({'S', 'T', 1, 1}) + kNonceBytes + Little(5, 8) +
                                               Bytes({3, 0, 'k', 'e', 'y', 2, 0, 9, 8}));
    count = state_encode(WIRE_REPLY, &put, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count), Bytes({'S', 'T', 1, 0x81, 0}) + kNonceBytes);
    put.header.op = STATE_OP_GET;
    count = state_encode(WIRE_REPLY, &put, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count),
              Bytes({'S', 'T', 1, 0x82, 0}) + kNonceBytes + Bytes({2, 0, 9, 8}));
}

// The largest of each fits a frame.
TEST(StateWire, bounds_fit_frames) {
    uint8_t bytes[512];
    const uint8_t filler[512] = {};
    state_message message = {};
    message.header = {STATE_OP_PUT, WIRE_OK, {kNonce}};
    message.key = {filler, STATE_KEY_BYTES_MAX};
    message.value = {filler, STATE_VALUE_BYTES_MAX};
    message.items = {filler, STATE_LIST_BYTES_MAX};
    for (const wire_direction direction : {WIRE_REQUEST, WIRE_REPLY}) {
        for (uint8_t op = STATE_OP_PUT; op <= STATE_OP_STATS; op++) {
            message.header.op = op;
            EXPECT_GT(state_encode(direction, &message, bytes, sizeof(bytes)), 0u) << int{op};
        }
    }
}

TEST(StateWire, items) {
    uint8_t bytes[16];
    wire_writer writer = wire_writer_of(bytes, sizeof(bytes));
    const uint8_t key[] = {'a', 'b'};
    const state_item item = {{key, 2}, 0x0102};
    state_item_put(&writer, &item);
    ASSERT_EQ(writer.count, state_item_bytes(&item));
    EXPECT_EQ(Bytes(bytes, bytes + writer.count), Bytes({2, 2, 1, 'a', 'b'}));
    wire_reader reader = wire_reader_of(bytes, writer.count);
    state_item got;
    ASSERT_TRUE(state_item_get(&reader, &got));
    EXPECT_EQ(got.value_count, 0x0102u);
    EXPECT_EQ(got.key.count, 2u);
    for (uint32_t cut = 0; cut < writer.count; cut++) {
        reader = wire_reader_of(bytes, cut);
        EXPECT_FALSE(state_item_get(&reader, &got)) << cut;
    }
}

}  // namespace
