// services/keystored_sim_test.cc: the real keystored and statefsd with the real init, policyd,
// samgrd and logd in simulation, on a disk that loses what was not flushed, while keystored,
// statefsd, rngd and logd are ended, anywhere. The identity is one for all that time, what a client
// was told is so afterwards, and whoever asks for a private key is refused.
#include <gtest/gtest.h>
#include <sodium/crypto_sign_ed25519.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/keys_item.h"
#include "ipc/ready.h"
#include "ipc/wire/keys_wire.h"
#include "services/keystored/keystored.h"
#include "services/keystored/service.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/rngd_double.h"
#include "testing/sim/statefsd_on_memory.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;
constexpr std::uint32_t OPERATOR = SLOT_FIRST_OWN + 1;
constexpr std::uint32_t ROUNDS = 250;
constexpr std::uint64_t PATIENCE_US = 4000000;
constexpr const char *CLIENTS[] = {"alice", "bob"};
constexpr const char *MORTALS[] = {"keystored", "statefsd", "rngd", "logd", "keystored"};
constexpr std::string_view SECRET = "the secret of this device";
constexpr std::string_view WORD = "sesame, sesame, sesame";  // Begins each secret that is kept.

// The truth, one for each run.
struct ledger {
    bytes identity;                                      // Once somebody was told.
    std::map<std::string, bytes> pairs;                  // By client.
    std::map<std::string, std::set<std::string>> words;  // What may be kept, by client.
    std::set<std::uint64_t> numbers;                     // That rngd gave first.
    std::uint32_t clients_over = 0;
    const message_page *page = nullptr;  // Of keystored's instance of now,
    const char *stack = nullptr;         // and where its stack begins: all it has is below.
    std::vector<bytes> given;            // What rngd gave, the last first.
    bytes seed;                          // Of the judge's key pair: one of the pieces of that.
};

ledger truth;

// Over all runs.
struct totals {
    std::uint64_t good, unavailable, uncertain, keystoreds, visits, told, ended, seeds;
} sum;

void run_keystored(user &self) {
    sum.keystoreds++;
    truth.page = self.page;
    truth.stack = static_cast<const char *>(__builtin_frame_address(0));
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(keystored_main(&made, view(SECRET))));
}

struct keys_client : caller {
    keys_client(user &self, const char *called) : caller(self), name(called) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    // False: it was not answered, or not now.
    bool ask(keys_op op, keys_message *message, std::uint64_t patience_us, wire_status wanted) {
        message->header.op = static_cast<std::uint8_t>(op);
        if (caller::ask("keystored", keys_rows, message, patience_us).error != IPC_OK) {
            sum.uncertain++;
            return false;
        }
        if (message->header.status == WIRE_UNAVAILABLE) {
            sum.unavailable++;
            return false;
        }
        sum.good++;
        EXPECT_EQ(int{message->header.status}, int{wanted}) << name << ", operation " << int{op};
        return message->header.status == wanted;
    }

    void identity(std::uint64_t patience_us) {
        keys_message message{};
        if (ask(KEYS_OP_IDENTITY, &message, patience_us, WIRE_OK)) {
            const bytes found = copy_of(message.public_key);
            if (truth.identity.empty()) {
                truth.identity = found;
            }
            EXPECT_EQ(found, truth.identity);
        }
    }

    void attest(std::uint32_t round, std::uint64_t patience_us) {
        keys_message message{};
        const std::string text = name + std::to_string(round);
        message.message = view(text);
        if (ask(KEYS_OP_ATTEST, &message, patience_us, WIRE_OK) && !truth.identity.empty()) {
            bytes statement(KEYS_SIGNED_BYTES_MAX);
            statement.resize(keys_statement_put(id_of(name.c_str()), view(text), statement.data()));
            EXPECT_EQ(crypto_sign_ed25519_verify_detached(message.signature.data, statement.data(),
                                                          statement.size(), truth.identity.data()),
                      0);
        }
    }

    void pair(std::uint64_t patience_us) {
        keys_message message{};
        message.name = view("pair");
        if (ask(KEYS_OP_MAKE, &message, patience_us, WIRE_OK)) {
            bytes &known = truth.pairs[name];
            if (known.empty()) {
                known = copy_of(message.public_key);
            }
            EXPECT_EQ(copy_of(message.public_key), known);
        }
    }

    void sign(std::uint64_t patience_us) {
        const bytes known = truth.pairs[name];
        keys_message message{};
        message.name = view("pair");
        message.message = view(name);
        if (!known.empty() && ask(KEYS_OP_SIGN, &message, patience_us, WIRE_OK)) {
            EXPECT_EQ(
                crypto_sign_ed25519_verify_detached(
                    message.signature.data, reinterpret_cast<const std::uint8_t *>(name.data()),
                    name.size(), known.data()),
                0);
        }
    }

    void export_of_the_pair(std::uint64_t patience_us) {
        keys_message message{};
        message.name = view("pair");
        if (!truth.pairs[name].empty()) {
            (void)ask(KEYS_OP_GIVE, &message, patience_us, WIRE_DENIED);
        }
    }

    void keep(std::uint32_t round, std::uint64_t patience_us) {
        keys_message message{};
        const std::string word = std::string(WORD) + name + std::to_string(round);
        std::set<std::string> &possible = truth.words[name];
        possible.insert(word);
        message.name = view("word");
        message.secret = view(word);
        if (ask(KEYS_OP_KEEP, &message, patience_us, WIRE_OK)) {
            possible = {word};
        }
    }

    // One more that is not answered may still be on its way.
    void give(std::uint64_t patience_us) {
        keys_message message{};
        std::set<std::string> &possible = truth.words[name];
        message.name = view("word");
        if (possible.count("") == 0 && ask(KEYS_OP_GIVE, &message, patience_us, WIRE_OK)) {
            const bytes found = copy_of(message.secret);
            EXPECT_EQ(possible.count(std::string(found.begin(), found.end())), 1u) << name;
        }
    }

    // What one seals only that one opens.
    void seal(std::uint64_t patience_us) {
        keys_message message{};
        message.context = view("record");
        message.plain = view(name);
        if (!ask(KEYS_OP_SEAL, &message, patience_us, WIRE_OK)) {
            return;
        }
        bytes sealed = copy_of(message.sealed);
        message = {};
        message.context = view("record");
        message.sealed = view(sealed);
        if (ask(KEYS_OP_OPEN, &message, patience_us, WIRE_OK)) {
            const bytes found = copy_of(message.plain);
            EXPECT_EQ(std::string(found.begin(), found.end()), name);
        }
        sealed[20] ^= 1;
        message = {};
        message.context = view("record");
        message.sealed = view(sealed);
        (void)ask(KEYS_OP_OPEN, &message, patience_us, WIRE_DENIED);
    }

    std::string name;
};

void run_client(user &self, const char *name) {
    keys_client made(self, name);
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const std::uint64_t patience_us =
            sim_user_random(4) == 0 ? 1 + sim_user_random(80) : PATIENCE_US;
        switch (sim_user_random(8)) {
            case 0:
                made.identity(patience_us);
                break;
            case 1:
                made.attest(round, patience_us);
                break;
            case 2:
                made.pair(patience_us);
                break;
            case 3:
                made.sign(patience_us);
                break;
            case 4:
                made.export_of_the_pair(patience_us);
                break;
            case 5:
                made.keep(round, patience_us);
                break;
            case 6:
                made.give(patience_us);
                break;
            default:
                made.seal(patience_us);
        }
    }
    for (std::uint32_t i = 0; i < 20; i++) {
        made.identity(PATIENCE_US);
        made.give(PATIENCE_US);
    }
    ipc_client_release(&made.client);
    truth.clients_over++;
}

// Dies with a request under way, again and again.
void run_mayfly(user &self) {
    keys_client made(self, "mayfly");
    keys_message message{};
    sum.visits++;
    message.name = view("wings");
    (void)made.ask(KEYS_OP_MAKE, &message, 1 + sim_user_random(3000), WIRE_OK);
    sys_task_exit(1);
}

// Whether that is in the last bytes before `end`, whoever may look there: what a call that is over
// left on the stack too.
[[gnu::no_sanitize_address]] bool is_below(const char *end, std::size_t bytes_below,
                                           const char *what, std::size_t count) {
    for (const char *at = end - bytes_below; at + count <= end; at++) {
        std::size_t same = 0;
        while (same < count && at[same] == what[same]) {
            same++;
        }
        if (same == count) {
            return true;
        }
    }
    return false;
}

// Of its stack, on which its state stands: more than it ever uses.
constexpr std::size_t STACK_LOOKED_AT = 192 * 1024;

// Once it waits, nothing of a secret is left in what it received and sent, in its state and where
// it worked.
void look_for_words() {
    EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(1000)).status, STATUS_TIMED_OUT);
    const auto *bytes_of_page = reinterpret_cast<const char *>(truth.page);
    EXPECT_EQ(std::string_view(bytes_of_page, sizeof(*truth.page)).find(WORD),
              std::string_view::npos);
    EXPECT_FALSE(is_below(truth.stack, STACK_LOOKED_AT, WORD.data(), WORD.size()))
        << "a secret is left in its memory";
    if (!truth.seed.empty()) {
        const char *seed = reinterpret_cast<const char *>(truth.seed.data());
        EXPECT_FALSE(is_below(bytes_of_page + sizeof(*truth.page), sizeof(*truth.page), seed,
                              truth.seed.size()))
            << "a private key is left in its page";
        EXPECT_FALSE(is_below(truth.stack, STACK_LOOKED_AT, seed, truth.seed.size()))
            << "a private key is left in its memory";
    }
}

// keystored takes pieces, all of them whole salts long, of the last that it was given.
void find_seed(const bytes &public_key) {
    std::uint8_t made[KEYS_PUBLIC_BYTES];
    std::uint8_t pair[KEYSTORED_PAIR_BYTES];
    for (std::size_t i = 0; i < std::min<std::size_t>(truth.given.size(), 4); i++) {
        const bytes &given = truth.given[i];
        for (std::size_t at = 0; at + KEYSTORED_SEED_BYTES <= given.size(); at += SEAL_SALT_BYTES) {
            EXPECT_EQ(crypto_sign_ed25519_seed_keypair(made, pair, given.data() + at), 0);
            if (std::equal(public_key.begin(), public_key.end(), std::begin(made))) {
                truth.seed.assign(pair, pair + KEYSTORED_SEED_BYTES);
                return;
            }
        }
    }
}

// Ends a service now and then; asks at last what keystored has told logd.
void run_judge(user &self) {
    keys_client made(self, "judge");
    for (std::uint32_t i = 0; i < 8000 && truth.clients_over < std::size(CLIENTS); i++) {
        EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(50 + sim_user_random(600))).status,
                  STATUS_TIMED_OUT);
        if (i < 60) {
            end_service(self, OPERATOR, MORTALS[sim_user_random(std::size(MORTALS))]);
            sum.ended++;
        }
    }
    EXPECT_EQ(truth.clients_over, std::size(CLIENTS));
    keys_message message{};
    bool answered = false;
    for (int i = 0; i < 50 && !answered; i++) {
        message = {};
        answered = made.ask(KEYS_OP_STATS, &message, PATIENCE_US, WIRE_OK);
    }
    EXPECT_TRUE(answered);
    EXPECT_EQ(message.state, KEYS_READY);
    EXPECT_EQ(message.flawed, 0u);
    sum.told += message.told;
    truth.words["judge"] = {""};
    made.keep(0, PATIENCE_US);
    look_for_words();
    made.give(PATIENCE_US);
    look_for_words();
    made.pair(PATIENCE_US);
    find_seed(truth.pairs["judge"]);
    look_for_words();
    made.sign(PATIENCE_US);
    look_for_words();
    sum.seeds += !truth.seed.empty();
    ipc_client_release(&made.client);
}

// The power goes; no secret is on the disk in the clear, and its number is one that rngd gave.
void check_disk() {
    state_report report;
    const statefs &fs = statefs_after_power_cut(&report);
    EXPECT_EQ(truth.numbers.count(report.super.volume), 1u);
    EXPECT_NE(state_table_find(&fs.table, id_of("keystored"), view("root")), nullptr);
    const bytes &disk = memory_of_run->bytes();
    EXPECT_EQ(std::search(disk.begin(), disk.end(), WORD.begin(), WORD.begin() + 12), disk.end());
}

void run_init(user &self) {
    truth = {};
    make_memory_of_run();
    for (const char *client : CLIENTS) {
        truth.words[client] = {""};
    }
    boot_view view;
    add_routing(view, 2);
    view.service("logd", 0, 100000, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("rngd", 0, 100000, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("statefsd", 0, 100000,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SLOT_SAMGRD, 1)});
    view.service("keystored", 0, 100000,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FACTORY, KEYSTORED_SLOT_FACTORY, RIGHT_MAKE_ENDPOINT,
                   MANIFEST_HART_ANY, 0},
                  route_to(SLOT_SAMGRD, 1)});
    for (const char *client : CLIENTS) {
        view.service(client, 0, 0, {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, 1)});
    }
    view.service("mayfly", 0, 30, {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, 1)});
    view.service(
        "judge", MANIFEST_FINAL, 0,
        {console(), to_init(), receives(OWN), operates_by(OPERATOR), route_to(SLOT_SAMGRD, 1)});
    view.policy(sorted(
        {allow("alice", POLICY_CALL, "keystored"), allow("bob", POLICY_CALL, "keystored"),
         allow("judge", POLICY_CALL, "keystored"), allow("mayfly", POLICY_CALL, "keystored"),
         allow("keystored", POLICY_CALL, "statefsd"), allow("keystored", POLICY_CALL, "rngd"),
         allow("keystored", POLICY_SEND, "logd"), allow("statefsd", POLICY_CALL, "rngd")}));
    run_system(self, view);
    check_disk();
}

TEST(KeystoredSim, the_identity_is_one_though_all_around_it_ends) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("logd", run_logd);
    machine.program("rngd", run_rngd_double);
    rngd_double_gave = [](const std::uint8_t *given, std::uint32_t count) {
        std::uint64_t first = 0;
        for (std::uint32_t i = 0; i < count && i < 8; i++) {
            first |= std::uint64_t{given[i]} << 8 * i;
        }
        truth.numbers.insert(first);
        if (count >= KEYSTORED_MAKE_RANDOM) {
            truth.given.insert(truth.given.begin(), bytes(given, given + count));
        }
    };
    machine.program("statefsd", run_statefsd_on_memory);
    machine.program("keystored", run_keystored);
    machine.program("alice", [](user &self) { run_client(self, "alice"); });
    machine.program("bob", [](user &self) { run_client(self, "bob"); });
    machine.program("mayfly", run_mayfly);
    machine.program("judge", run_judge);
    machine.run(run_init);
    std::printf(
        "%llu answered, %llu unavailable, %llu not; %llu ended, keystored started %llu "
        "times, %llu mayflies, %llu audited\n",
        static_cast<unsigned long long>(sum.good), static_cast<unsigned long long>(sum.unavailable),
        static_cast<unsigned long long>(sum.uncertain), static_cast<unsigned long long>(sum.ended),
        static_cast<unsigned long long>(sum.keystoreds),
        static_cast<unsigned long long>(sum.visits), static_cast<unsigned long long>(sum.told));
    EXPECT_GE(sum.good, 1000u);
    EXPECT_GE(sum.uncertain, 100u);
    EXPECT_GE(sum.keystoreds, 100u);
    EXPECT_GE(sum.visits, 30u);
    EXPECT_GE(sum.told, 100u);
    EXPECT_GE(sum.seeds, 10u);
}

}  // namespace
