// tools/trace/perfetto.cc: see perfetto.h.
#include "tools/trace/perfetto.h"

#include <algorithm>
#include <set>

#include "ipc/wire/protocols.h"
#include "kernel/abi/qos.h"
#include "kernel/abi/status.h"
#include "kernel/abi/task.h"
#include "tools/trace/protobuf.h"

namespace trace {
namespace {

// Numbers of fields, by message.
enum trace_field { TRACE_PACKET = 1 };
enum packet_field {
    PACKET_TIMESTAMP = 8,
    PACKET_SEQUENCE_ID = 10,
    PACKET_TRACK_EVENT = 11,
    PACKET_SEQUENCE_FLAGS = 13,
    PACKET_TRACK_DESCRIPTOR = 60,
};
enum descriptor_field {
    DESCRIPTOR_UUID = 1,
    DESCRIPTOR_NAME = 2,
    DESCRIPTOR_PROCESS = 3,
    DESCRIPTOR_PARENT = 5,
};
enum process_field { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum event_field {
    TRACK_EVENT_ANNOTATIONS = 4,
    TRACK_EVENT_TYPE = 9,
    TRACK_EVENT_TRACK = 11,
    TRACK_EVENT_CATEGORY = 22,
    TRACK_EVENT_NAME = 23,
    TRACK_EVENT_FLOW = 47,
    TRACK_EVENT_CORRELATION = 53,  // A text: what has the same one has the same colour.
};
enum annotation_field { ANNOTATION_UINT = 3, ANNOTATION_STRING = 6, ANNOTATION_NAME = 10 };
enum event_type { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3 };

constexpr std::uint64_t SEQUENCE = 1;
constexpr std::uint64_t STATE_CLEARED = 1;

// Tracks: the two groups, harts, then three spans by instance.
constexpr std::uint64_t GROUP_HARTS = 1;
constexpr std::uint64_t GROUP_TASKS = 2;
constexpr std::uint64_t HART_FIRST = 0x100;
constexpr std::uint64_t TASK_FIRST = UINT64_C(1) << 32;
constexpr std::uint64_t LANE_FIRST = UINT64_C(1) << 33;
constexpr std::uint64_t MESSAGE_FLOW = UINT64_C(1) << 63;
constexpr std::uint64_t LANES = 64;  // Of one task; more than it can owe answers.

std::uint64_t hart_track(std::uint8_t hart) {
    return HART_FIRST + hart;
}

std::uint64_t task_track(std::uint32_t task) {
    return TASK_FIRST + task;
}

std::uint64_t lane_track(std::uint32_t task, std::size_t lane) {
    return LANE_FIRST + task * LANES + lane;
}

void annotate(message &event, const char *name, std::uint64_t value) {
    message annotation;
    annotation.put(ANNOTATION_NAME, std::string(name));
    annotation.put(ANNOTATION_UINT, value);
    event.put(TRACK_EVENT_ANNOTATIONS, annotation);
}

void annotate(message &event, const char *name, const std::string &text) {
    message annotation;
    annotation.put(ANNOTATION_NAME, std::string(name));
    annotation.put(ANNOTATION_STRING, text);
    event.put(TRACK_EVENT_ANNOTATIONS, annotation);
}

message track_event(event_type type, std::uint64_t track, const char *category,
                    const std::string &name) {
    message event;
    event.put(TRACK_EVENT_TYPE, static_cast<std::uint64_t>(type));
    event.put(TRACK_EVENT_TRACK, track);
    if (type != SLICE_END) {
        event.put(TRACK_EVENT_CATEGORY, std::string(category));
        event.put(TRACK_EVENT_NAME, name);
    }
    return event;
}

// Whose message an event is one of: its sender and sequence tell it from all others; 0: of none.
std::uint64_t message_flow(const trace_event &mark) {
    std::uint64_t sender = 0;
    switch (mark.kind) {
        case EVENT_SEND:
        case EVENT_REQUEST:
        case EVENT_ANSWERED:
        case EVENT_CANCEL:
        case EVENT_LOSE:
            sender = mark.task;
            break;
        case EVENT_TAKE:
        case EVENT_ANSWER:
        case EVENT_DROP:
            sender = mark.peer;
            break;
        default:
            return 0;
    }
    return mark.sequence == 0 ? 0 : MESSAGE_FLOW ^ (sender << 40) ^ mark.sequence;
}

std::string end_text(const call &call) {
    switch (call.end) {
        case call_end::answered:
            return "answered";
        case call_end::dropped:
            return "dropped";
        case call_end::left:
            return std::string("left: ") + status_name(static_cast<enum status>(call.status));
        case call_end::open:
            break;
    }
    return "no end in the trace";
}

class writer {
  public:
    explicit writer(const model &model) : model_(model) {}

    std::string write() {
        group(GROUP_HARTS, "harts");
        group(GROUP_TASKS, "tasks");
        describe_tracks();
        for (const run &run : model_.runs) {
            write_run(run);
        }
        for (std::size_t i = 0; i < model_.calls.size(); i++) {
            write_call(model_.calls[i], i + 1);
        }
        for (const trace_event &mark : model_.marks) {
            write_mark(mark);
        }
        return emit();
    }

  private:
    // Ends before begins, inner ends before outer ones: as they were put.
    struct packet {
        std::uint64_t time_ns;
        bool begins;
        message content;
    };

    void describe(const message &descriptor) {
        message packet;
        packet.put(PACKET_SEQUENCE_ID, SEQUENCE);
        if (head_.bytes().empty()) {
            packet.put(PACKET_SEQUENCE_FLAGS, STATE_CLEARED);
        }
        packet.put(PACKET_TRACK_DESCRIPTOR, descriptor);
        head_.put(TRACE_PACKET, packet);
    }

    void group(std::uint64_t uuid, const char *name) {
        message process;
        process.put(PROCESS_PID, uuid);
        process.put(PROCESS_NAME, std::string(name));
        message descriptor;
        descriptor.put(DESCRIPTOR_UUID, uuid);
        descriptor.put(DESCRIPTOR_PROCESS, process);
        describe(descriptor);
    }

    void track(std::uint64_t uuid, std::uint64_t parent, const std::string &name) {
        message descriptor;
        descriptor.put(DESCRIPTOR_UUID, uuid);
        descriptor.put(DESCRIPTOR_NAME, name);
        descriptor.put(DESCRIPTOR_PARENT, parent);
        describe(descriptor);
    }

    void describe_tracks() {
        std::set<std::uint8_t> harts;
        std::set<std::uint32_t> tasks;
        for (const run &run : model_.runs) {
            harts.insert(run.hart);
            tasks.insert(run.task);
        }
        for (const call &call : model_.calls) {
            tasks.insert(call.caller);
            tasks.insert(call.server);
        }
        for (const trace_event &mark : model_.marks) {
            tasks.insert(mark.task);
        }
        for (const std::uint8_t hart : harts) {
            track(hart_track(hart), GROUP_HARTS, "hart " + std::to_string(hart));
        }
        for (const std::uint32_t task : tasks) {
            track(task_track(task), GROUP_TASKS, task_name(model_, task));
        }
    }

    void slice(std::uint64_t begin_ns, std::uint64_t end_ns, std::uint64_t on, message begin) {
        packets_.push_back({begin_ns, true, std::move(begin)});
        packets_.push_back(
            {std::max(end_ns, begin_ns + 1), false, track_event(SLICE_END, on, "", "")});
    }

    // The first lane of the server that is free by then.
    std::size_t lane_for(const call &call) {
        std::vector<std::uint64_t> &lanes = lanes_[call.server];
        std::size_t lane = 0;
        while (lane < lanes.size() && lanes[lane] > call.given_ns) {
            lane++;
        }
        if (lane == LANES) {
            lane = LANES - 1;
        }
        if (lane == lanes.size()) {
            lanes.push_back(0);
            track(lane_track(call.server, lane), GROUP_TASKS,
                  task_name(model_, call.server) + " serves");
        }
        lanes[lane] = std::max(call.end_ns, call.given_ns + 1);
        return lane;
    }

    void write_run(const run &run) {
        message runs =
            track_event(SLICE_BEGIN, hart_track(run.hart), "run", task_name(model_, run.task));
        if (run.qos != QOS_DEFAULT) {
            runs.put(TRACK_EVENT_CORRELATION, std::string(qos_name(run.qos)));
            annotate(runs, "class", qos_name(run.qos));
        }
        slice(run.begin_ns, run.end_ns, hart_track(run.hart), std::move(runs));
    }

    void write_via(std::uint64_t time_ns, std::uint32_t task, std::uint16_t type) {
        const std::string via = via_name(wire_type_via(type));
        if (!via.empty()) {
            message event = track_event(INSTANT, task_track(task), "route", "route " + via);
            event.put(TRACK_EVENT_CORRELATION, "route " + via);
            packets_.push_back({time_ns, true, std::move(event)});
        }
    }

    void write_call(const call &call, std::uint64_t flow) {
        write_via(call.asked_ns, call.caller, call.type);
        message waits =
            track_event(SLICE_BEGIN, task_track(call.caller), "call",
                        "call " + task_name(model_, call.server) + " " + type_name(call.type));
        waits.put_fixed64(TRACK_EVENT_FLOW, flow);
        annotate(waits, "outcome", end_text(call));
        annotate(waits, "bytes", call.bytes);
        annotate(waits, "queued_ns", call.given_ns - call.asked_ns);
        annotate(waits, "sequence", call.sequence);
        slice(call.asked_ns, call.end_ns, task_track(call.caller), std::move(waits));
        if (!call.given || call.server == 0) {
            return;
        }
        const std::uint64_t lane = lane_track(call.server, lane_for(call));
        message serves =
            track_event(SLICE_BEGIN, lane, "serve",
                        type_name(call.type) + " for " + task_name(model_, call.caller));
        serves.put_fixed64(TRACK_EVENT_FLOW, flow);
        annotate(serves, "run_ns", run_ns(model_, call.server, call.given_ns, call.end_ns));
        slice(call.given_ns, call.end_ns, lane, std::move(serves));
    }

    void write_mark(const trace_event &mark) {
        if (mark.kind == EVENT_SEND || mark.kind == EVENT_REQUEST) {
            write_via(mark.time_ns, mark.task, mark.type);
        }
        message event = track_event(INSTANT, task_track(mark.task), "event", kind_name(mark.kind));
        if (message_flow(mark) != 0) {
            event.put_fixed64(TRACK_EVENT_FLOW, message_flow(mark));
        }
        if (mark.peer != 0) {
            annotate(event, "peer", task_name(model_, mark.peer));
        }
        annotate(event, "hart", mark.hart);
        if (mark.kind == EVENT_SEND || mark.kind == EVENT_REQUEST) {
            annotate(event, "message", type_name(mark.type));
        } else {
            annotate(event, "type", mark.type);
        }
        annotate(event, "sequence", mark.sequence);
        packets_.push_back({mark.time_ns, true, std::move(event)});
    }

    std::string emit() {
        std::stable_sort(packets_.begin(), packets_.end(), [](const packet &a, const packet &b) {
            return a.time_ns != b.time_ns ? a.time_ns < b.time_ns : a.begins < b.begins;
        });
        for (const packet &packet : packets_) {
            message out;
            out.put(PACKET_TIMESTAMP, packet.time_ns);
            out.put(PACKET_SEQUENCE_ID, SEQUENCE);
            out.put(PACKET_TRACK_EVENT, packet.content);
            head_.put(TRACE_PACKET, out);
        }
        return head_.bytes();
    }

    const model &model_;
    message head_;
    std::vector<packet> packets_;
    std::map<std::uint32_t, std::vector<std::uint64_t>> lanes_;  // By server: free from when on.
};

}  // namespace

std::string perfetto(const model &model) {
    return writer(model).write();
}

const char *kind_name(std::uint8_t kind) {
    return kind < EVENT_KIND_COUNT ? event_kind_name(kind) : "unknown";
}

std::string type_name(std::uint16_t type) {
    const std::size_t index = std::size_t{wire_type_protocol(type)} - WIRE_PROTOCOL_INIT;
    if (index >= WIRE_PROTOCOL_COUNT || wire_type_op(type) == 0) {
        return "(raw type " + std::to_string(type) + ")";
    }
    const wire_protocol_rows &rows = *wire_protocols[index];
    const wire_op *op = wire_op_find(&rows, wire_type_op(type));
    return std::string(rows.name) + " " +
           (op != nullptr ? op->name : std::to_string(wire_type_op(type)));
}

std::string via_name(std::uint8_t via) {
    static const char *const names[] = {"", "hit", "miss", "rebound", "degraded"};
    static_assert(sizeof(names) / sizeof(names[0]) == WIRE_VIA_COUNT, "one name each");
    return via < WIRE_VIA_COUNT ? names[via] : "";
}

}  // namespace trace
