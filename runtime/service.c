// runtime/service.c: see service.h.
#include "runtime/service.h"

// The answer that waits for the next receive; none while `held` is false.
struct answer {
    struct reply_handle reply;
    bool held;
};

static void answer_flush(struct answer *answer) {
    if (answer->held) {
        status_ignore(sys_ipc_reply(answer->reply), "a caller that left needs no answer");
        answer->held = false;
    }
}

// Runs what is due and says until when to wait.
static uint64_t clock_step(const struct service_handlers *handlers, void *state,
                           struct answer *answer) {
    uint64_t now_ns = sys_clock_get();
    if (!handlers->wake) {
        return now_ns + SERVICE_HEARTBEAT_NS;
    }
    if (handlers->next_deadline(state) <= now_ns) {
        answer_flush(answer);  // `wake` may answer others, and there is one reply_out.
        handlers->wake(state, now_ns);
    }
    uint64_t next_ns = handlers->next_deadline(state);
    return next_ns < now_ns + SERVICE_HEARTBEAT_NS ? next_ns : now_ns + SERVICE_HEARTBEAT_NS;
}

static void dispatch_call(struct runtime *runtime, const struct service_handlers *handlers,
                          void *state, struct reply_handle reply, struct answer *answer) {
    if (!handlers->call) {
        status_ignore(sys_reply_close(reply), "a caller that left needs no answer");
        return;
    }
    enum service_outcome outcome =
        handlers->call(state, &runtime->page->request_in, reply, &runtime->page->reply_out);
    answer->reply = reply;
    answer->held = outcome == SERVICE_ANSWER;
}

static void dispatch(struct runtime *runtime, const struct service_handlers *handlers, void *state,
                     const struct recv_result *event, struct answer *answer) {
    switch (event->received) {
        case RECEIVED_CALL:
            dispatch_call(runtime, handlers, state, event->reply, answer);
            return;
        case RECEIVED_SEND:
            if (handlers->send) {
                handlers->send(state, &runtime->page->request_in);
            }
            return;
        case RECEIVED_NOTIFICATION:
            if (handlers->notified) {
                handlers->notified(state, event->kernel_bits, event->badge_bits);
            }
            return;
        case RECEIVED_NOTHING:
            return;
    }
}

enum status service_run(struct runtime *runtime, struct slot endpoint,
                        const struct service_handlers *handlers, void *state) {
    struct answer answer = {.held = false};
    // Without a clock of its own the service does not ask for the time at each request.
    uint64_t deadline_ns = clock_step(handlers, state, &answer);
    for (;;) {  // For the life of the service.
        struct recv_result event = answer.held
                                       ? sys_ipc_reply_recv(answer.reply, endpoint, deadline_ns)
                                       : sys_ipc_recv(endpoint, deadline_ns);
        answer.held = false;
        if (event.status == STATUS_NO_SPACE) {  // A capability came and there is no slot for it.
            event = sys_ipc_recv_drop_cap(endpoint, deadline_ns);
        }
        if (event.status != STATUS_OK && event.status != STATUS_TIMED_OUT) {
            return event.status;
        }
        if (event.status == STATUS_OK) {
            dispatch(runtime, handlers, state, &event, &answer);
        }
        if (handlers->wake || event.status == STATUS_TIMED_OUT) {
            deadline_ns = clock_step(handlers, state, &answer);
        }
    }
}
