// tools/trace/trace_test.cc: what events mean, and what comes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "ipc/wire/wire.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/identity.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/qos.h"
#include "tools/trace/events.h"
#include "tools/trace/perfetto.h"
#include "tools/trace/protobuf.h"
#include "tools/trace/report.h"
#include "tools/trace/work.h"

namespace {

constexpr std::uint32_t CLIENT = 7;
constexpr std::uint32_t SERVER = 8;
constexpr std::uint32_t BACK = 9;
constexpr std::uint64_t CLIENT_ID = 0x11;
constexpr std::uint64_t SERVER_ID = 0x22;
constexpr std::uint64_t PROGRAM_ID = SERVICE_ID_TOP_BIT | 0x33;

constexpr std::uint16_t LOG_APPEND = WIRE_TYPE(WIRE_PROTOCOL_LOG, 1, WIRE_VIA_NONE);

struct happening {
    std::uint64_t time_ns;
    event_kind kind;
    std::uint32_t task;
    std::uint32_t peer = 0;
    std::uint64_t sequence = 0;
    std::uint8_t hart = 0;
    std::uint16_t type = WIRE_TYPE(WIRE_PROTOCOL_ECHO, 1, WIRE_VIA_NONE);
};

trace_event event_of(const happening &what) {
    trace_event event = {};
    event.time_ns = what.time_ns;
    event.kind = static_cast<std::uint8_t>(what.kind);
    event.hart = what.hart;
    event.type = what.type;
    event.task = what.task;
    event.peer = what.peer;
    event.sequence = what.sequence;
    return event;
}

std::vector<trace_event> events_of_list(const std::vector<happening> &list) {
    std::vector<trace_event> events;
    for (const happening &what : list) {
        events.push_back(event_of(what));
    }
    return events;
}

std::vector<std::uint8_t> ring_of(const std::vector<trace_event> &events) {
    std::vector<std::uint8_t> bytes(events.size() * sizeof(trace_event));
    std::memcpy(bytes.data(), events.data(), bytes.size());
    return bytes;
}

std::string failure_of(const std::vector<std::uint8_t> &rings) {
    try {
        trace::events_of(rings);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

const std::map<std::uint64_t, std::string> names = {{CLIENT_ID, "client"}, {SERVER_ID, "server"}};

// A call that goes straight on: client runs, server runs, client runs.
const std::vector<happening> straight = {
    {100, EVENT_START, CLIENT, 1, CLIENT_ID}, {110, EVENT_START, SERVER, 1, SERVER_ID},
    {200, EVENT_SWITCH, CLIENT, 0},           {300, EVENT_CALL, CLIENT, SERVER, 5},
    {450, EVENT_REPLY, SERVER, CLIENT, 5},    {500, EVENT_SWITCH, 0, CLIENT},
};

TEST(Events, a_ring_that_was_overwritten_is_put_in_order) {
    std::vector<trace_event> ring = events_of_list({{300, EVENT_SWITCH, 3},
                                                    {400, EVENT_SWITCH, 4},
                                                    {100, EVENT_SWITCH, 1},
                                                    {200, EVENT_SWITCH, 2}});
    const auto events = trace::events_of(ring_of(ring));
    ASSERT_EQ(events.size(), 4U);
    for (std::uint32_t i = 0; i < 4; i++) {
        EXPECT_EQ(events[i].task, i + 1);
    }
}

TEST(Events, harts_are_merged_by_time_and_empty_places_left_out) {
    const auto events = trace::events_of(ring_of(events_of_list({{100, EVENT_SWITCH, 1, 0, 0, 0},
                                                                 {300, EVENT_SWITCH, 3, 0, 0, 0},
                                                                 {0, EVENT_NONE, 0},
                                                                 {200, EVENT_SWITCH, 2, 0, 0, 1},
                                                                 {0, EVENT_NONE, 0}})));
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[1].task, 2U);
    EXPECT_EQ(events[1].hart, 1U);
}

TEST(Events, test_reject_part_of_an_event) {
    EXPECT_EQ(failure_of(std::vector<std::uint8_t>(33)),
              "trace: 33 bytes are no whole number of events");
}

TEST(Events, test_reject_unknown_kind) {
    auto bytes = ring_of(events_of_list({{1, EVENT_SWITCH, 1}, {2, EVENT_SWITCH, 1}}));
    bytes[sizeof(trace_event) + offsetof(trace_event, kind)] = EVENT_KIND_COUNT;
    EXPECT_EQ(failure_of(bytes),
              "trace: byte 32: no kind of event: " + std::to_string(EVENT_KIND_COUNT));
}

TEST(Events, test_reject_what_is_no_ring) {
    EXPECT_EQ(failure_of(ring_of(events_of_list({{3, EVENT_SWITCH, 1},
                                                 {1, EVENT_SWITCH, 1},
                                                 {3, EVENT_SWITCH, 1},
                                                 {2, EVENT_SWITCH, 1}}))),
              "trace: hart 0: times go back more than once: these are not its rings");
}

TEST(Events, names_come_from_the_boot_image) {
    std::vector<std::uint8_t> image(sizeof(boot_image_header) + 2 * sizeof(boot_image_entry));
    boot_image_header header = {};
    header.magic = BOOT_IMAGE_MAGIC;
    header.entry_count = 2;
    std::memcpy(image.data(), &header, sizeof(header));
    boot_image_entry entry = {};
    entry.kind = BOOT_IMAGE_PROGRAM;
    entry.service_id = CLIENT_ID;
    std::strcpy(entry.name, "client");
    std::memcpy(image.data() + sizeof(header), &entry, sizeof(entry));
    EXPECT_EQ(trace::names_of(image).at(CLIENT_ID), "client");
    entry.kind = BOOT_IMAGE_MANIFEST;
    entry.offset = image.size();
    std::memcpy(image.data() + sizeof(header) + sizeof(entry), &entry, sizeof(entry));
    EXPECT_THROW(trace::names_of(image), std::runtime_error) << "its manifest is not there";
    image.resize(image.size() + sizeof(manifest_header) + sizeof(manifest_service));
    EXPECT_THROW(trace::names_of(image), std::runtime_error) << "it is none";
    manifest_header manifest = {MANIFEST_MAGIC, 1, 0};
    std::memcpy(image.data() + entry.offset, &manifest, sizeof(manifest));
    manifest_service service = {};
    service.service_id = SERVER_ID;
    std::strcpy(service.name, "guest_a");
    std::strcpy(service.program, "client");
    std::memcpy(image.data() + entry.offset + sizeof(manifest), &service, sizeof(service));
    EXPECT_EQ(trace::names_of(image).at(SERVER_ID), "guest_a");
    EXPECT_EQ(trace::names_of(image).at(CLIENT_ID), "client");
    image.pop_back();
    EXPECT_THROW(trace::names_of(image), std::runtime_error);
    image[0] ^= 1;
    EXPECT_THROW(trace::names_of(image), std::runtime_error);
    EXPECT_THROW(trace::names_of({}), std::runtime_error);
}

TEST(Model, a_call_that_goes_straight_on) {
    const auto model = trace::model_of(events_of_list(straight), names);
    ASSERT_EQ(model.runs.size(), 3U);
    EXPECT_EQ(model.runs[1].task, SERVER);
    EXPECT_EQ(model.runs[1].begin_ns, 300U);
    EXPECT_EQ(model.runs[1].end_ns, 450U);
    EXPECT_EQ(model.runs[2].task, CLIENT);
    ASSERT_EQ(model.calls.size(), 1U);
    EXPECT_EQ(model.calls[0].end, trace::call_end::answered);
    EXPECT_EQ(trace::run_ns(model, SERVER, 300, 450), 150U);
    EXPECT_EQ(trace::run_ns(model, SERVER, 320, 400), 80U);
    EXPECT_EQ(trace::run_ns(model, BACK, 0, 1000), 0U);
    EXPECT_EQ(trace::task_name(model, SERVER), "server");
}

TEST(Model, a_receiver_on_another_hart_is_woken_and_not_run_here) {
    const auto model = trace::model_of(events_of_list({{200, EVENT_SWITCH, CLIENT},
                                                       {300, EVENT_CALL, CLIENT, SERVER, 5},
                                                       {301, EVENT_WAKE, SERVER, CLIENT},
                                                       {310, EVENT_SWITCH, 0, CLIENT},
                                                       {350, EVENT_SWITCH, SERVER, 0, 0, 1},
                                                       {400, EVENT_SWITCH, 0, SERVER, 0, 1}}),
                                       names);
    ASSERT_EQ(model.runs.size(), 2U);
    EXPECT_EQ(model.runs[0].end_ns, 310U);
    EXPECT_EQ(model.runs[1].task, SERVER);
    EXPECT_EQ(model.runs[1].hart, 1U);
    EXPECT_EQ(model.calls[0].end, trace::call_end::open);
    EXPECT_EQ(model.calls[0].end_ns, 400U);
}

TEST(Model, time_in_a_queue_is_the_callers_and_not_the_servers) {
    const auto model = trace::model_of(events_of_list({{100, EVENT_QUEUE, CLIENT, SERVER, 4},
                                                       {150, EVENT_CALL, CLIENT, SERVER, 5},
                                                       {180, EVENT_REPLY, SERVER, CLIENT, 5}}),
                                       names);
    ASSERT_EQ(model.calls.size(), 1U);
    EXPECT_EQ(model.calls[0].asked_ns, 100U);
    EXPECT_EQ(model.calls[0].given_ns, 150U);
    EXPECT_EQ(model.calls[0].end_ns, 180U);
}

TEST(Model, every_end_of_a_call) {
    const auto model = trace::model_of(events_of_list({{100, EVENT_CALL, CLIENT, SERVER, 5},
                                                       {110, EVENT_DROP, SERVER, CLIENT, 5},
                                                       {120, EVENT_QUEUE, CLIENT, SERVER, 6},
                                                       {130, EVENT_LEAVE, CLIENT, 0, 6, 0, 2},
                                                       {140, EVENT_REPLY, SERVER, BACK, 9}}),
                                       names);
    ASSERT_EQ(model.calls.size(), 2U) << "an answer without a call is left out";
    EXPECT_EQ(model.calls[0].end, trace::call_end::dropped);
    EXPECT_EQ(model.calls[1].end, trace::call_end::left);
    EXPECT_EQ(model.calls[1].status, 2U);
    EXPECT_FALSE(model.calls[1].given);
}

TEST(Model, a_second_task_of_a_name_gets_a_number) {
    const auto model = trace::model_of(events_of_list({{1, EVENT_START, 20, 1, SERVER_ID},
                                                       {2, EVENT_START, 21, 1, SERVER_ID},
                                                       {3, EVENT_START, 22, 1, 0x99},
                                                       {4, EVENT_START, 23, 1, PROGRAM_ID}}),
                                       names);
    EXPECT_EQ(trace::task_name(model, 20), "server");
    EXPECT_EQ(trace::task_name(model, 21), "server #2");
    EXPECT_EQ(trace::task_name(model, 22), "task 22");
    EXPECT_EQ(trace::task_name(model, 23), "program");
    EXPECT_EQ(trace::task_name(model, 0), "kernel");
}

TEST(Report, the_path_of_a_call_goes_through_what_its_server_asks) {
    const auto model =
        trace::model_of(events_of_list({{100, EVENT_START, CLIENT, 1, CLIENT_ID},
                                        {110, EVENT_START, SERVER, 1, SERVER_ID},
                                        {200, EVENT_SWITCH, CLIENT},
                                        {300, EVENT_CALL, CLIENT, SERVER, 5},
                                        {350, EVENT_CALL, SERVER, BACK, 6, 0, LOG_APPEND},
                                        {400, EVENT_REPLY, BACK, SERVER, 6},
                                        {450, EVENT_REPLY, SERVER, CLIENT, 5}}),
                        names);
    EXPECT_EQ(trace::longest_call(model, {"nobody", "", "", {}}), std::nullopt);
    ASSERT_EQ(trace::longest_call(model, {"server", "", "", {}}), 1U);
    EXPECT_EQ(trace::longest_call(model, {"", "", "log APPEND", {}}), 1U);
    EXPECT_EQ(trace::longest_call(model, {"", "", "", 350}), 1U);
    EXPECT_EQ(trace::longest_call(model, {"", "", "", 351}), std::nullopt);
    const auto longest = trace::longest_call(model, {});
    ASSERT_EQ(longest, 0U);
    std::ostringstream out;
    trace::print_path(model, *longest, out);
    EXPECT_EQ(out.str(),
              "client > server echo ECHO, at 300 ns: 150 ns: queue 0, server ran 100, it asked 50, "
              "waited to run 0\n"
              "  server > task 9 log APPEND, at 350 ns: 50 ns: queue 0, task 9 ran 50, it asked 0, "
              "waited to run 0\n");
}

TEST(Report, the_dearest_come_first) {
    auto events = events_of_list(straight);
    for (trace_event &event : events) {
        event.time_ns *= 1000;
    }
    std::ostringstream out;
    trace::print_top(trace::model_of(events, names), 1, out);
    EXPECT_EQ(
        out.str(),
        "task                             runs          us       share  longest us\n"
        "client                              2         150       50.0%         100\n"
        "all                                 3         300      100.0%         150\n"
        "The trace is 400 us long; tasks ran on one hart.\n"
        "\n"
        "call                                                   calls          us     mean ns"
        "  longest us\n"
        "client > server echo ECHO                                  1         150      150000"
        "         150\n"
        "\n"
        "operation                                            calls   ns each server ns others ns"
        "  route ns  messages  switches  syscalls      hits    misses   rebound  degraded\n"
        "server echo ECHO                                         1    150000    150000         0"
        "         0       2.0       2.0         -         0         0         0         0\n");
}

std::uint16_t echo_by(wire_via via) {
    return WIRE_TYPE(WIRE_PROTOCOL_ECHO, 1, via);
}

// CLIENT calls SERVER twice; the first time that asks BACK and tells somebody.
const std::vector<happening> twice = {
    {110, EVENT_START, CLIENT, 1, CLIENT_ID, 0, QOS_BURST},
    {120, EVENT_START, SERVER, 1, SERVER_ID, 0, QOS_IDLE},
    {200, EVENT_SWITCH, CLIENT, 0, 0, 0, QOS_BURST},
    {300, EVENT_CALL, CLIENT, SERVER, 5, 0, echo_by(WIRE_VIA_MISS)},
    {320, EVENT_SEND, SERVER, CLIENT, 0, 0, LOG_APPEND},
    {350, EVENT_CALL, SERVER, BACK, 6, 0, LOG_APPEND},
    {400, EVENT_REPLY, BACK, SERVER, 6},
    {450, EVENT_REPLY, SERVER, CLIENT, 5},
    {500, EVENT_CALL, CLIENT, SERVER, 6, 0, echo_by(WIRE_VIA_HIT)},
    {510, EVENT_REPLY, SERVER, CLIENT, 6},
    {550, EVENT_SWITCH, SERVER, CLIENT, 0, 0, QOS_IDLE},
    {600, EVENT_SWITCH, 0, SERVER},
};

TEST(Work, an_operation_costs_what_its_server_and_others_do_for_it) {
    const auto model = trace::model_of(events_of_list(twice), names);
    const auto operations = trace::operations_of(model, trace::works_of(model));
    ASSERT_EQ(operations.size(), 2U);
    const trace::operation &echo = operations[0];
    EXPECT_EQ(echo.server + " " + trace::type_name(echo.type), "server echo ECHO");
    EXPECT_EQ(echo.calls, 2U);
    EXPECT_EQ(echo.waited_ns, 160U);
    EXPECT_EQ(echo.own_ns, 110U);
    EXPECT_EQ(echo.below_ns, 50U);
    EXPECT_EQ(echo.messages, 7U);  // 2, and 5: a call, its answer and a send meanwhile.
    EXPECT_EQ(echo.switches, 6U);  // To SERVER, to BACK, back, to CLIENT; then there and back.
    EXPECT_EQ(echo.via[WIRE_VIA_MISS], 1U);
    EXPECT_EQ(echo.via[WIRE_VIA_HIT], 1U);
    EXPECT_EQ(operations[1].server, "task 9");
    EXPECT_EQ(operations[1].own_ns, 50U);
    EXPECT_EQ(operations[1].via[WIRE_VIA_NONE], 1U);
}

// Times are coarse, so what belongs to whom goes by the order of events.
TEST(Work, system_calls_belong_to_the_operation_for_which_they_are_made) {
    const auto model = trace::model_of(events_of_list({{200, EVENT_SWITCH, CLIENT},
                                                       {200, EVENT_SYSCALL, CLIENT, 0, 40},
                                                       {300, EVENT_SYSCALL, CLIENT, 0, 1},
                                                       {300, EVENT_CALL, CLIENT, SERVER, 5},
                                                       {300, EVENT_SYSCALL, SERVER, 0, 3},
                                                       {300, EVENT_SYSCALL, SERVER, 0, 1},
                                                       {300, EVENT_CALL, SERVER, BACK, 6},
                                                       {400, EVENT_SYSCALL, BACK, 0, 1},
                                                       {400, EVENT_REPLY, BACK, SERVER, 6},
                                                       {400, EVENT_SYSCALL, SERVER, 0, 1},
                                                       {400, EVENT_REPLY, SERVER, CLIENT, 5},
                                                       {400, EVENT_SYSCALL, CLIENT, 0, 9},
                                                       {500, EVENT_SWITCH, 0, CLIENT}}),
                                       names);
    const auto works = trace::works_of(model);
    const auto operations = trace::operations_of(model, works);
    ASSERT_EQ(operations.size(), 2U);
    for (const trace::operation &one : operations) {
        // The client's call, 3, a call in turn with its answer, the answer; of that two.
        EXPECT_EQ(one.syscalls, one.server == "task 9" ? 2U : 7U) << one.server;
        EXPECT_EQ(one.switches, one.server == "task 9" ? 2U : 4U) << one.server;
    }
    EXPECT_EQ(works.tasks.at(CLIENT).syscalls, 50U);
    EXPECT_TRUE(model.marks.empty());
}

// What is asked to find a route belongs to the operation that goes through it.
TEST(Work, a_route_that_is_resolved_is_part_of_what_it_is_for) {
    const std::uint16_t resolve = WIRE_TYPE(WIRE_PROTOCOL_ROUTING, 1, WIRE_VIA_NONE);
    const auto model = trace::model_of(
        events_of_list({{200, EVENT_SWITCH, CLIENT},
                        {300, EVENT_CALL, CLIENT, BACK, 5, 0, resolve},
                        {330, EVENT_REPLY, BACK, CLIENT, 5},
                        {340, EVENT_CALL, CLIENT, SERVER, 6, 0, echo_by(WIRE_VIA_REBOUND)},
                        {350, EVENT_REPLY, SERVER, CLIENT, 6},
                        {360, EVENT_CALL, CLIENT, SERVER, 7, 0, echo_by(WIRE_VIA_HIT)},
                        {370, EVENT_REPLY, SERVER, CLIENT, 7},
                        {380, EVENT_CALL, CLIENT, SERVER, 8, 0, echo_by(WIRE_VIA_DEGRADED)},
                        {390, EVENT_REPLY, SERVER, CLIENT, 8}}),
        names);
    const auto operations = trace::operations_of(model, trace::works_of(model));
    ASSERT_EQ(operations.size(), 2U);
    const trace::operation &echo = operations[operations[0].type == resolve ? 1 : 0];
    EXPECT_EQ(echo.calls, 3U);
    EXPECT_EQ(echo.route_ns, 30U);
    EXPECT_EQ(echo.messages, 8U);
    EXPECT_EQ(echo.switches, 8U);
}

TEST(Model, a_server_runs_in_the_class_of_who_waits_for_it) {
    const auto model = trace::model_of(events_of_list(twice), names);
    std::vector<int> classes;
    for (const trace::run &run : model.runs) {
        classes.push_back(run.qos);
    }
    EXPECT_EQ(classes, (std::vector<int>{QOS_BURST, QOS_BURST, QOS_BURST, QOS_BURST, QOS_BURST,
                                         QOS_BURST, QOS_BURST, QOS_IDLE}));
}

TEST(Names, of_types) {
    EXPECT_EQ(trace::type_name(echo_by(WIRE_VIA_REBOUND)), "echo ECHO");
    EXPECT_EQ(trace::type_name(WIRE_TYPE(WIRE_PROTOCOL_ECHO, 31, WIRE_VIA_NONE)), "echo 31");
    EXPECT_EQ(trace::type_name(WIRE_TYPE(255, 1, WIRE_VIA_NONE)), "(raw type 511)");
    EXPECT_EQ(trace::via_name(WIRE_VIA_DEGRADED), "degraded");
    EXPECT_EQ(trace::via_name(7), "");
}

// Programs may agree on frames of their own; a number of a protocol does not make them its frames.
TEST(Names, test_reject_a_protocol_that_is_not_spoken) {
    EXPECT_EQ(trace::type_name(WIRE_PROTOCOL_ENTROPY), "(raw type 9)");
    EXPECT_EQ(trace::type_name(28), "(raw type 28)");
    EXPECT_EQ(trace::type_name(0), "(raw type 0)");
}

TEST(Protobuf, encoding) {
    trace::message inner;
    inner.put(1, 150);
    EXPECT_EQ(inner.bytes(), std::string("\x08\x96\x01"));
    trace::message outer;
    outer.put(3, inner);
    outer.put_fixed64(47, 2);
    EXPECT_EQ(outer.bytes(),
              std::string("\x1a\x03\x08\x96\x01\xf9\x02\x02\x00\x00\x00\x00\x00\x00\x00", 15));
}

// Reads what the test needs of a message: its fields in order.
struct field {
    std::uint64_t number;
    std::uint64_t value;
    std::string bytes;
};

std::uint64_t varint(const std::string &bytes, std::size_t &at) {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(bytes.at(at++));
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if (byte < 0x80) {
            return value;
        }
    }
}

std::vector<field> fields_of(const std::string &bytes) {
    std::vector<field> fields;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::uint64_t key = varint(bytes, at);
        field field = {key >> 3, 0, ""};
        if ((key & 7) == 0) {
            field.value = varint(bytes, at);
        } else {
            const std::size_t count = (key & 7) == 1 ? 8 : varint(bytes, at);
            field.bytes = bytes.substr(at, count);
            at += count;
        }
        fields.push_back(field);
    }
    return fields;
}

const field *find(const std::vector<field> &fields, std::uint64_t number) {
    for (const field &field : fields) {
        if (field.number == number) {
            return &field;
        }
    }
    return nullptr;
}

TEST(Perfetto, slices_nest_and_flows_lead_from_call_to_service) {
    const auto model = trace::model_of(events_of_list(straight), names);
    std::map<std::uint64_t, int> open;
    std::map<std::string, std::vector<std::string>> flows;
    std::vector<std::string> tracks;
    std::uint64_t last_ns = 0;
    for (const field &packet : fields_of(trace::perfetto(model))) {
        ASSERT_EQ(packet.number, 1U);
        const auto parts = fields_of(packet.bytes);
        if (const field *descriptor = find(parts, 60)) {
            const auto described = fields_of(descriptor->bytes);
            if (const field *name = find(described, 2)) {
                tracks.push_back(name->bytes);
            }
            continue;
        }
        EXPECT_GE(find(parts, 8)->value, last_ns);
        last_ns = find(parts, 8)->value;
        const auto event = fields_of(find(parts, 11)->bytes);
        const std::uint64_t type = find(event, 9)->value;
        const std::uint64_t track = find(event, 11)->value;
        open[track] += type == 1 ? 1 : type == 2 ? -1 : 0;
        EXPECT_GE(open[track], 0);
        if (const field *flow = find(event, 47)) {
            flows[flow->bytes].push_back(find(event, 23)->bytes);
        }
    }
    for (const auto &[track, depth] : open) {
        EXPECT_EQ(depth, 0) << track;
    }
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows.begin()->second,
              (std::vector<std::string>{"call server echo ECHO", "echo ECHO for client"}));
    EXPECT_EQ(tracks, (std::vector<std::string>{"hart 0", "client", "server", "server serves"}));
}

constexpr std::uint64_t REQUEST = ASYNC_SEQUENCE_BIT | 8;

// CLIENT waits for an answer of SERVER while its request of BACK is dropped and another is
// answered.
const std::vector<happening> messages = {
    {100, EVENT_REQUEST, CLIENT, BACK, REQUEST},
    {110, EVENT_CALL, CLIENT, SERVER, 5},
    {120, EVENT_TAKE, BACK, CLIENT, REQUEST},
    {130, EVENT_DROP, BACK, CLIENT, REQUEST},
    {140, EVENT_REPLY, SERVER, CLIENT, 5},
    {150, EVENT_ANSWERED, CLIENT, 0, REQUEST},
    {160, EVENT_SEND, CLIENT, SERVER, 17},
    {170, EVENT_TAKE, SERVER, CLIENT, 17},
    {180, EVENT_QUEUE, CLIENT, SERVER, 6},
    {190, EVENT_TAKE, SERVER, CLIENT, 6},
    {200, EVENT_REQUEST, CLIENT, BACK, REQUEST + 8},
    {210, EVENT_TAKE, BACK, CLIENT, REQUEST + 8},
    {220, EVENT_ANSWER, BACK, CLIENT, REQUEST + 8},
    {230, EVENT_ANSWERED, CLIENT, BACK, REQUEST + 8},
    {240, EVENT_SEND, CLIENT, SERVER, 0},
};

TEST(Model, messages_that_nobody_waits_on_end_no_call) {
    const auto model = trace::model_of(events_of_list(messages), names);
    ASSERT_EQ(model.calls.size(), 2U);
    EXPECT_EQ(model.calls[0].end, trace::call_end::answered);
    EXPECT_EQ(model.calls[0].end_ns, 140U);
    EXPECT_EQ(model.calls[1].given_ns, 190U);  // The send that waited in a queue.
    EXPECT_EQ(model.calls[1].end, trace::call_end::answered);
}

// The end of a wait may be missing: rings overwrite.
TEST(Model, a_call_without_an_end_ended_before_the_next) {
    const auto model = trace::model_of(events_of_list({{100, EVENT_QUEUE, CLIENT, SERVER, 5},
                                                       {170, EVENT_QUEUE, CLIENT, BACK, 6}}),
                                       names);
    ASSERT_EQ(model.calls.size(), 2U);
    EXPECT_EQ(model.calls[0].end, trace::call_end::open);
    EXPECT_EQ(model.calls[0].given_ns, 170U);
    EXPECT_EQ(model.calls[0].end_ns, 170U);
}

TEST(Perfetto, routes_are_instants_and_classes_are_colours) {
    std::vector<std::string> routes;
    std::vector<std::string> colours;
    const auto model = trace::model_of(events_of_list(twice), names);
    for (const field &packet : fields_of(trace::perfetto(model))) {
        const auto parts = fields_of(packet.bytes);
        const field *content = find(parts, 11);
        const auto event = content != nullptr ? fields_of(content->bytes) : std::vector<field>();
        const field *category = find(event, 22);
        if (category != nullptr && category->bytes == "route") {
            EXPECT_EQ(find(event, 9)->value, 3U);
            routes.push_back(find(event, 23)->bytes + " " + std::to_string(find(parts, 8)->value));
        }
        if (category != nullptr && category->bytes == "run") {
            colours.push_back(find(event, 53)->bytes);
        }
    }
    EXPECT_EQ(routes, (std::vector<std::string>{"route miss 300", "route hit 500"}));
    ASSERT_EQ(colours.size(), 8U);
    EXPECT_EQ(colours.front(), "burst");
    EXPECT_EQ(colours.back(), "idle");
}

TEST(Perfetto, each_message_has_a_flow) {
    std::map<std::string, std::vector<std::string>> flows;
    const auto model = trace::model_of(events_of_list(messages), names);
    for (const field &packet : fields_of(trace::perfetto(model))) {
        const auto parts = fields_of(packet.bytes);
        const field *content = find(parts, 11);
        const auto event = content != nullptr ? fields_of(content->bytes) : std::vector<field>();
        const field *category = find(event, 22);
        const field *flow = find(event, 47);
        if (category != nullptr && category->bytes == "event" && flow != nullptr) {
            flows[flow->bytes].push_back(find(event, 23)->bytes);
        }
    }
    std::vector<std::vector<std::string>> found;
    for (const auto &[id, steps] : flows) {
        found.push_back(steps);
    }
    std::sort(found.begin(), found.end());
    const std::vector<std::vector<std::string>> wanted = {{"request", "take", "answer", "answered"},
                                                          {"request", "take", "drop", "answered"},
                                                          {"send", "take"},
                                                          {"take"}};
    EXPECT_EQ(found, wanted);
}

}  // namespace
