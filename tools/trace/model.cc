// tools/trace/model.cc: see model.h.
#include "tools/trace/model.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/abi/boot_image.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/identity.h"

namespace trace {
namespace {

constexpr std::size_t HART_COUNT_MAX = 256;
constexpr std::uint32_t NO_INSTANCE = 0;  // What no task did.
constexpr std::uint32_t INIT_INSTANCE = 1;
constexpr int DONATION_DEPTH = 8;

class maker {
  public:
    maker(const std::vector<trace_event> &events, const std::map<std::uint64_t, std::string> &names)
        : events_(events), names_(names) {}

    model make() {
        if (!events_.empty()) {
            model_.begin_ns = events_.front().time_ns;
            model_.end_ns = events_.back().time_ns;
        }
        for (std::size_t i = 0; i < events_.size(); i++) {
            take(events_[i], i);
        }
        for (std::size_t hart = 0; hart < HART_COUNT_MAX; hart++) {
            switch_to(static_cast<std::uint8_t>(hart), 0, model_.end_ns, events_.size());
        }
        for (auto &[caller, index] : waiting_) {
            lose(model_.calls[index], model_.end_ns, events_.size());
        }
        number_names();
        std::stable_sort(model_.runs.begin(), model_.runs.end(),
                         [](const run &a, const run &b) { return a.begin_at < b.begin_at; });
        for (const run &run : model_.runs) {
            model_.runs_of[run.task].push_back(run);
        }
        return std::move(model_);
    }

  private:
    void take(const trace_event &event, std::size_t index) {
        switch (event.kind) {
            case EVENT_SWITCH:
                classes_[event.task] = static_cast<std::uint8_t>(event.type);
                switch_to(event.hart, event.task, event.time_ns, index);
                break;
            case EVENT_QUEUE:
                begin_wait(event, index, false);
                break;
            case EVENT_CALL:
                give(event, index);
                hand_on(event, index);
                break;
            case EVENT_REPLY:
                end_wait(event.peer, event, index, call_end::answered);
                hand_on(event, index);
                break;
            case EVENT_DROP:
                if ((event.sequence & ASYNC_SEQUENCE_BIT) != 0) {
                    mark(event, index);
                } else {
                    end_wait(event.peer, event, index, call_end::dropped);
                }
                break;
            case EVENT_TAKE:
                take_queued(event, index);
                mark(event, index);
                break;
            case EVENT_LEAVE:
                end_wait(event.task, event, index, call_end::left);
                break;
            case EVENT_WAKE:
                break;
            case EVENT_START:
                started_[event.task] = event.sequence;
                classes_[event.task] = static_cast<std::uint8_t>(event.type);
                mark(event, index);
                break;
            case EVENT_SYSCALL:
                model_.system_calls.push_back({event.task, event.time_ns, event.sequence, index});
                break;
            default:
                mark(event, index);
        }
    }

    void mark(const trace_event &event, std::size_t index) {
        model_.marks.push_back(event);
        model_.marks_at.push_back(index);
    }

    void switch_to(std::uint8_t hart, std::uint32_t task, std::uint64_t time_ns,
                   std::size_t index) {
        run &now = running_[hart];
        if (now.task != 0) {
            now.end_ns = time_ns;
            now.end_at = index;
            model_.runs.push_back(now);
        }
        now = {task, hart, time_ns, time_ns, class_of(task, DONATION_DEPTH), index, index};
    }

    // As kernel/core/donation.h: the highest of its own and of those who wait for it.
    std::uint8_t class_of(std::uint32_t task, int depth) const {
        const auto own = classes_.find(task);
        std::uint8_t highest = own != classes_.end() ? own->second : 0;
        for (const auto &[caller, index] : waiting_) {
            if (depth > 0 && caller != task && model_.calls[index].server == task) {
                highest = std::max(highest, class_of(caller, depth - 1));
            }
        }
        return highest;
    }

    // A call and an answer let the peer run at once, unless it is woken.
    void hand_on(const trace_event &event, std::size_t index) {
        if (running_[event.hart].task != event.task) {
            return;  // Taken from a queue, by its receiver.
        }
        for (std::size_t i = index + 1; i < events_.size(); i++) {
            const trace_event &next = events_[i];
            if (next.hart != event.hart) {
                continue;
            }
            if ((next.kind == EVENT_SWITCH && next.peer != event.peer) ||
                (next.kind == EVENT_WAKE && next.task == event.peer)) {
                return;
            }
            break;
        }
        switch_to(event.hart, event.peer, event.time_ns, index);
    }

    // Its end was not recorded: it was before this.
    static void lose(call &call, std::uint64_t time_ns, std::size_t index) {
        call.end_ns = time_ns;
        call.end_at = index;
        if (!call.given) {
            call.given_ns = time_ns;
            call.given_at = index;
        }
    }

    void begin_wait(const trace_event &event, std::size_t index, bool given) {
        if (event.sequence == 0) {
            return;
        }
        auto earlier = waiting_.find(event.task);
        if (earlier != waiting_.end()) {
            lose(model_.calls[earlier->second], event.time_ns, index);
        }
        call call;
        call.caller = event.task;
        call.server = event.peer;
        call.type = event.type;
        call.bytes = event.bytes;
        call.given = given;
        call.asked_ns = event.time_ns;
        call.given_at = index;
        call.given_ns = event.time_ns;
        call.sequence = event.sequence;
        waiting_[event.task] = model_.calls.size();
        model_.calls.push_back(call);
    }

    void give(const trace_event &event, std::size_t index) {
        auto found = waiting_.find(event.task);
        if (found == waiting_.end() || model_.calls[found->second].given) {
            begin_wait(event, index, true);
            return;
        }
        call &call = model_.calls[found->second];
        call.given = true;
        call.given_ns = event.time_ns;
        call.given_at = index;
        call.server = event.peer;
        call.sequence = event.sequence;  // The wait in the queue had one of its own.
    }

    // Of a send that waited in a queue it was all; of one that was stored nobody waits.
    void take_queued(const trace_event &event, std::size_t index) {
        auto found = waiting_.find(event.peer);
        if (found != waiting_.end() && !model_.calls[found->second].given &&
            model_.calls[found->second].sequence == event.sequence) {
            model_.calls[found->second].given = true;
            model_.calls[found->second].given_ns = event.time_ns;
            model_.calls[found->second].given_at = index;
            end_wait(event.peer, event, index, call_end::answered);
        }
    }

    void end_wait(std::uint32_t caller, const trace_event &event, std::size_t index, call_end end) {
        auto found = waiting_.find(caller);
        if (found == waiting_.end()) {
            return;  // It began before the trace.
        }
        call &call = model_.calls[found->second];
        call.end = end;
        call.end_at = index;
        call.end_ns = event.time_ns;
        if (!call.given) {
            call.given_ns = event.time_ns;
            call.given_at = index;
        }
        if (end == call_end::left) {
            call.status = event.type;
        }
        waiting_.erase(found);
    }

    void number_names() {
        std::map<std::string, std::uint32_t> count;
        model_.tasks[NO_INSTANCE] = "kernel";
        model_.tasks[INIT_INSTANCE] = BOOT_IMAGE_INIT_NAME;  // Nobody starts it.
        for (auto &[instance, service_id] : started_) {
            const std::string name = name_of(service_id);
            if (name.empty()) {
                continue;
            }
            const std::uint32_t number = ++count[name];
            model_.tasks[instance] = name + (number > 1 ? " #" + std::to_string(number) : "");
        }
    }

    // What execd starts has its name in a bundle, which is read by nobody here.
    std::string name_of(std::uint64_t service_id) const {
        const auto found = names_.find(service_id);
        if (found != names_.end()) {
            return found->second;
        }
        return (service_id & SERVICE_ID_TOP_BIT) != 0 ? "program" : "";
    }

    const std::vector<trace_event> &events_;
    const std::map<std::uint64_t, std::string> &names_;
    model model_;
    std::array<run, HART_COUNT_MAX> running_ = {};
    std::map<std::uint32_t, std::uint8_t> classes_;   // By instance: its own.
    std::map<std::uint32_t, std::size_t> waiting_;    // By caller: its call.
    std::map<std::uint32_t, std::uint64_t> started_;  // By instance: its service_id.
};

}  // namespace

model model_of(const std::vector<trace_event> &events,
               const std::map<std::uint64_t, std::string> &names) {
    return maker(events, names).make();
}

std::string task_name(const model &model, std::uint32_t task) {
    auto found = model.tasks.find(task);
    return found != model.tasks.end() ? found->second : "task " + std::to_string(task);
}

std::uint64_t run_ns(const model &model, std::uint32_t task, std::uint64_t begin_ns,
                     std::uint64_t end_ns) {
    auto found = model.runs_of.find(task);
    if (found == model.runs_of.end()) {
        return 0;
    }
    // Those of one task follow each other, on whatever hart.
    auto at = std::partition_point(found->second.begin(), found->second.end(),
                                   [=](const run &run) { return run.end_ns <= begin_ns; });
    std::uint64_t sum_ns = 0;
    for (; at != found->second.end() && at->begin_ns < end_ns; ++at) {
        sum_ns += std::min(at->end_ns, end_ns) - std::max(at->begin_ns, begin_ns);
    }
    return sum_ns;
}

}  // namespace trace
