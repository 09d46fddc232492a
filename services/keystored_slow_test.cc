// services/keystored_slow_test.cc: the real keystored, with a statefsd that takes seconds for each
// answer: all that one request asks has one bound together, and so has all that a start asks. What
// is refused takes no random bytes; uses are counted on when all is read again.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "images/markers.h"
#include "ipc/keys_item.h"
#include "ipc/ready.h"
#include "ipc/server.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/state_wire.h"
#include "services/keystored/service.h"
#include "testing/sim/callers.h"
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
    bool hides_next_put = false;  // It is done, and nobody is told.
    std::uint32_t reads = 0;
    std::uint32_t drawn = 0;  // Random bytes that rngd gave.
};

store disk;

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
    const bool hidden = disk.hides_next_put;
    disk.hides_next_put = false;
    return hidden ? WIRE_UNAVAILABLE : WIRE_OK;
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

struct judge : caller {
    explicit judge(user &self) : caller(self) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    // Of the first name.
    std::uint64_t uses() {
        keys_message message{};
        message.header.op = KEYS_OP_NEXT;
        EXPECT_EQ(ask("keystored", keys_rows, &message, 60 * SECOND_US).error, IPC_OK);
        EXPECT_EQ(int{message.header.status}, int{WIRE_OK});
        return message.uses;
    }

    // How long it took, in microseconds.
    std::uint64_t asks(keys_op op, const char *name, wire_status wanted, bytes *key = nullptr) {
        keys_message message{};
        message.header.op = static_cast<std::uint8_t>(op);
        message.name = view(name);
        message.message = view("hello");
        const std::uint64_t began_ns = sys_clock_get();
        EXPECT_EQ(ask("keystored", keys_rows, &message, 60 * SECOND_US).error, IPC_OK);
        EXPECT_EQ(int{message.header.status}, int{wanted}) << int{op} << " " << name;
        if (key != nullptr) {
            *key = copy_of(message.public_key);
        }
        return (sys_clock_get() - began_ns) / 1000;
    }
};

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
    end_service(self, OPERATOR, "keystored");
    sleep_at(slot_at(OWN), A_START_US + SECOND_US / 2);
    disk.takes_us = 0;
    EXPECT_GT(disk.reads, reads);
    (void)made.asks(KEYS_OP_IDENTITY, "", WIRE_OK, &after);
    EXPECT_EQ(before, after);
    (void)made.asks(KEYS_OP_SIGN, NAMES[2], WIRE_OK);
    ipc_client_release(&made.client);
}

// Whatever becomes of the first instance, an operator knows; and of no later one.
void run_witness(user &self) {
    judge made(self);
    (void)made.asks(KEYS_OP_IDENTITY, "", WIRE_OK);
    end_service(self, OPERATOR, "keystored");
    (void)made.asks(KEYS_OP_IDENTITY, "", WIRE_OK);
    EXPECT_EQ(made.audits(), "new identity\n");
    ipc_client_release(&made.client);
}

void run_init(user &self) {
    boot_view view;
    add_routing(view, 2);
    view.service("logd", 0, 0, {console(), to_init(), receives(SLOT_ENDPOINT)});
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
    view.service(
        "judge", MANIFEST_FINAL, 0,
        {console(), to_init(), receives(OWN), operates_by(OPERATOR), route_to(SLOT_SAMGRD, 1)});
    view.policy(
        sorted({allow("judge", POLICY_CALL, "keystored"), allow("judge", POLICY_CALL, "logd"),
                allow("keystored", POLICY_CALL, "rngd"), allow("keystored", POLICY_SEND, "logd"),
                allow("keystored", POLICY_CALL, "statefsd")}));
    run_system(self, view);
}

// On 1, 2 and 4 harts and many seeds: with that judge, on a disk that is so at the start.
std::string run_all(void (*judge)(user &), const store &begins_with) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("logd", run_logd);
    machine.program("rngd", run_rngd_double);
    rngd_double_gave = [](const std::uint8_t *, std::uint32_t count) { disk.drawn += count; };
    machine.program("statefsd", run_statefsd);
    machine.program("keystored", run_keystored);
    machine.program("judge", judge);
    machine.run([begins_with](user &self) {
        disk = begins_with;
        run_init(self);
    });
    return sim_console();
}

std::size_t count_of(const std::string &console, std::string_view line) {
    std::size_t count = 0;
    for (std::size_t at = console.find(line); at != std::string::npos;
         at = console.find(line, at + 1)) {
        count++;
    }
    return count;
}

TEST(KeystoredSlow, what_a_request_and_a_start_wait_is_bounded) {
    const std::string console = run_all(run_judge, {});
    EXPECT_EQ(count_of(console, "keystored: statefsd or rngd does not answer"), 1u);
    EXPECT_EQ(count_of(console, "keystored did not say that it is ready in time"), 0u);
}

TEST(KeystoredSlow, a_new_identity_is_told) {
    EXPECT_EQ(count_of(run_all(run_witness, {}), "keystored: new identity\n"), 1u);
}

// The second instance finds a root that the first was never told it has.
TEST(KeystoredSlow, a_new_identity_is_told_though_nobody_says_that_it_is_stored) {
    store hides;
    hides.hides_next_put = true;
    const std::string console = run_all(run_witness, hides);
    EXPECT_EQ(count_of(console, "keystored: new identity\n"), 1u);
    EXPECT_EQ(count_of(console, "keystored: statefsd or rngd does not answer"), 1u);
}

}  // namespace
