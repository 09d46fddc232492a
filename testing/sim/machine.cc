// testing/sim/machine.cc: see machine.h.
#include "testing/sim/machine.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <utility>

namespace simtest {

namespace {

constexpr int WAIT_ROUNDS_MAX = 20000;
constexpr std::uint64_t NS_A_ROUND = 500;

std::array<body, MACHINE_PROGRAM_MAX> bodies;

template <std::size_t INDEX>
void run_body(message_page *page, std::uint64_t argument, std::uint32_t instance) {
    user self{page, argument, instance};
    bodies[INDEX](self);
}

using run_function = void (*)(message_page *, std::uint64_t, std::uint32_t);

template <std::size_t... INDEX>
constexpr std::array<run_function, MACHINE_PROGRAM_MAX> make_table(std::index_sequence<INDEX...>) {
    return {run_body<INDEX>...};
}

constexpr auto run_table = make_table(std::make_index_sequence<MACHINE_PROGRAM_MAX>());

std::uint64_t id_of(const char *name) {
    return service_id_of(name, std::strlen(name));
}

}  // namespace

task_limits child_limits;

sim_machine::sim_machine() {
    child_limits = {56, 4, 8, 8, 63};
    program("init", body());
}

void sim_machine::program(const char *name, body run) {
    std::size_t index = programs_.size();
    ASSERT_LT(index, MACHINE_PROGRAM_MAX);
    bodies[index] = std::move(run);
    programs_.push_back({name, run_table[index], nullptr, 0});
}

void sim_machine::file(const char *name, const std::vector<std::uint8_t> &bytes) {
    programs_.push_back({name, nullptr, bytes.data(), bytes.size()});
}

sim_options sim_machine::options(const body &init, std::uint32_t hart_count, std::uint64_t seed) {
    bodies[0] = init;
    sim_options options = sim_options_make(seed, hart_count, programs_.data(),
                                           static_cast<std::uint32_t>(programs_.size()));
    std::copy(std::begin(rates_), std::end(rates_), std::begin(options.fault_rate));
    options.input = input_;
    options.sums_off = sums_off_;
    return options;
}

sim_result sim_machine::run_once(const body &init, std::uint32_t hart_count, std::uint64_t seed) {
    const sim_options made = options(init, hart_count, seed);
    sim_result result{};
    sim_run(&made, &result);
    return result;
}

// Every other seed does all calls and replies without the fast path.
void sim_machine::run(const body &init, bool clean) {
    for (std::uint32_t hart_count : counts_) {
        for (std::uint64_t seed = 1; seed <= MACHINE_SEEDS; seed++) {
            SCOPED_TRACE("harts " + std::to_string(hart_count) + ", seed " + std::to_string(seed));
            rates_[FAULT_POINT_SLOW_PATH] = seed % 2 == 0 ? 65536 : 0;
            sim_result result = run_once(init, hart_count, seed);
            EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
            if (clean) {
                EXPECT_EQ(result.pages_at_end, result.pages_at_start);
                EXPECT_EQ(result.tasks_at_end, 1u);
            }
            if (result.end != SIM_POWER_OFF) {
                sim_report(stdout);
            }
            if (testing::Test::HasFailure()) {
                return;
            }
        }
    }
}

load_result load(slot task, const char *name) {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    EXPECT_TRUE(sim_program_find(name, &offset, &bytes)) << name;
    return sys_task_load(task, IMAGE, offset, bytes);
}

slot create(const char *name) {
    task_result made = sys_task_create_limited(FACTORY, id_of(name), child_limits);
    EXPECT_EQ(made.status, STATUS_OK) << name;
    return made.slot;
}

slot start(const char *name, std::initializer_list<grant> grants, std::uint64_t argument,
           std::uint64_t hart) {
    slot task = create(name);
    EXPECT_EQ(load(task, name).status, STATUS_OK);
    for (const grant &one : grants) {
        EXPECT_EQ(sys_task_grant(task, one.from, one.to, one.rights), STATUS_OK)
            << "slot " << one.to;
    }
    // A hart that has not come up yet is refused.
    status started = STATUS_BAD_ARG;
    wait_until(
        [&] {
            started = sys_task_start(task, argument, hart);
            return started != STATUS_BAD_ARG;
        },
        "a hart");
    EXPECT_EQ(started, STATUS_OK);
    return task;
}

slot endpoint() {
    slot_result made = sys_endpoint_create(FACTORY);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

slot mint(slot from, std::uint64_t badge, std::uint32_t rights) {
    slot_result made = sys_cap_mint(from, badge, rights);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

void wait_until(const std::function<bool()> &holds, const char *what) {
    for (int round = 0; round < WAIT_ROUNDS_MAX; round++) {
        if (holds()) {
            return;
        }
        sim_user_work(NS_A_ROUND);
        sys_yield();
    }
    ADD_FAILURE() << "never came: " << what;
}

ending wait_dead(slot task) {
    query_result got{};
    wait_until(
        [&] {
            got = sys_cap_query(task);
            return got.status != STATUS_OK || task_query_state(got.value) == TASK_DEAD;
        },
        "a task's end");
    EXPECT_EQ(got.status, STATUS_OK);
    return {task_query_reason(got.value), got.detail};
}

void fill(message_area &area, std::uint16_t type, const std::string &payload) {
    area.header = {0, 0, type, 0, static_cast<std::uint32_t>(payload.size())};
    std::memcpy(area.payload, payload.data(), payload.size());
}

std::string payload_of(const message_area &area) {
    return {reinterpret_cast<const char *>(area.payload), area.header.len};
}

}  // namespace simtest
