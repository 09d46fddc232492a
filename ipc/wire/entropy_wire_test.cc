// ipc/wire/entropy_wire_test.cc: golden byte vectors of the protocol of rngd.
#include "ipc/wire/entropy_wire.h"
#include "gtest/gtest.h"
#include "testing/protocols/golden_bytes.h"

namespace {

TEST(EntropyWire, golden_vectors) {
    uint8_t bytes[128];
    entropy_message bytes_request = {};
    bytes_request.header = {ENTROPY_OP_BYTES, WIRE_OK, {kNonce}};
    bytes_request.count = 0x0102;
    uint32_t count = entropy_encode(WIRE_REQUEST, &bytes_request, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count),
              Bytes({'E', 'N', 1, 1}) + kNonceBytes + Bytes({2, 1, 0, 0}));
    const uint8_t random[] = {9, 8, 7};
    bytes_request.bytes = {random, sizeof(random)};
    count = entropy_encode(WIRE_REPLY, &bytes_request, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count),
              Bytes({'E', 'N', 1, 0x81, 0}) + kNonceBytes + Bytes({3, 0, 9, 8, 7}));
    entropy_message state = {};
    state.header = {ENTROPY_OP_STATE, WIRE_OK, {kNonce}};
    state.state = 1;
    state.given = 2;
    state.raw = 3;
    state.seeds = 4;
    count = entropy_encode(WIRE_REPLY, &state, bytes, sizeof(bytes));
    EXPECT_EQ(Bytes(bytes, bytes + count), Bytes({'E', 'N', 1, 0x82, 0}) + kNonceBytes +
                                               Bytes({1}) + Little(2, 8) + Little(3, 8) +
                                               Little(4, 8));
}

}  // namespace
