// testing/sim/rngd_double.h: rngd for tests of those that ask it, in simulation: its protocol, with
// the simulation's numbers for a device.
//
//     machine.program("rngd", simtest::run_rngd_double);
//
// Ownership: `rngd_double_gave` is the test's: it is told of each answer. Errors: as rngd's.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/entropy_wire.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace simtest {

inline std::function<void(const std::uint8_t *bytes, std::uint32_t count)> rngd_double_gave;

struct rngd_double {
    ipc_server server;
    std::uint8_t answer[256];
};

inline wire_status rngd_double_bytes(void *state, ipc_exchange *exchange) {
    auto *made = static_cast<rngd_double *>(state);
    auto *message = static_cast<entropy_message *>(exchange->message);
    if (message->count == 0 || message->count > sizeof(made->answer)) {
        return WIRE_MALFORMED;
    }
    for (std::uint32_t i = 0; i < message->count; i++) {
        made->answer[i] = static_cast<std::uint8_t>(sim_user_random(256));
    }
    if (rngd_double_gave) {
        rngd_double_gave(made->answer, message->count);
    }
    message->bytes = {made->answer, message->count};
    return WIRE_OK;
}

inline wire_status rngd_double_state(void *, ipc_exchange *) {
    return WIRE_OK;
}

inline void run_rngd_double(user &self) {
    static const ipc_row rows[] = {
        {nullptr, nullptr}, {rngd_double_bytes, nullptr}, {rngd_double_state, nullptr}};
    runtime made = runtime_of(self);
    ipc_service description{};
    description.name = "rngd";
    description.ready = MARKER_RNGD_READY;
    description.protocol = &entropy_rows;
    description.rows = rows;
    description.row_count = std::size(rows);
    rngd_double state{};
    sys_task_exit(
        static_cast<std::uint64_t>(ipc_serve(&state.server, &made, &description, &state)));
}

}  // namespace simtest
