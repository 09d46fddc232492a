// testing/hostile_services/frames_test.cc: the frames are what their kind says, for every operation
// of every protocol, and a seed is one sequence.
#include "testing/hostile_services/frames.h"

#include <gtest/gtest.h>

#include <cstring>

#include "ipc/wire/protocols.h"

namespace {

constexpr std::uint32_t ROUNDS = 200;

void check_kinds(frames &made, const wire_protocol_rows *rows, std::uint32_t op) {
    message_area area{};
    frames_put(&made, rows, op, FRAME_RIGHT, &area);
    EXPECT_TRUE(frames_is_request(rows, &area)) << rows->name << " " << op;
    EXPECT_EQ(area.payload[3], rows->ops[op].number);
    for (int kind = FRAME_SHORT; kind < FRAME_NOISE; kind++) {
        frames_put(&made, rows, op, static_cast<frame_kind>(kind), &area);
        EXPECT_FALSE(frames_is_request(rows, &area)) << rows->name << " " << op << " " << kind;
    }
    frames_put(&made, rows, op, FRAME_NOISE, &area);
    EXPECT_LE(area.header.len, static_cast<std::uint32_t>(FRAME_PAYLOAD_MAX));
}

TEST(Frames, what_is_right_decodes_and_what_is_wrong_does_not) {
    frames made{1};
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (std::uint32_t i = 0; i < ROUNDS * rows->op_count; i++) {
            check_kinds(made, rows, i % rows->op_count);
        }
    }
}

TEST(Frames, each_operation_is_cut_to_each_length) {
    frames made{7};
    message_area area{};
    for (const wire_protocol_rows *rows : wire_protocols) {
        std::uint32_t whole = 0;
        std::uint32_t index = 0;
        for (; frames_cut(&made, rows, index, &area); index++) {
            whole += frames_is_request(rows, &area);
        }
        EXPECT_GE(index, rows->op_count * std::uint32_t{WIRE_REQUEST_HEADER_BYTES});
        EXPECT_GE(whole, rows->op_count) << rows->name;  // Longer than that it does not get.
        EXPECT_LT(whole, index);
    }
}

TEST(Frames, a_seed_is_one_sequence) {
    frames one{42};
    frames other{42};
    message_area first{};
    message_area second{};
    for (std::uint32_t i = 0; i < ROUNDS; i++) {
        const wire_protocol_rows *rows = wire_protocols[i % WIRE_PROTOCOL_COUNT];
        const auto kind = static_cast<frame_kind>(i % FRAME_KIND_COUNT);
        frames_put(&one, rows, i, kind, &first);
        frames_put(&other, rows, i, kind, &second);
        EXPECT_EQ(std::memcmp(&first, &second, sizeof(first)), 0);
    }
}

}  // namespace
