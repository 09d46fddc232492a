// testing/faults/clients.c: see clients.h.
#include "testing/faults/clients.h"

#include <string.h>

#include "ipc/boot_route.h"
#include "ipc/frame.h"
#include "testing/faults/slots.h"

enum { LOOKS_MAX = 300 };

struct clients clients_of(struct selftest *selftest) {
    return (struct clients){.selftest = selftest,
                            .routes = {{FAULTS_SLOT_CLIENT}, {FAULTS_SLOT_CLIENT + 1}}};
}

static void add(struct faults_report *sum, const struct faults_report *one) {
    sum->calls += one->calls;
    sum->asks += one->asks;
    for (uint32_t i = 0; i < IPC_ERROR_COUNT; i++) {
        sum->call_ends[i] += one->call_ends[i];
        sum->ask_ends[i] += one->ask_ends[i];
    }
    sum->wrong += one->wrong;
    sum->lost += one->lost;
    sum->again += one->again;
    sum->broken += one->broken;
    sum->slowest = one->slowest > sum->slowest ? one->slowest : sum->slowest;
}

static enum status send_order(struct clients *clients, uint32_t client, const uint64_t *words) {
    struct message_page *page = clients->selftest->runtime->page;
    memcpy(page->call_out.payload, words, FAULTS_ORDER_WORDS * sizeof(words[0]));
    frame_finish(&page->call_out, 0, FAULTS_ORDER_WORDS * sizeof(words[0]));
    return sys_ipc_call(clients->routes[client], selftest_patience()).status;
}

static bool order(struct clients *clients, uint32_t client, const uint64_t *words,
                  struct faults_report *report) {
    const struct selftest *selftest = clients->selftest;
    const struct message_page *page = selftest->runtime->page;
    enum status status = send_order(clients, client, words);
    memcpy(report, page->reply_in.payload, sizeof(*report));
    return selftest_expect_status(selftest, "an order to a client", status, STATUS_OK) &&
           selftest_expect(selftest, "bytes of its answer", page->reply_in.header.len,
                           sizeof(*report));
}

static void pause_a_moment(void) {
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + SELFTEST_MS);
    (void)waited.status;  // Nothing is to come; what matters is that time has passed.
}

bool clients_work(struct clients *clients, enum faults_mode mode, const char *target) {
    const uint64_t words[FAULTS_ORDER_WORDS] = {mode, service_id_named(target).value};
    struct faults_report report;
    bool good = true;
    for (uint32_t i = 0; i < CLIENT_COUNT && good; i++) {
        good = order(clients, i, words, &report);
        add(&clients->sum, &report);
    }
    return good;
}

bool clients_are_served(struct clients *clients, enum faults_mode mode, const char *target,
                        uint32_t count) {
    const uint64_t words[FAULTS_ORDER_WORDS] = {mode, service_id_named(target).value};
    for (uint32_t client = 0; client < CLIENT_COUNT; client++) {
        uint64_t served = 0;
        for (uint32_t i = 0; i < LOOKS_MAX && served < count; i++) {
            struct faults_report report;
            pause_a_moment();
            if (!order(clients, client, words, &report)) {
                return false;
            }
            add(&clients->sum, &report);
            served += report.call_ends[IPC_OK] + report.ask_ends[IPC_OK];
        }
        if (!selftest_expect(clients->selftest, target, served < count, false)) {
            return false;
        }
    }
    return true;
}

static uint64_t sum_of(const uint64_t ends[IPC_ERROR_COUNT]) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < IPC_ERROR_COUNT; i++) {
        sum += ends[i];
    }
    return sum;
}

// Every request has one end, and none that a right client of a service that ends may not see.
static bool adds_up(const struct clients *clients) {
    const struct faults_report *sum = &clients->sum;
    const struct selftest *selftest = clients->selftest;
    return selftest_expect(selftest, "ends of calls", sum_of(sum->call_ends), sum->calls) &&
           selftest_expect(selftest, "ends of requests", sum_of(sum->ask_ends), sum->asks) &&
           selftest_expect(selftest, "requests without an end", sum->lost, 0) &&
           selftest_expect(selftest, "wrong answers", sum->wrong, 0) &&
           selftest_expect(selftest, "calls denied", sum->call_ends[IPC_DENIED], 0) &&
           selftest_expect(selftest, "requests denied", sum->ask_ends[IPC_DENIED], 0) &&
           selftest_expect(selftest, "calls refused", sum->call_ends[IPC_BAD_REQUEST], 0) &&
           selftest_expect(selftest, "requests refused", sum->ask_ends[IPC_BAD_REQUEST], 0) &&
           selftest_expect(selftest, "a call beyond its deadline",
                           sum->slowest > FAULTS_CALL_NS + SELFTEST_PATIENCE_NS, false);
}

bool clients_rest(struct clients *clients) {
    return clients_work(clients, FAULTS_REST, "") && adds_up(clients);
}

// init may not have heard yet that the last instance ended.
bool clients_reroute(struct clients *clients, uint32_t client) {
    const uint64_t rest[FAULTS_ORDER_WORDS] = {FAULTS_REST};
    enum status status = STATUS_PEER_CLOSED;
    for (uint32_t i = 0; i < LOOKS_MAX && status == STATUS_PEER_CLOSED; i++) {
        const struct deadline deadline = {.ns = selftest_patience()};
        struct slot_result again =
            ipc_boot_route(clients->selftest->runtime, FAULTS_SLOT_CLIENT + client, deadline);
        status = again.status;
        if (status == STATUS_OK) {
            slot_release(clients->routes[client]);
            clients->routes[client] = again.slot;
            status = send_order(clients, client, rest);
        }
        pause_a_moment();
    }
    return selftest_expect_status(clients->selftest, "a new way to a client", status, STATUS_OK);
}
