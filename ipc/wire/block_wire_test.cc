// ipc/wire/block_wire_test.cc: golden byte vectors of the protocol of virtioblkd.
#include "ipc/wire/block_wire.h"
#include "gtest/gtest.h"
#include "ipc/wire/wire.h"
#include "testing/protocols/golden_bytes.h"

namespace {

TEST(BlockWire, golden_vectors) {
    uint8_t bytes[128];
    block_message open = {};
    open.header = {BLOCK_OP_OPEN, WIRE_OK, {kNonce}};
    uint32_t count = block_encode(WIRE_REQUEST, &open, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count), Bytes({'B', 'K', 1, 1}) + kNonceBytes);
    open.channel = 3;
    open.epoch = 4;
    open.sectors = 0x0102030405;
    open.sector_bytes = 512;
    open.read_only = 1;
    count = block_encode(WIRE_REPLY, &open, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count),
              Bytes({'B', 'K', 1, 0x81, 0}) + kNonceBytes + Little(3, 4) + Little(4, 8) +
                  Bytes({5, 4, 3, 2, 1, 0, 0, 0}) + Little(512, 4) + Bytes({1}));
    const uint8_t items[] = {2, 1, 0};
    block_message submit = {};
    submit.header = {BLOCK_OP_SUBMIT, WIRE_OK, {kNonce}};
    submit.channel = 3;
    submit.items = {items, sizeof(items)};
    submit.epoch = 9;
    count = block_encode(WIRE_REQUEST, &submit, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count), Bytes({'B', 'K', 1, 2}) + kNonceBytes + Little(3, 4) +
                                               Bytes({3, 0, 2, 1, 0}) + Little(9, 8));
    submit.results = {items, 1};
    count = block_encode(WIRE_REPLY, &submit, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count),
              Bytes({'B', 'K', 1, 0x82, 0}) + kNonceBytes + Little(9, 8) + Bytes({1, 0, 2}));
}

}  // namespace
