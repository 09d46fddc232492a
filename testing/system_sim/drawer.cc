// testing/system_sim/drawer.cc: rngd and its device in this world, and clients of rngd. No bytes
// are given twice, none are the device's own, none are given before the device was tested or once
// it has failed.
#include <algorithm>
#include <cstring>

#include "ipc/wire/entropy_wire.h"
#include "kernel/abi/device.h"
#include "kernel/arch/sim/device.h"
#include "services/rngd/rngd.h"
#include "services/rngd/service.h"
#include "testing/sim_devices/machine_rng.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/entropy.h"

namespace systemsim {

using namespace simtest;

entropy_ledger draws;

namespace {

constexpr std::uint32_t ROUNDS = 40;
constexpr std::uint32_t ROUNDS_THIRSTY = 200;
constexpr std::uint32_t BUFFER_BYTES = 256;        // Of rngd's, which are tested, and not all used.
constexpr std::uint32_t COUNT_MIN = 16;            // So many are not the same by chance.
constexpr std::uint64_t KNOWN_NS = 5000000;        // What the device does is known by then.
constexpr std::uint64_t START_BYTES = 1024 + 128;  // Tested and not used, and a seed.
// What repeats itself fails a test of its health after so many bytes: one byte by the first of
// them; more by the second, whose window that begins then has room for all of it.
constexpr std::uint64_t SAME_MAX = 6;
constexpr std::uint64_t CYCLES_MAX = 2 * 512;
constexpr std::uint64_t LATE_NS = 3000000;

// One that gives bytes as it should, and others.
sim_devices::virtio_rng_options weather(sim_devices::random_source &random) {
    sim_devices::virtio_rng_options made;
    const bool soon = random() % 8 == 0;
    made.stick_from = draws.thirsty ? START_BYTES + BUFFER_BYTES : 0;
    made.dry_from = soon ? 1 : START_BYTES;
    made.within = draws.thirsty ? 200 : START_BYTES + 100;
    made.sticks = random() % 4 == 0 ? 0 : 2;
    made.dries = random() % 3 == 0 ? 3 : 0;
    made.empties = random() % 4 == 0 ? 60 : 0;
    made.most = random() % 4 == 0 ? 64 : UINT32_MAX;
    return made;
}

bool may_fail() {
    const sim_devices::virtio_rng_options &options = draws.device->options;
    return options.sticks != 0 || options.empties != 0;
}

bool has_failed() {
    const sim_devices::virtio_rng &device = *draws.device;
    return device.was_empty() || device.stuck() > (device.cycle() == 1 ? SAME_MAX : CYCLES_MAX);
}

// Whether the device of now has failed so long ago that rngd must know it.
bool is_dead() {
    if (!has_failed()) {
        return false;
    }
    const std::uint64_t now_ns = sys_clock_get();
    if (draws.failed_ns == UINT64_MAX || draws.failed_resets != draws.device->resets) {
        draws.failed_ns = now_ns;
        draws.failed_resets = draws.device->resets;
    }
    return now_ns > draws.failed_ns + KNOWN_NS;
}

class drawer {
  public:
    explicit drawer(user &self) : client_(self, slot_at(OWN)) {}

    void round() {
        switch (sim_user_random(draws.thirsty ? 48 : 12)) {
            case 0:
                look_at_state();
                break;
            case 1:
                expect_refusal(0, WIRE_MALFORMED);
                break;
            case 2:
                expect_refusal(RNGD_REQUEST_MAX + 1 + sim_user_random(100), WIRE_TOO_LARGE);
                break;
            default:
                draw();
        }
    }

    void end() {
        client_.end();
    }

  private:
    // What was true of rngd and its device before a request. Afterwards it is the same instance if
    // nobody has reset the device.
    struct before {
        bool dead = is_dead();
        bool settled = is_settled("rngd");
        std::uint64_t resets = draws.device->resets;

        bool is_same() const {
            return settled && is_settled("rngd") && resets == draws.device->resets;
        }
    };

    // True: there is an answer, though perhaps a refusal.
    bool ask(entropy_op op, entropy_message *message) {
        const std::uint64_t weather_before = truth.weather;
        const std::uint64_t patience_us =
            sim_user_random(4) == 0 ? 1 + sim_user_random(300) : PATIENT_US;
        message->header.op = static_cast<std::uint8_t>(op);
        const ipc_error error = client_.ask("rngd", entropy_rows, message, patience_us).error;
        expect(error != IPC_UNKNOWN_OUTCOME, "not known of what rngd may do again");
        expect(error != IPC_OK || weather_before % 2 == 0 || weather_before != truth.weather,
               "rngd serves though the policy does not allow it", op);
        return error == IPC_OK;
    }

    void draw() {
        entropy_message message{};
        const std::uint32_t count = !draws.thirsty && sim_user_random(4) == 0
                                        ? COUNT_MIN + sim_user_random(RNGD_REQUEST_MAX - COUNT_MIN)
                                        : std::uint32_t{RNGD_REQUEST_MAX};
        const before was;
        message.count = count;
        if (!ask(ENTROPY_OP_BYTES, &message)) {
            return;
        }
        if (message.header.status != WIRE_OK) {
            expect(message.header.status == WIRE_UNAVAILABLE && may_fail(),
                   "rngd refuses random bytes", message.header.status);
            draws.dead += was.dead;
            return;
        }
        expect(!was.dead || !was.is_same(), "random bytes though the device has failed",
               draws.device->stuck());
        expect(!was.is_same() || draws.device->fresh() >= START_BYTES,
               "random bytes of a device that was not tested", draws.device->fresh());
        expect(message.bytes.count == count, "another number of random bytes", message.bytes.count);
        judge(message.bytes);
        draws.answers++;
    }

    static void judge(wire_bytes bytes) {
        const std::vector<std::uint8_t> &raw = draws.device->given();
        const std::uint32_t count = std::min(bytes.count, COUNT_MIN);
        expect(draws.seen.emplace(bytes.data, bytes.data + count).second,
               "random bytes that were given before");
        expect(memmem(raw.data(), raw.size(), bytes.data, count) == nullptr,
               "random bytes that are the device's own");
    }

    void expect_refusal(std::uint32_t count, wire_status status) {
        entropy_message message{};
        message.count = count;
        if (ask(ENTROPY_OP_BYTES, &message)) {
            expect(message.header.status == status, "what is wrong to ask is answered with",
                   message.header.status);
        }
    }

    void look_at_state() {
        entropy_message message{};
        const before was;
        if (!ask(ENTROPY_OP_STATE, &message)) {
            return;
        }
        expect(message.header.status == WIRE_OK, "rngd does not say how it is",
               message.header.status);
        expect(message.state == RNGD_READY || (message.state == RNGD_FAILED && may_fail()),
               "rngd is in the state", message.state);
        expect(message.seeds > 0 && message.raw >= START_BYTES, "rngd serves without a seed",
               message.raw);
        expect(message.raw <= draws.device->fresh() || !was.is_same(),
               "rngd has more raw bytes than its device gave", message.raw);
    }

    client client_;
};

sim_devices::machine_rng &machine() {
    static sim_devices::machine_rng made;
    return made;
}

}  // namespace

// Every third seed has it.
void entropy_begin(std::uint64_t seed, sim_options &options) {
    draws = entropy_ledger();
    draws.there = seed % 3 == 1;
    if (!draws.there) {
        return;
    }
    sim_devices::random_source random(seed);
    const std::uint64_t subject = random() % 3;
    draws.hunted = subject == 1;
    draws.thirsty = subject == 2;
    const sim_devices::virtio_rng_options sky = weather(random);
    machine().delay_ns_max = random() % 4 == 0 ? LATE_NS : machine().delay_ns_max;
    draws.device = &machine().power_on(seed, sky);
    options.model = machine().model();
    options.native = true;  // rngd reads its arena by pointers.
}

void entropy_judge() {
    if (draws.there) {
        for (const std::string &fault : draws.device->faults()) {
            expect(false, "the driver " + fault);
        }
    }
}

void entropy_add(boot_view &view, std::uint32_t restarts) {
    if (draws.there) {
        view.service("rngd", 0, restarts,
                     {console(),
                      to_init(),
                      receives(SLOT_ENDPOINT),
                      {MANIFEST_GRANT_DEVICE, SLOT_FIRST_OWN, RIGHTS_DEVICE, DEVICE_ID_BLOCK,
                       SIM_ARENA_PAGES}});
    }
}

const char *entropy_stands_in(const char *client) {
    const std::string name = client;
    const bool other = draws.there && (name == "second" || name == "sleeper");
    return !other ? client : name == "second" ? "drawer1" : "drawer2";
}

std::vector<std::string> entropy_hunt(const std::vector<std::string> &victims) {
    std::vector<std::string> some = victims;
    if (draws.thirsty) {
        some.erase(std::remove(some.begin(), some.end(), "rngd"), some.end());
    }
    return draws.hunted ? std::vector<std::string>{"rngd"} : some;
}

void entropy_allow_always(std::vector<policy_row> &rows) {
    if (draws.there) {
        rows.push_back(allow("judge", POLICY_CALL, "rngd"));
    }
}

void entropy_allow_fair(std::vector<policy_row> &rows) {
    if (draws.there) {
        rows.push_back(allow("drawer1", POLICY_CALL, "rngd"));
        rows.push_back(allow("drawer2", POLICY_CALL, "rngd"));
    }
}

void run_rngd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(rngd_main(&made)));
}

void run_drawer(user &self) {
    const std::uint32_t rounds = draws.thirsty ? ROUNDS_THIRSTY : ROUNDS;
    const std::uint32_t pause_max_us = draws.thirsty ? 400 : 2000;
    drawer made(self);
    for (std::uint32_t i = 0; i < rounds; i++) {
        made.round();
        pause_us(1 + sim_user_random(pause_max_us));
    }
    made.end();
}

}  // namespace systemsim
