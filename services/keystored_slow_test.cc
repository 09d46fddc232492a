// services/keystored_slow_test.cc: the real keystored, with a statefsd that takes seconds for each
// answer: all that one request asks has one bound together, and so has all that a start asks. What
// is refused takes no random bytes; uses are counted on when all is read again.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/keys_item.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/state_wire.h"
#include "services/keystored/service.h"
#include "testing/sim/machine.h"
#include "testing/sim/rngd_double.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;
constexpr std::uint32_t OPERATOR = SLOT_FIRST_OWN + 1;
constexpr std::uint64_t SECOND_US = 1000000;
constexpr std::uint64_t A_REQUEST_US = 5 * SECOND_US;  // As services/keystored/state.h has it.
constexpr std::uint64_t A_START_US = 8 * SECOND_US;
constexpr const char *NAMES[] = {"first", "second", "third"};

// What statefsd keeps, and how it answers.
struct store {
    std::map<bytes, bytes> kept;
    std::uint64_t takes_us = 0;
    bool refuses_next = false;
    std::uint32_t reads = 0;
    std::uint32_t drawn = 0;  // Random bytes that rngd gave.
};

store disk;

bytes copy_of(wire_bytes of) {
    return {of.data, of.data + of.count};
}

wire_bytes view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

void sleep_at(slot endpoint, std::uint64_t us) {
    EXPECT_EQ(sys_ipc_recv(endpoint, in_us(us)).status, STATUS_TIMED_OUT);
}

struct state_double {
    ipc_server server;
    slot pause;
    std::uint8_t page[STATE_LIST_BYTES_MAX];
};

// The time that an answer takes. False: this one is refused.
bool begins(void *state) {
    if (disk.takes_us != 0) {
        sleep_at(static_cast<state_double *>(state)->pause, disk.takes_us);
    }
    const bool refused = disk.refuses_next;
    disk.refuses_next = false;
    return !refused;
}

wire_status on_put(void *state, ipc_exchange *exchange) {
    const auto *message = static_cast<state_message *>(exchange->message);
    if (!begins(state)) {
        return WIRE_UNAVAILABLE;
    }
    disk.kept[copy_of(message->key)] = copy_of(message->value);
    return WIRE_OK;
}

wire_status on_get(void *state, ipc_exchange *exchange) {
    auto *message = static_cast<state_message *>(exchange->message);
    if (!begins(state)) {
        return WIRE_UNAVAILABLE;
    }
    disk.reads++;
    const bytes &found = disk.kept[copy_of(message->key)];
    message->value = {found.data(), static_cast<std::uint32_t>(found.size())};
    return WIRE_OK;
}

wire_status on_delete(void *state, ipc_exchange *exchange) {
    const auto *message = static_cast<state_message *>(exchange->message);
    if (!begins(state)) {
        return WIRE_UNAVAILABLE;
    }
    disk.kept.erase(copy_of(message->key));
    return WIRE_OK;
}

// Few enough for one page.
wire_status on_list(void *state, ipc_exchange *exchange) {
    auto *message = static_cast<state_message *>(exchange->message);
    auto *made = static_cast<state_double *>(state);
    if (!begins(state)) {
        return WIRE_UNAVAILABLE;
    }
    wire_writer out = wire_writer_of(made->page, sizeof(made->page));
    for (const auto &[key, value] : disk.kept) {
        const state_item item = {{key.data(), static_cast<std::uint32_t>(key.size())},
                                 static_cast<std::uint32_t>(value.size())};
        state_item_put(&out, &item);
    }
    message->more = 0;
    message->items = {made->page, out.count};
    return WIRE_OK;
}

wire_status on_other(void *, ipc_exchange *) {
    return WIRE_DENIED;
}

void run_statefsd(user &self) {
    static const ipc_row rows[] = {{nullptr, nullptr},   {on_put, nullptr},   {on_get, nullptr},
                                   {on_delete, nullptr}, {on_list, nullptr},  {on_other, nullptr},
                                   {on_other, nullptr},  {on_other, nullptr}, {on_other, nullptr},
                                   {on_other, nullptr}};
    runtime made = runtime_of(self);
    ipc_service description{};
    description.name = "statefsd";
    description.ready = MARKER_STATEFSD_READY;
    description.protocol = &state_rows;
    description.rows = rows;
    description.row_count = std::size(rows);
    state_double state{};
    state.pause = sys_endpoint_create(slot_at(OWN)).slot;
    sys_task_exit(
        static_cast<std::uint64_t>(ipc_serve(&state.server, &made, &description, &state)));
}

void run_keystored(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(
        static_cast<std::uint64_t>(keystored_main(&made, view("the secret of this device"))));
}

struct judge {
    explicit judge(user &self) : made(runtime_of(self)) {
        ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
        ipc_client_init(&client, &made, ipc_resolver_ask, &resolver, slot_at(CAP_SLOT_NONE));
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    // Of the first name.
    std::uint64_t uses() {
        keys_message message{};
        message.header.op = KEYS_OP_NEXT;
        ipc_question asked{};
        asked.target = service_id_named("keystored");
        asked.protocol = &keys_rows;
        asked.deadline.ns = in_us(60 * SECOND_US);
        EXPECT_EQ(ipc_ask(&client, &asked, &message).error, IPC_OK);
        EXPECT_EQ(int{message.header.status}, int{WIRE_OK});
        return message.uses;
    }

    // How long it took, in microseconds.
    std::uint64_t asks(keys_op op, const char *name, wire_status wanted, bytes *key = nullptr) {
        keys_message message{};
        message.header.op = static_cast<std::uint8_t>(op);
        message.name = view(name);
        message.message = view("hello");
        ipc_question asked{};
        asked.target = service_id_named("keystored");
        asked.protocol = &keys_rows;
        asked.deadline.ns = in_us(60 * SECOND_US);
        const std::uint64_t began_ns = sys_clock_get();
        EXPECT_EQ(ipc_ask(&client, &asked, &message).error, IPC_OK);
        EXPECT_EQ(int{message.header.status}, int{wanted}) << int{op} << " " << name;
        if (key != nullptr) {
            *key = copy_of(message.public_key);
        }
        return (sys_clock_get() - began_ns) / 1000;
    }

    runtime made;
    ipc_resolver resolver;
    ipc_client client;
};

void end_keystored(user &self) {
    init_message message{};
    message.header.op = INIT_OP_END;
    message.service = id_of("keystored");
    message_area &out = self.page->call_out;
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
    EXPECT_EQ(sys_ipc_call(slot_at(OPERATOR), in_us(SECOND_US)).status, STATUS_OK);
}

// Four records and a list, of two seconds each, are more than a request has, and more than a start.
void run_judge(user &self) {
    judge made(self);
    bytes before;
    bytes after;
    for (const char *name : NAMES) {
        (void)made.asks(KEYS_OP_MAKE, name, WIRE_OK);
    }
    (void)made.asks(KEYS_OP_IDENTITY, "", WIRE_OK, &before);
    // Nobody drains rngd with requests that are refused.
    const std::uint32_t drawn = disk.drawn;
    for (std::uint32_t i = 0; i < 12; i++) {
        (void)made.asks(KEYS_OP_MAKE, "No Name", WIRE_MALFORMED);
        (void)made.asks(KEYS_OP_MAKE, "fourth", WIRE_OVERLOAD);
        (void)made.asks(KEYS_OP_KEEP, "fourth", WIRE_MALFORMED);
    }
    EXPECT_EQ(disk.drawn, drawn);
    (void)made.asks(KEYS_OP_SIGN, NAMES[0], WIRE_OK);
    EXPECT_EQ(made.uses(), 1u);
    // Nobody says whether it was erased: all is read again.
    disk.refuses_next = true;
    (void)made.asks(KEYS_OP_ERASE, NAMES[2], WIRE_UNAVAILABLE);
    disk.takes_us = 2 * SECOND_US;
    const std::uint64_t took_us = made.asks(KEYS_OP_SIGN, NAMES[0], WIRE_UNAVAILABLE);
    EXPECT_GE(took_us, A_REQUEST_US);
    EXPECT_LE(took_us, A_REQUEST_US + SECOND_US / 2);
    disk.takes_us = 0;
    (void)made.asks(KEYS_OP_SIGN, NAMES[0], WIRE_OK);
    EXPECT_EQ(made.uses(), 2u);
    // A start ends by itself, before init ends it.
    disk.takes_us = 2 * SECOND_US;
    const std::uint32_t reads = disk.reads;
    end_keystored(self);
    sleep_at(slot_at(OWN), A_START_US + SECOND_US / 2);
    disk.takes_us = 0;
    EXPECT_GT(disk.reads, reads);
    (void)made.asks(KEYS_OP_IDENTITY, "", WIRE_OK, &after);
    EXPECT_EQ(before, after);
    (void)made.asks(KEYS_OP_SIGN, NAMES[2], WIRE_OK);
    ipc_client_release(&made.client);
}

void run_init(user &self) {
    disk = {};
    boot_view view;
    add_routing(view, 0);
    view.service("rngd", 0, 0, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("statefsd", 0, 0,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FACTORY, OWN, RIGHT_MAKE_ENDPOINT, MANIFEST_HART_ANY, 0}});
    view.service("keystored", 0, 9,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FACTORY, KEYSTORED_SLOT_FACTORY, RIGHT_MAKE_ENDPOINT,
                   MANIFEST_HART_ANY, 0},
                  route_to(SLOT_SAMGRD, 1)});
    view.service("judge", MANIFEST_FINAL, 0,
                 {console(),
                  to_init(),
                  receives(OWN),
                  {MANIFEST_GRANT_ROUTE, OPERATOR, RIGHT_CALL, MANIFEST_TARGET_INIT, 1},
                  route_to(SLOT_SAMGRD, 1)});
    view.policy(
        sorted({allow("judge", POLICY_CALL, "keystored"), allow("keystored", POLICY_CALL, "rngd"),
                allow("keystored", POLICY_CALL, "statefsd")}));
    run_system(self, view);
}

TEST(KeystoredSlow, what_a_request_and_a_start_wait_is_bounded) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("rngd", run_rngd_double);
    rngd_double_gave = [](const std::uint8_t *, std::uint32_t count) { disk.drawn += count; };
    machine.program("statefsd", run_statefsd);
    machine.program("keystored", run_keystored);
    machine.program("judge", run_judge);
    machine.run(run_init);
    const std::string console = sim_console();
    EXPECT_NE(console.find("keystored: statefsd or rngd does not answer"), std::string::npos);
    EXPECT_EQ(console.find("keystored did not say that it is ready in time"), std::string::npos);
}

}  // namespace
