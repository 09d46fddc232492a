// services/journal_sim_test.cc: the real logd in simulation, with senders that flood it, give up
// and die, and readers that page through meanwhile, on 1, 2 and 4 harts and many seeds.
#include <gtest/gtest.h>

#include <cstring>

#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "services/logd/service.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t LOGD = SLOT_FIRST_OWN;
constexpr std::uint32_t ROUNDS = 60;

// What all tasks of a run have seen. The simulation runs one at a time.
struct seen {
    std::uint64_t kept;       // Answers of WIRE_OK to appends.
    std::uint64_t refused;    // Answers of WIRE_OVERLOAD.
    std::uint64_t uncertain;  // Appends whose answer nobody waited for.
} seen;

status call(user &self, log_message *message, std::uint64_t deadline_ns,
            slot route = slot_at(LOGD)) {
    message_area &out = self.page->call_out;
    message->header.nonce.value = self.instance;
    frame_finish(&out, WIRE_PROTOCOL_LOG,
                 log_encode(WIRE_REQUEST, message, out.payload, sizeof(out.payload)));
    const call_result result = sys_ipc_call(route, deadline_ns);
    if (result.status == STATUS_OK) {
        EXPECT_EQ(log_decode(WIRE_REPLY, self.page->reply_in.payload,
                             self.page->reply_in.header.len, message),
                  WIRE_OK);
        EXPECT_EQ(message->header.nonce.value, self.instance);
    }
    return result.status;
}

log_message append_of(const char *text) {
    log_message message{};
    message.header.op = LOG_OP_APPEND;
    message.level = LOG_INFO;
    message.scope = {reinterpret_cast<const std::uint8_t *>("sim"), 3};
    message.text = {reinterpret_cast<const std::uint8_t *>(text),
                    static_cast<std::uint32_t>(std::strlen(text))};
    return message;
}

// Appends again and again; sometimes it gives up at once, and in the end it dies as it is.
void run_writer(user &self) {
    const std::uint64_t dies_at = sim_user_random(ROUNDS);
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        log_message message = append_of("w");
        const bool hasty = sim_user_random(6) == 0;
        seen.uncertain++;  // Until it is answered.
        const status came =
            call(self, &message, hasty ? in_us(1 + sim_user_random(20)) : in_us(1000000));
        if (came == STATUS_OK) {
            seen.uncertain--;
            seen.kept += message.header.status == WIRE_OK;
            seen.refused += message.header.status == WIRE_OVERLOAD;
        } else {
            EXPECT_EQ(came, STATUS_TIMED_OUT);
        }
        if (round == dies_at) {
            sim_user_illegal_instruction();
        }
    }
}

// What is read is whole, in order, and each record is there once.
void run_reader(user &self) {
    for (std::uint32_t round = 0; round < 6; round++) {
        log_message message{};
        std::uint64_t last = 0;
        std::uint64_t from = 0;
        message.more = 1;
        for (std::uint32_t page = 0; page < 200 && message.more != 0; page++) {
            message = {};
            message.header.op = LOG_OP_QUERY;
            message.sequence = from;
            EXPECT_EQ(call(self, &message, in_us(1000000)), STATUS_OK);
            EXPECT_EQ(message.header.status, WIRE_OK);
            wire_reader reader = wire_reader_of(message.records.data, message.records.count);
            log_record record{};
            while (log_record_get(&reader, &record)) {
                EXPECT_GT(record.sequence, last);
                EXPECT_EQ(record.sender, service_id_named("writer").value);
                EXPECT_EQ(record.kind, LOG_KIND_TEXT);
                last = record.sequence;
            }
            EXPECT_TRUE(wire_reader_done(&reader));
            EXPECT_GT(message.next, last);
            from = message.next;
        }
        EXPECT_EQ(message.more, 0u);
    }
}

// What is no request, or nothing that it may ask for, changes nothing.
void run_rogue(user &self) {
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        message_area &out = self.page->call_out;
        for (std::uint32_t i = 0; i < FRAME_PAYLOAD_MAX; i++) {
            out.payload[i] = static_cast<std::uint8_t>(sim_user_random(256));
        }
        const std::uint8_t begins[] = {'L', 'G', WIRE_VERSION,
                                       static_cast<std::uint8_t>(sim_user_random(9))};
        std::memcpy(out.payload, begins, sizeof(begins));
        // Never long enough for an append of 40 bytes that happens to be right.
        frame_finish(&out, WIRE_PROTOCOL_LOG, static_cast<std::uint32_t>(sim_user_random(14)));
        EXPECT_EQ(sys_ipc_call(slot_at(LOGD), in_us(1000000)).status, STATUS_OK);
    }
    log_message crash{};
    crash.header.op = LOG_OP_CRASH;
    crash.reason = EXIT_KILLED;
    EXPECT_EQ(call(self, &crash, in_us(1000000)), STATUS_OK);
    EXPECT_EQ(crash.header.status, WIRE_DENIED);
    log_message nowhere{};
    nowhere.header.op = LOG_OP_EXPORT;
    EXPECT_EQ(call(self, &nowhere, in_us(1000000)), STATUS_OK);
    EXPECT_EQ(nowhere.header.status, WIRE_MALFORMED);
}

// logd, as init starts it. Its task; *route is a way to it.
slot start_logd(user &self, slot *route) {
    const slot own = endpoint();
    const slot_result to_logd = sys_endpoint_create_accepting(FACTORY);
    EXPECT_EQ(to_logd.status, STATUS_OK);
    *route = mint(to_logd.slot, 0, RIGHT_CALL | RIGHT_SEND);
    const slot task = start("logd", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                                     {mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                     {to_logd.slot, SLOT_ENDPOINT, RIGHT_RECV}});
    const recv_result ready = sys_ipc_recv(own, in_us(1000000));
    EXPECT_EQ(ready.received, RECEIVED_CALL);
    init_message message{};
    EXPECT_EQ(init_decode(WIRE_REQUEST, self.page->request_in.payload,
                          self.page->request_in.header.len, &message),
              WIRE_OK);
    message_area &out = self.page->reply_out;
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REPLY, &message, out.payload, sizeof(out.payload)));
    EXPECT_EQ(sys_ipc_reply(ready.reply), STATUS_OK);
    return task;
}

log_message ask(user &self, slot route, log_op op, std::uint64_t subject = 0) {
    log_message message{};
    message.header.op = static_cast<std::uint8_t>(op);
    message.subject = subject;
    EXPECT_EQ(call(self, &message, in_us(1000000), route), STATUS_OK);
    EXPECT_EQ(message.header.status, WIRE_OK);
    return message;
}

// Every append was kept or refused, or nobody waited for its answer; whatever its senders did,
// logd goes on and its counts add up.
TEST(JournalSim, senders_flood_give_up_and_die_while_readers_read) {
    sim_machine machine;
    machine.limits({192, 4, 8, 8, 63});
    machine.program("logd", [](user &self) {
        struct runtime made;
        runtime_init(&made, self.page, self.argument, self.instance);
        sys_task_exit(static_cast<std::uint64_t>(logd_main(&made)));
    });
    machine.program("writer", run_writer);
    machine.program("reader", run_reader);
    machine.program("rogue", run_rogue);
    machine.run([](user &self) {
        seen = {};
        slot route{};
        const slot logd = start_logd(self, &route);
        slot tasks[5];
        for (slot &task : tasks) {
            const char *name = &task == &tasks[3]   ? "reader"
                               : &task == &tasks[4] ? "rogue"
                                                    : "writer";
            task = start(name, {{route, LOGD, RIGHT_CALL}});
        }
        for (std::size_t i = 0; i < 5; i++) {
            EXPECT_EQ(wait_dead(tasks[i]).reason, i < 3 ? EXIT_FAULT_INSTRUCTION : EXIT_CODE);
        }
        const log_message all = ask(self, route, LOG_OP_STATS);
        const log_message one = ask(self, route, LOG_OP_SENDER, service_id_named("writer").value);
        EXPECT_GE(all.appended, seen.kept);
        EXPECT_LE(all.appended, seen.kept + seen.uncertain);
        EXPECT_GE(all.over_rate, seen.refused);
        EXPECT_LE(all.over_rate, seen.refused + seen.uncertain);
        EXPECT_GT(seen.kept, 0u);
        EXPECT_EQ(one.appended, all.appended) << "the rogue has kept nothing";
        EXPECT_EQ(one.over_rate, all.over_rate);
        EXPECT_EQ(all.next, all.appended + 1);
        // init itself: its report is kept, with the sender that the kernel names.
        log_message crash{};
        crash.header.op = LOG_OP_CRASH;
        crash.reason = EXIT_FAULT_INSTRUCTION;
        crash.subject = service_id_named("writer").value;
        EXPECT_EQ(call(self, &crash, in_us(1000000), route), STATUS_OK);
        EXPECT_EQ(crash.header.status, WIRE_OK);
        EXPECT_EQ(crash.sequence, all.next);
        EXPECT_EQ(sys_task_kill(logd), STATUS_OK);
        EXPECT_EQ(wait_dead(logd).reason, EXIT_KILLED);
    });
}

}  // namespace
