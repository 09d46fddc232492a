// testing/hostile_services/stranger.h: a program that no policy allows anything, against every
// service; and what it and the one that watches agree on. The same code runs on the machine and in
// simulation. Which start of it this is seeds a life: services.manifest says how many there are.
// Blocking:  each call of a life for some milliseconds at most.
// Errors:    what it finds wrong goes into its report; the first finding is printed.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the manifest gives it, besides runtime/slots.h. Calls, sends and notifications go through
// these: what samgrd would never give it. An empty slot is passed over.
enum stranger_slot {
    STRANGER_SLOT_FACTORY = SLOT_FIRST_OWN,  // Endpoints; memory, where there is any.
    STRANGER_SLOT_REPORT,                    // RIGHT_SEND to the one that watches.
    STRANGER_SLOT_FIRST,                     // policyd, logd, metricsd, timed, echo, rngd,
                                             // keystored, statefsd, execd, virtioblkd, updated.
};

enum stranger_target {
    STRANGER_INIT,
    STRANGER_SAMGRD,
    STRANGER_POLICYD,
    STRANGER_LOGD,
    STRANGER_METRICSD,
    STRANGER_TIMED,
    STRANGER_ECHO,
    STRANGER_RNGD,
    STRANGER_KEYSTORED,
    STRANGER_STATEFSD,
    STRANGER_EXECD,
    STRANGER_VIRTIOBLKD,  // Of a divided disk: no part of it is the stranger's.
    STRANGER_UPDATED,
    STRANGER_TARGET_COUNT
};

enum stranger_finding {
    STRANGER_FOUND_NOTHING,
    STRANGER_FOUND_ACCEPTED,    // What is no request was answered with OK.
    STRANGER_FOUND_ALLOWED,     // It was allowed what only others may do.
    STRANGER_FOUND_CAPABILITY,  // It got a capability that nobody may give it.
    STRANGER_FOUND_DEAD,        // A service ended, or dropped a call.
    STRANGER_FOUND_ANSWER,      // An answer that is none.
    STRANGER_FOUND_STATUS,      // The kernel said what it may not say to that.
    STRANGER_FOUND_START,       // It could not begin.
};

// How it ends after its report: the seed chooses.
enum stranger_end {
    STRANGER_EXITS,
    STRANGER_CRASHES,
};

struct stranger_figures {
    uint32_t calls;    // Answered.
    uint32_t refused;  // Of them with another status than OK, in the service's own protocol or the
                       // one that all speak.
    uint32_t unseen;   // Sends, requests, and calls whose answer it did not wait for.
    uint32_t tried;    // A bit for each operation of which the service got a whole request.
};

// A frame of type 0 to the one that watches, before its end.
struct stranger_report {
    uint32_t life;  // 1, 2, ..
    uint32_t tries;
    uint32_t finding;  // The first, or STRANGER_FOUND_NOTHING.
    uint32_t denied;   // Routes that samgrd refused.
    struct stranger_figures figures[STRANGER_TARGET_COUNT];
};

// The operations of its protocol, a bit each, that are not in `tried`. echo's END is none of them:
// its clients may end it.
uint32_t stranger_untried(enum stranger_target target, uint32_t tried);

// One life. What is under way when it returns must go with the task: the caller ends it so.
WARN_UNUSED enum stranger_end stranger_live(struct runtime *runtime);

// The one that watches: calls every service by name all the time, each within a bounded time, until
// the strangers have had all their lives; then compares what the services have counted with what
// the strangers say. Returns 0, or 1 and has printed why.
WARN_UNUSED int bystander_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
