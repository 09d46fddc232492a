// testing/faults/load.c: a client that keeps a service busy, with several requests under way at any
// time, and counts how each of them ended.
#include <string.h>

#include "ipc/asks.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/timed_class.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/state_wire.h"
#include "ipc/wire/timed_wire.h"
#include "runtime/main.h"
#include "testing/faults/faults.h"

enum {
    LOAD_SLOT_FACTORY = SLOT_FIRST_OWN,  // Endpoints.
    LOAD_DIES = 1,  // The manifest's argument: says that it is ready, and dies.
    UNDER_WAY = 3,
    LOOKS_MAX = 1000,
};

#define NS_A_LOOK UINT64_C(1000000)
#define REST_NS UINT64_C(60000000000)

struct load {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct ipc_asks asks;
    struct nonce tickets[UNDER_WAY];
    uint64_t values[UNDER_WAY];
    uint64_t next_value;
    enum faults_mode mode;
    struct service_id target;
    struct faults_report report;
};

// A request of the target and whether an answer is its own. echo says what it was told, statefsd
// puts something on the disk, the others do what they are there for (put_work) or, if they do
// nothing for a client without more, are asked what every service knows.
union load_message {
    struct wire_header header;
    struct echo_message echo;
    struct state_message state;
    struct server_message server;
    struct timed_message timed;
    struct log_message log;
    struct metrics_message metrics;
    struct entropy_message entropy;
    struct exec_message exec;
    struct keys_message keys;
};

static bool is_at(const struct load *load, const char *name) {
    return load->target.value == service_id_named(name).value;
}

// Null: another's. Sleeps are under way for one to four milliseconds; what is appended too fast is
// refused.
static const struct wire_protocol_rows *put_work(const struct load *load,
                                                 union load_message *message, uint64_t value) {
    static const uint8_t name[] = {'l', 'o', 'a', 'd'};
    if (is_at(load, "timed")) {
        message->timed =
            (struct timed_message){.header = {.op = TIMED_OP_SLEEP},
                                   .deadline_ns = sys_clock_get() + NS_A_LOOK * (1 + value % 4),
                                   .laxity = TIMED_BURST};
        return &timed_rows;
    }
    if (is_at(load, "logd")) {
        message->log =
            (struct log_message){.header = {.op = LOG_OP_APPEND}, .text = {name, sizeof(name)}};
        return &log_rows;
    }
    if (is_at(load, "metricsd")) {
        message->metrics = (struct metrics_message){.header = {.op = METRICS_OP_PAGE}};
        return &metrics_rows;
    }
    if (is_at(load, "rngd")) {
        message->entropy =
            (struct entropy_message){.header = {.op = ENTROPY_OP_BYTES}, .count = 16};
        return &entropy_rows;
    }
    if (is_at(load, "execd")) {
        message->exec = (struct exec_message){.header = {.op = EXEC_OP_PROGRAM}};
        return &exec_rows;
    }
    if (is_at(load, "keystored")) {
        message->keys = (struct keys_message){.header = {.op = KEYS_OP_IDENTITY}};
        return &keys_rows;
    }
    return 0;
}

// Whether the answer to that is one. It may be over logd's rate.
static bool is_work_done(const struct load *load, const union load_message *message) {
    const enum wire_status status = (enum wire_status)message->header.status;
    return status == WIRE_OK || (status == WIRE_OVERLOAD && is_at(load, "logd"));
}

static const struct wire_protocol_rows *put_request(const struct load *load,
                                                    union load_message *message, uint64_t value) {
    static const uint8_t key[] = {'l', 'o', 'a', 'd'};
    memset(message, 0, sizeof(*message));
    if (is_at(load, "echo")) {
        message->echo = (struct echo_message){.header = {.op = ECHO_OP_ECHO}, .value = value};
        return &echo_rows;
    }
    if (is_at(load, "statefsd")) {
        message->state = (struct state_message){
            .header = {.op = STATE_OP_PUT}, .key = {key, sizeof(key)}, .value = {key, sizeof(key)}};
        return &state_rows;
    }
    const struct wire_protocol_rows *work = put_work(load, message, value);
    if (work) {
        return work;
    }
    message->server = (struct server_message){.header = {.op = SERVER_OP_COUNTS}};
    return &server_rows;
}

static struct ipc_question question(struct load *load, union load_message *message,
                                    uint64_t value) {
    return (struct ipc_question){.target = load->target,
                                 .protocol = put_request(load, message, value),
                                 .deadline = {.ns = sys_clock_get() + FAULTS_CALL_NS}};
}

static void check_answer(struct load *load, const union load_message *message, uint64_t value) {
    union load_message asked;
    if (put_work(load, &asked, value)) {
        load->report.wrong += !is_work_done(load, message);
        return;
    }
    bool own = message->header.status == WIRE_OK;
    if (own && is_at(load, "echo")) {
        own = message->echo.value == value;
    } else if (own && !is_at(load, "statefsd")) {
        own = message->server.calls != 0;
    }
    load->report.wrong += !own;
}

static void call_once(struct load *load) {
    union load_message message;
    uint64_t value = load->next_value++;
    const struct ipc_question asked = question(load, &message, value);
    uint64_t began = sys_clock_get();
    struct ipc_outcome outcome = ipc_ask(&load->client, &asked, &message);
    uint64_t took = sys_clock_get() - began;
    load->report.calls++;
    load->report.call_ends[outcome.error]++;
    load->report.again += outcome.served == IPC_REBOUND || outcome.served == IPC_DEGRADED;
    load->report.slowest = took > load->report.slowest ? took : load->report.slowest;
    if (outcome.error == IPC_OK) {
        check_answer(load, &message, value);
    }
}

static void start_ask(struct load *load, uint32_t place) {
    union load_message message;
    load->values[place] = load->next_value++;
    const struct ipc_question asked = question(load, &message, load->values[place]);
    struct ipc_outcome outcome =
        ipc_asks_start(&load->asks, &asked, &message, &load->tickets[place]);
    load->report.asks++;
    if (outcome.error != IPC_OK) {
        load->tickets[place].value = 0;
        load->report.ask_ends[outcome.error]++;
    }
}

static void take_ask(struct load *load, uint32_t place) {
    union load_message message = {.header = {.op = 0}};
    enum ipc_error error = IPC_OK;
    if (load->tickets[place].value == 0 ||
        !ipc_asks_take(&load->asks, load->tickets[place], &message, &error)) {
        return;
    }
    load->tickets[place].value = 0;
    load->report.ask_ends[error]++;
    load->report.again += error != IPC_OK;
    load->report.broken += error != IPC_OK;
    if (error == IPC_OK) {
        check_answer(load, &message, load->values[place]);
    }
}

static uint32_t under_way(const struct load *load) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < UNDER_WAY; i++) {
        count += load->tickets[i].value != 0;
    }
    return count;
}

// Waits for the answers of what is under way; what has none by then is lost.
static void end_asks(struct load *load) {
    for (uint32_t i = 0; i < LOOKS_MAX && under_way(load) != 0; i++) {
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + NS_A_LOOK);
        if (event.status == STATUS_OK && event.received == RECEIVED_REPLY) {
            ipc_asks_arrived(&load->asks, &event);
        } else if (event.status == STATUS_OK) {
            load->report.wrong++;  // There is one who gives orders, and it waits.
        }
        for (uint32_t place = 0; place < UNDER_WAY; place++) {
            take_ask(load, place);
        }
    }
    load->report.lost += under_way(load);
}

static void obey(struct load *load, struct reply_handle reply) {
    const struct message_page *page = load->runtime->page;
    struct message_area *out = &load->runtime->page->reply_out;
    uint64_t order[FAULTS_ORDER_WORDS];
    memcpy(order, page->request_in.payload, sizeof(order));
    end_asks(load);
    load->report.wrong += load->client.stats.strays[ROUTE_STRAY_MISMATCHED] +
                          load->client.stats.strays[ROUTE_STRAY_UNKNOWN];
    load->report.again += load->client.stats.resent;
    memcpy(out->payload, &load->report, sizeof(load->report));
    memset(&load->report, 0, sizeof(load->report));
    memset(&load->client.stats, 0, sizeof(load->client.stats));
    if (load->mode != (enum faults_mode)order[FAULTS_ORDER_MODE] ||
        load->target.value != order[FAULTS_ORDER_TARGET]) {
        ipc_client_release(&load->client);
    }
    load->mode = (enum faults_mode)order[FAULTS_ORDER_MODE];
    load->target.value = order[FAULTS_ORDER_TARGET];
    load->client.reuse = load->mode != FAULTS_UNCACHED;
    frame_finish(out, 0, sizeof(load->report));
    status_ignore(sys_ipc_reply(reply), "who gave the order may have had enough");
}

static void work(struct load *load) {
    for (uint32_t place = 0; place < UNDER_WAY; place++) {
        take_ask(load, place);
        if (load->tickets[place].value == 0) {
            start_ask(load, place);
        }
    }
    call_once(load);
}

static bool begin(struct load *load) {
    struct slot_result pause = sys_endpoint_create(slot_at(LOAD_SLOT_FACTORY));
    ipc_resolver_init(&load->resolver, load->runtime, SLOT_SAMGRD);
    ipc_client_init(&load->client, load->runtime, ipc_resolver_ask, &load->resolver, pause.slot);
    ipc_asks_init(&load->asks, &load->client, slot_at(SLOT_ENDPOINT));
    return pause.status == STATUS_OK && ipc_ready(load->runtime) == STATUS_OK;
}

int service_main(struct runtime *runtime) {
    struct load load = {.runtime = runtime, .mode = FAULTS_REST};
    if (!begin(&load) || runtime_argument(runtime) == LOAD_DIES) {
        return 1;
    }
    for (;;) {  // For the life of the service.
        bool rests = load.mode == FAULTS_REST;
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), rests ? sys_clock_get() + REST_NS : 0);
        if (event.status == STATUS_OK && event.received == RECEIVED_REPLY) {
            ipc_asks_arrived(&load.asks, &event);
        } else if (event.status == STATUS_OK && event.received == RECEIVED_CALL) {
            obey(&load, event.reply);
        } else if (event.status != STATUS_OK && event.status != STATUS_TIMED_OUT &&
                   event.status != STATUS_WOULD_BLOCK) {
            return 1;
        } else if (!rests) {
            work(&load);
        }
    }
}
