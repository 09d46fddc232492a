// testing/system_sim/starter.cc: clients of execd: they start programs, wait for them and end them,
// and in the end may start as many as ever.
#include <cstring>

#include "ipc/bulk_window.h"
#include "ipc/log_record.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/log_wire.h"
#include "services/execd/bundle.h"
#include "services/execd/execd.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/programs.h"
#include "testing/system_sim/typist.h"

namespace systemsim {

using simtest::in_us;
using simtest::user;

namespace {

constexpr std::uint32_t FACTORY = OWN + 1;
constexpr std::uint32_t ROUNDS = 8;
constexpr std::uint32_t OWNED_MAX = EXECD_OWNED_MAX;
constexpr std::uint32_t KNOWN_MAX = 6;  // Programs that a client looks after at one time.
// execd waits for policyd and logd at times, and its next instance until what init starts before it
// is ready or ended: START_DEADLINE_NS, 10 s.
constexpr std::uint64_t LONG_US = 12000000;
constexpr std::uint64_t SHORT_US = 600;
constexpr std::uint32_t LOOKS = 60;
constexpr std::uint32_t CRASH_LOOKS = 8;
constexpr std::uint32_t LIST_MAX = 64;

// Which execd is there, and whether a claim about it holds all the while.
class execd_of_now {
  public:
    bool is_same() const {
        return settled_ && ends_ == truth.ends["execd"];
    }
    std::uint32_t ends() const {
        return ends_;
    }

  private:
    std::uint32_t ends_ = truth.ends["execd"];
    bool settled_ = is_settled("execd");
};

struct started {
    std::uint32_t instance;  // 0: the place is free.
    bool ends;               // By itself, or execd has said that it ends it.
    std::uint32_t execd;     // Which execd has it: how often one had ended; UINT32_MAX: not known.
};

class starter {
  public:
    starter(user &self, const char *name, bool manages)
        : client_(self, slot_at(OWN)), id_(service_id_named(name).value), manages_(manages) {}

    void round() {
        switch (sim_user_random(8)) {
            case 0:
                start_what_may_not_be();
                break;
            case 1:
                touch_another();
                break;
            case 2:
                bring();
                break;
            case 3:
                end_one();
                break;
            case 4:
                wait_for_one();
                break;
            default:
                start_one();
        }
    }

    // After what was begun by this client's last instance, too: nothing of it runs any more.
    void leave_nothing() {
        bool clean = false;
        for (std::uint32_t i = 0; i < LOOKS && !clean; i++) {
            clean = end_all_listed();
            pause_us(clean ? 1 : 5000);
        }
        expect(clean, "programs that never end");
        is_sure_ = true;
        std::memset(own_, 0, sizeof(own_));
    }

    // In fair weather it may have all that it may ever have: nothing was kept of what has ended.
    void have_all() {
        bool done = false;
        typist_await();
        for (std::uint32_t i = 0; i < LOOKS && !done; i++) {
            leave_nothing();
            done = have_all_now();
            pause_us(done ? 1 : 5000);
        }
        expect(done, "never all programs at once");
        leave_nothing();
    }

    void end() {
        client_.end();
    }

  private:
    ipc_error ask(exec_op op, exec_message *message, std::uint64_t patience_us = LONG_US) {
        message->header.op = static_cast<std::uint8_t>(op);
        const ipc_error error = client_.ask("execd", exec_rows, message, patience_us).error;
        expect(patience_us < LONG_US || error != IPC_TIMED_OUT, "execd does not answer", op);
        expect(error != IPC_DENIED, "who may use execd was denied", op);
        return error;
    }

    static std::uint64_t patience() {
        return sim_user_random(3) == 0 ? SHORT_US : LONG_US;
    }

    // One outcome of a start: it was begun once if it was said so, and never if not.
    wire_status start(const char *name, work what, std::uint64_t patience_us, std::uint32_t *out) {
        const std::uint32_t number = programs.next_number++;
        const std::uint64_t weather = truth.weather;
        exec_message message{};
        message.program = program_id_of(name, std::strlen(name));
        message.argument = number * WORK_COUNT + what;
        programs.of[number] = {};
        const ipc_error error = ask(EXEC_OP_START, &message, patience_us);
        const auto status = static_cast<wire_status>(message.header.status);
        const bool ok = error == IPC_OK && status == WIRE_OK;
        is_sure_ = is_sure_ && error != IPC_UNKNOWN_OUTCOME;
        program_truth &one = programs.of[number];
        one.at_most = ok || error == IPC_UNKNOWN_OUTCOME ? 1 : 0;
        if (weather == truth.weather && weather % 2 == 1) {
            expect(!ok, "started though the policy does not allow it", number);
            one.at_most = 0;
            truth.refused_by_weather++;
        }
        expect(one.begun <= one.at_most, "a program was started too often", number);
        if (ok) {
            expect(one.instance == 0 || one.instance == message.instance,
                   "the instance of another program", message.instance);
            expect(programs.owner_of.count(message.instance) == 0, "an instance was named twice",
                   message.instance);
            one.instance = message.instance;
            programs.number_of[message.instance] = number;
            programs.owner_of[message.instance] = id_;
            *out = message.instance;
        }
        return error == IPC_OK ? status : WIRE_UNAVAILABLE;
    }

    // How many of what it knows may still run.
    std::uint32_t known() const {
        std::uint32_t count = 0;
        for (const started &one : own_) {
            count += one.instance != 0;
        }
        return count;
    }

    void start_one() {
        started *place = nullptr;
        for (started &one : own_) {
            place = one.instance == 0 ? &one : place;
        }
        if (place == nullptr) {
            wait_for_one();
            return;
        }
        const execd_of_now now;
        const no_guests alone;
        const bool is_pair = sim_user_random(3) == 0;
        const auto what = static_cast<work>(sim_user_random(WORK_COUNT));
        const std::uint32_t owned = known();
        const bool is_within = owned < OWNED_MAX && !is_pair && is_sure_;  // Others have pairs too.
        std::uint32_t instance = 0;
        const wire_status status = start(is_pair ? "pair" : "usual", what, patience(), &instance);
        if (status == WIRE_OK) {
            *place = {instance, what != WORK_HANGS, now.is_same() ? now.ends() : UINT32_MAX};
        } else {
            expect(status != WIRE_ABSENT, "a program of the image is not there");
            expect(status != WIRE_OVERLOAD || !is_within || !now.is_same() || !alone.is_so(),
                   "over a quota, it is said, with so many programs", owned);
        }
    }

    void start_what_may_not_be() {
        std::uint32_t instance = 0;
        const bool is_secret = sim_user_random(2) == 0;
        const wire_status status =
            start(is_secret ? "secret" : "vast", WORK_HANGS, LONG_US, &instance);
        expect(status != WIRE_OK, "started what nobody may, or what fits nowhere", is_secret);
        expect(!is_secret || status == WIRE_DENIED || status == WIRE_UNAVAILABLE,
               "a start that must be denied says", status);
    }

    // Told as often as it is asked for, and always the same: what the program did.
    void hear(std::uint32_t instance, const exec_message &message) {
        const std::pair<std::uint32_t, std::uint64_t> ending = {message.reason, message.detail};
        const auto before = programs.told.find(instance);
        expect(before == programs.told.end() || before->second == ending,
               "another ending than was told before", instance);
        programs.told[instance] = ending;
        const std::uint32_t number = programs.number_of[instance];
        const bool is_killed = message.reason == EXIT_KILLED;
        const bool is_crash = message.reason == EXIT_FAULT_WRITE && message.detail == 8;
        const bool is_exit = message.reason == EXIT_CODE && message.detail == number;
        expect(is_killed || is_crash || is_exit, "an ending of no program", message.reason);
        expect(!is_killed || programs.killed.count(instance) == 1, "nobody has ended it", instance);
        expect(is_killed || programs.of[number].over, "it is said to have ended, and has not",
               instance);
    }

    // False: it is not known how it ended, or that it has.
    bool wait_for(started &one, std::uint64_t patience_us) {
        const execd_of_now now;
        const bool is_kept = is_settled("logd") && is_settled("samgrd") && is_settled("policyd");
        const std::uint32_t instance = one.instance;
        exec_message message{};
        message.instance = instance;
        const ipc_error error = ask(EXEC_OP_WAIT, &message, patience_us);
        if (error != IPC_OK) {
            return false;
        }
        const bool is_there = one.execd == now.ends() && now.is_same();
        switch (message.header.status) {
            case WIRE_OK:
                hear(instance, message);
                if (message.reason == EXIT_FAULT_WRITE && is_kept) {
                    look_for_crash(instance, now);
                }
                break;
            case WIRE_ABSENT:
                expect(!is_there || !has_all_records(now), "how it ended is not known", instance);
                break;
            default:
                expect(message.header.status == WIRE_OVERLOAD, "a wait says",
                       message.header.status);
                return false;
        }
        one = {};
        return true;
    }

    // No record of this execd has made room for another.
    bool has_all_records(const execd_of_now &now) {
        exec_message message{};
        return ask(EXEC_OP_STATS, &message) == IPC_OK && message.started <= EXECD_RECORD_MAX &&
               now.is_same();
    }

    // Who waits is answered before logd is told, so it stands there soon after execd has answered
    // once more, unless logd was not there to be told, or has ended, since the program crashed.
    void look_for_crash(std::uint32_t instance, const execd_of_now &now) {
        const program_truth &crashed = programs.of[programs.number_of[instance]];
        exec_message message{};
        bool found = false;
        if (ask(EXEC_OP_STATS, &message) != IPC_OK) {
            return;
        }
        for (std::uint32_t i = 0; i < CRASH_LOOKS && !found; i++) {
            found = journal_has(instance);
            if (std::strstr(sim_console() + crashed.said, "logd was not told") != nullptr ||
                !now.is_same() || crashed.logd_ends != truth.ends["logd"]) {
                return;
            }
            pause_us(found ? 1 : 1000);
        }
        expect(found, "a crash is not in the journal", instance);
        programs.crashes += found;
    }

    bool journal_has(std::uint32_t instance) {
        log_message message{};
        do {
            const std::uint64_t from = message.next;
            message = {};
            message.header.op = LOG_OP_QUERY;
            message.kind = LOG_KIND_CRASH;
            message.level = LOG_ERROR;
            message.sequence = from;
            if (client_.ask("logd", log_rows, &message, LONG_US).error != IPC_OK) {
                return false;
            }
            wire_reader page = wire_reader_of(message.records.data, message.records.count);
            log_record record{};
            log_crash crash{};
            while (log_record_get(&page, &record)) {
                if (log_crash_get(&record, &crash) && crash.instance == instance) {
                    return true;
                }
            }
        } while (message.more != 0);
        return false;
    }

    started *any() {
        const std::uint32_t first = sim_user_random(KNOWN_MAX);
        for (std::uint32_t i = 0; i < KNOWN_MAX; i++) {
            started &one = own_[(first + i) % KNOWN_MAX];
            if (one.instance != 0) {
                return &one;
            }
        }
        return nullptr;
    }

    void wait_for_one() {
        started *one = any();
        if (one != nullptr) {
            (void)wait_for(*one, one->ends && sim_user_random(2) == 0 ? LONG_US : SHORT_US);
        }
    }

    bool kill(std::uint32_t instance, wire_status *said = nullptr) {
        exec_message message{};
        message.instance = instance;
        programs.killed.insert(instance);
        const ipc_error error = ask(EXEC_OP_KILL, &message);
        if (said != nullptr && error == IPC_OK) {
            *said = static_cast<wire_status>(message.header.status);
        }
        return error == IPC_OK && message.header.status == WIRE_OK;
    }

    // At times after waiting for it in vain, which changes nothing.
    void end_one() {
        started *one = any();
        if (one == nullptr || (sim_user_random(2) == 0 && wait_for(*one, SHORT_US))) {
            return;
        }
        const execd_of_now now;
        wire_status said = WIRE_OK;
        if (kill(one->instance, &said)) {
            one->ends = true;
            (void)wait_for(*one, patience());
        } else if (said == WIRE_ABSENT && one->execd == now.ends() && now.is_same()) {
            expect(!has_all_records(now), "a program is not known that was started", said);
        }
    }

    // The other's: who may manage execd may end it, who may not does not even hear of it.
    void touch_another() {
        std::uint32_t instance = 0;
        for (const auto &[of, owner] : programs.owner_of) {
            instance = owner != id_ ? of : instance;
        }
        if (instance == 0) {
            return;
        }
        if (manages_) {
            (void)kill(instance);
            return;
        }
        exec_message message{};
        const exec_op ops[] = {EXEC_OP_STATUS, EXEC_OP_WAIT, EXEC_OP_KILL};
        message.instance = instance;
        const ipc_error error = ask(ops[sim_user_random(3)], &message);
        expect(error != IPC_OK || message.header.status != WIRE_OK,
               "somebody else's program is told of or ended", instance);
    }

    // Memory that is sealed, to be read and executed.
    static slot sealed(const std::vector<std::uint64_t> &words) {
        bulk_window window{};
        expect(bulk_window_create(&window, slot_at(FACTORY), words.size() * 8) == BULK_OK,
               "no memory for a bundle");
        std::memcpy(window.bytes, words.data(), words.size() * 8);
        const auto address =
            static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(window.bytes));
        const bool is_sealed = sys_vmo_unmap(window.vmo, address) == STATUS_OK &&
                               sys_vmo_seal(window.vmo) == STATUS_OK;
        const slot_result copy = sys_cap_clone(window.vmo, RIGHT_VMO_READ | RIGHT_VMO_EXECUTE);
        expect(is_sealed && copy.status == STATUS_OK, "a bundle is not sealed", copy.status);
        slot_release(window.vmo);
        return copy.slot;
    }

    // Brings a bundle, whole or with a flaw.
    void bring() {
        static const bundle_flaw flaws[PARCEL_COUNT] = {BUNDLE_FLAW_NONE, BUNDLE_FLAW_HEADER,
                                                        BUNDLE_FLAW_PROGRAM, BUNDLE_FLAW_KNOWN};
        const auto what = static_cast<parcel>(sim_user_random(PARCEL_COUNT));
        const std::vector<std::uint64_t> &words = programs_parcel(what);
        if (!manages_) {
            return;
        }
        const slot sent = sealed(words);
        exec_message message{};
        message.header.op = EXEC_OP_LOAD;
        ipc_question asked = client_.question("execd", exec_rows, LONG_US);
        asked.carried = sent;
        const ipc_error error = ipc_ask(&client_.calls, &asked, &message).error;
        if (error != IPC_OK || message.header.status == WIRE_UNAVAILABLE) {
            return;
        }
        expect(message.header.status == WIRE_OK, "a bundle is answered with",
               message.header.status);
        expect(message.flaw == flaws[what], "a bundle is found to be", message.flaw);
        programs.brought += message.flaw == BUNDLE_FLAW_NONE;
        programs.flawed += message.flaw != BUNDLE_FLAW_NONE;
        std::uint32_t instance = 0;
        if (what == PARCEL_GOOD && start("parcel", WORK_EXITS, LONG_US, &instance) == WIRE_OK) {
            started one = {instance, true, UINT32_MAX};
            is_sure_ = wait_for(one, LONG_US) && is_sure_;
        }
    }

    // False: something of this client's may still run. It starts nothing meanwhile, so what is seen
    // to run did so at one time.
    bool end_all_listed() {
        std::uint32_t running[2] = {0, 0};
        std::uint32_t index = 0;
        bool clean = true;
        for (std::uint32_t i = 0; i < LIST_MAX; i++) {
            exec_message message{};
            message.index = index;
            if (ask(EXEC_OP_LIST, &message) != IPC_OK) {
                return false;
            }
            if (message.header.status != WIRE_OK) {
                break;
            }
            index = message.next;
            if (message.owner != id_ || message.state != EXECD_RUNS) {
                continue;
            }
            running[0]++;
            running[1] += message.program == program_id_of("pair", 4);
            started one = {message.instance, true, UINT32_MAX};
            clean = kill(one.instance) && wait_for(one, LONG_US) && clean;
        }
        expect(running[0] <= OWNED_MAX, "more programs than one may have", running[0]);
        expect(running[1] <= 2, "more of one program than may run", running[1]);
        return clean;
    }

    // Another may end some of them meanwhile: then it is no proof.
    bool have_all_now() {
        const execd_of_now now;
        std::uint32_t instances[OWNED_MAX] = {};
        for (std::uint32_t i = 0; i < OWNED_MAX; i++) {
            const wire_status status = start("usual", WORK_HANGS, LONG_US, &instances[i]);
            expect(status != WIRE_OVERLOAD || !now.is_same(),
                   "what has ended counts as what runs; of its quota it got", i);
            if (status != WIRE_OK) {
                return false;
            }
        }
        std::uint32_t more = 0;
        const wire_status status = start("usual", WORK_EXITS, LONG_US, &more);
        bool all_run = now.is_same();
        for (const std::uint32_t instance : instances) {
            all_run = all_run && programs.killed.count(instance) == 0;
        }
        expect(status != WIRE_OK || !all_run, "more programs than one may have");
        return all_run && status == WIRE_OVERLOAD;
    }

    client client_;
    std::uint64_t id_;
    bool manages_;
    bool is_sure_ = true;  // No start of which is not known what became of it.
    started own_[KNOWN_MAX] = {};
};

}  // namespace

void run_starter(user &self) {
    starter made(self, "starter", true);
    for (std::uint32_t i = 0; i < ROUNDS; i++) {
        made.round();
    }
    made.have_all();
    made.end();
}

void run_fickle(user &self) {
    starter made(self, "fickle", false);
    if (!programs.fickle_is_over) {
        made.leave_nothing();
        for (std::uint32_t i = 0; i < ROUNDS; i++) {
            made.round();
        }
        made.have_all();
        made.end();
        programs.fickle_is_over = true;
    }
    for (;;) {  // Otherwise init would start it again.
        pause_us(1000000000);
    }
}

}  // namespace systemsim
