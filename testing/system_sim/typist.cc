// testing/system_sim/typist.cc: who types at the console: lines that start programs, lines of which
// nothing may be done, looks at everything, and what ends services.
#include "testing/system_sim/typist.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>

#include "ipc/wire/exec_wire.h"
#include "services/console/service.h"
#include "services/execd/execd.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/entropy.h"
#include "testing/system_sim/programs.h"

namespace systemsim {

using namespace simtest;

typing_ledger typing;

namespace {

constexpr std::uint32_t IMAGE_SLOT = SLOT_FIRST_OWN;  // The plan of services/console/shell.h.
constexpr std::uint32_t STATS_SLOT = IMAGE_SLOT + 1;
constexpr std::uint32_t FACTORY_SLOT = IMAGE_SLOT + 2;
constexpr std::uint32_t OPERATOR_SLOT = IMAGE_SLOT + 3;

constexpr std::uint32_t ROUNDS = 9;
constexpr std::uint32_t LOOKS = 60;
constexpr std::uint32_t LOOKS_SOON = 100;   // Every 0.4 ms, for what an answer takes mostly,
constexpr std::uint32_t LOOKS_LATE = 1000;  // then every 20 ms: its calls have 2 s each.
constexpr std::uint64_t LONG_US = 2000000;
constexpr std::uint32_t LIST_MAX = 64;
constexpr std::uint32_t CAPS_MAX = 15;        // A heading, nine, and a route to each that it asks.
constexpr std::size_t SHOWN_MAX = 56 * 1024;  // Of the 64 KiB that the simulation keeps.

// Whatever is typed already, it is no more, even in the middle of an escape sequence.
constexpr const char *CANCEL = "\x03\x03";

// A part of the text, then a prompt and nothing else that the console says.
bool is_answered(const std::string &text, const std::string &part) {
    const std::size_t at = text.rfind(part);
    return at != std::string::npos && text.find("tessera> ", at) != std::string::npos;
}

class typist {
  public:
    explicit typist(user &self) : client_(self, slot_at(OWN)) {}

    void round() {
        switch (sim_user_random(10)) {
            case 0:
            case 1:
                drop();
                break;
            case 2:
                look();
                break;
            case 3:
                look_at_clock();
                break;
            case 4:
                meddle();
                break;
            default:
                order();
        }
        clean();
    }

    // Its programs are over, it answers, and it holds no more than it needs.
    void end() {
        for (std::uint32_t i = 0; i < LOOKS && typing.guests; i++) {
            clean();
            pause_us(5000);
        }
        expect(!typing.guests, "programs of the console's that never end");
        bool heard = false;
        for (std::uint32_t i = 0; i < LOOKS && !heard; i++) {
            sync();
            heard = say("caps\r") && is_sure_;
            pause_us(heard ? 1 : 5000);
        }
        std::uint32_t caps = 0;
        for (std::size_t at = said_.find("\n  "); at != std::string::npos;
             at = said_.find("\n  ", at + 1)) {
            caps++;
        }
        expect(heard && caps <= CAPS_MAX, "capabilities of the console's left over", caps);
        typing.over = true;
        client_.end();
    }

  private:
    // They stay where they are until they have come.
    static void put(const std::string &bytes) {
        static std::list<std::string> all;
        all.push_back(bytes);
        bool taken = false;
        for (std::uint32_t i = 0; i < LOOKS_LATE && !taken; i++) {
            taken = sim_user_type(all.back().c_str());
            pause_us(taken ? 1 : 2000);
        }
        expect(taken, "the console does not read what is typed");
    }

    // Types it and waits for an answer with that in it, and a prompt; `said_` is then what was
    // shown, and `is_sure_` whether it was one console all the while. False: the console ended.
    bool say(const std::string &bytes, const std::string &part = "\n  ") {
        const std::uint32_t ends = truth.ends["console"];
        const bool settled = is_settled("console");
        const std::size_t from = std::strlen(sim_console());
        put(bytes);
        for (std::uint32_t i = 0; i < LOOKS_LATE; i++) {
            pause_us(i < LOOKS_SOON ? 400 : 20000);
            said_ = sim_console() + from;
            is_sure_ = settled && ends == truth.ends["console"];
            if (is_answered(said_, part)) {
                typing.lines++;
                is_synced_ = is_synced_ && is_sure_;
                return true;
            }
            meanwhile();
            if (!is_sure_ && is_settled("console") && sim_user_type("")) {
                is_synced_ = false;
                return false;
            }
        }
        expect(false, "a line is not answered: " + bytes.substr(0, 40));
        is_synced_ = false;
        return false;
    }

    // What is not over before the line that was typed is.
    void meanwhile() {
        if (!doomed_.empty()) {
            const bool over =
                doomed_ == "console" && said_.find("init: exit console") != std::string::npos;
            truth.ended_ns[doomed_] = sys_clock_get();
            doomed_ = over ? "" : doomed_;
        }
        const auto one = programs.of.find(hangs_);
        if (one != programs.of.end() && one->second.begun != 0) {
            hangs_ = 0;
            (void)kill(one->second.instance);
        }
    }

    static std::string word() {
        static std::uint32_t count = 0;
        return "word" + std::to_string(count++);
    }

    // The same in a line of its own, behind whatever was typed.
    bool say_and_word(const std::string &bytes) {
        const std::string one = word();
        return say(bytes + CANCEL + one + "\r", "\n  no command '" + one + "'");
    }

    // It has done with all that was typed before, whoever of it ended: it comes back.
    void sync() {
        const bool was = is_synced_;
        for (std::uint32_t i = 0; i < LOOKS && !is_synced_; i++) {
            is_synced_ = say_and_word("");  // Whoever answers has read all that came before.
        }
        expect(is_synced_, "the console never answers again");
        typing.resumed += !was;
    }

    ipc_error ask(exec_op op, exec_message *message) {
        message->header.op = static_cast<std::uint8_t>(op);
        return client_.ask("execd", exec_rows, message, LONG_US).error;
    }

    // Through execd, which the typist may manage.
    bool kill(std::uint32_t instance) {
        exec_message message{};
        message.instance = instance;
        programs.killed.insert(instance);
        programs.owner_of[instance] = id_;
        return ask(EXEC_OP_KILL, &message) == IPC_OK && message.header.status == WIRE_OK;
    }

    bool is_over(std::uint32_t instance) {
        exec_message message{};
        message.instance = instance;
        return ask(EXEC_OP_WAIT, &message) == IPC_OK && message.header.status == WIRE_OK;
    }

    // Nothing of the console's runs any more, if no line of it may begin something.
    void clean() {
        if (!typing.guests) {
            return;
        }
        sync();
        std::uint32_t index = 0;
        bool none = is_synced_;
        for (std::uint32_t i = 0; i < LIST_MAX; i++) {
            exec_message message{};
            message.index = index;
            if (ask(EXEC_OP_LIST, &message) != IPC_OK) {
                return;
            }
            if (message.header.status != WIRE_OK) {
                break;
            }
            index = message.next;
            if (message.owner == id_ && message.state == EXECD_RUNS) {
                none = kill(message.instance) && is_over(message.instance) && none;
            }
        }
        typing.guests = !none;
    }

    static std::uint32_t number_of_next(bool may_begin) {
        const std::uint32_t number = programs.next_number++;
        programs.of[number] = {};
        programs.of[number].at_most = may_begin ? 1 : 0;
        return number;
    }

    static std::string argument(std::uint32_t number, work what) {
        return std::to_string(number * WORK_COUNT + what);
    }

    // A line that says that in the end, however it is typed.
    static std::string typed(const std::string &name, const std::string &number) {
        switch (sim_user_random(5)) {
            case 0:
                return "run " + name + " " + number + "999\x7f\x7f\x08\r";
            case 1:
                return " " + name + " " + number + "\x01run\r";
            case 2:
                return "un " + name + " " + number + "\x1b[Hr\x1bOF\n";
            default:
                return "run " + name + " " + number + "\r";
        }
    }

    void order() {
        static const char *const names[] = {"usual", "usual", "usual",  "usual",
                                            "usual", "pair",  "secret", "vast"};
        const std::string name = names[sim_user_random(8)];
        const auto what = static_cast<work>(sim_user_random(WORK_COUNT));
        const std::uint32_t number = number_of_next(name == "usual" || name == "pair");
        const std::uint64_t weather = truth.weather;
        typing.guests = true;
        typing.visits++;
        hangs_ = what == WORK_HANGS && sim_user_random(3) != 0 ? number : 0;
        const bool heard = say(typed(name, argument(number, what)));
        hangs_ = 0;
        if (heard && is_sure_) {
            hear(name, number, what, weather == truth.weather && weather % 2 == 1);
        }
        expect(programs.of[number].begun <= programs.of[number].at_most,
               "a program was started too often", number);
    }

    bool says(const std::string &text) const {
        return said_.find(text) != std::string::npos;
    }

    // What the line was answered, which is one thing.
    void hear(const std::string &name, std::uint32_t number, work what, bool must_be_refused) {
        program_truth &one = programs.of[number];
        const bool ended = says("\n  " + name + " ended: ");
        const bool runs_on = says("\n  " + name + " runs on: ");
        const bool refused = says("\n  execd: ") || says("\n  execd answers ");
        expect(ended + runs_on + refused == 1, "a start is answered with no or two outcomes",
               number);
        expect(!says("answers ABSENT"), "a program of the image is not there", number);
        if (refused && !says("handed over and not answered")) {
            one.at_most = 0;
        }
        if (must_be_refused) {
            expect(refused, "started though the policy does not allow it", number);
            one.at_most = 0;
            truth.refused_by_weather++;
        }
        expect(!ended || is_true(name, number, what), "another ending than the program's", number);
        typing.orders += ended;
        if (runs_on && one.begun != 0) {  // Others of that name are not the console's to end.
            programs.killed.insert(one.instance);
            (void)say("kill @" + name + "\r");
        }
    }

    bool is_true(const std::string &name, std::uint32_t number, work what) const {
        const program_truth &one = programs.of[number];
        char code[40];
        std::snprintf(code, sizeof(code), " ended: exit %#x\n", number);
        const bool is_exit = what <= WORK_IS_BUSY && one.over && says(name + code);
        const bool is_crash =
            what == WORK_CRASHES && one.over && says(name + " ended: write fault 0x8");
        const bool is_killed =
            programs.killed.count(one.instance) != 0 && says(name + " ended: killed ");
        return one.begun == 1 && (is_exit || is_crash || is_killed);
    }

    // Nothing is done of a line that is cancelled, not ended, too long or wrong.
    void drop() {
        const std::uint32_t number = number_of_next(false);
        const std::string line = "run usual " + argument(number, WORK_EXITS);
        const std::string lines[] = {line + "\x03",
                                     line + "\x03",
                                     line,
                                     line + "\x15\r",
                                     line + " more\r",
                                     line + " \"\r",
                                     "run usual 4294967296\r",
                                     "RUN" + line.substr(3) + "\r",
                                     line + std::string(LETTERS_TOO_MANY, ' ') + "\r"};
        const std::uint32_t count = sizeof(lines) / sizeof(lines[0]);
        typing.dropped += say_and_word(lines[sim_user_random(count)]);
    }

    void look() {
        static const char *const lines[] = {
            "ps\r",          "caps\r",         "routes\r",          "stats\r",
            "stats timed\r", "routes timed\r", "call logd STATS\r", "call samgrd STATS\r",
            "trace on\r",    "trace show 9\r", "trace off\r",       "policy\r",
            "help run\r",    "run\r",          "stats init\r",      "kill @usual\r",
            "kill nobody\r", "call timed X\r"};
        const std::uint32_t which = sim_user_random(20);
        if (which < sizeof(lines) / sizeof(lines[0])) {
            (void)say(lines[which]);
        } else {  // Maybe there is nothing to tell.
            (void)say_and_word(which % 2 == 0 ? "log\r" : "log audit\r");
        }
    }

    // Who serves it may end, but what is shown was so while it was asked.
    void look_at_clock() {
        const std::uint64_t weather = truth.weather;
        const std::uint64_t before_ns = sys_clock_get();
        if (!say("call timed CLOCK\r") || !is_sure_) {
            return;
        }
        const bool served = says("\n  OK by ");
        expect(!served || weather != truth.weather || weather % 2 == 0,
               "the console is served though the policy does not allow it");
        const std::size_t at = said_.find("\n  now_ns ");
        const std::uint64_t now_ns =
            at == std::string::npos ? 0 : std::strtoull(&said_[at + 10], nullptr, 10);
        expect(!served || (now_ns > before_ns && now_ns < sys_clock_get()),
               "the console shows another time than it was", now_ns);
    }

    void meddle() {
        static const char *const others[] = {"timed", "logd", "metricsd", "sloth"};
        switch (draws.hunted ? 0 : sim_user_random(3)) {
            case 0: {  // No line of it ends, nothing of it ends the console.
                static const char keys[] =
                    "\x01\x02\x05\x06\x08\t\x0b\x0c\x0e\x10\x15\x1b[ABD~3 eru";
                std::string bytes;
                for (std::uint32_t i = 0; i < 10; i++) {
                    bytes += keys[sim_user_random(sizeof(keys) - 1)];
                }
                typing.dropped += say_and_word(bytes);
                break;
            }
            case 1:
                end("console", "exit\r");
                break;
            default: {
                const std::string name = others[sim_user_random(4)];
                end(name, "kill " + name + "\r");
            }
        }
        doomed_ = "";
    }

    // The time first, and again until it has ended, as in end_service.
    void end(const std::string &name, const std::string &line) {
        doomed_ = name;
        truth.ended_ns[name] = sys_clock_get();
        truth.ends[name]++;
        (void)say(line);
        truth.ended_ns[name] = sys_clock_get();
    }

    static constexpr std::uint32_t LETTERS_TOO_MANY = 120;

    client client_;
    std::uint64_t id_ = id_of("console");
    std::string said_;
    bool is_sure_ = true;
    bool is_synced_ = true;    // All that was typed is done with.
    std::uint32_t hangs_ = 0;  // The number of a program that is to be ended.
    std::string doomed_;       // What the line that was typed ends.
};

}  // namespace

void typist_await() {
    constexpr std::uint32_t AWAIT_MAX = 6000;
    for (std::uint32_t i = 0; i < AWAIT_MAX && typing.there && !typing.over; i++) {
        pause_us(5000);
    }
}

// Half of those with execd, and of those on one, two and four harts each.
void typist_begin(std::uint64_t seed) {
    typing = typing_ledger();
    typing.there = programs_in(seed) && seed / 16 % 2 == 0;
}

void typist_add(boot_view &view, std::uint32_t samgrd, std::uint32_t restarts) {
    if (!typing.there) {
        return;
    }
    truth.clients++;
    truth.victims.insert(truth.victims.end(), {"console", "console"});
    view.service("console", 0, restarts,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_IMAGE, IMAGE_SLOT, RIGHT_READ, 0, 0},
                  {MANIFEST_GRANT_STATS, STATS_SLOT, RIGHT_STATS_READ | RIGHT_STATS_TRACE, 0, 0},
                  {MANIFEST_GRANT_FACTORY, FACTORY_SLOT, RIGHT_MAKE_ENDPOINT, MANIFEST_HART_ANY, 0},
                  {MANIFEST_GRANT_ROUTE, OPERATOR_SLOT, RIGHT_CALL, MANIFEST_TARGET_INIT,
                   INIT_BADGE_OPERATOR},
                  route_to(SLOT_SAMGRD, samgrd)});
    view.service("typist", 0, 0,
                 {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, samgrd)});
}

void typist_allow_always(std::vector<policy_row> &rows) {
    if (typing.there) {
        rows.insert(rows.end(),
                    {allow("console", POLICY_CALL, "execd"), allow("console", POLICY_CALL, "logd"),
                     allow("typist", POLICY_CALL, "execd"), allow("typist", POLICY_MANAGE, "execd"),
                     allow("judge", POLICY_CALL, "console")});
    }
}

void typist_allow_fair(std::vector<policy_row> &rows) {
    if (typing.there) {
        rows.push_back(allow("console", POLICY_CALL, "timed"));
        for (const char *name : {"pair", "usual", "vast"}) {
            rows.push_back(
                {id_of("console"), program_id_of(name, std::strlen(name)), POLICY_START, 3});
        }
    }
}

void run_console(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(console_main(&made, image_of_run)));
}

void run_typist(user &self) {
    typist made(self);
    for (std::uint32_t i = 0; i < ROUNDS && std::strlen(sim_console()) < SHOWN_MAX; i++) {
        made.round();
        pause_us(1 + sim_user_random(6000));
    }
    made.end();
}

}  // namespace systemsim
