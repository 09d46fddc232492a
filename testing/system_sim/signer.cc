// testing/system_sim/signer.cc: clients of keystored. Each has a key pair, a secret and something
// sealed, looks in each life whether they are there, and asks for what is not its own.
#include <sodium/crypto_sign_ed25519.h>

#include <string_view>

#include "ipc/keys_item.h"
#include "ipc/wire/keys_wire.h"
#include "testing/sim/system.h"
#include "testing/system_sim/keys.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

using simtest::id_of;
using simtest::user;

namespace {

constexpr std::uint32_t ROUNDS = 10;  // Of each, in a life.
constexpr std::uint32_t TRIES = 60;
constexpr std::string_view CONTEXT = "record";  // The same for all: what is sealed is still not.

wire_bytes view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

std::string copy_of(wire_bytes bytes) {
    return {reinterpret_cast<const char *>(bytes.data), bytes.count};
}

bool is_signed(const std::string &key, wire_bytes text, wire_bytes signature) {
    return key.size() == KEYS_PUBLIC_BYTES && signature.count == KEYS_SIGNATURE_BYTES &&
           crypto_sign_ed25519_verify_detached(
               signature.data, text.data, text.count,
               reinterpret_cast<const std::uint8_t *>(key.data())) == 0;
}

class signer {
  public:
    signer(user &self, std::uint32_t number)
        : name_(keys_client(number)),
          other_(keys_client(KEYS_CLIENTS + 1 - number)),
          client_(self, slot_at(OWN)) {}

    // What earlier lives were told is there. Of those nothing is under way any more.
    void look_at_all() {
        std::set<std::string> &possible = words();
        const std::string found = surely_given();
        expect(possible.count(found) == 1, name_ + " is given in a new life " + found);
        possible = {found};
        look_at_identity(PATIENT_US);
        sign(PATIENT_US);
        open_own(PATIENT_US);
    }

    void look_again() {
        const std::string found = surely_given();
        expect(words().count(found) == 1, name_ + " is given in the end " + found);
    }

    void round(std::uint32_t number) {
        const std::uint64_t patience_us =
            sim_user_random(kept.hurries) == 0 ? 1 + sim_user_random(300) : PATIENT_US;
        switch (sim_user_random(12)) {
            case 0:
                look_at_identity(patience_us);
                break;
            case 1:
            case 2:
                make(patience_us);
                break;
            case 3:
                sign(patience_us);
                break;
            case 4:
                take_what_is_not_its_own(patience_us);
                break;
            case 5:
                take_private_key(patience_us);
                break;
            case 6:
                give(patience_us);
                break;
            case 7:
                seal(patience_us);
                break;
            case 8:
                open_own(patience_us);
                break;
            case 9:
                erase(patience_us);
                break;
            default:
                keep(number, patience_us);
        }
    }

    void end() {
        client_.end();
    }

  private:
    std::set<std::string> &words() {
        return keyring.words[name_];
    }

    // False: it was not answered, or not now.
    bool ask(keys_op op, keys_message *message, std::uint64_t patience_us) {
        message->header.op = static_cast<std::uint8_t>(op);
        const ipc_error error = client_.ask("keystored", keys_rows, message, patience_us).error;
        expect(error != IPC_UNKNOWN_OUTCOME, "not known of what keystored may do again", op);
        return error == IPC_OK && message->header.status != WIRE_UNAVAILABLE;
    }

    bool ask_for(std::string_view name, keys_op op, keys_message *message,
                 std::uint64_t patience_us) {
        message->name = view(name);
        return ask(op, message, patience_us);
    }

    static std::string word_of(const keys_message &message) {
        if (message.header.status == WIRE_ABSENT) {
            return ABSENT;
        }
        expect(message.header.status == WIRE_OK, "a secret is not given", message.header.status);
        keyring.found++;
        return copy_of(message.secret);
    }

    std::string surely_given() {
        keys_message message{};
        bool answered = false;
        for (std::uint32_t i = 0; i < TRIES && !answered; i++) {
            message = {};
            answered = ask_for(name_, KEYS_OP_GIVE, &message, PATIENT_US);
        }
        expect(answered, "keystored does not come back");
        return answered ? word_of(message) : *words().begin();
    }

    // And that it signs for who asks.
    void look_at_identity(std::uint64_t patience_us) {
        keys_message message{};
        if (!ask(KEYS_OP_IDENTITY, &message, patience_us)) {
            return;
        }
        expect(message.header.status == WIRE_OK, "no identity", message.header.status);
        const std::string key = copy_of(message.public_key);
        expect(keyring.identity.empty() || keyring.identity == key, "another identity");
        keyring.identity = key;
        message = {};
        message.message = view(name_);
        if (ask(KEYS_OP_ATTEST, &message, patience_us)) {
            std::uint8_t statement[KEYS_SIGNED_BYTES_MAX];
            const std::uint32_t count =
                keys_statement_put(id_of(name_.c_str()), view(name_), statement);
            expect(is_signed(key, {statement, count}, message.signature),
                   "the identity does not sign", message.header.status);
        }
    }

    // It is durable once it was told: then the power may go.
    void make(std::uint64_t patience_us) {
        keys_message message{};
        if (!ask_for("pair", KEYS_OP_MAKE, &message, patience_us)) {
            return;
        }
        expect(message.header.status == WIRE_OK, "a pair is not made", message.header.status);
        const std::string key = copy_of(message.public_key);
        std::string &known = keyring.pairs[name_];
        expect(known.empty() || known == key, name_ + " has another pair");
        const auto others = keyring.pairs.find(other_);
        expect(others == keyring.pairs.end() || others->second != key,
               name_ + " has the pair of " + other_);
        known = key;
        may_cut();
    }

    void sign(std::uint64_t patience_us) {
        const std::string known = keyring.pairs[name_];
        keys_message message{};
        message.message = view(name_);
        if (!known.empty() && ask_for("pair", KEYS_OP_SIGN, &message, patience_us)) {
            expect(message.header.status == WIRE_OK, "a pair does not sign", message.header.status);
            expect(is_signed(known, view(name_), message.signature), "a signature is not good");
            keyring.signs++;
        }
    }

    void keep(std::uint32_t number, std::uint64_t patience_us) {
        const std::string word = std::string(KEYS_WORD) + name_ + " " + std::to_string(kept.lives) +
                                 "." + std::to_string(number);
        keys_message message{};
        words().insert(word);
        message.secret = view(word);
        if (!ask_for(name_, KEYS_OP_KEEP, &message, patience_us)) {
            return;
        }
        expect(message.header.status == WIRE_OK, "a secret is not kept", message.header.status);
        words() = {word};
        keyring.kept++;
        may_cut();
    }

    void erase(std::uint64_t patience_us) {
        keys_message message{};
        words().insert(ABSENT);
        if (!ask_for(name_, KEYS_OP_ERASE, &message, patience_us)) {
            return;
        }
        // A request that was sent again may find that it was done already.
        expect(message.header.status == WIRE_OK || message.header.status == WIRE_ABSENT,
               "a secret is not erased", message.header.status);
        words() = {ABSENT};
        keyring.erased++;
        may_cut();
    }

    // A change that was not answered may still be under way.
    void give(std::uint64_t patience_us) {
        keys_message message{};
        if (ask_for(name_, KEYS_OP_GIVE, &message, patience_us)) {
            const std::string found = word_of(message);
            expect(words().count(found) == 1, name_ + " is given " + found);
        }
    }

    void seal(std::uint64_t patience_us) {
        keys_message message{};
        message.context = view(CONTEXT);
        message.plain = view(name_);
        if (ask(KEYS_OP_SEAL, &message, patience_us)) {
            expect(message.header.status == WIRE_OK, "it does not seal", message.header.status);
            keyring.sealed[name_] = copy_of(message.sealed);
        }
    }

    // Also what was sealed in an earlier life.
    void open_own(std::uint64_t patience_us) {
        const std::string sealed = keyring.sealed[name_];
        keys_message message{};
        message.context = view(CONTEXT);
        message.sealed = view(sealed);
        if (!sealed.empty() && ask(KEYS_OP_OPEN, &message, patience_us)) {
            expect(message.header.status == WIRE_OK && copy_of(message.plain) == name_,
                   "what was sealed does not open", message.header.status);
        }
    }

    void take_what_is_not_its_own(std::uint64_t patience_us) {
        keys_message message{};
        if (ask_for(other_, KEYS_OP_GIVE, &message, patience_us)) {
            expect(message.header.status == WIRE_ABSENT, name_ + " is given a secret of " + other_,
                   message.header.status);
            keyring.refused++;
        }
        const std::string sealed = keyring.sealed[other_];
        message = {};
        message.context = view(CONTEXT);
        message.sealed = view(sealed);
        if (!sealed.empty() && ask(KEYS_OP_OPEN, &message, patience_us)) {
            expect(message.header.status == WIRE_DENIED, name_ + " opens what is of " + other_,
                   message.header.status);
            keyring.refused++;
        }
    }

    void take_private_key(std::uint64_t patience_us) {
        keys_message message{};
        if (!keyring.pairs[name_].empty() && ask_for("pair", KEYS_OP_GIVE, &message, patience_us)) {
            expect(message.header.status == WIRE_DENIED, name_ + " is given a private key",
                   message.header.status);
            keyring.refused++;
        }
    }

    static void may_cut() {
        if (sim_user_random(8) == 0) {
            storage_cut_soon();
        }
    }

    std::string name_;
    std::string other_;
    client client_;
};

}  // namespace

void run_signer(user &self) {
    signer made(self, static_cast<std::uint32_t>(self.argument));
    made.look_at_all();
    for (std::uint32_t number = 0; number < ROUNDS; number++) {
        made.round(number);
    }
    made.look_again();
    made.end();
}

}  // namespace systemsim
