// runtime/service.h: the event loop of a service: one wait at its endpoint, and a handler for each
// thing that arrives there.
//
// The service's logic is a library without system calls; its handlers, in a thin main.c, call it.
// Handlers run one at a time and must not wait for long: the loop is blocked meanwhile. A call's
// answer leaves together with the next receive (ipc_reply_recv), so a request costs one system
// call.
// Units:     nanoseconds since boot; SERVICE_NEVER means no deadline of the service's own.
// Ownership: `state` is the service's; request and answer are areas of its message page, valid
//            during the handler.
// Blocking:  service_run waits at the endpoint, never longer than SERVICE_HEARTBEAT_NS at a time: a
//            service has no infinite deadline.
// Errors:    service_run returns only when receiving is impossible: the endpoint is closed or the
//            slot is wrong.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SERVICE_NEVER UINT64_MAX
#define SERVICE_HEARTBEAT_NS UINT64_C(60000000000)

enum service_outcome {
    SERVICE_ANSWER,  // The handler has filled `answer`.
    SERVICE_KEEP,    // The handler keeps the reply handle: it answers or closes it later.
};

// A null handler: a call is closed unanswered, a send or a notification is ignored, time does not
// matter.
struct service_handlers {
    enum service_outcome (*call)(void *state, const struct message_area *request,
                                 struct reply_handle reply, struct message_area *answer);
    void (*send)(void *state, const struct message_area *request);
    void (*notified)(void *state, uint64_t kernel_bits, uint64_t badge_bits);
    // The earliest time at which `wake` wants to run. With a clock both must be there.
    uint64_t (*next_deadline)(const void *state);
    void (*wake)(void *state, uint64_t now_ns);
};

WARN_UNUSED enum status service_run(struct runtime *runtime, struct slot endpoint,
                                    const struct service_handlers *handlers, void *state);

#ifdef __cplusplus
}
#endif
