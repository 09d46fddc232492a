// services/metrics_sim_test.cc: the real metricsd and the real logd in simulation, with clients
// that count, give up and die while logd is ended and started anew, on 1, 2 and 4 harts and many
// seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/metric_record.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "ipc/wire/routing_wire.h"
#include "services/logd/service.h"
#include "services/metricsd/service.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t OWN = SLOT_ENDPOINT;
constexpr std::uint32_t METRICSD = SLOT_FIRST_OWN;
constexpr std::uint32_t LOGD = SLOT_FIRST_OWN + 1;
constexpr std::uint32_t ROUNDS = 40;
constexpr std::uint32_t COUNTERS = 3;
constexpr std::uint64_t PATIENCE_US = 2000000;

// What all tasks of a run have seen. The simulation runs one at a time.
struct seen {
    std::uint64_t counted;    // Answers of WIRE_OK.
    std::uint64_t uncertain;  // Requests whose answer nobody waited for.
} seen;

std::uint64_t id_of(const char *name) {
    return service_id_named(name).value;
}

wire_bytes bytes_of(const char *text) {
    return {reinterpret_cast<const std::uint8_t *>(text),
            static_cast<std::uint32_t>(std::strlen(text))};
}

// The answer is in the message.
status call(user &self, std::uint32_t route, const wire_protocol_rows &protocol, void *message,
            std::uint64_t deadline_ns) {
    message_area &out = self.page->call_out;
    frame_finish(&out, protocol.type,
                 wire_encode(&protocol, WIRE_REQUEST, message, out.payload, sizeof(out.payload)));
    const call_result result = sys_ipc_call(slot_at(route), deadline_ns);
    if (result.status == STATUS_OK) {
        EXPECT_EQ(wire_decode(&protocol, WIRE_REPLY, self.page->reply_in.payload,
                              self.page->reply_in.header.len, message),
                  WIRE_OK);
    }
    return result.status;
}

metrics_message request(metrics_op op) {
    metrics_message message{};
    message.header.op = static_cast<std::uint8_t>(op);
    return message;
}

// Counts again and again, with a span open now and then; sometimes it gives up at once, and in the
// end it dies as it is.
void run_counter(user &self) {
    const std::uint64_t dies_at = sim_user_random(ROUNDS);
    for (std::uint32_t round = 0; round <= dies_at; round++) {
        metrics_message message = request(METRICS_OP_ADD);
        message.name = bytes_of("hits");
        message.value = 1;
        const bool hasty = sim_user_random(6) == 0;
        seen.uncertain++;  // Until it is answered.
        const status came = call(self, METRICSD, metrics_rows, &message,
                                 in_us(hasty ? 1 + sim_user_random(20) : PATIENCE_US));
        if (came == STATUS_OK) {
            EXPECT_EQ(message.header.status, WIRE_OK);
            seen.uncertain--;
            seen.counted++;
        } else {
            EXPECT_EQ(came, STATUS_TIMED_OUT);
        }
        message = request(METRICS_OP_START);
        message.name = bytes_of("round");
        EXPECT_EQ(call(self, METRICSD, metrics_rows, &message, in_us(PATIENCE_US)), STATUS_OK);
        EXPECT_TRUE(message.header.status == WIRE_OK || message.header.status == WIRE_OVERLOAD);
    }
    sim_user_illegal_instruction();
}

// Whether the journal of now has a record with that text.
bool journal_has(user &self, const std::string &text) {
    log_message page{};
    page.more = 1;
    for (std::uint32_t i = 0; i < 100 && page.more != 0; i++) {
        const std::uint64_t from = page.next;
        page = {};
        page.header.op = LOG_OP_QUERY;
        page.sequence = from;
        page.scope = bytes_of("metrics");
        EXPECT_EQ(call(self, LOGD, log_rows, &page, in_us(PATIENCE_US)), STATUS_OK);
        EXPECT_EQ(page.header.status, WIRE_OK);
        wire_reader reader = wire_reader_of(page.records.data, page.records.count);
        log_record record{};
        while (log_record_get(&reader, &record)) {
            EXPECT_EQ(record.sender, id_of("metricsd"));
            if (record.text.count >= text.size() &&
                std::memcmp(record.text.data, text.data(), text.size()) == 0) {
                return true;
            }
        }
    }
    return false;
}

// The sum is what was counted, and comes to the journal, which is another than the first.
void run_judge(user &self) {
    metrics_message message = request(METRICS_OP_ADD);
    message.name = bytes_of("judged");  // So that a period ends after logd was started anew.
    EXPECT_EQ(call(self, METRICSD, metrics_rows, &message, in_us(PATIENCE_US)), STATUS_OK);
    message = request(METRICS_OP_READ);
    message.owner = id_of("counter");
    message.name = bytes_of("hits");
    EXPECT_EQ(call(self, METRICSD, metrics_rows, &message, in_us(PATIENCE_US)), STATUS_OK);
    EXPECT_EQ(message.header.status, WIRE_OK);
    wire_reader reader = wire_reader_of(message.series.data, message.series.count);
    metric_record record{};
    EXPECT_TRUE(metric_record_get(&reader, &record));
    EXPECT_GE(record.sum, seen.counted);
    EXPECT_LE(record.sum, seen.counted + seen.uncertain);
    EXPECT_EQ(record.count, record.sum);
    char judged[64];
    std::snprintf(judged, sizeof(judged), "%llx counter judged count 1 sum 0 ",
                  static_cast<unsigned long long>(id_of("judge")));
    bool kept = false;
    for (std::uint32_t i = 0; i < 20 && !kept; i++) {
        EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(200000)).status, STATUS_TIMED_OUT);
        kept = journal_has(self, judged);
    }
    EXPECT_TRUE(kept);
    message = request(METRICS_OP_STATS);
    EXPECT_EQ(call(self, METRICSD, metrics_rows, &message, in_us(PATIENCE_US)), STATUS_OK);
    EXPECT_EQ(message.owners, 2u);
    EXPECT_GE(message.retained, 1u);
    EXPECT_EQ(message.over_series, 0u);
}

// init and samgrd in one: says yes to whoever is ready, and gives a route to the logd of now.
struct world {
    user &self;
    slot own = endpoint();
    slot logd_task{};
    slot logd{};

    void start_logd() {
        logd = endpoint();
        logd_task = start("logd", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                                   {mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                   {logd, SLOT_ENDPOINT, RIGHT_RECV}});
    }

    void end_logd() {
        EXPECT_EQ(sys_task_kill(logd_task), STATUS_OK);
        wait_dead(logd_task);
        EXPECT_EQ(sys_cap_close(logd), STATUS_OK);
    }

    void answer(reply_handle reply, const wire_protocol_rows &protocol, void *message,
                slot carried) {
        message_area &out = self.page->reply_out;
        frame_finish(&out, protocol.type,
                     wire_encode(&protocol, WIRE_REPLY, message, out.payload, sizeof(out.payload)));
        const enum status status = frame_answer(&out, reply, carried);
        EXPECT_NE(status, STATUS_DENIED);  // Else: it gave up, maybe.
    }

    // Serves what comes within a millisecond.
    void serve() {
        const recv_result got = sys_ipc_recv(own, in_us(1000));
        if (got.status != STATUS_OK || got.received != RECEIVED_CALL) {
            return;
        }
        const message_area &in = self.page->request_in;
        if (wire_type_protocol(in.header.type) == WIRE_PROTOCOL_INIT) {
            init_message message{};
            EXPECT_EQ(init_decode(WIRE_REQUEST, in.payload, in.header.len, &message), WIRE_OK);
            answer(got.reply, init_rows, &message, slot_at(CAP_SLOT_NONE));
            return;
        }
        routing_message message{};
        EXPECT_EQ(routing_decode(WIRE_REQUEST, in.payload, in.header.len, &message), WIRE_OK);
        EXPECT_EQ(message.target, id_of("logd"));
        answer(got.reply, routing_rows, &message, mint(logd, 0, RIGHT_CALL | RIGHT_SEND));
    }

    void serve_until_dead(slot task, exit_reason reason) {
        for (std::uint32_t i = 0; i < 100000; i++) {
            const query_result found = sys_cap_query(task);
            if (task_query_state(found.value) == TASK_DEAD) {
                EXPECT_EQ(task_query_reason(found.value), reason);
                return;
            }
            serve();
        }
        ADD_FAILURE() << "it does not end";
    }
};

TEST(MetricsSim, clients_count_and_die_while_logd_is_started_anew) {
    sim_machine machine;
    machine.limits({256, 4, 8, 8, 63});
    machine.program("logd", [](user &self) {
        struct runtime made;
        runtime_init(&made, self.page, self.argument, self.instance);
        sys_task_exit(static_cast<std::uint64_t>(logd_main(&made)));
    });
    machine.program("metricsd", [](user &self) {
        struct runtime made;
        runtime_init(&made, self.page, self.argument, self.instance);
        sys_task_exit(static_cast<std::uint64_t>(metricsd_main(&made)));
    });
    machine.program("counter", run_counter);
    machine.program("judge", run_judge);
    machine.run([](user &self) {
        seen = {};
        world made{self};
        made.start_logd();
        const slot to_metricsd = endpoint();
        const slot route = mint(to_metricsd, 0, RIGHT_CALL | RIGHT_SEND);
        const slot metricsd =
            start("metricsd", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                               {mint(made.own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                               {to_metricsd, SLOT_ENDPOINT, RIGHT_RECV},
                               {mint(made.own, 0, RIGHT_CALL), SLOT_SAMGRD, RIGHT_CALL}});
        for (std::uint32_t i = 0; i < COUNTERS; i++) {
            const slot counter = start("counter", {{route, METRICSD, RIGHT_CALL}});
            made.serve_until_dead(counter, EXIT_FAULT_INSTRUCTION);
            if (i == 1) {
                made.end_logd();
                made.start_logd();
            }
        }
        const slot judge = start("judge", {{route, METRICSD, RIGHT_CALL},
                                           {mint(made.logd, 0, RIGHT_CALL), LOGD, RIGHT_CALL},
                                           {endpoint(), OWN, RIGHT_RECV}});
        made.serve_until_dead(judge, EXIT_CODE);
        EXPECT_EQ(sys_task_kill(metricsd), STATUS_OK);
        EXPECT_EQ(wait_dead(metricsd).reason, EXIT_KILLED);
        EXPECT_EQ(sys_task_kill(made.logd_task), STATUS_OK);
        EXPECT_EQ(wait_dead(made.logd_task).reason, EXIT_KILLED);
    });
}

}  // namespace
