// testing/hostile_services/stranger.c: see stranger.h.
#include "testing/hostile_services/stranger.h"

#include <string.h>

#include "base/atomic.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/block_wire.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/protocols.h"
#include "ipc/wire/routing_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/state_wire.h"
#include "ipc/wire/timed_wire.h"
#include "ipc/wire/update_wire.h"
#include "testing/hostile_services/frames.h"

enum {
    TRIES = 600,  // Of a life, at random.
    SLICES = 10,  // All short forms of all operations are tried in so many lives: one in so many by
                  // each, of every operation.
    REPORT_LOOKS = 2000,
    LAST_REQUESTS = 8,
};

#define NS_A_LOOK UINT64_C(1000000)
#define CALL_NS_MAX UINT64_C(4000000)

struct target {
    const char *name;
    const struct wire_protocol_rows *rows;
    uint64_t slot;
};

// Memory that it lends to services while it has it mapped and writes to it.
struct changing {
    struct slot vmo;
    uint64_t address;
};

struct stranger {
    struct runtime *runtime;
    struct frames frames;
    struct changing changing;
    struct stranger_report report;
};

static const struct target targets[STRANGER_TARGET_COUNT] = {
    [STRANGER_INIT] = {"init", &init_rows, SLOT_INIT},
    [STRANGER_SAMGRD] = {"samgrd", &routing_rows, SLOT_SAMGRD},
    [STRANGER_POLICYD] = {"policyd", &policy_rows, STRANGER_SLOT_FIRST},
    [STRANGER_LOGD] = {"logd", &log_rows, STRANGER_SLOT_FIRST + 1},
    [STRANGER_METRICSD] = {"metricsd", &metrics_rows, STRANGER_SLOT_FIRST + 2},
    [STRANGER_TIMED] = {"timed", &timed_rows, STRANGER_SLOT_FIRST + 3},
    [STRANGER_ECHO] = {"echo", &echo_rows, STRANGER_SLOT_FIRST + 4},
    [STRANGER_RNGD] = {"rngd", &entropy_rows, STRANGER_SLOT_FIRST + 5},
    [STRANGER_KEYSTORED] = {"keystored", &keys_rows, STRANGER_SLOT_FIRST + 6},
    [STRANGER_STATEFSD] = {"statefsd", &state_rows, STRANGER_SLOT_FIRST + 7},
    [STRANGER_EXECD] = {"execd", &exec_rows, STRANGER_SLOT_FIRST + 8},
    [STRANGER_VIRTIOBLKD] = {"virtioblkd", &block_rows, STRANGER_SLOT_FIRST + 9},
    [STRANGER_UPDATED] = {"updated", &update_rows, STRANGER_SLOT_FIRST + 10},
};

uint32_t stranger_untried(enum stranger_target target, uint32_t tried) {
    const struct wire_protocol_rows *rows = targets[target].rows;
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < rows->op_count; i++) {
        wanted |= 1u << rows->ops[i].number;
    }
    wanted &= target == STRANGER_ECHO ? ~(1u << ECHO_OP_END) : ~0u;  // is_passed_over
    return wanted & ~tried;
}

static uint32_t below(struct stranger *stranger, uint32_t bound) {
    return (uint32_t)((frames_random(&stranger->frames) >> 32) % bound);
}

static struct slot route_to(enum stranger_target target) {
    return slot_at(targets[target].slot);
}

static bool is_there(enum stranger_target target) {
    return sys_cap_query(route_to(target)).status == STATUS_OK;
}

static void found(struct stranger *stranger, enum stranger_finding finding,
                  enum stranger_target target, uint64_t detail) {
    if (stranger->report.finding != STRANGER_FOUND_NOTHING) {
        return;
    }
    stranger->report.finding = finding;
    log_line(stranger->runtime, "stranger: life %u, try %u: finding %u at %s: %#lx",
             stranger->report.life, stranger->report.tries, (uint32_t)finding, targets[target].name,
             detail);
}

// What only others may do, whoever holds the route.
static bool is_for_others(enum stranger_target target, uint8_t op) {
    switch (target) {
        case STRANGER_INIT:
            return op != INIT_OP_ROUTE && op != INIT_OP_KEEP && op != INIT_OP_KEPT;
        case STRANGER_POLICYD:
            return op != POLICY_OP_STATS;
        case STRANGER_LOGD:
            return op == LOG_OP_CRASH;
        case STRANGER_EXECD:
            return op != EXEC_OP_LIST && op != EXEC_OP_PROGRAM && op != EXEC_OP_STATS;
        case STRANGER_VIRTIOBLKD:
            return op == BLOCK_OP_OPEN || op == BLOCK_OP_SUBMIT;
        case STRANGER_UPDATED:
            return op != UPDATE_OP_STATUS && op != UPDATE_OP_SLOT && op != UPDATE_OP_STATS;
        case STRANGER_SAMGRD:
        case STRANGER_METRICSD:
        case STRANGER_TIMED:
        case STRANGER_ECHO:
        case STRANGER_RNGD:
        case STRANGER_KEYSTORED:
        case STRANGER_STATEFSD:
        case STRANGER_TARGET_COUNT:
            return false;
    }
    return false;
}

// Gives up what it has. What services were lent of it stays with them.
static void drop_memory(struct stranger *stranger) {
    struct changing *changing = &stranger->changing;
    if (changing->vmo.value != CAP_SLOT_NONE) {
        status_ignore(sys_vmo_unmap(changing->vmo, changing->address), "it may not be mapped");
        slot_release(changing->vmo);
        *changing = (struct changing){.vmo = slot_at(CAP_SLOT_NONE)};
    }
}

// Where memory is not to be had (simulation), there is none.
static void make_memory(struct stranger *stranger) {
    struct changing *changing = &stranger->changing;
    uint64_t pages = 1 + below(stranger, 2);
    struct slot_result made = sys_vmo_create(slot_at(STRANGER_SLOT_FACTORY), pages);
    if (made.status != STATUS_OK) {
        return;
    }
    changing->vmo = made.slot;
    if (below(stranger, 4) != 0) {
        changing->address =
            sys_vmo_map(made.slot, 0, pages, RIGHT_VMO_READ | RIGHT_VMO_WRITE).address;
    }
}

static void change_memory(struct stranger *stranger) {
    if (stranger->changing.address != 0) {
        struct atomic_u64 *word = (struct atomic_u64 *)stranger->changing.address;
        atomic_store_u64(word, frames_random(&stranger->frames));
    }
}

// Memory that it goes on changing, or that is good; or a way to its own endpoint; or nothing.
static struct slot something_to_carry(struct stranger *stranger) {
    struct slot_result made = {.status = STATUS_BAD_CAP};
    if (below(stranger, 4) == 0) {
        drop_memory(stranger);
        make_memory(stranger);
    }
    if (stranger->changing.vmo.value != CAP_SLOT_NONE && below(stranger, 4) != 0) {
        made = sys_cap_clone(stranger->changing.vmo, RIGHTS_VMO & (uint32_t)~below(stranger, 2));
    }
    if (made.status != STATUS_OK) {
        made = sys_endpoint_create(slot_at(STRANGER_SLOT_FACTORY));
    }
    return made.status == STATUS_OK ? made.slot : slot_at(CAP_SLOT_NONE);
}

static void carry(struct stranger *stranger) {
    struct message_area *out = &stranger->runtime->page->call_out;
    frame_carry(out, something_to_carry(stranger));
}

// What the kernel did not move stays, and would fill the table.
static void drop_carried(struct stranger *stranger) {
    struct message_area *out = &stranger->runtime->page->call_out;
    if ((out->header.flags & FRAME_CAP_MOVE) != 0) {
        slot_release(slot_at(out->meta.slot));
    }
}

static void judge_capability(struct stranger *stranger, enum stranger_target target, uint8_t op) {
    const struct message_area *in = &stranger->runtime->page->reply_in;
    bool may_be = target == STRANGER_INIT && op == INIT_OP_ROUTE;
    if (in->meta.slot != CAP_SLOT_NONE && !may_be) {
        found(stranger, STRANGER_FOUND_CAPABILITY, target, op);
    }
    slot_release(slot_at(in->meta.slot));
}

// The answer to what was no request, or was one.
static void judge_answer(struct stranger *stranger, enum stranger_target target, bool is_request,
                         uint8_t op) {
    const struct message_area *in = &stranger->runtime->page->reply_in;
    struct stranger_figures *figures = &stranger->report.figures[target];
    figures->calls++;
    judge_capability(stranger, target, op);
    if (in->header.len < WIRE_REPLY_HEADER_BYTES) {
        found(stranger, STRANGER_FOUND_ANSWER, target, in->header.len);
        return;
    }
    enum wire_status status = (enum wire_status)in->payload[4];
    bool own = in->header.type == targets[target].rows->type;
    bool of_server = in->header.type == WIRE_PROTOCOL_SERVER;
    figures->refused += (own || of_server) && status != WIRE_OK;
    if (status != WIRE_OK) {
        return;
    }
    if (own && !is_request) {
        found(stranger, STRANGER_FOUND_ACCEPTED, target, op);
    } else if ((own && is_for_others(target, op)) || (of_server && op == SERVER_OP_HITS)) {
        found(stranger, STRANGER_FOUND_ALLOWED, target, op);
    }
    // Other protocols have operations of that number: every service answers "server".
    stranger->report.denied += own && target == STRANGER_SAMGRD && op == ROUTING_OP_RESOLVE;
}

static bool is_handed_over_unanswered(enum status status) {
    return status == STATUS_PEER_CLOSED || status == STATUS_REVOKED;
}

static void call(struct stranger *stranger, enum stranger_target target) {
    struct message_area *out = &stranger->runtime->page->call_out;
    bool is_request = frames_is_request(targets[target].rows, out);
    const uint8_t op = out->payload[3];
    out->header.flags |= below(stranger, 2) == 0 ? FRAME_TAKE_CAP : 0;
    uint64_t patience = below(stranger, 4) == 0 ? below(stranger, 100000) : CALL_NS_MAX;
    struct call_result result = sys_ipc_call(route_to(target), sys_clock_get() + patience);
    drop_carried(stranger);
    const bool has_it = result.status == STATUS_OK || result.delivery == DELIVERY_HANDED_OVER;
    stranger->report.figures[target].tried |= is_request && has_it ? 1u << op : 0;
    if (result.status == STATUS_OK) {
        judge_answer(stranger, target, is_request, op);
    } else if (result.status == STATUS_TIMED_OUT) {
        stranger->report.figures[target].unseen++;
    } else if (is_handed_over_unanswered(result.status)) {
        // A route of its own manifest that it asked for and left no place for: nothing else ends
        // so.
        bool took_none = (out->header.flags & FRAME_TAKE_CAP) == 0;
        if (target != STRANGER_INIT || op != INIT_OP_ROUTE || !took_none) {
            found(stranger, STRANGER_FOUND_DEAD, target, op);
        }
    } else if (result.status != STATUS_DENIED && result.status != STATUS_BAD_ARG &&
               result.status != STATUS_NO_SPACE) {
        found(stranger, STRANGER_FOUND_STATUS, target, result.status);
    }
}

static void send(struct stranger *stranger, enum stranger_target target) {
    struct call_result result = sys_ipc_send(route_to(target), 0);
    drop_carried(stranger);
    stranger->report.figures[target].unseen += result.status == STATUS_OK;
    if (is_handed_over_unanswered(result.status)) {
        found(stranger, STRANGER_FOUND_DEAD, target, 0);
    }
}

static void request(struct stranger *stranger, enum stranger_target target) {
    struct message_area *out = &stranger->runtime->page->call_out;
    drop_carried(stranger);
    out->header.flags = FRAME_WANT_REPLY;
    out->meta.slot = CAP_SLOT_NONE;
    struct request_result result = sys_ipc_request(route_to(target), slot_at(SLOT_ENDPOINT));
    stranger->report.figures[target].unseen += result.status == STATUS_OK;
    if (is_handed_over_unanswered(result.status)) {
        found(stranger, STRANGER_FOUND_DEAD, target, 1);
    }
}

// Answers to its requests that have come: none may bring a capability.
static void drain(struct stranger *stranger) {
    const struct message_area *in = &stranger->runtime->page->request_in;
    for (uint32_t i = 0; i < LAST_REQUESTS; i++) {
        struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), 0);
        if (event.status != STATUS_OK) {
            return;
        }
        if (event.received == RECEIVED_REPLY && in->meta.slot != CAP_SLOT_NONE) {
            found(stranger, STRANGER_FOUND_CAPABILITY, STRANGER_INIT, in->meta.slot);
        }
    }
}

// A flood of one kind: as much as the kernel takes.
static void flood(struct stranger *stranger, enum stranger_target target) {
    for (uint32_t i = 0; i < LAST_REQUESTS; i++) {
        stranger->runtime->page->call_out.header.flags = 0;
        request(stranger, target);
    }
    for (uint32_t i = 0; i < LAST_REQUESTS; i++) {
        stranger->runtime->page->call_out.header.flags = 0;
        stranger->runtime->page->call_out.meta.slot = CAP_SLOT_NONE;
        send(stranger, target);
    }
    status_ignore(sys_ipc_notify(route_to(target)), "a doorbell that may be refused");
}

// To end echo is what echo's clients may do, and would be noticed.
static bool is_passed_over(enum stranger_target target, const struct message_area *out) {
    return target == STRANGER_ECHO && frames_is_request(&echo_rows, out) &&
           out->payload[3] == ECHO_OP_END;
}

static const struct wire_protocol_rows *some_protocol(struct stranger *stranger,
                                                      enum stranger_target target) {
    return below(stranger, 8) != 0 ? targets[target].rows
                                   : wire_protocols[below(stranger, WIRE_PROTOCOL_COUNT)];
}

static void try_one(struct stranger *stranger, enum stranger_target target) {
    struct message_area *out = &stranger->runtime->page->call_out;
    const struct wire_protocol_rows *rows = some_protocol(stranger, target);
    uint32_t row = below(stranger, 64);
    frames_put(&stranger->frames, rows, row, (enum frame_kind)below(stranger, FRAME_KIND_COUNT),
               out);
    if (is_passed_over(target, out)) {
        return;
    }
    if (below(stranger, 4) == 0) {
        carry(stranger);
    }
    switch (below(stranger, 8)) {
        case 0:
            send(stranger, target);
            break;
        case 1:
            request(stranger, target);
            break;
        case 2:
            flood(stranger, target);
            break;
        default:
            call(stranger, target);
            break;
    }
    drain(stranger);
    change_memory(stranger);
    stranger->report.tries++;
}

// This life's share of all short forms; the whole ones among them are tries of each operation.
static void try_cuts(struct stranger *stranger, enum stranger_target target) {
    struct message_area *out = &stranger->runtime->page->call_out;
    const uint32_t number = runtime_argument(stranger->runtime) & 1;  // Of two strangers.
    uint32_t index = ((stranger->report.life - 1) * 2 + number) % SLICES;
    while (frames_cut(&stranger->frames, targets[target].rows, index, out)) {
        if (!is_passed_over(target, out)) {
            call(stranger, target);
            stranger->report.tries++;
        }
        index += SLICES;
    }
}

// What only who manages a service may ask of it in the protocol that all speak.
static void try_switch(struct stranger *stranger, enum stranger_target target) {
    struct message_area *out = &stranger->runtime->page->call_out;
    for (uint8_t hits = 0; hits < 2; hits++) {
        const struct server_message message = {.header = {.op = SERVER_OP_HITS}, .hits = hits};
        frame_finish(out, WIRE_PROTOCOL_SERVER, server_encode_area(WIRE_REQUEST, &message, out));
        call(stranger, target);
        stranger->report.tries++;
    }
}

static void send_report(struct stranger *stranger) {
    struct message_area *out = &stranger->runtime->page->call_out;
    enum status status = STATUS_WOULD_BLOCK;
    for (uint32_t i = 0; i < REPORT_LOOKS && status == STATUS_WOULD_BLOCK; i++) {
        memcpy(out->payload, &stranger->report, sizeof(stranger->report));
        frame_finish(out, 0, sizeof(stranger->report));
        status = sys_ipc_send(slot_at(STRANGER_SLOT_REPORT), 0).status;
        if (status == STATUS_WOULD_BLOCK) {
            struct recv_result waited =
                sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + NS_A_LOOK);
            (void)waited.status;  // What matters is that time has passed.
        }
    }
}

// What is under way when it ends: requests, stored sends, a sleep that nobody waits for.
static void leave_things_behind(struct stranger *stranger) {
    struct message_area *out = &stranger->runtime->page->call_out;
    for (uint32_t i = 0; i < LAST_REQUESTS; i++) {
        enum stranger_target target = (enum stranger_target)below(stranger, STRANGER_TARGET_COUNT);
        frames_put(&stranger->frames, targets[target].rows, i, FRAME_RIGHT, out);
        if (is_there(target) && !is_passed_over(target, out)) {
            request(stranger, target);
        }
    }
}

enum stranger_end stranger_live(struct runtime *runtime) {
    struct stranger stranger = {.runtime = runtime,
                                .frames = {.random = (runtime_argument(runtime) + UINT64_C(1)) *
                                                     UINT64_C(0x9e3779b97f4a7c15) *
                                                     (runtime_start_number(runtime) + UINT64_C(1))},
                                .report = {.life = runtime_start_number(runtime)}};
    if (ipc_ready(runtime) != STATUS_OK) {
        found(&stranger, STRANGER_FOUND_START, STRANGER_INIT, 0);
    }
    for (uint32_t i = 0; i < STRANGER_TARGET_COUNT; i++) {
        if (is_there((enum stranger_target)i)) {
            try_cuts(&stranger, (enum stranger_target)i);
            try_switch(&stranger, (enum stranger_target)i);
        }
    }
    for (uint32_t i = 0; i < TRIES; i++) {
        enum stranger_target target = (enum stranger_target)below(&stranger, STRANGER_TARGET_COUNT);
        if (is_there(target)) {
            try_one(&stranger, target);
        }
    }
    send_report(&stranger);
    leave_things_behind(&stranger);
    return below(&stranger, 2) == 0 ? STRANGER_EXITS : STRANGER_CRASHES;
}
