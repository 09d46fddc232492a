// tools/trace/work.cc: see work.h.
#include "tools/trace/work.h"

#include <algorithm>
#include <utility>

#include "ipc/wire/routing_wire.h"
#include "ipc/wire/wire.h"

namespace trace {
namespace {

// In this order when of one event.
enum class step_kind { message, system_call, stop, leave, give, go };

struct step {
    std::size_t at = 0;  // The number of its event.
    std::uint64_t time_ns = 0;
    step_kind kind = step_kind::stop;
    std::uint32_t task = 0;
    std::size_t call = work::NONE;  // With leave and give.
    std::uint64_t count = 1;        // Of system calls.
};

struct running {
    int harts = 0;
    std::uint64_t since_ns = 0;
    std::vector<std::size_t> owes;  // Calls, the last taken behind.
};

bool is_sent_by_its_task(const trace_event &mark) {
    return mark.kind == EVENT_SEND || mark.kind == EVENT_REQUEST || mark.kind == EVENT_NOTIFY ||
           mark.kind == EVENT_ANSWER;
}

std::vector<step> steps_of(const model &model) {
    std::vector<step> steps;
    for (const run &run : model.runs) {
        if (run.begin_at < run.end_at) {
            steps.push_back({run.begin_at, run.begin_ns, step_kind::go, run.task});
            steps.push_back({run.end_at, run.end_ns, step_kind::stop, run.task});
        }
    }
    for (std::size_t i = 0; i < model.calls.size(); i++) {
        const call &call = model.calls[i];
        if (call.given && call.given_at < call.end_at) {
            steps.push_back({call.given_at, call.given_ns, step_kind::give, call.server, i});
            steps.push_back({call.end_at, call.end_ns, step_kind::leave, call.server, i});
        }
    }
    for (std::size_t i = 0; i < model.marks.size(); i++) {
        const trace_event &mark = model.marks[i];
        if (is_sent_by_its_task(mark)) {
            steps.push_back({model.marks_at[i], mark.time_ns, step_kind::message, mark.task});
        }
    }
    for (const system_call &one : model.system_calls) {
        steps.push_back(
            {one.at, one.time_ns, step_kind::system_call, one.task, work::NONE, one.count});
    }
    std::stable_sort(steps.begin(), steps.end(), [](const step &a, const step &b) {
        return a.at != b.at ? a.at < b.at : a.kind < b.kind;
    });
    return steps;
}

class maker {
  public:
    explicit maker(const model &model) : model_(model) {}

    works make() {
        works_.calls.resize(model_.calls.size());
        for (const step &step : steps_of(model_)) {
            take(step);
        }
        return std::move(works_);
    }

  private:
    void take(const step &step) {
        running &task = tasks_[step.task];
        if (task.harts > 0) {
            work_of(step.task).own_ns += step.time_ns - task.since_ns;
        }
        task.since_ns = step.time_ns;
        switch (step.kind) {
            case step_kind::message:
                work_of(step.task).messages++;
                break;
            case step_kind::system_call:
                work_of(step.task).syscalls += step.count;
                break;
            case step_kind::go:
                task.harts++;
                work_of(step.task).switches++;
                break;
            case step_kind::stop:
                task.harts -= task.harts > 0 ? 1 : 0;
                break;
            case step_kind::give:
                give(step.call);
                task.owes.push_back(step.call);
                break;
            case step_kind::leave:
                task.owes.erase(std::remove(task.owes.begin(), task.owes.end(), step.call),
                                task.owes.end());
                break;
        }
    }

    void give(std::size_t call) {
        const running &caller = tasks_[model_.calls[call].caller];
        works_.calls[call].taken = true;
        works_.calls[call].within = caller.owes.empty() ? work::NONE : caller.owes.back();
    }

    work &work_of(std::uint32_t task) {
        const running &state = tasks_[task];
        return state.owes.empty() ? works_.tasks[task] : works_.calls[state.owes.back()];
    }

    const model &model_;
    works works_;
    std::map<std::uint32_t, running> tasks_;
};

struct sum {
    std::uint64_t ns = 0;
    std::uint64_t messages = 0;
    std::uint64_t switches = 0;
    std::uint64_t syscalls = 0;
};

// Of each call with all that was asked for it. What is within a call was asked after that was
// given, so it stands behind it.
std::vector<sum> sums_of(const works &works) {
    std::vector<sum> sums(works.calls.size());
    for (std::size_t i = works.calls.size(); i-- > 0;) {
        const work &work = works.calls[i];
        sums[i].ns += work.own_ns;
        sums[i].messages += work.messages + 2;
        sums[i].switches += work.switches;
        sums[i].syscalls += work.syscalls;
        if (work.within != work::NONE) {
            sum &outer = sums[work.within];
            outer.ns += sums[i].ns;
            outer.messages += sums[i].messages;
            outer.switches += sums[i].switches;
            outer.syscalls += sums[i].syscalls;
        }
    }
    return sums;
}

bool is_resolve(const call &call) {
    return wire_type_protocol(call.type) == WIRE_PROTOCOL_ROUTING &&
           wire_type_op(call.type) == ROUTING_OP_RESOLVE;
}

// With the caller's system call, and the switch to it again.
sum with_caller(sum all) {
    all.syscalls++;
    all.switches++;
    return all;
}

}  // namespace

works works_of(const model &model) {
    return maker(model).make();
}

std::vector<operation> operations_of(const model &model, const works &works) {
    constexpr std::uint16_t OPERATION = (1U << WIRE_TYPE_VIA_SHIFT) - 1;
    const std::vector<sum> sums = sums_of(works);
    const bool told = !model.system_calls.empty();
    std::map<std::pair<std::string, std::uint16_t>, operation> by_name;
    std::map<std::uint32_t, sum> routes;  // By caller: what it has just resolved cost.
    for (std::size_t i = 0; i < model.calls.size(); i++) {
        const call &call = model.calls[i];
        if (!works.calls[i].taken || call.end != call_end::answered) {
            continue;
        }
        const auto type = static_cast<std::uint16_t>(call.type & OPERATION);
        operation &out = by_name[{plain_name(model, call.server), type}];
        out.server = plain_name(model, call.server);
        out.type = type;
        out.calls++;
        const std::uint8_t via = wire_type_via(call.type);
        out.via[via < WIRE_VIA_COUNT ? via : 0]++;
        out.waited_ns += call.end_ns - call.asked_ns;
        out.own_ns += works.calls[i].own_ns;
        out.below_ns += sums[i].ns - works.calls[i].own_ns;
        sum route = via > WIRE_VIA_HIT ? routes[call.caller] : sum();
        routes[call.caller] = is_resolve(call) ? with_caller(sums[i]) : sum();
        out.route_ns += route.ns;
        out.messages += sums[i].messages + route.messages;
        out.switches += sums[i].switches + 1 + route.switches;
        out.syscalls += told ? sums[i].syscalls + 1 + route.syscalls : 0;
    }
    std::vector<operation> sorted;
    for (const auto &[name, operation] : by_name) {
        sorted.push_back(operation);
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const operation &a, const operation &b) {
        return a.own_ns + a.below_ns > b.own_ns + b.below_ns;
    });
    return sorted;
}

std::string plain_name(const model &model, std::uint32_t task) {
    const std::string name = task_name(model, task);
    return name.substr(0, name.find(" #"));
}

}  // namespace trace
