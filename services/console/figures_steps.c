// services/console/figures_steps.c: see figures.h: what routes and calls went through, one by one.
#include "ipc/route_cache.h"
#include "services/console/figures.h"

#define NS_PER_US UINT64_C(1000)

enum { STEP_TARGET = 12, STEP_WHAT = 36 };

static const char *event_name(uint8_t event) {
    static const char *const names[] = {
#define ROUTE_EVENT(NAME, meaning) #NAME,
#include "ipc/route_event.def"
#undef ROUTE_EVENT
    };
    return event < ROUTE_EVENT_COUNT ? names[event] : "?";
}

static const char *stray_name(uint8_t stray) {
    static const char *const names[] = {[ROUTE_STRAY_MISMATCHED] = "mismatched",
                                        [ROUTE_STRAY_UNKNOWN] = "unknown",
                                        [ROUTE_STRAY_DROPPED] = "dropped",
                                        [ROUTE_STRAY_CANCELLED] = "cancelled",
                                        [ROUTE_STRAY_STRANGE] = "awaited, and something else came"};
    return stray < ROUTE_STRAY_COUNT ? names[stray] : "?";
}

void figures_steps_head(struct print *print) {
    print_line(print, "        US TO              BY       WHAT");
}

void figures_step(struct print *print, const struct names *names,
                  const struct route_trace_record *record) {
    const char *name = names_of(names, record->target);
    const uint8_t *what = record->what;
    print_number(print, 10, record->at_ns / NS_PER_US);
    print_column(print, STEP_TARGET - 1);
    print_add(print, "%s%s", names_mark(record->target), name ? name : "?");
    print_column(print, STEP_WHAT - 9);
    print_add(print, "%s", policy_action_word((enum policy_action)record->action));
    print_column(print, STEP_WHAT);
    switch ((enum route_trace_kind)record->kind) {
        case ROUTE_TRACE_STEP:
            print_add(print, "%s: %s, then %s", event_name(what[1]),
                      route_state_name((enum route_state)what[0]),
                      route_state_name((enum route_state)what[2]));
            break;
        case ROUTE_TRACE_OUTCOME:
            print_add(print, "%s, %s", figures_error_name(what[0]), figures_served_name(what[1]));
            break;
        case ROUTE_TRACE_ANSWER:
            print_add(print, "answer: %s", figures_error_name(what[0]));
            break;
        case ROUTE_TRACE_STRAY:
            print_add(print, "answer %s", stray_name(what[0]));
            break;
        case ROUTE_TRACE_RESENT:
            print_add(print, "attempt %u", what[0]);
            break;
        default:
            print_add(print, "?");
            break;
    }
    print_end(print);
}
