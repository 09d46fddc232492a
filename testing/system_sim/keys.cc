// testing/system_sim/keys.cc: keystored in the system with a disk, and what the journal, its
// console and the disk must show.
#include "testing/system_sim/keys.h"

#include <sodium/crypto_sign_ed25519.h>

#include <cstring>
#include <memory>
#include <string_view>

#include "ipc/wire/keys_wire.h"
#include "ipc/wire/policy_action.h"
#include "services/keystored/keystored.h"
#include "services/keystored/service.h"
#include "testing/sim/rngd_double.h"
#include "testing/sim/system.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

using namespace simtest;

keys_ledger keyring;

namespace {

constexpr std::uint32_t TRIES = 60;
constexpr std::string_view DEVICE_SECRET = "the secret of this device";
constexpr const char *PAIR = "pair";

wire_bytes view(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

std::string text_of(const std::uint8_t *bytes, std::size_t count) {
    return {reinterpret_cast<const char *>(bytes), count};
}

// Everything that keystored has on the disk, opened by its own code.
void open_all(const state_table &table, keystored &keys) {
    const std::uint64_t space = id_of("keystored");
    const state_entry *root = state_table_find(&table, space, view(KEYSTORED_ROOT_PLACE));
    keystored_init(&keys);
    if (root == nullptr) {
        expect(keyring.identity.empty(), "in the end there is no identity");
        return;
    }
    expect(keystored_root_open(&keys, view(DEVICE_SECRET), {root->value, root->value_count}),
           "in the end the identity does not open");
    for (const state_entry &entry : table.entries) {
        if (entry.space == space && &entry != root) {
            (void)keystored_take(&keys, {entry.key, entry.key_count},
                                 {entry.value, entry.value_count});
        }
    }
    expect(keys.flawed == 0, "in the end records do not open", keys.flawed);
}

std::string secret_of(keystored &keys, const std::string &owner) {
    std::uint8_t bytes[KEYS_PLAIN_BYTES_MAX];
    wire_bytes secret{};
    const wire_status status =
        keystored_give(&keys, {id_of(owner.c_str()), view(owner)}, bytes, &secret);
    expect(status == WIRE_OK || status == WIRE_ABSENT,
           "in the end is not given what is of " + owner, status);
    return status == WIRE_OK ? text_of(secret.data, secret.count) : ABSENT;
}

// The seed of a pair, which nobody but keystored has.
std::string seed_of(const keystored &keys, const std::string &owner, const std::string &key) {
    const keystored_entry *entry = keystored_find(&keys, {id_of(owner.c_str()), view(PAIR)});
    expect(entry != nullptr, "in the end there is no pair of " + owner);
    std::uint8_t plain[KEYS_PLAIN_BYTES_MAX] = {};
    if (entry == nullptr) {
        return ABSENT;
    }
    std::uint8_t place[KEYSTORED_PLACE_BYTES_MAX];
    std::uint8_t public_key[KEYS_PUBLIC_BYTES];
    std::uint8_t secret_key[KEYSTORED_PAIR_BYTES];
    std::uint32_t count = 0;
    const std::uint32_t place_count = keystored_place(entry, place);
    const bool opened = seal_open(&keys.named, {place, place_count},
                                  {entry->sealed, entry->sealed_count}, plain, &count);
    (void)crypto_sign_ed25519_seed_keypair(public_key, secret_key, plain + 1);
    expect(opened && text_of(public_key, sizeof(public_key)) == key,
           "in the end there is another pair of " + owner);
    return text_of(plain + 1, KEYSTORED_SEED_BYTES);
}

}  // namespace

std::string keys_client(std::uint32_t number) {
    return "signer" + std::to_string(number);
}

void keys_begin(bool there) {
    keyring = keys_ledger();
    keyring.there = there;
    for (std::uint32_t i = 1; i <= KEYS_CLIENTS; i++) {
        keyring.words[keys_client(i)] = {ABSENT};
    }
}

void keys_allow(std::vector<policy_row> &rows) {
    rows.push_back(allow("keystored", POLICY_SEND, "logd"));
    rows.push_back(allow("judge", POLICY_CALL, "keystored"));
    rows.push_back(allow("judge", POLICY_CALL, "rngd"));
}

// Repeated until the record was not lost with the journal.
void keys_judge(client &of) {
    bool said = false;
    for (std::uint32_t i = 0; i < TRIES && !said; i++) {
        keys_message message{};
        message.header.op = KEYS_OP_KEEP;
        message.name = view("last");
        message.secret = view(KEYS_WORD);
        const ipc_error error = of.ask("keystored", keys_rows, &message, PATIENT_US).error;
        said = error == IPC_OK && message.header.status == WIRE_OK &&
               journal_says(of, "keep last by ");
        pause_us(said ? 1 : 1000);
    }
    expect(said, "a secret was kept, and it is not in the journal");
}

void keys_judge_console(const std::string &console) {
    const auto says = [&console](std::string_view text) {
        return console.find(text) != std::string::npos;
    };
    expect(keyring.identity_at_boot.empty() || !says("keystored: new identity"),
           "a new identity, and there was one");
    expect(!says("keystored: locked"), "keystored is locked");
    expect(!says("records do not open"), "keystored has records that do not open");
    expect(!says(KEYS_WORD), "a secret is on the console");
}

void keys_check_disk(const sim_devices::disk_image &image, const state_table &table) {
    const auto keys = std::make_unique<keystored>();
    open_all(table, *keys);
    std::vector<std::string> hidden = {std::string(KEYS_WORD)};
    if (keys->state == KEYS_READY) {
        expect(keyring.identity.empty() ||
                   keyring.identity == text_of(keys->public_key, sizeof(keys->public_key)),
               "in the end there is another identity");
        hidden.push_back(text_of(keys->identity, KEYSTORED_SEED_BYTES));
    }
    for (const auto &[owner, key] : keyring.pairs) {
        if (!key.empty()) {
            hidden.push_back(seed_of(*keys, owner, key));
        }
    }
    for (const auto &[owner, possible] : keyring.words) {
        const std::string found = secret_of(*keys, owner);
        expect(possible.count(found) == 1, "in the end " + owner + " has " + found);
    }
    std::string all;
    for (std::uint64_t i = 0; i < STATE_SECTORS; i++) {
        const sim_devices::sector one = image.read(i);
        all.append(one.begin(), one.end());
    }
    for (const std::string &secret : hidden) {
        expect(all.find(secret) == std::string::npos, "a secret is on the disk in the clear",
               all.find(secret));
    }
}

void run_keystored(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(keystored_main(&made, view(DEVICE_SECRET))));
}

void run_random(user &self) {
    run_rngd_double(self);
}

}  // namespace systemsim
