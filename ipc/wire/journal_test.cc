// ipc/wire/journal_test.cc: golden byte vectors of the protocols of logd and metricsd.
#include <vector>

#include "gtest/gtest.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "testing/protocols/golden_bytes.h"

namespace {

class LogWire : public ::testing::Test {
  protected:
    LogWire() {
        message_.header.nonce.value = kNonce;
        message_.sequence = 5;
        message_.until = 6;
        message_.kind = 1;
        message_.level = 2;
        message_.reason = 7;
        message_.more = 1;
        message_.count = 3;
        message_.scope = {scope_, 3};
        message_.text = {text_, 2};
        message_.records = {text_, 1};
        message_.bytes = 11;
        message_.next = 9;
        message_.first = 12;
        message_.subject = 13;
        message_.detail = 14;
        message_.instance = 15;
        message_.start = 16;
        message_.appended = 17;
        message_.overwritten = 18;
        message_.over_rate = 19;
        message_.over_size = 20;
        message_.forgotten = 21;
        message_.pc = 22;
        message_.ra = 23;
    }

    Bytes Encoded(wire_direction direction, log_op op) {
        Bytes bytes(256);
        message_.header.op = static_cast<uint8_t>(op);
        bytes.resize(log_encode(direction, &message_, bytes.data(), 256));
        return bytes;
    }
    static Bytes Head(uint8_t op) {
        return Bytes{'L', 'G', 1, op} + kNonceBytes;
    }
    static Bytes ReplyHead(uint8_t op) {
        return Bytes{'L', 'G', 1, static_cast<uint8_t>(op | 0x80), 0} + kNonceBytes;
    }

    const uint8_t scope_[3] = {'n', 'e', 't'};
    const uint8_t text_[2] = {'h', 'i'};
    log_message message_{};
};

TEST_F(LogWire, golden_vectors_of_records) {
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_APPEND),
              Head(1) + (Bytes{2, 3, 0, 'n', 'e', 't', 2, 0, 'h', 'i'}));
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_APPEND), ReplyHead(1) + Little(5, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_CRASH),
              Head(4) + Bytes{7} + Little(13, 8) + Little(14, 8) + Little(15, 4) + Little(16, 4) +
                  Little(22, 8) + Little(23, 8));
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_CRASH), ReplyHead(4) + Little(5, 8));
}

TEST_F(LogWire, golden_vectors_of_readers) {
    const Bytes wanted = Little(5, 8) + Little(6, 8) + (Bytes{1, 2, 3, 0, 'n', 'e', 't'});
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_QUERY), Head(2) + wanted);
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_QUERY),
              ReplyHead(2) + Bytes{1} + (Bytes{1, 0, 'h'}) + Little(9, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_EXPORT), Head(5) + wanted);
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_EXPORT),
              ReplyHead(5) + Bytes{1} + Little(3, 4) + Little(11, 8) + Little(9, 8));
}

TEST_F(LogWire, golden_vectors_of_counts) {
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_STATS), Head(3));
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_STATS), ReplyHead(3) + Little(9, 8) + Little(12, 8) +
                                                     Little(17, 8) + Little(18, 8) + Little(19, 8) +
                                                     Little(20, 8) + Little(21, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, LOG_OP_SENDER), Head(6) + Little(13, 8));
    EXPECT_EQ(Encoded(WIRE_REPLY, LOG_OP_SENDER),
              ReplyHead(6) + Little(17, 8) + Little(19, 8) + Little(20, 8));
}

class MetricsWire : public ::testing::Test {
  protected:
    MetricsWire() {
        message_.header.nonce.value = kNonce;
        message_.owner = 1;
        message_.kind = 2;
        message_.more = 1;
        message_.name = {bytes_, 2};
        message_.value = 3;
        message_.span = 4;
        message_.from = 5;
        message_.next = 6;
        message_.count = 7;
        message_.bytes = 8;
        message_.at_ns = 9;
        message_.series = {bytes_, 1};
        message_.owners = 10;
        message_.spans = 11;
        message_.updates = 12;
        message_.over_series = 13;
        message_.over_spans = 14;
        message_.bad_names = 15;
        message_.abandoned = 16;
        message_.periods = 17;
        message_.retained = 18;
        message_.unretained = 19;
    }

    Bytes Encoded(wire_direction direction, metrics_op op) {
        Bytes bytes(256);
        message_.header.op = static_cast<uint8_t>(op);
        bytes.resize(metrics_encode(direction, &message_, bytes.data(), 256));
        return bytes;
    }
    static Bytes Head(uint8_t op) {
        return Bytes{'M', 'E', 1, op} + kNonceBytes;
    }
    static Bytes ReplyHead(uint8_t op) {
        return Bytes{'M', 'E', 1, static_cast<uint8_t>(op | 0x80), 0} + kNonceBytes;
    }

    const uint8_t bytes_[2] = {'h', 'i'};
    metrics_message message_{};
};

TEST_F(MetricsWire, golden_vectors_of_updates) {
    const Bytes update = (Bytes{2, 0, 'h', 'i'}) + Little(3, 8);
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_ADD), Head(1) + update);
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_ADD), ReplyHead(1) + Little(3, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_SET), Head(2) + update);
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_SET), ReplyHead(2) + Little(3, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_OBSERVE), Head(3) + update);
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_OBSERVE), ReplyHead(3) + Little(3, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_START), Head(4) + (Bytes{2, 0, 'h', 'i'}));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_START), ReplyHead(4) + Little(4, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_STOP), Head(5) + Little(4, 8));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_STOP), ReplyHead(5) + Little(3, 8));
}

TEST_F(MetricsWire, golden_vectors_of_readers) {
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_READ),
              Head(6) + Little(1, 8) + (Bytes{2, 2, 0, 'h', 'i'}));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_READ), ReplyHead(6) + (Bytes{1, 0, 'h'}));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_PAGE), Head(7) + Little(5, 4));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_PAGE),
              ReplyHead(7) + Bytes{1} + Little(6, 4) + (Bytes{1, 0, 'h'}));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_SNAPSHOT), Head(8) + Little(5, 4));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_SNAPSHOT),
              ReplyHead(8) + Bytes{1} + Little(6, 4) + Little(7, 4) + Little(8, 4) + Little(9, 8));
}

TEST_F(MetricsWire, golden_vectors_of_counts) {
    const Bytes counts =
        Little(12, 8) + Little(13, 8) + Little(14, 8) + Little(15, 8) + Little(16, 8);
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_STATS), Head(9));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_STATS), ReplyHead(9) + Little(7, 4) + Little(10, 4) +
                                                         Little(11, 4) + counts + Little(17, 8) +
                                                         Little(18, 8) + Little(19, 8));
    EXPECT_EQ(Encoded(WIRE_REQUEST, METRICS_OP_OWNER), Head(10) + Little(1, 8));
    EXPECT_EQ(Encoded(WIRE_REPLY, METRICS_OP_OWNER),
              ReplyHead(10) + Little(7, 4) + Little(11, 4) + counts);
}

}  // namespace
