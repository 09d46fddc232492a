// tools/trace/flame.cc: see flame.h.
#include "tools/trace/flame.h"

#include <algorithm>
#include <map>

#include "tools/trace/perfetto.h"

namespace trace {
namespace {

// The tree while it is made: nodes never move.
struct node {
    std::uint64_t own_ns = 0;
    int depth = 0;
    std::map<std::string, node> below;
};

enum class step_kind { stop, leave, give, go };  // In this order when at one time.

struct step {
    std::uint64_t time_ns = 0;
    step_kind kind = step_kind::stop;
    std::uint32_t task = 0;
    std::size_t call = 0;  // With leave and give.
};

struct running {
    int harts = 0;
    std::uint64_t since_ns = 0;
    std::vector<std::size_t> owes;  // Calls, the last taken behind.
};

std::vector<step> steps_of(const model &model) {
    std::vector<step> steps;
    for (const run &run : model.runs) {
        if (run.begin_ns < run.end_ns) {
            steps.push_back({run.begin_ns, step_kind::go, run.task, 0});
            steps.push_back({run.end_ns, step_kind::stop, run.task, 0});
        }
    }
    for (std::size_t i = 0; i < model.calls.size(); i++) {
        const call &call = model.calls[i];
        if (call.given && call.given_ns < call.end_ns) {
            steps.push_back({call.given_ns, step_kind::give, call.server, i});
            steps.push_back({call.end_ns, step_kind::leave, call.server, i});
        }
    }
    std::stable_sort(steps.begin(), steps.end(), [](const step &a, const step &b) {
        return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.kind < b.kind;
    });
    return steps;
}

class maker {
  public:
    explicit maker(const model &model) : model_(model) {}

    node make() {
        places_.assign(model_.calls.size(), nullptr);
        for (const step &step : steps_of(model_)) {
            take(step);
        }
        return std::move(root_);
    }

  private:
    void take(const step &step) {
        running &task = tasks_[step.task];
        if (task.harts > 0) {
            place_of(step.task).own_ns += step.time_ns - task.since_ns;
        }
        task.since_ns = step.time_ns;
        switch (step.kind) {
            case step_kind::go:
                task.harts++;
                break;
            case step_kind::stop:
                task.harts -= task.harts > 0 ? 1 : 0;
                break;
            case step_kind::give:
                places_[step.call] = &place_below(model_.calls[step.call]);
                task.owes.push_back(step.call);
                break;
            case step_kind::leave:
                task.owes.erase(std::remove(task.owes.begin(), task.owes.end(), step.call),
                                task.owes.end());
                break;
        }
    }

    node &place_of(std::uint32_t task) {
        const running &state = tasks_[task];
        return state.owes.empty() ? root_.below[plain_name(task)] : *places_[state.owes.back()];
    }

    node &place_below(const call &call) {
        node &caller = place_of(call.caller);
        if (caller.depth == FLAME_DEPTH_MAX) {
            return caller;
        }
        node &place = caller.below[plain_name(call.server) + " " + type_name(call.type)];
        place.depth = caller.depth + 1;
        return place;
    }

    // Without the number of its instance.
    std::string plain_name(std::uint32_t task) const {
        const std::string name = task_name(model_, task);
        return name.substr(0, name.find(" #"));
    }

    const model &model_;
    node root_;
    std::map<std::uint32_t, running> tasks_;
    std::vector<node *> places_;  // By call: what is done for it.
};

flame flame_from(const std::string &name, const node &from) {
    flame out{name, from.own_ns, {}};
    for (const auto &[below, what] : from.below) {
        out.below.push_back(flame_from(below, what));
    }
    return out;
}

void print_below(const flame &flame, const std::string &path, std::ostream &out) {
    if (flame.own_ns != 0) {
        out << path << ' ' << flame.own_ns << '\n';
    }
    for (const trace::flame &below : flame.below) {
        print_below(below, path.empty() ? below.name : path + ';' + below.name, out);
    }
}

}  // namespace

flame flame_of(const model &model) {
    return flame_from("", maker(model).make());
}

std::uint64_t flame_ns(const flame &flame) {
    std::uint64_t sum_ns = flame.own_ns;
    for (const trace::flame &below : flame.below) {
        sum_ns += flame_ns(below);
    }
    return sum_ns;
}

void print_folded(const flame &flame, std::ostream &out) {
    print_below(flame, "", out);
}

}  // namespace trace
