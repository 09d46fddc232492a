// ipc/server_counts_test.cc: what a service says of itself when it is asked.
#include "ipc/server_counts.h"

#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

uint64_t now_ns = 4000;

const wire_op kOps[] = {{"ADD", "", {0, 0}, 1, true, 0, {0, 0}},
                        {"FAR", "", {0, 0}, 15, true, 0, {0, 0}}};
const wire_protocol_rows kProtocol = {"test",      kOps, nullptr, 2, 0, 99, sizeof(wire_header),
                                      {{'T', 'S'}}};

std::vector<uint64_t> Numbers(const wire_bytes &bytes, uint32_t size) {
    std::vector<uint64_t> numbers(bytes.count / size);
    for (size_t i = 0; i < numbers.size(); i++) {
        std::memcpy(&numbers[i], bytes.data + i * size, size);
    }
    return numbers;
}

class ServerCounts : public ::testing::Test {
  protected:
    ServerCounts() {
        server_counts_init(&counts_);
    }

    // The answer, which points into out_.
    server_message Ask(uint8_t op, uint8_t operation = 0, const ipc_client *client = nullptr,
                       uint8_t state = 0) {
        server_message asked = {};
        asked.header.op = op;
        asked.header.nonce.value = 77;
        asked.operation = operation;
        asked.state = state;
        in_.header.len = server_encode(WIRE_REQUEST, &asked, in_.payload, sizeof(in_.payload));
        server_message answer = {};
        EXPECT_EQ(server_decode(WIRE_REPLY, out_.payload, Answer(client), &answer), WIRE_OK);
        EXPECT_EQ(answer.header.nonce.value, 77u);
        EXPECT_EQ(answer.header.op, op);
        return answer;
    }

    uint32_t Answer(const ipc_client *client) {
        return server_counts_answer(&counts_, &kProtocol, client, &in_, &out_);
    }

    ipc_counts counts_;
    message_area in_ = {};
    message_area out_ = {};
};

TEST_F(ServerCounts, puts_each_answer_into_its_bucket) {
    const std::vector<uint64_t> ticks = {0, 1, 2, 3, 4, 7, 8, (1u << 23) - 1, 1u << 23, UINT64_MAX};
    std::vector<uint64_t> wanted(IPC_LATENCY_BUCKETS);
    wanted[0] = 2;
    wanted[1] = 2;
    wanted[2] = 2;
    wanted[3] = 1;
    wanted[22] = 1;
    wanted[23] = 2;
    for (uint64_t each : ticks) {
        server_counts_answered(&counts_, 1, WIRE_OK, each);
    }
    EXPECT_EQ(Numbers(Ask(SERVER_OP_OPERATION, 1).latency, 4), wanted);
}

TEST_F(ServerCounts, keeps_operations_apart) {
    server_counts_answered(&counts_, 1, WIRE_OK, 10);
    server_counts_answered(&counts_, 15, WIRE_DENIED, 20);
    server_counts_answered(&counts_, 15, WIRE_OK, 30);
    server_message add = Ask(SERVER_OP_OPERATION, 1);
    EXPECT_EQ(add.answered, 1u);
    EXPECT_EQ(add.refused, 0u);
    EXPECT_EQ(add.ticks, 10u);
    EXPECT_EQ(add.tick_ns, 1u);
    server_message far = Ask(SERVER_OP_OPERATION, 15);
    EXPECT_EQ(far.answered, 2u);
    EXPECT_EQ(far.refused, 1u);
    EXPECT_EQ(far.ticks, 50u);
}

TEST_F(ServerCounts, an_operation_outside_the_table_is_not_counted) {
    const ipc_counts before = counts_;
    server_counts_answered(&counts_, IPC_OPERATION_MAX, WIRE_OK, 10);
    server_counts_answered(&counts_, 255, WIRE_OK, 10);
    EXPECT_EQ(std::memcmp(&before, &counts_, sizeof(before)), 0);
}

TEST_F(ServerCounts, says_how_its_own_calls_were_served) {
    ipc_client client = {};
    route_cache_init(&client.routes);
    client.stats.outcomes[IPC_OK][IPC_HIT] = 3;
    client.stats.outcomes[IPC_DENIED][IPC_MISS] = 1;
    client.stats.answers[IPC_TIMED_OUT] = 6;
    client.stats.strays[ROUTE_STRAY_MISMATCHED] = 4;
    client.stats.strays[ROUTE_STRAY_UNKNOWN] = 7;
    client.stats.strays[ROUTE_STRAY_DROPPED] = 8;
    client.stats.strays[ROUTE_STRAY_CANCELLED] = 9;
    client.stats.strays[ROUTE_STRAY_STRANGE] = 10;
    client.stats.resent = 2;
    client.routes.evicted = 5;
    client.routes.routes[4].slot = slot_at(9);
    server_message out = Ask(SERVER_OP_CLIENT, 0, &client);
    uint64_t wanted[IPC_ERROR_COUNT][IPC_SERVED_COUNT] = {};
    wanted[IPC_OK][IPC_HIT] = 3;
    wanted[IPC_DENIED][IPC_MISS] = 1;
    ASSERT_EQ(out.outcomes.count, sizeof(wanted));
    EXPECT_EQ(std::memcmp(out.outcomes.data, wanted, sizeof(wanted)), 0);
    uint64_t answers[IPC_ERROR_COUNT] = {};
    answers[IPC_TIMED_OUT] = 6;
    ASSERT_EQ(out.answers.count, sizeof(answers));
    EXPECT_EQ(std::memcmp(out.answers.data, answers, sizeof(answers)), 0);
    EXPECT_EQ(out.mismatched, 4u);
    EXPECT_EQ(out.unknown, 7u);
    EXPECT_EQ(out.overrun, 8u);
    EXPECT_EQ(out.cancelled, 9u);
    EXPECT_EQ(out.strange, 10u);
    EXPECT_EQ(out.resent, 2u);
    EXPECT_EQ(out.evicted, 5u);
    EXPECT_EQ(out.routes, 1u);
}

TEST_F(ServerCounts, test_reject_what_is_not_there) {
    for (unsigned operation : {0, 2, 14, 16, 255}) {
        EXPECT_EQ(Ask(SERVER_OP_OPERATION, static_cast<uint8_t>(operation)).header.status,
                  WIRE_ABSENT);
    }
    EXPECT_EQ(Ask(SERVER_OP_CLIENT).header.status, WIRE_ABSENT);
    EXPECT_EQ(Ask(SERVER_OP_STEPS).header.status, WIRE_ABSENT);
    EXPECT_EQ(Ask(SERVER_OP_TRACE).header.status, WIRE_ABSENT);
    EXPECT_EQ(counts_.refused, 8u);
}

TEST_F(ServerCounts, says_what_its_routes_went_through) {
    ipc_client client = {};
    route_cache_init(&client.routes);
    client.routes.events[ROUTE_BOUND][ROUTE_EVENT_LOST] = 3;
    server_message steps = Ask(SERVER_OP_STEPS, 0, &client, ROUTE_BOUND);
    ASSERT_EQ(steps.header.status, WIRE_OK);
    std::vector<uint64_t> wanted(ROUTE_EVENT_COUNT);
    wanted[ROUTE_EVENT_LOST] = 3;
    EXPECT_EQ(Numbers(steps.steps, 8), wanted);
    EXPECT_EQ(Ask(SERVER_OP_STEPS, 0, &client, ROUTE_STATE_COUNT).header.status, WIRE_ABSENT);
    for (uint8_t i = 0; i < ROUTE_TRACE_PAGE + 2; i++) {
        client.routes.trace.now_ns = 100u + i;
        route_trace_put(&client.routes.trace, route_trace_record{});
    }
    server_message page = Ask(SERVER_OP_TRACE, 0, &client);
    EXPECT_EQ(page.first, 0u);
    ASSERT_EQ(page.trace.count, ROUTE_TRACE_PAGE * sizeof(route_trace_record));
    EXPECT_EQ(Numbers(page.trace, 8)[3], 101u) << "the second record's time";
    client.routes.trace.count = ROUTE_TRACE_MAX + 7;
    page = Ask(SERVER_OP_TRACE, 0, &client);
    EXPECT_EQ(page.first, 7u) << "older ones are gone";
}

TEST_F(ServerCounts, says_what_came_and_what_became_of_it) {
    counts_.calls = 1;
    counts_.sends = 2;
    counts_.malformed = 3;
    counts_.refused = 4;
    counts_.dropped = 5;
    counts_.left = 6;
    counts_.kept = 7;
    server_message told = Ask(SERVER_OP_COUNTS);
    EXPECT_EQ(told.header.status, WIRE_OK);
    EXPECT_EQ(told.calls, 1u);
    EXPECT_EQ(told.sends, 2u);
    EXPECT_EQ(told.malformed, 3u);
    EXPECT_EQ(told.refused, 4u);
    EXPECT_EQ(told.dropped, 5u);
    EXPECT_EQ(told.left, 6u);
    EXPECT_EQ(told.kept, 7u);
}

// One call of the clock between two of the ticks, which are nanoseconds here.
TEST_F(ServerCounts, a_tick_has_a_length_once_the_clock_runs) {
    now_ns = 0;
    server_counts_init(&counts_);
    EXPECT_EQ(counts_.tick_ns, 0u);
    now_ns = 1;
    server_counts_init(&counts_);
    EXPECT_EQ(counts_.tick_ns, 1u);
    now_ns = 4000;
}

TEST_F(ServerCounts, a_client_that_never_called_has_no_routes) {
    ipc_client client = {};
    route_cache_init(&client.routes);
    EXPECT_EQ(Ask(SERVER_OP_CLIENT, 0, &client).routes, 0u);
    for (route &one : client.routes.routes) {
        one.slot = slot_at(9);
    }
    EXPECT_EQ(Ask(SERVER_OP_CLIENT, 0, &client).routes, 0u + ROUTE_CAPACITY);
}

// It changes the service, so that it is not answered here.
TEST_F(ServerCounts, test_reject_switching_the_trace) {
    EXPECT_EQ(Ask(SERVER_OP_HITS).header.status, WIRE_ABSENT);
    EXPECT_EQ(counts_.refused, 1u);
}

TEST_F(ServerCounts, test_reject_malformed_requests) {
    (void)Ask(SERVER_OP_COUNTS);
    in_.payload[3] = 9;
    EXPECT_EQ(Answer(nullptr), 0u + WIRE_REPLY_HEADER_BYTES);
    EXPECT_EQ(out_.payload[4], WIRE_UNKNOWN_OP);
    in_.header.len--;
    EXPECT_EQ(Answer(nullptr), 0u + WIRE_REPLY_HEADER_BYTES);
    EXPECT_EQ(out_.payload[4], WIRE_MALFORMED);
    EXPECT_EQ(counts_.malformed, 2u);
}

}  // namespace

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t, uint64_t, uint64_t, uint64_t) {
    EXPECT_EQ(number, 0u + SYSCALL_CLOCK_GET);
    return {STATUS_OK, now_ns, 0, 0};
}
