// testing/hostile_services/bystander.c: the one that uses every service while strangers attack, and
// notices nothing. See stranger.h.
#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/keys_item.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/server_wire.h"
#include "testing/hostile_services/stranger.h"

enum {
    ROUNDS_MAX = 200000,
    LEFT_BEHIND = 16,  // Of a life, after its report.
    LATE_SHARE = 20,   // Of so many calls one may take longer than CALL_NS_USUAL.
};

// How long a call may take while strangers attack on another hart or wait on this one. On a machine
// that is busy with other things a hart may stand still for longer; it does so now and then only.
#define CALL_NS_MAX UINT64_C(1000000000)
#define CALL_NS_USUAL UINT64_C(25000000)
#define PAUSE_NS UINT64_C(200000)

struct bystander {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client client;
    uint32_t lives;  // Still to come.
    uint32_t seen;
    uint64_t slowest_ns;
    uint64_t calls;
    uint64_t late;
    uint64_t tries;
    uint64_t denied;
    struct stranger_figures sum[STRANGER_TARGET_COUNT];
};

// Those that it calls by name; the last ones are not everywhere.
static const struct {
    const char *name;
    enum stranger_target target;
    bool calls;  // Others, and says how that went.
} services[] = {
    {"policyd", STRANGER_POLICYD, true},     {"logd", STRANGER_LOGD, false},
    {"metricsd", STRANGER_METRICSD, true},   {"timed", STRANGER_TIMED, false},
    {"echo", STRANGER_ECHO, false},          {"rngd", STRANGER_RNGD, false},
    {"keystored", STRANGER_KEYSTORED, true}, {"statefsd", STRANGER_STATEFSD, true},
    {"execd", STRANGER_EXECD, true},         {"virtioblkd", STRANGER_VIRTIOBLKD, false},
    {"updated", STRANGER_UPDATED, true},
};

// The manifest says in its argument how many services there are, and how many lives.
static uint32_t service_count(const struct bystander *bystander) {
    return runtime_argument(bystander->runtime) & 0xff;
}

static bool says(const struct bystander *bystander, const char *what, bool good, uint64_t value) {
    if (!good) {
        log_line(bystander->runtime, "bystander: %s: %lu", what, value);
    }
    return good;
}

static struct ipc_question question_to(const char *name) {
    return (struct ipc_question){.target = service_id_named(name),
                                 .deadline = {.ns = sys_clock_get() + CALL_NS_MAX}};
}

static bool ask_counts(struct bystander *bystander, uint32_t service,
                       struct server_message *message) {
    struct ipc_question question = question_to(services[service].name);
    question.protocol = &server_rows;
    *message = (struct server_message){.header = {.op = SERVER_OP_COUNTS}};
    uint64_t began_ns = sys_clock_get();
    struct ipc_outcome outcome = ipc_ask(&bystander->client, &question, message);
    uint64_t took_ns = sys_clock_get() - began_ns;
    bystander->calls++;
    bystander->slowest_ns = took_ns > bystander->slowest_ns ? took_ns : bystander->slowest_ns;
    bystander->late += took_ns > CALL_NS_USUAL;
    return says(bystander, services[service].name,
                outcome.error == IPC_OK && message->header.status == WIRE_OK, outcome.error) &&
           says(bystander, "a service was started anew",
                bystander->calls <= service_count(bystander) || outcome.served == IPC_HIT,
                outcome.served);
}

static bool take_report(struct bystander *bystander) {
    const struct message_area *in = &bystander->runtime->page->request_in;
    struct stranger_report report;
    if (!says(bystander, "bytes of a report", in->header.len == sizeof(report), in->header.len)) {
        return false;
    }
    memcpy(&report, in->payload, sizeof(report));
    for (uint32_t i = 0; i < STRANGER_TARGET_COUNT; i++) {
        bystander->sum[i].calls += report.figures[i].calls;
        bystander->sum[i].refused += report.figures[i].refused;
        bystander->sum[i].unseen += report.figures[i].unseen;
        bystander->sum[i].tried |= report.figures[i].tried;
    }
    bystander->tries += report.tries;
    bystander->denied += report.denied;
    bystander->lives--;
    bystander->seen++;
    return says(bystander, "a finding", report.finding == STRANGER_FOUND_NOTHING, report.finding);
}

// Sends only: whatever else comes is not for it.
static bool look(struct bystander *bystander) {
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + PAUSE_NS);
    if (event.status != STATUS_OK) {
        return says(bystander, "receiving", event.status == STATUS_TIMED_OUT, event.status);
    }
    return event.received != RECEIVED_SEND || take_report(bystander);
}

// What the service turned away: all that strangers saw turned away, and at most what they do not
// know of besides.
static bool is_counted(struct bystander *bystander, uint32_t service) {
    const struct stranger_figures *sum = &bystander->sum[services[service].target];
    struct server_message message;
    if (!ask_counts(bystander, service, &message)) {
        return false;
    }
    uint64_t refused = message.malformed + message.refused;
    uint64_t unseen = sum->unseen + (uint64_t)LEFT_BEHIND * bystander->seen;
    if (services[service].target == STRANGER_POLICYD) {  // execd asks it for them.
        const struct stranger_figures *asked = &bystander->sum[STRANGER_EXECD];
        unseen += asked->refused + asked->unseen + (uint64_t)LEFT_BEHIND * bystander->seen;
    }
    log_line(bystander->runtime, "%s: %u calls of strangers, %u refused, %lu counted, %u unseen",
             services[service].name, sum->calls, sum->refused, refused, sum->unseen);
    return says(bystander, "a service that no stranger had a way to", sum->calls != 0,
                services[service].target) &&
           says(bystander, "refusals that nobody counted", refused >= sum->refused, refused) &&
           says(bystander, "refusals of nobody", refused <= sum->refused + unseen, refused) &&
           says(bystander, "calls that nobody counted", message.calls >= sum->calls, message.calls);
}

// The outcomes of its own calls, all of them, from who makes some; ABSENT from the others.
static bool tells_of_its_calls(struct bystander *bystander, uint32_t service) {
    struct server_message message = {.header = {.op = SERVER_OP_CLIENT}};
    struct ipc_question question = question_to(services[service].name);
    question.protocol = &server_rows;
    const enum ipc_error error = ipc_ask(&bystander->client, &question, &message).error;
    const bool calls = services[service].calls;
    const uint32_t bytes = calls ? sizeof(bystander->client.stats.outcomes) : 0;
    return says(bystander, services[service].name, error == IPC_OK, error) &&
           says(bystander, "how its own calls went",
                message.header.status == (calls ? WIRE_OK : WIRE_ABSENT), message.header.status) &&
           says(bystander, "bytes of outcomes", message.outcomes.count == bytes,
                message.outcomes.count);
}

// Whatever strangers asked of it: it has its identity, and all that it keeps opens.
static bool keystored_is_well(struct bystander *bystander) {
    struct keys_message message = {.header = {.op = KEYS_OP_STATS}};
    struct ipc_question question = question_to("keystored");
    question.protocol = &keys_rows;
    struct ipc_outcome outcome = ipc_ask(&bystander->client, &question, &message);
    return says(bystander, "keystored", outcome.error == IPC_OK, outcome.error) &&
           says(bystander, "the state of keystored", message.state == KEYS_READY, message.state) &&
           says(bystander, "records that do not open", message.flawed == 0, message.flawed);
}

// Of each service that is there, init and samgrd too.
static bool is_all_tried(const struct bystander *bystander) {
    for (uint32_t i = 0; i < STRANGER_TARGET_COUNT; i++) {
        const struct stranger_figures *sum = &bystander->sum[i];
        const uint32_t untried = stranger_untried((enum stranger_target)i, sum->tried);
        if (sum->calls != 0 && untried != 0) {
            log_line(bystander->runtime, "bystander: of target %u", i);
            return says(bystander, "operations that no stranger tried", false, untried);
        }
    }
    return true;
}

static bool is_all_counted(struct bystander *bystander) {
    for (uint32_t i = 0; i < service_count(bystander); i++) {
        if (!is_counted(bystander, i) || !tells_of_its_calls(bystander, i)) {
            return false;
        }
        if (services[i].target == STRANGER_KEYSTORED && !keystored_is_well(bystander)) {
            return false;
        }
    }
    struct policy_message message = {.header = {.op = POLICY_OP_STATS}};
    struct ipc_question question = question_to("policyd");
    question.protocol = &policy_rows;
    struct ipc_outcome outcome = ipc_ask(&bystander->client, &question, &message);
    return says(bystander, "policyd", outcome.error == IPC_OK, outcome.error) &&
           says(bystander, "denials that nobody counted", message.denied >= bystander->denied,
                message.denied) &&
           says(bystander, "routes refused", bystander->denied != 0, 0);
}

static bool watch(struct bystander *bystander) {
    struct server_message message;
    for (uint32_t round = 0; round < ROUNDS_MAX && bystander->lives != 0; round++) {
        for (uint32_t i = 0; i < service_count(bystander); i++) {
            if (!ask_counts(bystander, i, &message)) {
                return false;
            }
        }
        if (!look(bystander)) {
            return false;
        }
    }
    return says(bystander, "lives that never came", bystander->lives == 0, bystander->lives) &&
           says(bystander, "calls that took long",
                bystander->late <= 1 + bystander->calls / LATE_SHARE, bystander->late);
}

int bystander_main(struct runtime *runtime) {
    struct bystander bystander = {.runtime = runtime, .lives = runtime_argument(runtime) >> 8};
    ipc_resolver_init(&bystander.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&bystander.client, runtime, ipc_resolver_ask, &bystander.resolver,
                    slot_at(CAP_SLOT_NONE));
    if (ipc_ready(runtime) != STATUS_OK || !watch(&bystander) || !is_all_tried(&bystander)) {
        return 1;
    }
    marker_text(runtime, MARKER_HOSTILE_SERVICES_SERVED);
    if (!is_all_counted(&bystander)) {
        return 1;
    }
    marker_text(runtime, MARKER_HOSTILE_SERVICES_COUNTED);
    log_line(runtime, "%u lives, %lu tries, %lu calls beside them, the slowest %lu us",
             bystander.seen, bystander.tries, bystander.calls, bystander.slowest_ns / 1000);
    marker_text(runtime, MARKER_HOSTILE_SERVICES_END);
    return 0;
}
