// services/selftest/cases_init.c: what init says of its services, and whom it refuses what.
#include "ipc/wire/init_wire.h"
#include "kernel/abi/task.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/raw.h"
#include "services/selftest/slots.h"

enum {
    UP = 3,            // ipc/wire/init_fields.def
    NO_ROUTE_AT = 60,  // A slot where the manifest puts none.
    WATCH_NS = 1,
};

// What the ladder and the manifest have made of a service.
struct life {
    const char *name;
    uint32_t starts;
    uint32_t left;
    enum exit_reason reason;
};

static bool lives(const struct selftest *selftest, const struct life *life) {
    struct init_message state = {.header = {.op = INIT_OP_STATE},
                                 .service = service_id_named(life->name).value};
    return raw_answered(selftest, slot_at(SELFTEST_SLOT_OPERATOR), &init_rows, &state, WIRE_OK) &&
           selftest_expect(selftest, life->name,
                           init_decode_area(WIRE_REPLY, &selftest->runtime->page->reply_in, &state),
                           WIRE_OK) &&
           selftest_expect(selftest, life->name, state.state, UP) &&
           selftest_expect(selftest, "without a task", state.instance == 0, false) &&
           selftest_expect(selftest, "its starts", state.starts, life->starts) &&
           selftest_expect(selftest, "its restarts left", state.left, life->left) &&
           selftest_expect(selftest, "its last end", state.reason, life->reason);
}

// One that ended by itself, those that were ended, one that crashed, and one that never ended.
bool case_init_state(struct selftest *selftest) {
    static const struct life all[] = {
        {"echo", 5, 4, EXIT_CODE},         {"policyd", 3, 0, EXIT_KILLED},
        {"samgrd", 2, 1, EXIT_KILLED},     {"timed", 2, 1, EXIT_KILLED},
        {"flaky", 2, 0, EXIT_FAULT_BREAK}, {"logd", 1, 4, EXIT_NONE},
    };
    for (uint32_t i = 0; i < ARRAY_LEN(all); i++) {
        if (!lives(selftest, &all[i])) {
            return false;
        }
    }
    return true;
}

static bool refuses(const struct selftest *selftest, uint32_t route,
                    const struct init_message *message, enum wire_status wanted) {
    return raw_answered(selftest, slot_at(route), &init_rows, message, wanted);
}

// A route to init does not do: its badge does. And that is for services of the manifest.
bool case_init_reject_state(struct selftest *selftest) {
    const struct init_message of_logd = {.header = {.op = INIT_OP_STATE},
                                         .service = service_id_named("logd").value};
    const struct init_message of_nobody = {.header = {.op = INIT_OP_STATE},
                                           .service = service_id_named("nobody").value};
    return refuses(selftest, SLOT_INIT, &of_logd, WIRE_DENIED) &&
           refuses(selftest, SELFTEST_SLOT_OPERATOR, &of_nobody, WIRE_ABSENT);
}

// Who has an instance is for samgrd alone; who is up is not ready once more; a route that the
// manifest does not give is none; having the system watched takes a badge of its own.
bool case_init_reject_foreign(struct selftest *selftest) {
    const struct init_message offer = {.header = {.op = INIT_OP_OFFER}};
    const struct init_message ready = {.header = {.op = INIT_OP_READY}};
    const struct init_message route = {.header = {.op = INIT_OP_ROUTE}, .slot = NO_ROUTE_AT};
    const struct init_message watch = {.header = {.op = INIT_OP_WATCH}, .within = WATCH_NS};
    return refuses(selftest, SLOT_INIT, &offer, WIRE_DENIED) &&
           refuses(selftest, SELFTEST_SLOT_OPERATOR, &offer, WIRE_DENIED) &&
           refuses(selftest, SLOT_INIT, &ready, WIRE_DENIED) &&
           refuses(selftest, SLOT_INIT, &route, WIRE_DENIED) &&
           refuses(selftest, SLOT_INIT, &watch, WIRE_DENIED) &&
           refuses(selftest, SELFTEST_SLOT_OPERATOR, &watch, WIRE_DENIED);
}

bool case_init_reject_malformed(struct selftest *selftest) {
    const struct init_message kept = {.header = {.op = INIT_OP_KEPT}};
    return raw_refuses_malformed(selftest, slot_at(SLOT_INIT), &init_rows, &kept);
}
