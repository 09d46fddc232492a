// testing/system_sim/keeper.cc: clients of statefsd. Each looks at all that it keeps, then changes
// it, in a hurry or not, alone or two keys together.
#include <string_view>

#include "ipc/wire/state_wire.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

using simtest::user;

namespace {

constexpr std::uint32_t TRIES = 60;

wire_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

class keeper {
  public:
    keeper(user &self, std::string name) : name_(std::move(name)), client_(self, slot_at(OWN)) {}

    // Everything is one of what may be there.
    void look_at_all() {
        for (std::uint32_t key = 0; key < KEYS; key++) {
            look(key_of(key));
        }
        look("both1");
        const std::string one = *possible("both1").begin();
        const std::string other = read("both2");
        expect(one == other, name_ + " keeps half a transaction: " + one + ", " + other);
    }

    void round(std::uint32_t number) {
        const std::string key = key_of(sim_user_random(KEYS));
        const std::uint64_t patience_us =
            sim_user_random(kept.hurries) == 0 ? 1 + sim_user_random(300) : PATIENT_US;
        const std::string value = value_of(number);
        switch (sim_user_random(6)) {
            case 0:
                look(key);
                break;
            case 1:
                change_two(value);
                break;
            default:
                change(key, sim_user_random(kept.deletes) == 0 ? ABSENT : value, patience_us);
        }
    }

    void end() {
        client_.end();
    }

  private:
    static std::string key_of(std::uint32_t key) {
        return "key" + std::to_string(key);
    }

    // None comes twice, and some take several sectors.
    std::string value_of(std::uint32_t number) {
        std::string value = name_ + " " + std::to_string(kept.lives) + "." + std::to_string(number);
        if (kept.padding != 0 || sim_user_random(3) == 0) {
            value += std::string(kept.padding + sim_user_random(340 - kept.padding),
                                 static_cast<char>('a' + number % 26));
        }
        return value;
    }

    std::set<std::string> &possible(const std::string &key) {
        return kept.values[name_ + "/" + key];
    }

    ipc_error ask(state_op op, state_message *message, std::uint64_t patience_us) {
        message->header.op = static_cast<std::uint8_t>(op);
        const ipc_error error = client_.ask("statefsd", state_rows, message, patience_us).error;
        (error == IPC_OK ? kept.certain : kept.uncertain)++;
        return error;
    }

    std::string read(const std::string &key) {
        state_message message{};
        ipc_error error = IPC_REJECTED;
        for (std::uint32_t i = 0; i < TRIES && error != IPC_OK; i++) {
            message = {};
            message.key = bytes_of(key);
            error = ask(STATE_OP_GET, &message, PATIENT_US);
        }
        expect(error == IPC_OK, "statefsd does not come back", error);
        if (message.header.status == WIRE_ABSENT) {
            return ABSENT;
        }
        expect(message.header.status == WIRE_OK, "a read says", message.header.status);
        return {reinterpret_cast<const char *>(message.value.data), message.value.count};
    }

    // What is read is what may be there, and stays it.
    void look(const std::string &key) {
        const std::string found = read(key);
        expect(possible(key).count(found) == 1, name_ + " finds at " + key + " " + found);
        possible(key) = {found};
    }

    void change(const std::string &key, const std::string &value, std::uint64_t patience_us) {
        const bool erase = value == ABSENT;
        state_message message{};
        possible(key).insert(value);
        message.key = bytes_of(key);
        message.value = erase ? wire_bytes{} : bytes_of(value);
        const ipc_error error = ask(erase ? STATE_OP_DELETE : STATE_OP_PUT, &message, patience_us);
        if (error != IPC_OK) {
            look(key);  // What is read now is durable, whatever became of the request,
            if (sim_user_random(6) == 0) {
                storage_cut_soon();  // and whatever comes.
            }
            pause_us(300);
            look(key);
            return;
        }
        // A request that was sent again may find that it was done already.
        const bool absent = message.header.status == WIRE_ABSENT && erase;
        expect(message.header.status == WIRE_OK || absent, "a change says", message.header.status);
        possible(key) = {value};
    }

    // Both keys or none.
    void change_two(const std::string &value) {
        state_message message{};
        if (ask(STATE_OP_BEGIN, &message, PATIENT_US) != IPC_OK ||
            message.header.status != WIRE_OK) {
            return;
        }
        const std::uint64_t transaction = message.transaction;
        for (const char *key : {"both1", "both2"}) {
            message = {};
            message.transaction = transaction;
            message.key = bytes_of(key);
            message.value = bytes_of(value);
            if (ask(STATE_OP_PUT, &message, PATIENT_US) != IPC_OK ||
                message.header.status != WIRE_OK) {
                return;  // statefsd was started anew: nothing of it is left.
            }
        }
        std::set<std::string> &both = possible("both1");
        both.insert(value);
        message = {};
        message.transaction = transaction;
        if (ask(STATE_OP_COMMIT, &message, PATIENT_US) != IPC_OK) {
            return;
        }
        if (message.header.status == WIRE_OK) {
            both = {value};
            kept.transactions++;
        } else {
            expect(message.header.status == WIRE_ABSENT, "a commit says", message.header.status);
            both.erase(value);
        }
    }

    std::string name_;
    client client_;
};

}  // namespace

// Its argument: which of them it is.
void run_keeper(user &self) {
    const std::string name = "keeper" + std::to_string(static_cast<std::uint32_t>(self.argument));
    keeper made(self, name);
    made.look_at_all();
    for (std::uint32_t number = 0; number < kept.rounds; number++) {
        made.round(number);
    }
    made.look_at_all();
    made.end();
}

}  // namespace systemsim
