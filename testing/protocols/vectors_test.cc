// testing/protocols/vectors_test.cc: the codec of every protocol against the vectors: each message
// is written and read as it stands there, and nothing that is not exactly one is accepted.
#include "testing/protocols/vectors.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "ipc/wire/wire.h"

namespace {

// A message of any protocol.
struct Message {
    alignas(8) std::uint8_t bytes[WIRE_MESSAGE_BYTES_MAX] = {};
};

wire_status decode(const Vector &vector, const std::vector<std::uint8_t> &bytes, Message *out) {
    // A copy of its own, so that the sanitizer sees a byte too far.
    const std::vector<std::uint8_t> exact(bytes);
    return wire_decode(vector.rows, vector.direction, exact.data(),
                       static_cast<std::uint32_t>(exact.size()), out->bytes);
}

std::string name_of(const Vector &vector) {
    return std::string(vector.rows->name) + " " + vector.op->name +
           (vector.direction == WIRE_REQUEST ? " request" : " reply");
}

TEST(Vectors, are_those_of_the_rows) {
    std::ifstream stream("ipc/wire/vectors.txt");
    std::ostringstream text;
    text << stream.rdbuf();
    EXPECT_EQ(vector_lines(), text.str())
        << "what travels has changed; if that is meant: ./bazelw run //testing/protocols:update";
}

TEST(Vectors, are_read_and_written_again) {
    for (const Vector &vector : all_vectors()) {
        SCOPED_TRACE(name_of(vector));
        Message message;
        ASSERT_LE(vector.rows->message_bytes, sizeof(message.bytes));
        ASSERT_EQ(wire_decode(vector.rows, vector.direction, vector.bytes.data(),
                              static_cast<std::uint32_t>(vector.bytes.size()), message.bytes),
                  WIRE_OK);
        std::vector<std::uint8_t> again(vector.bytes.size());
        EXPECT_EQ(wire_encode(vector.rows, vector.direction, message.bytes, again.data(),
                              static_cast<std::uint32_t>(again.size())),
                  vector.bytes.size());
        EXPECT_EQ(again, vector.bytes);
    }
}

TEST(Vectors, test_reject_each_wrong_length_of_each_message) {
    for (const Vector &vector : all_vectors()) {
        SCOPED_TRACE(name_of(vector));
        Message message;
        std::vector<std::uint8_t> longer = vector.bytes;
        longer.push_back(0);
        EXPECT_EQ(decode(vector, longer, &message), WIRE_MALFORMED);
        for (std::size_t bytes = 0; bytes < vector.bytes.size(); bytes++) {
            const std::vector<std::uint8_t> shorter(
                vector.bytes.begin(), vector.bytes.begin() + static_cast<std::ptrdiff_t>(bytes));
            EXPECT_EQ(decode(vector, shorter, &message), WIRE_MALFORMED) << bytes;
        }
    }
}

TEST(Vectors, test_reject_each_buffer_that_is_too_small) {
    for (const Vector &vector : all_vectors()) {
        SCOPED_TRACE(name_of(vector));
        Message message;
        ASSERT_EQ(wire_decode(vector.rows, vector.direction, vector.bytes.data(),
                              static_cast<std::uint32_t>(vector.bytes.size()), message.bytes),
                  WIRE_OK);
        for (std::uint32_t room = 0; room < vector.bytes.size(); room++) {
            std::vector<std::uint8_t> small(room);
            EXPECT_EQ(wire_encode(vector.rows, vector.direction, message.bytes, small.data(), room),
                      0u)
                << room;
        }
    }
}

TEST(Vectors, test_reject_another_version_direction_or_operation) {
    for (const Vector &vector : all_vectors()) {
        SCOPED_TRACE(name_of(vector));
        Message message;
        for (const std::size_t place : {0u, 1u, 2u, 3u}) {
            std::vector<std::uint8_t> wrong = vector.bytes;
            wrong[place] ^= place == 3 ? WIRE_REPLY_BIT : 1;
            EXPECT_EQ(decode(vector, wrong, &message), WIRE_MALFORMED) << place;
        }
        std::vector<std::uint8_t> unknown = vector.bytes;
        unknown[3] |= 0x7f;
        EXPECT_EQ(decode(vector, unknown, &message), WIRE_UNKNOWN_OP);
    }
}

}  // namespace
