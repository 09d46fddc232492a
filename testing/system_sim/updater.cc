// testing/system_sim/updater.cc: the program of each system, which confirms itself or does not, and
// the client that brings systems, switches to them, and starts the system anew.
#include <cstring>

#include "ipc/bulk_sealed.h"
#include "ipc/ready.h"
#include "ipc/wire/update_wire.h"
#include "services/updated/result.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/update.h"

namespace systemsim {

using simtest::in_us;
using simtest::user;

namespace {

constexpr std::uint32_t FACTORY = OWN + 1;
constexpr std::uint32_t TRIES = 60;
constexpr std::uint32_t ROUNDS = 4;         // Of a life, at most.
constexpr std::uint32_t CONFIRM_STEPS = 8;  // Of the disk, about.
constexpr std::uint64_t LONG_US = 4000000;

bool is_passed_over() {
    return std::strstr(sim_console(), "updated: a slot is passed over") != nullptr;
}

// What was true when a question was asked: answers overtake one another.
struct before {
    std::uint64_t floor = updates.floor;
    std::uint64_t confirmed = updates.confirmed;
};

// A caller of updated.
class caller {
  public:
    explicit caller(ipc_client &calls) : calls_(calls) {}

    ipc_error ask(update_op op, update_message *message, std::uint64_t patience_us, bool manages,
                  slot carried = slot_at(CAP_SLOT_NONE)) {
        ipc_question asked{};
        asked.target = service_id_named("updated");
        asked.protocol = &update_rows;
        asked.deadline.ns = in_us(patience_us);
        asked.carried = carried;
        message->header.op = static_cast<std::uint8_t>(op);
        return (manages ? ipc_manage(&calls_, &asked, message) : ipc_ask(&calls_, &asked, message))
            .error;
    }

    // What may be asked again, until it is answered.
    update_message surely(update_op op, std::uint8_t slot = 0) {
        update_message message{};
        ipc_error error = IPC_REJECTED;
        for (std::uint32_t i = 0; i < TRIES && error != IPC_OK; i++) {
            message = {};
            message.slot = slot;
            error = ask(op, &message, LONG_US, false);
        }
        expect(error == IPC_OK, "updated does not come back", error);
        return message;
    }

    // What the boot has chosen.
    update_message look() {
        const before was;
        const update_message found = surely(UPDATE_OP_STATUS);
        expect(found.floor >= was.floor, "the floor is lower than it was", found.floor);
        updates.floor = std::max(updates.floor, found.floor);
        if (found.slot >= UPDATE_SLOTS) {
            expect(was.confirmed == 0 || is_passed_over(), "nothing that was confirmed runs");
            return found;
        }
        expect(found.version >= found.floor, "what runs is below the floor", found.version);
        expect(found.version >= was.confirmed, "what runs is older than what was confirmed",
               found.version);
        expect(found.trial != 0 || updates.confirmable.count(found.version) == 1,
               "what runs was never confirmed", found.version);
        const auto given_up = updates.given_up.find(found.version);
        expect(given_up == updates.given_up.end() || given_up->second == kept.lives,
               "what was rolled back runs", found.version);
        expect(updates.may_hold[found.slot].count(found.version) == 1, "what runs was not brought",
               found.version);
        return found;
    }

  private:
    ipc_client &calls_;
};

enum brought : std::uint32_t { GOOD, OLD, SPOILED, FORGED, OTHERS, BROUGHT_COUNT };

class updater {
  public:
    explicit updater(user &self) : client_(self, slot_at(OWN)), updated_(client_.calls) {}

    void look_at_all() {
        found_ = updated_.look();
        for (std::uint8_t slot = 0; slot < UPDATE_SLOTS; slot++) {
            look_at_slot(slot);
        }
        update_look_at_slots("in a life");
        for (const auto &[version, lives] : updates.tried) {
            const bool over = updates.confirmable.count(version) == 0 && found_.trial == 0;
            updates.returns += over && lives.count(kept.lives) == 0;
        }
    }

    void round() {
        switch (sim_user_random(8)) {
            case 0:
                roll_back();
                break;
            case 1:
                expect_no_confirmation();
                break;
            case 2:
                storage_cut_soon();
                break;
            case 3:
                reboot();
                break;
            default:
                update();
        }
    }

    void end() {
        client_.end();
    }

  private:
    // A slot holds what was acknowledged, and has failed only if it was to be tried.
    void look_at_slot(std::uint8_t slot) {
        const update_message message = updated_.surely(UPDATE_OP_SLOT, slot);
        if (updates.holds[slot] == 0 && message.version != 0) {  // Who staged it was not told.
            expect(updates.may_hold[slot].count(message.version) == 1,
                   "a slot holds what was not brought", message.version);
            updates.holds[slot] = message.version;
            updates.may_hold[slot] = {message.version};
        }
        const std::uint64_t version = updates.holds[slot];
        if (version == 0) {
            return;
        }
        expect(message.state != UPDATE_SLOT_EMPTY, "what was staged is gone", version);
        expect(message.version == version, "a slot holds another version", message.version);
        expect(message.state != UPDATE_SLOT_FAILED || updates.tries.count(version) == 1,
               "what was never tried has failed", version);
        expect(message.state != UPDATE_SLOT_FAILED || version != updates.confirmed,
               "what was confirmed last has failed", version);
        expect(message.state != UPDATE_SLOT_GOOD || updates.confirmable.count(version) == 1,
               "what was not confirmed counts as good", version);
    }

    static std::vector<std::uint8_t> bytes_of(brought what, std::uint64_t version) {
        std::vector<std::uint8_t> made = system_of_version(version);
        if (what == SPOILED) {
            made[SYSTEM_PAGE_BYTES + sim_user_random(SLOT_BYTES - SYSTEM_PAGE_BYTES)] ^= 1;
        } else if (what == FORGED) {
            made[offsetof(system_header, version)] ^= 1;
        } else if (what == OTHERS) {
            made[offsetof(system_header, signer)] ^= 1;
        }
        return made;
    }

    static enum update_result refusal_of(brought what) {
        static constexpr enum update_result RESULTS[BROUGHT_COUNT] = {
            UPDATE_OK, UPDATE_BELOW_FLOOR, UPDATE_BAD_CONTENTS, UPDATE_BAD_SIGNATURE,
            UPDATE_WRONG_KEY};
        return RESULTS[what];
    }

    ipc_error bring(std::uint8_t slot, const std::vector<std::uint8_t> &bytes,
                    update_message *message) {
        bulk_window window{};
        struct slot sent = slot_at(CAP_SLOT_NONE);
        expect(bulk_window_create(&window, slot_at(FACTORY), bytes.size()) == BULK_OK,
               "no memory for a system");
        std::memcpy(window.bytes, bytes.data(), bytes.size());
        expect(bulk_seal(&window, &sent) == BULK_OK, "a system is not sealed");
        message->slot = slot;
        message->bytes = bytes.size();
        return updated_.ask(UPDATE_OP_STAGE, message, LONG_US, true, sent);
    }

    // To any slot: the one that runs and the one to fall back to are refused.
    bool stage(std::uint8_t slot, brought what) {
        const std::uint64_t version = what == OLD ? OLD_VERSION : updates.next_version++;
        const std::uint64_t held = updates.holds[slot];
        const std::uint64_t floor = updates.floor;
        update_message message{};
        const std::vector<std::uint8_t> bytes = bytes_of(what, version);
        updates.holds[slot] = 0;
        updates.may_hold[slot].insert(version);
        if (what == GOOD && sim_user_random(3) == 0) {
            updates.sick.insert(version);
        }
        if (bring(slot, bytes, &message) != IPC_OK) {
            return false;
        }
        expect(message.header.status == WIRE_OK, "a stage says", message.header.status);
        if (message.result == UPDATE_OK) {
            expect(what == GOOD || (what == OLD && floor <= OLD_VERSION),
                   "staged what must be refused", what);
            expect(slot != found_.slot, "a slot was written from which the system runs", slot);
            updates.holds[slot] = version;
            updates.may_hold[slot] = {version};
            updates.staged++;
            return true;
        }
        updates.holds[slot] = held;  // A refusal changes nothing.
        updates.refused++;
        if (version != held) {
            updates.may_hold[slot].erase(version);
        }
        const bool runs = slot == found_.slot;
        const bool taken = message.result == (runs ? UPDATE_SLOT_RUNS : UPDATE_SLOT_IS_FALLBACK);
        expect(message.result == UPDATE_NO_FLOOR || message.result == refusal_of(what) ||
                   (taken && found_.slot < UPDATE_SLOTS),
               "a stage is refused", message.result);
        return false;
    }

    void update() {
        found_ = updated_.look();
        const std::uint8_t running = found_.slot;
        const std::uint8_t slot = running < UPDATE_SLOTS && sim_user_random(8) != 0
                                      ? static_cast<std::uint8_t>(1 - running)
                                      : static_cast<std::uint8_t>(sim_user_random(UPDATE_SLOTS));
        const brought what =
            sim_user_random(3) == 0 ? static_cast<brought>(sim_user_random(BROUGHT_COUNT)) : GOOD;
        const bool staged = stage(slot, what);
        if (sim_user_random(8) == 0) {
            storage_cut_soon();
        }
        if (staged || sim_user_random(4) == 0) {
            switch_to(slot);
        }
        if (staged && sim_user_random(2) == 0) {
            reboot();
        }
    }

    void switch_to(std::uint8_t slot) {
        const bool known = updates.holds[slot] != 0;
        update_message message{};
        message.slot = slot;
        message.tries = static_cast<std::uint8_t>(1 + sim_user_random(UPDATE_TRIES_MAX));
        for (const std::uint64_t version : updates.may_hold[slot]) {
            updates.tries[version] += message.tries;
        }
        const ipc_error error = updated_.ask(UPDATE_OP_SWITCH, &message, LONG_US, true);
        if (error != IPC_OK) {
            return;
        }
        expect(message.header.status == WIRE_OK, "a switch says", message.header.status);
        if (message.result == UPDATE_OK) {
            expect(slot != found_.slot, "a switch to what runs", slot);
            return;
        }
        static const std::set<unsigned> MAY_BE = {UPDATE_NO_FLOOR, UPDATE_ON_TRIAL,
                                                  UPDATE_SLOT_RUNS, UPDATE_NOT_STAGED,
                                                  UPDATE_SLOT_UNREADABLE};
        const bool old = message.result == UPDATE_BELOW_FLOOR && !updates.confirmable.empty() &&
                         updates.holds[slot] < *updates.confirmable.rbegin();
        expect(!known || old || MAY_BE.count(message.result) == 1, "a switch is refused",
               message.result);
        updates.refused++;
    }

    void roll_back() {
        update_message message{};
        if (!storage_may_reboot()) {
            return;
        }
        found_ = updated_.look();
        if (updated_.ask(UPDATE_OP_ROLL_BACK, &message, LONG_US, true) != IPC_OK ||
            message.header.status != WIRE_OK) {
            return;
        }
        if (message.result == UPDATE_OK && found_.trial != 0 &&
            updates.confirmable.count(found_.version) == 0) {
            updates.given_up[found_.version] = kept.lives;
        }
    }

    // This client is not the one that the system names.
    void expect_no_confirmation() {
        update_message message{};
        const ipc_error error = updated_.ask(UPDATE_OP_CONFIRM, &message, LONG_US, false);
        expect(error != IPC_OK || message.header.status == WIRE_DENIED,
               "somebody confirmed a system who may not", message.result);
    }

    void reboot() {
        if (!storage_may_reboot()) {
            return;
        }
        update_message message{};
        const ipc_error error = updated_.ask(UPDATE_OP_REBOOT, &message, LONG_US, true);
        expect(error != IPC_OK || message.header.status == WIRE_OK, "a reboot says",
               message.header.status);
    }

    client client_;
    caller updated_;
    update_message found_{};
};

// The program of a system. What runs unconfirmed is tried.
void run(caller &updated) {
    const update_message found = updated.look();
    const std::uint64_t version = found.version;
    if (found.slot >= UPDATE_SLOTS) {
        expect(false, "a program runs, and no system");
        return;
    }
    if (updates.confirmable.count(version) == 0) {
        std::set<std::uint64_t> &tried = updates.tried[version];
        tried.insert(kept.lives);
        updates.trials++;
        expect(tried.size() <= updates.tries[version], "it was tried too often", version);
    }
    if (updates.sick.count(version) == 1) {
        return;
    }
    updates.confirmable.insert(version);
    if (sim_user_random(4) == 0) {
        storage_cut_soon(CONFIRM_STEPS);  // Of what a confirmation writes some is there.
    }
    update_message message{};
    ipc_error error = IPC_REJECTED;
    for (std::uint32_t i = 0; i < TRIES && (error != IPC_OK || message.result != UPDATE_OK); i++) {
        message = {};
        error = updated.ask(UPDATE_OP_CONFIRM, &message, LONG_US, false);
        if (error == IPC_OK && message.header.status == WIRE_DENIED) {
            return;  // It was rolled back meanwhile.
        }
    }
    if (error != IPC_OK || message.header.status != WIRE_OK || message.result != UPDATE_OK) {
        return;
    }
    updates.confirmed = std::max(updates.confirmed, version);
    updates.confirmations++;
    expect(updated.look().floor >= version, "confirmed, and the floor did not rise", version);
}

}  // namespace

void run_app(user &self) {
    runtime made = simtest::runtime_of(self);
    const slot_result pause = sys_endpoint_create(slot_at(SLOT_FIRST_OWN));
    expect(pause.status == STATUS_OK, "no endpoint for a program", pause.status);
    ipc_resolver resolver;
    ipc_client calls;
    ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
    ipc_client_init(&calls, &made, ipc_resolver_ask, &resolver, pause.slot);
    caller updated(calls);
    run(updated);
}

void run_updater(user &self) {
    updater made(self);
    made.look_at_all();
    for (std::uint32_t i = sim_user_random(ROUNDS + 1); i > 0; i--) {
        made.round();
    }
    made.look_at_all();
    made.end();
}

}  // namespace systemsim
