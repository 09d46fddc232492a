// testing/system_sim/ledger.cc: what is true, and whether the end shows it.
#include <sstream>

#include "runtime/syscall.h"
#include "testing/system_sim/programs.h"
#include "testing/system_sim/world.h"

namespace systemsim {

constexpr std::uint64_t SETTLED_NS = 60000000;

ledger truth;

void expect(bool holds, const std::string &what, std::uint64_t value) {
    if (!holds && truth.findings.size() < 8) {
        truth.findings.push_back(what + " (" + std::to_string(value) + ")");
    }
}

bool is_settled(const std::string &service) {
    const std::uint64_t ended_ns = truth.ended_ns[service];
    return ended_ns == 0 || sys_clock_get() > ended_ns + SETTLED_NS;
}

void check(std::uint64_t value) {
    expect(truth.done[value] <= truth.at_most[value], "a request was done too often", value);
    expect(truth.done[value] >= truth.at_least[value], "a request that was answered was not done",
           value);
}

namespace {

// `init: start NAME`, `init: restart NAME #2`: NAME and the number of the start.
bool read_line(const std::string &line, const std::string &verb, std::string &name,
               std::uint32_t &number) {
    const std::string begin = "init: " + verb + " ";
    if (line.rfind(begin, 0) != 0) {
        return false;
    }
    std::istringstream words(line.substr(begin.size()));
    std::string count;
    words >> name >> count;
    number = count.size() > 1 ? static_cast<std::uint32_t>(std::stoul(count.substr(1))) : 1;
    return true;
}

}  // namespace

// By one each time.
std::map<std::string, starts> judge_starts(const std::string &console) {
    std::map<std::string, starts> all;
    std::istringstream lines(console);
    std::string line;
    std::string name;
    std::uint32_t number = 0;
    while (std::getline(lines, line)) {
        if (read_line(line, "start", name, number) || read_line(line, "restart", name, number)) {
            starts &of = all[name];
            expect(number == of.begun + 1, "a start out of order: " + name, number);
            expect(of.ended == of.begun, "started again while it runs: " + name, number);
            of.begun = number;
        } else if (read_line(line, "exit", name, number)) {
            expect(number == all[name].begun, "an end of nobody: " + name, number);
            all[name].ended = number;
        }
    }
    return all;
}

void world_judge(const sim_result &result) {
    if (result.end != SIM_POWER_OFF) {
        expect(false, std::string(sim_end_name(result.end)) + ": " + result.message);
    }
    for (const auto &[value, at_most] : truth.at_most) {
        check(value);
    }
    programs_judge();
    const starts doomed = judge_starts(sim_console())["doomed"];
    expect(doomed.begun == 3 && doomed.ended == 3, "starts of one that dies for ever",
           doomed.begun);
}

}  // namespace systemsim
