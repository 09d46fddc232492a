// testing/system_sim/sloth.cc: the service of the ledger: it does what it is asked at once, late,
// or dies before or after.
#include <cstddef>

#include "ipc/server.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"

namespace systemsim {

namespace {

const wire_field storm_fields[] = {{"value", "", offsetof(storm_message, value), WIRE_U64}};
constexpr std::uint16_t STORM_TYPE = 99;
const wire_op storm_ops[] = {{"AGAIN", "", {1, 1}, AGAIN, true, STORM_TYPE, {0, 0}},
                             {"ONCE", "", {1, 1}, ONCE, false, STORM_TYPE, {0, 0}}};

struct sloth {
    simtest::user *self;
    ipc_server server;
    kept_call kept[IPC_KEPT_MAX];
    std::uint64_t values[IPC_KEPT_MAX];
    std::uint64_t due_ns[IPC_KEPT_MAX];  // 0: the place is free.
};

wire_status keep_for_later(sloth *self, ipc_exchange *exchange, std::uint64_t value) {
    const kept_call *call = ipc_keep(exchange);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX && call != nullptr; i++) {
        if (self->due_ns[i] == 0) {
            self->kept[i] = *call;
            self->values[i] = value;
            self->due_ns[i] = simtest::in_us(200 + sim_user_random(4000));
            return WIRE_OK;
        }
    }
    return WIRE_OVERLOAD;
}

// Mostly init is asked for it: who fails again and again is started again later each time.
void die(void *of) {
    if (sim_user_random(8) != 0) {
        end_service(*static_cast<sloth *>(of)->self, "sloth");
    } else {
        truth.ends["sloth"]++;
    }
    sim_user_illegal_instruction();
}

wire_status serve(void *of, ipc_exchange *exchange) {
    auto *message = static_cast<storm_message *>(exchange->message);
    const std::uint32_t mood = sim_user_random(16);
    if (mood == 0) {
        die(of);  // Before it is done, which its caller cannot know.
    }
    if (mood < 6) {
        const wire_status kept = keep_for_later(static_cast<sloth *>(of), exchange, message->value);
        truth.done[message->value] += kept == WIRE_OK;
        return kept;
    }
    truth.done[message->value]++;
    if (mood == 6) {
        die(of);
    }
    if (mood < 9) {
        sim_user_work(1000000);  // Others queue meanwhile.
    }
    return WIRE_OK;
}

wire_status serve_told(void *, ipc_exchange *exchange) {
    truth.done[static_cast<storm_message *>(exchange->message)->value]++;
    return WIRE_OK;
}

std::uint64_t next_answer(const void *of) {
    std::uint64_t next_ns = IPC_NEVER;
    for (const std::uint64_t due_ns : static_cast<const sloth *>(of)->due_ns) {
        next_ns = due_ns != 0 && due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

void answer_late(void *of, std::uint64_t now_ns) {
    auto *self = static_cast<sloth *>(of);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX; i++) {
        if (self->due_ns[i] != 0 && self->due_ns[i] <= now_ns) {
            storm_message message{};
            message.value = self->values[i];
            self->due_ns[i] = 0;
            (void)ipc_answer(&self->server, &self->kept[i], WIRE_OK, &message,
                             slot_at(CAP_SLOT_NONE));
        }
    }
}

void forget_caller(void *of, reply_handle reply) {
    auto *self = static_cast<sloth *>(of);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX; i++) {
        if (self->kept[i].reply.value == reply.value) {
            self->due_ns[i] = 0;
        }
    }
}

}  // namespace

const wire_protocol_rows storm_rows = {"storm", storm_ops,  storm_fields,          2,
                                       1,       STORM_TYPE, sizeof(storm_message), {{'S', 'T'}}};

void run_sloth(simtest::user &self) {
    static const ipc_row rows[] = {{}, {serve, serve_told}, {serve, serve_told}};
    runtime made = simtest::runtime_of(self);
    sloth state{};
    state.self = &self;
    ipc_service service{};
    service.name = "sloth";
    service.ready = "sloth: ready";
    service.protocol = &storm_rows;
    service.rows = rows;
    service.row_count = 3;
    service.left = forget_caller;
    service.next_deadline = next_answer;
    service.wake = answer_late;
    sys_task_exit(static_cast<std::uint64_t>(ipc_serve(&state.server, &made, &service, &state)));
}

}  // namespace systemsim
