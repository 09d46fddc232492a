// testing/fuzz/syscalls.cc: any bytes as system calls of four tasks on a simulated machine
// (syscall_program.h). Whatever they do, the machine's own checks hold, the kernel's audit adds up,
// every task can be ended, and in the end all memory is back.
//
// With TESSERA_FUZZ_PLANT=NAME one of the planted bugs of kernel/core/fault_point.def is on.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "kernel/abi/identity.h"
#include "kernel/arch/sim/sim.h"
#include "kernel/arch/sim/user.h"
#include "runtime/syscall.h"
#include "testing/fuzz/syscall_program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

using namespace fuzz;

constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint32_t STARTED_COUNT = 3;  // The fourth is started by one of them, or not at all.
constexpr std::uint32_t PAGE_COUNT = 400;
constexpr std::uint32_t STEP_MAX = 60000;
constexpr std::uint32_t WAIT_ROUNDS = 12;
constexpr std::uint32_t END_ROUNDS_MAX = 200;
constexpr std::uint64_t ROUND_NS = 20000;
constexpr std::uint64_t WORK_NS_MAX = 20000;

// What init has, and what a task finds in its slots.
constexpr slot INIT_CONSOLE{1};
constexpr slot INIT_FACTORY{2};
constexpr slot INIT_IMAGE{3};
constexpr slot INIT_DEVICES{4};
constexpr slot INIT_STATS{5};
enum { SLOT_CONSOLE = 1, SLOT_FACTORY, SLOT_IMAGE, SLOT_DEVICES, SLOT_OWN, SLOT_PEERS };
enum {
    SLOT_FAMILY_PEER = SLOT_PEERS + STARTED_COUNT,
    SLOT_GRANT,
    SLOT_VMO,
    SLOT_SEALED,
    SLOT_TASK,
    SLOT_STATS,
};

const program *now;                 // What the tasks do;
std::uint32_t next_of[TASK_COUNT];  // where each goes on.
const char *failure;
std::uint64_t failure_value;

void expect(bool holds, const char *what, std::uint64_t value) {
    if (!holds && failure == nullptr) {
        failure = what;
        failure_value = value;
    }
}

// The next operation of that task; null: there is none left.
const operation *take(std::uint32_t task) {
    while (next_of[task] < now->count) {
        const operation &one = now->operations[next_of[task]++];
        if (one.task == task) {
            return &one;
        }
    }
    return nullptr;
}

void push(surroundings &around, std::uint64_t value) {
    std::memmove(around.results + 1, around.results,
                 sizeof(around.results) - sizeof(around.results[0]));
    around.results[0] = value;
}

void write_frame(message_page *page, const std::uint64_t *values, const std::uint8_t *bytes) {
    message_area &area = bytes[0] % 2 == 0 ? page->call_out : page->reply_out;
    area.header.type = bytes[0];
    area.header.flags = static_cast<std::uint16_t>(values[1]);
    area.header.len = static_cast<std::uint32_t>(values[2]);
    area.meta.slot = static_cast<std::uint32_t>(values[3]);
    std::memset(area.payload, bytes[2], sizeof(area.payload));
}

void do_syscall(message_page *page, std::uint64_t number, const std::uint64_t *values,
                surroundings &around) {
    const ecall_result got = sim_ecall(number, values[0], values[1], values[2], values[3]);
    expect(got.a0 < STATUS_COUNT, "a status that there is not", got.a0);
    expect((got.a0 == STATUS_BAD_SYSCALL) == (number >= SYSCALL_COUNT),
           "BAD_SYSCALL is not what it says", number);
    if (got.a0 != STATUS_OK) {
        return;
    }
    if (got.a1 != 0) {
        push(around, got.a1);
    }
    if (number == SYSCALL_IPC_RECV || number == SYSCALL_IPC_REPLY_RECV) {
        expect(got.a1 != RECEIVED_NOTHING, "nothing was received, and that went well", number);
        push(around, page->request_in.meta.slot);
        push(around, got.a2);
    } else if (number == SYSCALL_IPC_CALL) {
        push(around, page->reply_in.meta.slot);
    }
}

void do_operation(message_page *page, const operation &one, surroundings &around) {
    std::uint64_t values[ARGUMENT_COUNT];
    around.now_ns = sys_clock_get();
    for (std::uint32_t i = 0; i < ARGUMENT_COUNT; i++) {
        values[i] = argument_value(one.arguments[i], around);
    }
    switch (one.action) {
        case ACTION_FRAME:
            return write_frame(page, values, one.arguments);
        case ACTION_LOAD:
            return push(around, sim_user_load(values[0]));
        case ACTION_STORE:
            return sim_user_store(values[0], values[1]);
        case ACTION_FETCH:
            return sim_user_fetch(values[0]);
        case ACTION_WORK:
            return sim_user_work(values[0] * values[0] % WORK_NS_MAX);
        case ACTION_BREAK:
            return sim_user_break();
        case ACTION_INSTRUCTION:
            return sim_user_illegal_instruction();
        case ACTION_CONSOLE:
            std::memset(page->console, one.arguments[0], sizeof(page->console));
            page->console[values[1] % sizeof(page->console)] = '\n';
            return;
        default:
            return do_syscall(page, one.action - std::uint64_t{ACTION_SYSCALL}, values, around);
    }
}

void actor_run(message_page *page, std::uint64_t argument, std::uint32_t instance) {
    (void)instance;
    surroundings around{};
    const std::uint32_t task = argument % TASK_COUNT;
    while (const operation *one = take(task)) {
        do_operation(page, *one, around);
    }
}

struct child {
    slot task;
    slot endpoint;
};

// Pools may be empty now and then: what is not there stays 0, and what needs it is refused.
struct scene {
    slot home;
    slot grant;
    slot vmo;
    slot sealed;
    slot factory;
    child children[STARTED_COUNT];
};

// What only empty pools may refuse. A child that lacks something starts all the same.
status made(status got, const char *what) {
    expect(got == STATUS_OK || now->faults != 0, what, got);
    return got;
}

void give(const child &to, slot from, std::uint32_t destination, std::uint32_t rights) {
    status_ignore(made(sys_task_grant(to.task, from, destination, rights), "task_grant"),
                  "as it is");
}

void make(scene &all, std::uint64_t id, std::uint64_t offset, std::uint64_t bytes) {
    all.home = sys_endpoint_create(INIT_FACTORY).slot;
    all.grant = sys_grant_create(INIT_FACTORY).slot;
    all.vmo = sys_vmo_create(INIT_FACTORY, 3).slot;
    all.sealed = sys_vmo_create(INIT_FACTORY, 1).slot;
    status_ignore(made(sys_vmo_seal(all.sealed), "vmo_seal"), "as it is");
    all.factory = sys_cap_mint(INIT_FACTORY, id, RIGHTS_FACTORY).slot;
    for (child &one : all.children) {
        one.endpoint = sys_endpoint_create_accepting(INIT_FACTORY).slot;
        one.task = sys_task_create_limited(INIT_FACTORY, id, {90, 2, 3, 3, 40}).slot;
        status_ignore(made(sys_task_load(one.task, INIT_IMAGE, offset, bytes).status, "task_load"),
                      "as it is");
    }
}

void equip(const scene &all, std::uint32_t index) {
    const child &one = all.children[index];
    const child &peer = all.children[(index + 1) % STARTED_COUNT];
    give(one, INIT_CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE);
    give(one, all.factory, SLOT_FACTORY, RIGHTS_FACTORY);
    give(one, INIT_IMAGE, SLOT_IMAGE, RIGHTS_IMAGE);
    give(one, INIT_DEVICES, SLOT_DEVICES, RIGHTS_DEVICE);
    give(one, one.endpoint, SLOT_OWN, RIGHTS_ENDPOINT);
    for (std::uint32_t i = 0; i < STARTED_COUNT; i++) {
        slot minted = sys_cap_mint(all.children[i].endpoint, 1u << index, RIGHTS_SENDER).slot;
        give(one, minted, SLOT_PEERS + i, RIGHTS_SENDER);
        slot_release(minted);
    }
    slot minted = sys_cap_mint_under(peer.endpoint, 16, RIGHTS_SENDER, all.grant).slot;
    give(one, minted, SLOT_FAMILY_PEER, RIGHTS_SENDER);
    slot_release(minted);
    give(one, all.grant, SLOT_GRANT, index == 0 ? RIGHTS_GRANT : RIGHT_MINT_UNDER);
    give(one, all.vmo, SLOT_VMO, RIGHTS_VMO);
    give(one, all.sealed, SLOT_SEALED, RIGHTS_VMO);
    give(one, peer.task, SLOT_TASK, RIGHTS_TASK);
    give(one, INIT_STATS, SLOT_STATS, RIGHTS_STATS);
}

// Gives up those that have ended, or never began; true if none is left.
bool bury(scene &all) {
    bool left = false;
    for (child &one : all.children) {
        const query_result got = sys_cap_query(one.task);
        if (one.task.value == CAP_SLOT_NONE || got.status != STATUS_OK) {
            continue;
        }
        const task_state state = task_query_state(got.value);
        if (state == TASK_DEAD || state == TASK_NEW || state == TASK_LOADED) {
            slot_release(one.task);
            one.task.value = CAP_SLOT_NONE;
        } else {
            left = true;
        }
    }
    return !left;
}

void wait_a_round(const scene &all) {
    if (all.home.value == CAP_SLOT_NONE) {
        sim_user_work(ROUND_NS);
        sys_yield();
        return;
    }
    const recv_result got = sys_ipc_recv(all.home, sys_clock_get() + ROUND_NS);
    expect(got.status == STATUS_OK || got.status == STATUS_TIMED_OUT, "init cannot wait",
           got.status);
}

void end(scene &all) {
    for (const child &one : all.children) {
        if (one.task.value != CAP_SLOT_NONE) {
            status_ignore(sys_task_kill(one.task), "one that has ended is as good");
        }
    }
    bool done = bury(all);
    for (std::uint32_t round = 0; !done && round < END_ROUNDS_MAX; round++) {
        wait_a_round(all);
        done = bury(all);
    }
    expect(done, "a task does not die", 0);
    for (const child &one : all.children) {
        slot_release(one.endpoint);
    }
    for (slot one : {all.grant, all.vmo, all.sealed, all.factory}) {
        slot_release(one);
    }
    for (std::uint32_t round = 0; round < WAIT_ROUNDS; round++) {  // What never started is
                                                                   // reclaimed without a notice.
        wait_a_round(all);
    }
    slot_release(all.home);
}

void init_run(message_page *page, std::uint64_t argument, std::uint32_t instance) {
    (void)page;
    (void)argument;
    (void)instance;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    expect(sim_program_find(PROGRAM_NAME, &offset, &bytes), "no such program", 0);
    static scene all;
    all = scene{};
    make(all, service_id_of(PROGRAM_NAME, std::strlen(PROGRAM_NAME)), offset, bytes);
    for (std::uint32_t i = 0; i < STARTED_COUNT; i++) {
        equip(all, i);
    }
    for (std::uint32_t i = 0; i < STARTED_COUNT; i++) {
        status_ignore(made(sys_task_start(all.children[i].task, i, TASK_HART_ANY), "task_start"),
                      "as it is");
    }
    bool done = false;
    for (std::uint32_t round = 0; !done && round < WAIT_ROUNDS; round++) {
        wait_a_round(all);
        done = bury(all);
    }
    end(all);
    sys_task_exit(0);
}

// From the environment; FAULT_POINT_COUNT: none.
int planted() {
    static const char *const names[] = {
#define FAULT_POINT(name, kind, what) #name,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
    };
    const char *wanted = std::getenv("TESSERA_FUZZ_PLANT");
    if (wanted == nullptr) {
        return FAULT_POINT_COUNT;
    }
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        if (std::strcmp(names[i], wanted) == 0) {
            return i;
        }
    }
    std::fprintf(stderr, "syscalls: no fault point is named %s\n", wanted);
    std::exit(2);
}

sim_options machine_of(const program &one) {
    static const sim_program programs[] = {{"init", init_run, nullptr, 0},
                                           {PROGRAM_NAME, actor_run, nullptr, 0}};
    static const int plant = planted();
    sim_options machine = sim_options_make(one.seed, one.hart_count, programs, std::size(programs));
    machine.page_count = PAGE_COUNT;
    machine.step_max = STEP_MAX;
    machine.input = "input";
    if (one.faults == 1) {
        for (int point = FAULT_POINT_TAKE_PAGE; point <= FAULT_POINT_TAKE_VMO; point++) {
            machine.fault_rate[point] = RATE_ALWAYS / 16;
        }
    } else if (one.faults == 2) {
        machine.fault_rate[FAULT_POINT_END_USER] = RATE_ALWAYS / 256;
        machine.fault_rate[FAULT_POINT_LATE_IPI] = RATE_ALWAYS / 16;
    }
    machine.fault_rate[FAULT_POINT_SLOW_PATH] = one.slow * (RATE_ALWAYS / 8);
    if (plant != FAULT_POINT_COUNT) {
        machine.fault_rate[plant] = RATE_ALWAYS / 4;
    }
    return machine;
}

void judge(const sim_result &result) {
    const bool clean = result.end == SIM_POWER_OFF && failure == nullptr &&
                       result.pages_at_end == result.pages_at_start && result.tasks_at_end == 1;
    if (clean) {
        return;
    }
    std::fflush(stdout);
    sim_report(stderr);
    std::fprintf(stderr, "syscalls: %s: %s; %s (%llu); %d pages and %d tasks are left over\n",
                 sim_end_name(result.end), result.message,
                 failure != nullptr ? failure : "no complaint of a task",
                 static_cast<unsigned long long>(failure_value),
                 static_cast<int>(result.pages_at_start - result.pages_at_end),
                 static_cast<int>(result.tasks_at_end - 1));
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    static program read;
    read = program_read(data, size);
    now = &read;
    std::memset(next_of, 0, sizeof(next_of));
    failure = nullptr;
    const sim_options machine = machine_of(read);
    sim_result result{};
    sim_run(&machine, &result);
    judge(result);
    return 0;
}
