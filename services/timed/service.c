// services/timed/service.c: connects the logic (timed.h) with the kernel's calls.
#include "services/timed/service.h"

#include "images/markers.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/service.h"
#include "services/timed/timed.h"

struct timed_service {
    struct runtime *runtime;
    struct timed timed;
};

static enum service_outcome on_call(void *state, const struct message_area *request,
                                    struct reply_handle reply, struct message_area *answer) {
    struct timed_service *service = state;
    const struct timed_arrival arrival = {.now_ns = sys_clock_get(),
                                          .request = request->payload,
                                          .count = request->header.len,
                                          .reply = reply};
    struct timed_answer now = {.bytes = answer->payload};
    if (!timed_serve(&service->timed, &arrival, &now)) {
        return SERVICE_KEEP;
    }
    frame_finish(answer, WIRE_PROTOCOL_TIMED, now.count);
    return SERVICE_ANSWER;
}

static bool caller_left(void *context, struct reply_handle reply) {
    (void)context;
    struct query_result found = sys_reply_query(reply);
    return found.status != STATUS_OK || found.value == 0;
}

static void on_notified(void *state, uint64_t kernel_bits, uint64_t badge_bits) {
    struct timed_service *service = state;
    (void)badge_bits;
    if ((kernel_bits & NOTIFY_REPLY_GONE) == 0) {
        return;
    }
    struct reply_handle reply = REPLY_HANDLE_NONE;
    while (timed_cancel(&service->timed, caller_left, 0, &reply)) {  // At most once a sleeper.
        status_ignore(sys_reply_close(reply), "there is nobody behind it any more");
    }
}

static uint64_t next_deadline(const void *state) {
    const struct timed_service *service = state;
    return timed_next_deadline(&service->timed);
}

static void on_wake(void *state, uint64_t now_ns) {
    struct timed_service *service = state;
    struct message_area *out = &service->runtime->page->reply_out;
    struct timed_answer answer = {.bytes = out->payload};
    while (timed_wake(&service->timed, now_ns, &answer)) {  // At most once a sleeper.
        frame_finish(out, WIRE_PROTOCOL_TIMED, answer.count);
        status_ignore(sys_ipc_reply(answer.reply), "a sleeper that left needs no answer");
    }
}

int timed_main(struct runtime *runtime) {
    struct timed_service service = {.runtime = runtime};
    timed_init(&service.timed);
    const struct service_handlers handlers = {
        .call = on_call, .notified = on_notified, .next_deadline = next_deadline, .wake = on_wake};
    if (!runtime_expect(runtime, slot_at(SLOT_ENDPOINT), CAP_ENDPOINT, RIGHT_RECV,
                        "timed's endpoint") ||
        !runtime_expect(runtime, slot_at(SLOT_INIT), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to init")) {
        return 1;
    }
    if (runtime_start_number(runtime) > 1) {
        marker(runtime, MARKER_TIMED_READY_AGAIN, runtime_start_number(runtime));
    } else {
        marker_text(runtime, MARKER_TIMED_READY);
    }
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = service_run(runtime, slot_at(SLOT_ENDPOINT), &handlers, &service);
    }
    log_line(runtime, "timed: ends: %s", status_name(status));
    return 1;
}
