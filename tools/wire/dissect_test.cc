// tools/wire/dissect_test.cc: good messages are shown whole; of a bad one what there is, and what
// is wrong where.
#include "tools/wire/dissect.h"

#include "gtest/gtest.h"
#include "ipc/wire/codec.h"
#include "ipc/wire/protocols.h"

namespace {

wire::dissection shown(const std::string &hex) {
    std::vector<std::uint8_t> bytes;
    EXPECT_TRUE(wire::bytes_of_hex(hex, bytes));
    return wire::dissect(bytes);
}

const std::string SLEEP = "54 4d 01 02 05 00 00 00 00 00 00 00 40 42 0f 00 00 00 00 00 03";

TEST(Dissect, shows_a_request) {
    const wire::dissection found = shown(SLEEP);
    EXPECT_TRUE(found.good);
    EXPECT_EQ(found.text,
              "timed SLEEP request, 21 bytes\n"
              "    0  54 4d                    letters      TM: the protocol timed\n"
              "    2  01                       version      1\n"
              "    3  02                       op           SLEEP: answered once the deadline has "
              "passed; OVERLOAD: too many sleep\n"
              "    4  05 00 00 00 00 00 00 00  nonce        5\n"
              "   12  40 42 0f 00 00 00 00 00  deadline_ns  1000000: until when to sleep; "
              "of a tick, when the last one was due; nanoseconds since boot\n"
              "   20  03                       laxity       3: how late it may be: "
              "ipc/timed_class.def\n");
}

TEST(Dissect, shows_a_refusal) {
    const wire::dissection found = shown("544d01820305000000000000 00");
    EXPECT_TRUE(found.good);
    EXPECT_EQ(found.text.substr(0, 31), "timed SLEEP reply, 13 bytes\n   ");
    EXPECT_NE(found.text.find("status       OVERLOAD\n"), std::string::npos);
}

struct wrong {
    std::string hex;
    std::string says;
};

TEST(Dissect, test_reject_what_is_no_message) {
    for (const wrong &one : std::vector<wrong>{
             {"", "2 bytes are missing of `letters`"},
             {"5a 5a", "no protocol has these letters"},
             {"54 4d", "1 byte is missing of `version`"},
             {"54 4d 02", "known is version 1"},
             {"54 4d 01", "1 byte is missing of `op`"},
             {"54 4d 01 4f 01 00 00 00 00 00 00 00", "the protocol has no such operation"},
             {"54 4d 01 02 05 00", "6 bytes are missing of `nonce`"},
             {"54 4d 01 82", "1 byte is missing of `status`"},
             {"54 4d 01 82 63", "there is no such status"},
             {SLEEP.substr(0, SLEEP.size() - 6), "1 byte is missing of `deadline_ns`"},
             {SLEEP + " 77", "1 byte too many"},
         }) {
        const wire::dissection found = shown(one.hex);
        EXPECT_FALSE(found.good) << one.hex;
        EXPECT_NE(found.text.find(one.says), std::string::npos) << one.hex << "\n" << found.text;
    }
}

bool codec_accepts(const wire_protocol_rows &rows, wire_direction direction,
                   const std::vector<std::uint8_t> &bytes) {
    alignas(8) std::uint8_t message[WIRE_MESSAGE_BYTES_MAX] = {};
    return wire_decode(&rows, direction, bytes.data(), static_cast<std::uint32_t>(bytes.size()),
                       message) == WIRE_OK;
}

// Good is what the codec accepts, at every length.
void agrees(const wire_protocol_rows &rows, std::uint8_t op, wire_direction direction) {
    alignas(8) std::uint8_t message[WIRE_MESSAGE_BYTES_MAX] = {op};
    std::vector<std::uint8_t> bytes(512);
    bytes.resize(wire_encode(&rows, direction, message, bytes.data(), 512));
    ASSERT_TRUE(wire::dissect(bytes).good) << rows.name << " " << int{op};
    bytes.push_back(0);
    while (!bytes.empty()) {
        EXPECT_EQ(wire::dissect(bytes).good, codec_accepts(rows, direction, bytes))
            << rows.name << " " << int{op} << ", " << bytes.size() << " bytes";
        bytes.pop_back();
    }
}

TEST(Dissect, agrees_with_the_codec) {
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (std::uint32_t i = 0; i < rows->op_count; i++) {
            agrees(*rows, rows->ops[i].number, WIRE_REQUEST);
            agrees(*rows, rows->ops[i].number, WIRE_REPLY);
        }
    }
}

TEST(Hex, test_reject_what_is_no_hex) {
    std::vector<std::uint8_t> bytes;
    EXPECT_TRUE(wire::bytes_of_hex("0a:0B 0c0D", bytes));
    EXPECT_EQ(bytes, (std::vector<std::uint8_t>{10, 11, 12, 13}));
    for (const char *text : {"1", "1 2", "0g", "xx", "00 1"}) {
        bytes.clear();
        EXPECT_FALSE(wire::bytes_of_hex(text, bytes)) << text;
    }
}

}  // namespace
